"""One change to the content of many items: a field set, a citation renumbered, an instrument put in another's place.

Each function takes a content and gives the content as it would be, equal where there is nothing to change. Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from app.checks.resting import cites
from app.errors import Invalid

EACH = "*"
"""In a path, every element of a list: ``windows/*/phone``."""


def set_everywhere(content: dict[str, Any], path: str, value: Any, only: Any = None) -> dict[str, Any]:
    """With a field set; ``value`` None takes it away. ``only``: where it has this value now, of its own type. Raises
    Invalid for a path through something that has no such place."""
    made = copy.deepcopy(content)
    for holder, name, now in _fields(made, path):
        if only is not None and now != only:
            continue
        if value is None:
            holder.pop(name, None)
        else:
            holder[name] = value
    return made


def has_anywhere(content: dict[str, Any], path: str, only: Any) -> bool:
    """Whether a field has this value now, anywhere."""
    return any(now == only for _, _, now in _fields(content, path))


def _fields(content: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """(what holds it, its name, its value) of the field wherever it is. Raises Invalid for what is none."""
    *steps, name = path.split("/")
    for holder in _holders(content, steps):
        now = holder.get(name)
        if isinstance(now, (dict, list)) and not all(isinstance(one, str) for one in now):
            raise Invalid(f"{path} 不是一个字段，请写到具体的字段。", code="not-a-field", field=path)
        yield holder, name, now


def _holders(value: Any, steps: list[str]) -> Iterator[dict[str, Any]]:
    if not steps:
        if isinstance(value, dict):
            yield value
        return
    if steps[0] == EACH:
        for element in value if isinstance(value, list) else ():
            yield from _holders(element, steps[1:])
    elif isinstance(value, dict) and steps[0] in value:
        yield from _holders(value[steps[0]], steps[1:])


def cite_instead(
    content: dict[str, Any],
    instrument: str,
    other: str | None,
    title: str = "",
    number: str = "",
    old: str = "",
    new: str = "",
    titles: Sequence[str] = (),
) -> dict[str, Any]:
    """With another instrument cited in place of one, under its title and number; None: no longer cited. What was
    written of the text goes: it was the old one's. ``titles``: under which it is cited without a link, too.

    With ``old`` and ``new``, where that article is cited alone: its matter stands in the other's ``new``. With
    neither, the article goes too, for nobody has said where the matter stands. Raises Invalid for one of them.
    """
    if bool(old) != bool(new):
        raise Invalid(
            "原条款和新条款请都写，或都不写。", code="renumber-incomplete", field="new" if old else "old"
        )
    made = copy.deepcopy(content)
    kept = []
    for citation in made.get("citations") or ():
        rest = _after(citation.get("article") or "", old)
        if cites(citation, instrument, titles) and rest is not None:
            if other is None:
                continue
            citation["instrument"] = other
            for name, now in (("title", title), ("number", number)):
                if name in citation and now:
                    citation[name] = now
                elif name in citation:
                    del citation[name]
            for name in ("article", "text", "verified"):
                citation.pop(name, None)
            if new:
                citation["article"] = new + rest
        kept.append(citation)
    if "citations" in made:
        made["citations"] = kept
    return made


def renumbered(
    content: dict[str, Any], instrument: str, old: str, new: str, titles: Sequence[str] = ()
) -> dict[str, Any]:
    """With an article of an instrument cited by its new number: 第十二条 with its paragraphs, but not 第十二条之一.
    ``titles``: under which it is cited without a link, too.

    Raises Invalid without both numbers."""
    if not (old and new):
        raise Invalid(
            "条款改号请写明原条款和新条款。", code="renumber-incomplete", field="new" if old else "old"
        )
    made = copy.deepcopy(content)
    for citation in made.get("citations") or ():
        rest = _after(citation.get("article") or "", old)
        if cites(citation, instrument, titles) and rest is not None and old != new:
            citation["article"] = new + rest
            for name in ("text", "verified"):
                citation.pop(name, None)
    return made


def _after(article: str, old: str) -> str | None:
    """What follows the article's number where ``old`` is cited: its paragraph. None: another article is."""
    rest = article[len(old) :]
    follows = not old or not rest or rest[0] in "第（(、，,；; "
    return rest if article.startswith(old) and follows else None
