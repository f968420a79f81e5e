"""What a check is given and what it finds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning", "note"]
"""error: against a rule of law; warning: to be looked at; note: incomplete or badly written."""
ALIVE = frozenset({"in_force", "suspended", "unknown"})
"""Statuses of an item that carries on."""
PERMIT = "01"
"""事项类型 行政许可, GB/T 39046-2020 A.1."""


class Wording(NamedTuple):
    """What an instrument's text on a day says, as far as the checks ask."""

    issuer: str = ""
    articles: frozenset[int] = frozenset()
    """Numbers of the articles that the registry holds."""
    whole: bool = False
    """True where it holds every article from the first to the last."""


def no_wording() -> Wording:
    return Wording()


@dataclass(frozen=True, slots=True)
class Fact:
    """An organ, place or instrument on a day. Status None: it does not stand on that day."""

    name: str
    status: str | None
    rank: str | None = None
    region: str | None = None
    since: str | None = None
    """The day from which the status holds; of an instrument in force, of this version."""
    path: tuple[str, ...] = ()
    """A place: its ids from the country down to itself. An organ: those of its region."""
    wording: Callable[[], Wording] = no_wording
    """An instrument's text, read when asked for."""
    first: str | None = None
    """An instrument: the day from which the registry knows it in force, whatever the version."""


Facts = Callable[[str], Fact]
Named = Callable[[str], str | None]
"""The instrument that alone has this title on the day, by its id."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An item's content on a day. ``facts`` None: nothing around it is known, as in a file that is read."""

    item: Mapping[str, Any]
    day: str
    facts: Facts | None = None
    named: Named | None = None

    @property
    def is_permit(self) -> bool:
        return self.item.get("type") == PERMIT

    def instrument(self, citation: Mapping[str, Any]) -> str | None:
        """The registry's instrument that a citation means: the one that was chosen, else the only one of its title."""
        if chosen := citation.get("instrument"):
            return str(chosen)
        title = str(citation.get("title") or "").strip("《》 ")
        return self.named(title) if title and self.named else None

    def law(self, citation: Mapping[str, Any]) -> Fact | None:
        """The instrument of a citation, where it is one of the registry's."""
        target = self.instrument(citation)
        return self.facts(target) if target and self.facts else None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found. ``path`` is where to mend it, as field changes and the item form write it."""

    code: str
    severity: Severity
    message: str
    """A sentence without the item's name: what is wrong and what to do."""
    source: str
    """The law and article, or the standard, that says so."""
    path: str
    about: str | None = None
    """The subject it is about, an instrument or organ."""


Check = Callable[[Checked], Iterator[Finding]]


def handled(item: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The item itself and each of its variants (业务办理项), with what a path begins with."""
    yield "", item
    for variant in item.get("variants") or ():
        yield f"variants/{variant['key']}/", variant


def title_of(citation: Mapping[str, Any], law: Fact | None = None) -> str:
    """《行政许可法》第三十条, as far as the citation says."""
    name = citation.get("title") or (law.name if law else "") or citation.get("number") or "未写明文件"
    name = str(name).strip("《》")
    return f"《{name}》{citation.get('article') or ''}"
