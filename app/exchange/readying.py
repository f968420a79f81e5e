"""What a record that founds an item comes to, as bytes: made once, while the file is checked.

An item's content is checked and encoded in the first pass, in two processes where the file is large. Of what the
second pass writes only the registry's ids are not known then, so ``Beginning`` says where in the bytes they go. A
record of which that cannot be said has none, and goes the ordinary way; a test holds the two to one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from app.changes import kinds
from app.exchange.records import CodeValue, Record, SpooledCode
from app.versions.fold import Change
from app.versions.orders import Ready, add_code
from app.versions.timeline import Facets, codes_json

STATUS_UNSAID = "in_force"
"""A first record that says nothing of its status: a catalogue lists what is in force."""
ADDRESS = ("http://", "https://")
SINGLE = ("authority", "region", "parent", "entry")
"""Fields of a content that hold one reference, in the order in which they are looked up."""
_OPENS = b'"@'


class Beginning(NamedTuple):
    """An item's first content before its references have ids. As JSON it is a list of these."""

    at: int
    """Where the content's bytes begin in what the record says, and where they end."""
    to: int
    references: list[str]
    """``@kind:ref`` each, once, in the order in which they are looked up."""
    places: list[list[int]]
    """(place, length, number of the reference) of each, as it stands in the bytes, from the first to the last."""
    facets: list[Any]
    """The fields of ``Facets`` in their order, with references in the place of ids."""
    page: str
    """The address of the item's own page, where it is not the record's reference."""
    status: str
    codes: list[list[str]]
    held: str
    """The same as JSON."""
    titles: list[str]
    """Of the laws that are cited by title alone: whoever knows one of them goes the ordinary way."""

    def ready(self, said: bytes, changes: bytes, id_of: Callable[[str], str]) -> Ready:
        """With ids in the places of references."""
        ids = {reference: id_of(reference) for reference in self.references}
        quoted = [b'"%b"' % ids[reference].encode() for reference in self.references]
        pieces: list[bytes] = []
        done = self.at
        for place, length, number in self.places:
            pieces += (said[done:place], quoted[number])
            done = place + length
        pieces.append(said[done : self.to])
        *single, links, files = self.facets
        facets = Facets(*[ids.get(value, value) for value in single])
        facets.links = [(role, ids.get(target, target), locator) for role, target, locator in links]
        facets.files = files
        codes: Any = self.codes
        return Ready(b"".join(pieces), facets, changes, self.status, codes, self.held)


def beginning(record: Record, body: bytes, at: int) -> Beginning | None:
    """``body``: the canonical bytes of an item's content, which stand at ``at``. None where they hold another text
    that looks like a reference."""
    content = record.content
    references = [reference for _, reference in references_of(content)]
    if body.count(_OPENS) != len(references):
        return None  # every reference opens so; as many as there are, and these are they
    named = {reference: number for number, reference in enumerate(dict.fromkeys(references))}
    places = []
    place = 0
    for _ in references:
        place = body.index(_OPENS, place)
        end = body.index(b'"', place + 1)
        number = named.get(body[place + 1 : end].decode())
        if number is None:
            return None  # a quotation mark or the like within it
        places.append([at + place, end + 1 - place, number])
        place = end
    facets = kinds.describe("item", content)
    codes = sorted({(code.scheme, code.issuer, code.value) for code in record.codes})
    return Beginning(
        at,
        at + len(body),
        list(named),
        places,
        [getattr(facets, name) for name in Facets.__slots__],
        page_of(record.ref, content),
        record.status or STATUS_UNSAID,
        [list(code) for code in codes],
        codes_json(codes),
        sorted(set(titles_of(content))),
    )


def titles_of(content: dict[str, Any]) -> Iterator[str]:
    """The title of each law that is cited without a reference to it."""
    for citation in content.get("citations", ()):
        if "instrument" not in citation and citation.get("title"):
            yield citation["title"]


def references_of(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, reference) of each in a content, as often as it stands there, in the order of looking up."""
    named = [(name, content.get(name)) for name in SINGLE]
    named += [("citations", citation.get("instrument")) for citation in content.get("citations", ())]
    named += [("co_authority_ids", one) for one in content.get("co_authority_ids", ())]
    for field, one in named:
        if isinstance(one, str) and one.startswith("@"):
            yield field, one


def page_of(ref: str, content: dict[str, Any]) -> str:
    """The address of an item's own page, where it is not the record's reference; else nothing."""
    address: str = (content.get("source") or {}).get("key", "")
    return address if address != ref and address.startswith(ADDRESS) else ""


def first_changes(codes: Iterable[CodeValue | SpooledCode], status: str | None) -> list[Change]:
    """What a first record says beside its content."""
    changes: list[Change] = [add_code(code.scheme, code.value, code.issuer) for code in codes]
    if (status or STATUS_UNSAID) != "in_force":
        changes.append({"op": "set", "path": "status", "value": status})
    return changes
