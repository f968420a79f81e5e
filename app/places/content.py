"""What a region and an authority record. Names are dated because revisions are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.versions.shapes import Code, Element, Line, Part, SubjectId, Text


class RegionContent(Part):
    """行政区划. Its GB/T 2260 code (6 digits; 9 or 12 below the county) is a dated code."""

    content_schema: Literal[1] = Field(1, alias="schema", description="number of the content shape")
    name: Line = Field(description="名称，不含上级: 四川省, 广安市, 广安区")
    short_name: Line | None = Field(None, description="简称: 四川")
    full_name: Line | None = Field(None, description="连同上级的写法，照来源: 四川省广安市广安区")
    parent: SubjectId | None = Field(None, description="上级行政区划; the country has none")
    level: Code = Field(description="1 国家, 2 省级, 3 市级, 4 县级, 5 乡级, 6 村级 (GB/T 39046-2020 A.2)")
    note: Text | None = Field(None, description="备注")


class Hall(Element):
    """政务服务大厅 or other place where an authority receives people."""

    name: Line = Field(description="名称 of the hall")
    address: Line | None = Field(None, description="地址")
    hours: Line | None = Field(None, description="办公时间, as written")
    phone: Line | None = Field(None, description="电话")


class AuthorityContent(Part):
    """实施机关. Its 统一社会信用代码 is a dated code."""

    content_schema: Literal[1] = Field(1, alias="schema", description="number of the content shape")
    name: Line = Field(description="全称")
    short_names: list[Line] | None = Field(None, description="简称, as documents and lists write it")
    region: SubjectId = Field(description="行政区划: where the authority acts")
    parent: SubjectId | None = Field(None, description="上级主管机关 or the government it belongs to")
    level: Code | None = Field(None, description="行使层级, GB/T 39046-2020 A.2")
    nature: Code | None = Field(None, description="1 法定机关, 2 授权组织, 3 受委托组织, 9 其他 (A.3)")
    halls: list[Hall] | None = Field(None, description="办事大厅、窗口 that its items may refer to")
    phone: Line | None = Field(None, description="咨询电话")
    complaint_phone: Line | None = Field(None, description="监督电话")
    note: Text | None = Field(None, description="备注")
