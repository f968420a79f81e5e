"""What a catalogue entry (基本目录事项) records: the item as defined once for all levels."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.items.content import Citation
from app.versions.shapes import Code, Line, Part, SubjectId, Text


class EntryContent(Part):
    """基本目录事项: 主项 or 子项. Its 12-digit 基本编码 is a dated code."""

    content_schema: Literal[1] = Field(1, alias="schema", description="number of the content shape")
    name: Line = Field(description="事项名称, as defined for all levels")
    parent: SubjectId | None = Field(None, description="主项, for a 子项")
    type: Code = Field(description="事项类型代码, GB/T 39046-2020 A.1")
    levels: list[Code] | None = Field(None, description="行使层级 that may hold it, A.2")
    competent: Line | None = Field(None, description="主管部门, as written")
    citations: list[Citation] | None = Field(None, description="依据, by role")
    note: Text | None = Field(None, description="备注")
