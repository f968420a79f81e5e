"""The contract every engine keeps; tests/search runs the same tests on each.

Days are ISO strings ("2024-07-01"); intervals are half-open: a document counts on a day when
`valid_from <= day < valid_to`. Documents of one subject never overlap: a page has each subject once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

Layer = Literal["exact", "synonym", "words", "pinyin", "typo"]

Sort = Literal["relevance", "name", "newest"]

OPEN_END = "9999-12-31"
DEFAULT_STATUSES = ("in_force", "suspended", "unknown")
FACETS = ("type", "authority", "level", "region", "status", "theme")


class EngineError(Exception):
    """The engine cannot answer or take the change; nothing was half done."""


class EngineBusy(EngineError):
    """Another process or thread kept the writer's lock for longer than the timeout."""


class EngineReadOnly(EngineError):
    """apply or rebuild was asked of an engine opened for reading only."""


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """One maximal interval in which everything a searcher can see of a subject stood unchanged."""

    id: str  # unique: "<subject>:<valid_from>"
    subject: str
    kind: str
    name: str
    aliases: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()
    authority_names: tuple[str, ...] = ()
    region_names: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()  # "中华人民共和国行政许可法 第十二条", document numbers too
    codes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()  # guide text, each value by itself: a phrase never spans two values
    type: str = ""
    level: str = ""
    authority: str = ""  # an id
    region_path: tuple[str, ...] = ()  # ids, from the country down to its own region
    status: str = "in_force"  # in_force, suspended, ended, unknown
    themes: tuple[str, ...] = ()
    valid_from: str = "0001-01-01"
    valid_to: str = OPEN_END  # exclusive
    seq: int = 0  # version: of two states of one subject the engine keeps the higher


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A question as of one day. An empty `q` asks for everything that passes the filters."""

    q: str
    on: str
    region: str | None = None  # the region and everything below it
    authority: str | None = None
    type: str | None = None
    level: str | None = None
    theme: str | None = None
    status: str | tuple[str, ...] = DEFAULT_STATUSES
    limit: int = 20  # 0: the total and the facets alone
    offset: int = 0
    sort: Sort = (
        "relevance"  # or by the readings of names, or what changed last first; guesses stay by relevance
    )
    explain: bool = False
    facets: tuple[str, ...] = FACETS  # which to count; () saves most of the pass
    facet_values: int = 1000  # at most so many values of each facet, the commonest first; each count is exact


class Highlight(NamedTuple):
    """A piece of one original value; spans are [start, end) in characters of `snippet`."""

    field: str  # name, alias, former_name, code, authority, region, citation, text
    snippet: str
    spans: list[tuple[int, int]]


@dataclass(slots=True)
class Hit:
    subject: str
    id: str
    name: str
    code: str  # the first, "" if none
    layer: Layer
    score: float  # in (0, 1]; comparable within one page only
    status: str
    valid_from: str
    valid_to: str
    authority: str = ""
    authority_name: str = ""
    region_name: str = ""
    type: str = ""
    level: str = ""
    highlights: list[Highlight] = field(default_factory=list)
    via: list[str] = field(default_factory=list)  # the everyday words that led to it
    explain: list[str] = field(default_factory=list)  # filled when asked for


@dataclass(slots=True)
class SearchPage:
    """`total` and `facets` count the exact and synonym layers. When these are empty, `relaxed` is True and
    `hits` may hold guesses of the later layers, which are not counted."""

    total: int
    relaxed: bool
    hits: list[Hit]
    facets: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name to complete to; `count` says how many subjects bear it on that day."""

    text: str
    count: int
    layer: Layer
    via: str = ""  # the everyday word that led to it, "" where what was typed did


class Engine(Protocol):
    """Safe to share between threads. Reads never wait for writes."""

    def apply(self, documents: Iterable[SearchDocument], removed_subjects: Iterable[str], seq: int) -> None:
        """Replace all documents of every subject named in either argument, and record `seq`, in one commit.

        A subject whose stored state has a higher seq is left alone; a removal counts as a state of seq `seq`.
        Doing it twice is harmless. Raises EngineBusy, EngineReadOnly, and EngineError where it cannot be written.
        """

    def applied_seq(self) -> int:
        """The highest seq that is durably applied; 0 for an empty or incompatible index."""

    def state(self) -> object | None:
        """What names the state that answers come from now: equal while they cannot change. None: not known here."""

    def search(self, query: SearchQuery) -> SearchPage:
        """Raises ValueError where `on` is no day."""

    def suggest(self, q: str, on: str, limit: int = 10) -> list[Suggestion]:
        """Names in force on that day that begin so, contain it, or are read so; then those that an everyday word
        in it leads to, or one it begins."""

    def rebuild(self, documents: Iterable[SearchDocument], seq: int) -> None:
        """Build from nothing beside the standing index, then swap; searches are answered throughout.

        What is applied while it builds is carried over. Afterwards applied_seq() is `seq`, or that of the
        carried changes where higher. Raises EngineBusy, EngineReadOnly, EngineError; then the old index stands.
        """

    def documents(self) -> Iterable[SearchDocument]:
        """Every document as it was given, in no order; for comparing the index with the registry."""

    def close(self) -> None: ...
