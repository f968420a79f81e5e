"""Proposals of departments and opinions of the office, as rows beside a draft; and what a decision keeps of them.

A proposal is filed under one item of the round. Agreed or changed, it becomes a decision of the draft, whose body
carries both under ``review``: so approval is bound to them, and the published decision tells all three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app.canonical import decode, digest, encode
from app.changes.models import Changeset
from app.changes.rows import note_files
from app.db import fetch, walk
from app.errors import Refused
from app.log import next_moment
from app.versions.queries import moment

OPINIONS = {"agree": "同意", "change": "修改", "return": "退回"}
SETTLED = ("agree", "change")
"""Opinions that make a decision of the draft."""

TOLD = (
    "outcome", "effective_from", "until", "content", "changes", "words", "receiver", "receivers", "origins", "results",
    "outside", "accepts", "transition_until", "follow_up", "duties", "pending_law", "authorised_by", "reason",
)  # fmt: skip
"""What a decision keeps of the proposal behind it."""


@dataclass(slots=True)
class ProposalRow:
    """A proposal as stored; fields as in the table, contents decoded."""

    subject: str
    body: dict[str, Any]
    account: int | None
    at: int
    findings: list[dict[str, Any]] = field(default_factory=list)
    opinion: str | None = None
    reason: str | None = None
    reviewer: int | None = None
    reviewed_at: int | None = None
    earlier: list[dict[str, Any]] = field(default_factory=list)
    agreed: str | None = None
    """Of the decision that the office agreed or changed to: the digest of what it says."""

    @property
    def state(self) -> str:
        """proposed, returned, reviewed."""
        if self.opinion is None:
            return "proposed"
        return "reviewed" if self.opinion in SETTLED else "returned"

    @property
    def hash(self) -> str:
        """Of what a reviewer reads: the proposal, and the opinion that stands of it. An opinion is bound to it."""
        return digest(encode([self.body, opinion_of(self)]))

    @property
    def moved_at(self) -> int:
        """When it was last proposed or reviewed; within a round, none is at the moment of an earlier one."""
        return max(self.at, self.reviewed_at or 0)


def next_moved(stood: Iterable[ProposalRow]) -> int:
    """A moment for what is now proposed or reviewed in a round: after all that ``stood``, however the clock steps."""
    return next_moment(max((row.moved_at for row in stood), default=0))


_FIELDS = (
    "subject", "body", "account", "at", "findings", "opinion", "reason", "reviewer", "reviewed_at", "earlier",
)  # fmt: skip
_CONTENTS = ("body", "findings", "earlier")
_AGREED = "agreed"
"""Where the digest is kept: in the stored body, which no reader but this module opens."""
_ALL = f"SELECT {', '.join(_FIELDS)} FROM proposal WHERE changeset = ? ORDER BY subject"
_GONE = text("DELETE FROM proposal WHERE changeset = :changeset AND subject = :subject")
_INSERT = text(
    f"INSERT INTO proposal (changeset, {', '.join(_FIELDS)})"
    f" VALUES (:changeset, {', '.join(':' + name for name in _FIELDS)})"
)


def proposals(session: Session, changeset_id: str) -> dict[str, ProposalRow]:
    """Item -> the proposal filed under it."""
    found = {}
    for row in fetch(session.connection(), _ALL, (changeset_id,)):
        values = dict(zip(_FIELDS, row, strict=True))
        contents = {name: decode(bytes(values[name])) for name in _CONTENTS}
        agreed = contents["body"].pop(_AGREED, None)
        found[row[0]] = ProposalRow(**values | contents, agreed=agreed)
    return found


def write(session: Session, changeset_id: str, written: Sequence[ProposalRow]) -> None:
    """Each in the place of the one filed under the same item."""
    values = []
    for row in written:
        told = asdict(row)
        if (agreed := told.pop(_AGREED)) is not None:
            told["body"] = {**told["body"], _AGREED: agreed}
        values.append({**told, **{name: encode(told[name]) for name in _CONTENTS}, "changeset": changeset_id})
    if values:
        session.connection().execute(_GONE, values)
        session.connection().execute(_INSERT, values)
        note_files(session.connection(), changeset_id, [(one["subject"], one["body"]) for one in values])


def filed_under(body: Mapping[str, Any]) -> str:
    """The item a proposal is filed under: its subject, else the standing item that carries on, else an origin; of 新增
    and 承接 the new item. Empty for one that is about no item."""
    return next(iter(covers(body) or [place.get("subject", "") for place in new_places(body)]), "")


def covers(body: Mapping[str, Any]) -> list[str]:
    """The standing items that a proposal decides, the one it is filed under first. The origins of a receive only
    give up a place, and the results of an entrust are lent for a time: neither is decided by it."""
    outcome = body.get("outcome")
    places = [body]
    places += body.get("results", ()) if outcome != "entrust" else ()
    places += body.get("origins", ()) if outcome != "receive" else ()
    return list(
        dict.fromkeys(one["subject"] for one in places if one.get("subject") and "content" not in one)
    )


def new_places(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The new items of 新增 and 承接: those that come of no item of a round's scope."""
    if body.get("outcome") not in ("add", "receive") or covers(body):
        return []
    return [place for place in (body, *body.get("results", ())) if "content" in place]


_WAITING = "SELECT body FROM proposal WHERE changeset = ? AND opinion IS NULL"


def refuse_waiting_new(session: Session, changeset: Changeset) -> None:
    """Raises Refused while 新增 or 承接 is proposed that nobody has reviewed: no item of the scope asks for it, and it
    would be left out in silence."""
    waiting = [decode(bytes(row[0])) for row in fetch(session.connection(), _WAITING, (changeset.id,))]
    names = [place["content"].get("name") for body in waiting for place in new_places(body)[:1]]
    if names:
        told = "、".join(f"“{name}”" for name in names[:3])
        raise Refused(
            f"还有 {len(names)} 项新增、承接的意见没有审核（如{told}），请先逐项同意或退回，再提交。",
            code="new-unreviewed",
            count=len(names),
        )


def review_of(row: ProposalRow) -> dict[str, Any]:
    """What a decision keeps: the proposal, the opinion, those before them; accounts by number."""
    kept: dict[str, Any] = {"proposed": proposed_of(row), "opinion": opinion_of(row)}
    if row.findings:
        kept["findings"] = [
            {name: one[name] for name in ("code", "severity", "message")} for one in row.findings
        ]
    if row.earlier:
        kept["earlier"] = row.earlier
    return kept


def proposed_of(row: ProposalRow) -> dict[str, Any]:
    said = {name: row.body[name] for name in TOLD if row.body.get(name)}
    return {**said, "account": row.account, "at": moment(row.at)}


def opinion_of(row: ProposalRow) -> dict[str, Any] | None:
    if row.opinion is None or row.reviewed_at is None:
        return None
    said = {"opinion": row.opinion, "account": row.reviewer, "at": moment(row.reviewed_at)}
    return {**said, "reason": row.reason} if row.reason else said


def attach(session: Session, changeset: Changeset, bodies: Iterable[dict[str, Any]]) -> None:
    """Put under ``review`` what was proposed and thought of each decision, in place.

    Raises Refused where a decision that the office settled is missing, says something else, or is joined by
    another about the same item: the record would tell an opinion of what nobody reviewed.
    """
    if changeset.kind != "round":
        return
    settled = {
        one.subject: one for one in proposals(session, changeset.id).values() if one.opinion in SETTLED
    }
    about = {item: subject for subject, row in settled.items() for item in covers(row.body)}
    left, wrong = set(settled), set()
    for body in bodies:
        body.pop("review", None)
        subject = filed_under(body)
        wrong |= {about[item] for item in covers(body) if about.get(item, subject) != subject}
        if (row := settled.get(subject)) is None:
            continue
        if subject not in left or agreed_of(row) not in (None, said_by(body)):
            wrong.add(subject)
        left.discard(subject)
        body["review"] = review_of(row)
    wrong |= left
    if wrong:
        _refuse_unreviewed(sorted(wrong))


def _refuse_unreviewed(items: Sequence[str]) -> None:
    named = "、".join(items[:5]) + (f"等 {len(items)} 个事项" if len(items) > 5 else "")
    raise Refused(
        f"{named} 的处理决定已经法制办审核，草稿中的内容与审核同意的不一致，没有保存；"
        "要改，请法制办先退回该项意见，或由法制办重新审核、修改。",
        code="reviewed-body-changed",
        subjects=list(items),
    )


def agreed_of(row: ProposalRow) -> str | None:
    """What the office settled on. None where it changed a proposal before the digest was kept."""
    return row.agreed or (said_by(row.body) if row.opinion == "agree" else None)


def said_by(body: Mapping[str, Any]) -> str:
    """A digest of what a decision says, whatever keys and ids were given to what is new in it."""
    return digest(encode(_plain({name: part for name, part in body.items() if name != "review"})))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        new = "content" in value
        told = {
            name: _plain(part)
            for name, part in value.items()
            if name != "key" and not (new and name == "subject")
        }
        if "accepts" in told:  # places move as decisions before them come and go
            told["accepts"] = [_without_place(one) for one in told["accepts"]]
        return told
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _without_place(accepted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in accepted.items() if name != "decision"}


def without_accounts(review: Mapping[str, Any]) -> dict[str, Any]:
    """A review as the public reads it: what and when; by whom is in the log and before staff."""

    def bare(part: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return {name: value for name, value in part.items() if name != "account"} if part else None

    shown = {**review, "proposed": bare(review["proposed"]), "opinion": bare(review["opinion"])}
    if "earlier" in review:
        shown["earlier"] = [{name: bare(part) for name, part in one.items()} for one in review["earlier"]]
    return shown


def forget(
    connection: Connection,
    changesets: Iterable[str],
    quoted: Callable[[Any], bool],
    left: Callable[[Any], Any],
) -> None:
    """Of the changesets whose words were redacted, proposals and rows of annexes go; elsewhere the words do."""
    for table, key, documents, words in _BESIDE:
        for changeset in changesets:
            connection.execute(text(f"DELETE FROM {table} WHERE changeset = :id"), {"id": changeset})
        for changeset, place, *told in walk(connection, table, ("changeset", key), (*documents, *words)):
            said = {name: decode(bytes(part)) for name, part in zip(documents, told, strict=False)}
            said |= dict(zip(words, told[len(documents) :], strict=True))
            blank = {name: left(part) for name, part in said.items() if quoted(part)}
            if blank:
                values = {name: encode(part) if name in documents else part for name, part in blank.items()}
                connection.execute(
                    text(
                        f"UPDATE {table} SET {', '.join(f'{name} = :{name}' for name in values)}"
                        f" WHERE changeset = :id AND {key} = :place"
                    ),
                    {**values, "id": changeset, "place": place},
                )


_BESIDE = (
    ("proposal", "subject", ("body", "findings", "earlier"), ("reason",)),
    ("annex_row", "position", ("body", "candidates"), ()),
)
"""Tables beside a draft, the second half of their key, their documents, and what else people wrote there."""
