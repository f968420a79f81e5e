"""What an instrument (法律法规文件) records. Each version is a revision, in force from its day."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.versions.shapes import Code, Element, Line, Part, Text

Rank = Literal[
    "constitution",
    "law",
    "administrative_regulation",
    "state_council_decision",
    "local_regulation",
    "departmental_rule",
    "local_government_rule",
    "judicial_interpretation",
    "normative_document",
    "other",
]
"""效力层级: 宪法, 法律, 行政法规, 国务院决定, 地方性法规, 部门规章, 地方政府规章, 司法解释, 规范性文件, 其他."""


class Article(Element):
    """条文 of this version; kept where items cite it."""

    number: Line = Field(description="条款, as written: 第十二条")
    text: Text = Field(description="条文, as it stood in this version")


class InstrumentContent(Part):
    """法律, 法规, 规章 or document. Whether it is in force is its status, on a day."""

    content_schema: Literal[1] = Field(1, alias="schema", description="number of the content shape")
    title: Line = Field(description="全称, without 《》")
    short_titles: list[Line] | None = Field(None, description="简称: 行政许可法")
    number: Line | None = Field(None, description="文号 of this version, as written")
    rank: Rank = Field("other", description="效力位阶; other where it is not known")
    category: Code | None = Field(None, description="the source's own class, as written")
    issuer: Line | None = Field(None, description="制定机关")
    # What is said anew is asked to be days (``days.refuse_odd_days``); earlier contents hold what was typed then.
    document_date: Line | None = Field(None, description="成文日期, YYYY-MM-DD")
    published_on: Line | None = Field(None, description="发布日期, YYYY-MM-DD")
    effective_on: Line | None = Field(
        None, description="施行日期, YYYY-MM-DD; of the first version where so marked"
    )
    version: Line | None = Field(None, description="版本: the day this wording was adopted, or a label")
    articles: list[Article] | None = Field(None, description="条款 of this version, where its text is kept")
    source: Line | None = Field(None, description="where the text was found")
    note: Text | None = Field(None, description="备注")
