"""Themes of life on the first page, as everyday words that the search understands.

The themes are those of the national lists (自然人, 法人 服务主题); the words are what people say. One that finds
nothing on the day is not shown: no link leads to an empty page.
"""

from __future__ import annotations

WHOSE = ("个人办事", "企业和单位办事")
PERSON = (
    ("生育收养", "生孩子"),
    ("户籍办理", "落户"),
    ("教育科研", "上学"),
    ("就业创业", "找工作"),
    ("社会保障", "低保"),
    ("医疗卫生", "看病"),
    ("住房保障", "买房"),
    ("规划建设", "盖房子"),
    ("交通出行", "驾驶证"),
    ("婚姻登记", "结婚"),
    ("优待抚恤", "退役军人"),
    ("证件办理", "身份证"),
    ("环保绿化", "砍树"),
    ("文化体育", "演出"),
    ("死亡殡葬", "殡葬"),
)
COMPANY = (
    ("设立变更", "营业执照"),
    ("准营准办", "开饭店"),
    ("资质认证", "资质"),
    ("人力资源", "劳务派遣"),
    ("投资审批", "建设项目"),
    ("农林牧渔", "养殖"),
    ("国土和规划建设", "施工许可"),
    ("交通运输", "跑运输"),
    ("环保绿化", "环评"),
    ("水务气象", "取水"),
    ("医疗卫生", "开诊所"),
    ("文体教育", "办学校"),
    ("安全生产", "危险化学品"),
    ("公安消防", "消防"),
    ("法人注销", "注销"),
)
