"""What an item rests on: that it says so, down to the article, and that the article exists.

Sources: 行政许可法 第四条 (permits are set and carried out by law), 第三十条 (the basis is disclosed); 政府信息公开条例
第二十条 (the basis of what else is done for the public); 行政审批项目登记表 (full title, number and the exact
article); GB/T 39046-2020 table 4 rows 6 and 32.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.checks.finding import Checked, Fact, Finding, title_of
from app.checks.numerals import articles

DISCLOSED = "行政许可法 第四条、第三十条"
DISCLOSED_ELSE = "政府信息公开条例 第二十条"
"""Of what is no permit."""
EXACT = "行政审批项目登记表 填写说明；GB/T 39046-2020 表4"
SERVICE = "20"
"""公共服务: no power, which needs no law to set it."""
WITHOUT_ARTICLES = re.compile(r"(通知|意见|公告|通告|批复|函|号)[）)》]*$")
"""How the titles of documents end that have no articles, and what stands for one of which only a number is known."""
BY_POINTS = re.compile(r"设定行政许可的决定[）)》]*$")
"""国务院对确需保留的行政审批项目设定行政许可的决定 is cited by the number in its annex."""


def no_citation(checked: Checked) -> Iterator[Finding]:
    """A power names what sets it."""
    item = checked.item
    if item.get("type") == SERVICE:
        return
    roles = {one.get("role", "setting") for one in item.get("citations") or ()}
    if roles & {"setting", "implementing"}:
        return
    message = (
        "没有写明设定依据，只有监管、收费或材料依据，请补上设定依据。"
        if roles
        else "没有写明设定依据，请补上法律法规的名称、文号和条款。"
    )
    if checked.is_permit:
        yield Finding("no-citation", "error", message, DISCLOSED, "citations")
    else:
        yield Finding("no-citation", "warning", message, DISCLOSED_ELSE, "citations")


def exact_citations(checked: Checked) -> Iterator[Finding]:
    """A citation of what sets the item names its article, and is one of the instruments of the registry."""
    for one in checked.item.get("citations") or ():
        if one.get("role", "setting") != "setting":
            continue
        path, law = f"citations/{one['key']}", checked.law(one)
        if not one.get("article") and _has_articles(one, law):
            which = "第几条，或附件第几项" if BY_POINTS.search(one.get("title") or "") else "第几条"
            message = f"依据{title_of(one, law)}没有写到条，请写明{which}。"
            yield Finding("citation-without-article", "note", message, EXACT, f"{path}/article")
        if checked.facts is not None and not one.get("instrument"):
            message = (
                f"依据{title_of(one)}没有对应到登记簿里的文件，是否有效无从核对，请选定文件，没有的先录入。"
                if law is None
                else f"依据{title_of(one)}没有选定文件；登记簿里有同名的一件，暂按它核对，请在依据里选定。"
            )
            about = checked.instrument(one)
            yield Finding("citation-unlinked", "note", message, EXACT, f"{path}/instrument", about)


def _has_articles(citation: Mapping[str, Any], law: Fact | None) -> bool:
    """By the instrument's rank; where none is known, by the title."""
    if law is not None and law.rank is not None:
        return law.rank not in ("normative_document", "other")
    return not WITHOUT_ARTICLES.search(citation.get("title") or "")


def article_exists(checked: Checked) -> Iterator[Finding]:
    """Where the registry holds an instrument's whole text, the article cited is one of it."""
    for one in checked.item.get("citations") or ():
        law = checked.law(one)
        if law is None or not one.get("article") or law.status not in ("in_force", "suspended"):
            continue
        wording = law.wording()
        if not wording.whole:
            continue
        missing = [number for number in articles(one["article"]) if number not in wording.articles]
        if missing:
            message = (
                f"依据{title_of(one, law)}：《{law.name}》这一天的文本共 {len(wording.articles)} 条，"
                f"没有第 {missing[0]} 条，请核对条款。"
            )
            path = f"citations/{one['key']}/article"
            source = DISCLOSED if checked.is_permit else DISCLOSED_ELSE
            yield Finding("article-not-there", "error", message, source, path, checked.instrument(one))
