"""What a bundle (联办事项) records: which items belong together, and which must wait for which.

Sources: 行政许可法 第二十六条 (统一办理、联合办理、集中办理); 国发〔2024〕3号 (高效办成一件事).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from app.bundles.paths import first_cycle
from app.items.content import Citation, Limit, Window
from app.versions.shapes import Code, Element, Key, Line, Part, SubjectId, Text


class Member(Element):
    """One item of a bundle."""

    item: SubjectId = Field(description="the 事项 that is handled")
    after: list[Key] | None = Field(
        None, description="keys of the members that must be finished before this one begins"
    )
    variant: Key | None = Field(
        None, description="key of the item's 业务办理项 that is meant; absent: the item"
    )
    limit: Limit | None = Field(
        None, description="the time agreed for it in this bundle, where it is not the item's own"
    )
    condition: Line | None = Field(None, description="the 情形 in which it is needed; absent: always")
    note: Text | None = Field(None, description="说明 for this member")


class BundleContent(Part):
    """并联审批 or 一件事: two items or more that one application sets going."""

    content_schema: Literal[1] = Field(1, alias="schema", description="number of the content shape")
    name: Line = Field(description="名称: 我要开餐馆 ...")
    aliases: list[Line] | None = Field(None, description="俗称, other names people use")
    kind: Literal["parallel", "one-thing"] = Field(
        description="parallel: 并联审批, one-thing: 高效办成一件事"
    )
    lead: SubjectId | None = Field(None, description="牵头机关")
    region: SubjectId = Field(description="行政区划 in which it is offered")
    service_objects: list[Code] | None = Field(None, description="服务对象代码, GB/T 39046-2020 A.4")
    members: list[Member] = Field(min_length=1, max_length=500, description="the items, in the order shown")
    promised_limit: Limit | None = Field(None, description="承诺时限 of the whole, as its document states it")
    windows: list[Window] | None = Field(None, description="综合窗口")
    citations: list[Citation] | None = Field(None, description="依据, by role")
    conditions: Text | None = Field(None, description="办理条件 of the whole")
    guide: Text | None = Field(None, description="办理说明")
    note: Text | None = Field(None, description="备注")

    @model_validator(mode="after")
    def _can_be_done(self) -> BundleContent:
        keys = {member.key for member in self.members}
        for member in self.members:
            for before in member.after or ():
                if before not in keys:
                    raise ValueError(f"成员 {member.key} 要等的 {before} 不在这个联办事项中")
        if circle := first_cycle({m.key: m.after or () for m in self.members}):
            raise ValueError(f"成员互相等待，谁也不能先办：{' → '.join(circle)}")
        return self
