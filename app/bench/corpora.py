"""Documents to search at size: the real catalogue's names, given to county after county, in intervals of time.

Deterministic. Every county has its own authorities, codes and guide texts; one item in four has an earlier
interval under another name.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from app.bench.judging import catalogue
from search.engine import SearchDocument

_PROVINCES = 31
_COUNTIES = 20  # of a city; ten cities to a province
_PHRASES = (
    "申请人提交申请材料，窗口当场核对后受理", "符合法定条件的，自受理之日起二十个工作日内作出决定",
    "申请书、身份证明、营业执照复印件各一份", "申请人对不予许可决定不服的，可以依法申请行政复议",
    "经办人须持授权委托书和本人身份证件", "现场勘验合格后颁发许可证，有效期三年", "不收取任何费用",
    "材料不齐全的，当场一次告知需要补正的全部内容", "可以在政务服务网下载空白表格和示范文本",
)  # fmt: skip


def documents(count: int) -> Iterator[SearchDocument]:
    """So many documents."""
    chance = random.Random(1)
    items = list(catalogue())
    made = 0
    for county in range(count):
        for item in items:
            for document in _in_county(item, county, chance):
                if made == count:
                    return
                made += 1
                yield document


def _in_county(item: SearchDocument, county: int, chance: random.Random) -> Iterator[SearchDocument]:
    city, province = county // _COUNTIES, county // _COUNTIES // 10 % _PROVINCES
    place = f"第{county}区"
    subject = f"{item.subject}-{county}"
    now = replace(
        item,
        id=f"{subject}:2020-01-01",
        subject=subject,
        authority=f"{item.authority}-{county}",
        authority_names=(f"{place}{item.authority}",),
        region_names=(place,),
        region_path=("cn", f"p{province}", f"c{city}", f"d{county}"),
        codes=tuple(code.replace("511602", f"{county:06d}") for code in item.codes),
        texts=(*item.texts, *chance.sample(_PHRASES, 3)),
        themes=(f"t{chance.randrange(20)}",),
        valid_from="2020-01-01",
    )
    if chance.random() < 0.25:
        former = now.name.replace("许可", "审批") if "许可" in now.name else f"{now.name}（试行）"
        yield replace(
            now, id=f"{subject}:2015-01-01", name=former, valid_from="2015-01-01", valid_to="2020-01-01"
        )
        now = replace(now, former_names=(former,))
    yield now


ASKED = (
    "食品经营许可", "取水许可 延续", "营业执照", "户外广告设施设置", "危险化学品", "道路货物运输", "医疗机构执业",
    "林木采伐", "民办学校 设立", "公共场所卫生许可 注销", "水务局", "动物诊疗", "许可", "施工许可证",
    "人力资源", "排水管网", "占用、挖掘城市道路", "环境影响评价文件审批", "511A0138", "行政复议",
    "开饭店", "领养老金", "修车铺", "落户", "结婚证丢了",
)  # fmt: skip
"""Texts that are contained, and everyday words."""
RELAXED = (
    "卫牲许可", "建筑施功许可", "shipinjingying", "gzf", "我想在学校门口开个奶茶店要办什么证", "工地上摔断腿算不算工伤",
    "娱乐埸所", "没有这样的事项吧",
)  # fmt: skip
"""What the later layers answer."""
