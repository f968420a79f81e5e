"""A round recorded from a document: its rows come in, are matched, confirmed by a person, published as they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from app import log
from app.auth.actor import Actor
from app.canonical import decode, digest, encode
from app.changes import rows as drafted
from app.changes.annexes import FIELDS, HOW, Row, annex_rows, content_of, put_rows, replace_rows
from app.changes.completing import completed
from app.changes.deciding import Decider
from app.changes.drafts import require_round_scope
from app.changes.file_reading import require_readable
from app.changes.models import Changeset, DecisionInput
from app.changes.rows import hold
from app.changes.scope import Scope
from app.db import TOMBSTONE, fetch, run_by
from app.errors import Conflict, Invalid, NotFound
from app.law.days import is_whole_day
from app.rounds.matching import Catalogue, catalogue, is_certain, match
from app.rounds.opened import require_worked_on
from app.rounds.placing import put_in
from app.rounds.stated import reconcile
from app.versions.ids import is_id, kind_of
from app.versions.names import names_near
from app.versions.visibility import is_public, public_among

MOST_ROWS = 20_000
LONGEST = 10_000
KEPT: tuple[str, ...] = ("annex", "number", "words", "follow_up", "receiver")
"""What a decision keeps of its row."""
GUESSED = {"取消": "cancel", "保留": "retain", "暂停": "suspend", "停止施行": "suspend"}
"""Outcomes in a word of which a row can be made a decision by itself; others are drafted as decisions are."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person says a row means: an item, or none. ``apply``: its outcome is to be a decision about the item."""

    position: int
    item: str | None
    apply: bool = False


def find(session: Session, round_id: str) -> Changeset:
    """A round recorded from a document. Raises NotFound, Conflict."""
    changeset = drafted.find(session, round_id)
    if changeset.kind != "round" or "stated" not in decode(changeset.head.encode()):
        raise Conflict(
            "这份变更单不是依文件补录的轮次；请在起草时写明文件所述的总数（stated）。", code="not-recorded"
        )
    return changeset


def rows_from(
    session: Session,
    actor: Actor,
    round_id: str,
    asked: Iterable[Mapping[str, str]],
    today: str,
    *,
    add: bool = False,
    known: Catalogue | None = None,
) -> Callable[[Session], list[Row]]:
    """The document's rows in its own order; ``add``: behind those there are. Matched against the registry now, in a
    reading session, which takes minutes for a long document and a large registry; what is returned writes them down,
    in this session or another.

    ``known`` spares reading the registry's names again, where many documents come in. Raises Invalid for a row
    without a name, or with more than a row may say.
    """
    changeset = _worked_on(session, actor, round_id, "录入文件的各行")
    first = len(annex_rows(session.connection(), round_id)) + 1 if add else 1
    new = [_row(at, body) for at, body in enumerate(asked, start=first)]
    _require_room(len(new))
    matched_for = _region(changeset)
    _match(session, actor, changeset, new, today, known)

    def write(session: Session) -> list[Row]:
        hold(session, round_id)
        changeset = _worked_on(session, actor, round_id, "录入文件的各行")
        stood = annex_rows(session.connection(), round_id) if add else []
        _require_room(len(stood) + len(new))
        for at, row in enumerate(new, start=len(stood) + 1):
            row.position = at
        if _region(changeset) != matched_for:
            _match(session, actor, changeset, new, today, known)
        made = [*stood, *new]
        replace_rows(session, changeset, made)
        drafted.leave_event(session, changeset, actor, "rows", f"录入 {len(new)} 行")
        return made

    return write


def _worked_on(session: Session, actor: Actor, round_id: str, verb: str) -> Changeset:
    """The round, where this account may ``verb`` in it now. Raises NotFound, Forbidden, Conflict."""
    actor.require("edit")
    changeset = find(session, round_id)
    require_worked_on(changeset, verb)
    require_round_scope(session, actor, changeset)
    return changeset


def _require_room(rows: int) -> None:
    if rows > MOST_ROWS:
        raise Invalid(f"一份文件最多 {MOST_ROWS} 行，请分成几轮录入。", code="too-many-rows")


def _region(changeset: Changeset) -> str | None:
    """Of the issuing authority: its items come first."""
    return (decode(changeset.head.encode()).get("scope") or {}).get("region")


def _row(position: int, body: Mapping[str, str]) -> Row:
    told = {name: body[name].strip() for name in FIELDS if body.get(name) and body[name].strip()}
    if not told.get("name"):
        raise Invalid(
            f"第 {position} 行没有项目名称，请补上或删去这一行。", code="row-without-name", row=position
        )
    long = next((name for name, value in told.items() if len(value) > LONGEST), None)
    if long:
        raise Invalid(
            f"第 {position} 行的文字过长，最多 {LONGEST} 字。", code="text-too-long", row=position, field=long
        )
    return Row(position, told)


def _match(
    session: Session,
    actor: Actor,
    changeset: Changeset,
    rows: Sequence[Row],
    today: str,
    known: Catalogue | None = None,
) -> None:
    if not any(row.how is None for row in rows):
        return
    match(known or catalogue(session.connection(), _region(changeset), today, actor), rows)


def rematch(session: Session, actor: Actor, round_id: str, today: str) -> list[Row]:
    """Look again for what is not confirmed yet: the registry may have grown."""
    return rematch_from(session, actor, round_id, today)(session)


def rematch_from(session: Session, actor: Actor, round_id: str, today: str) -> Callable[[Session], list[Row]]:
    """``rematch`` in two steps, as ``rows_from``: a row that is confirmed or replaced meanwhile is left as it is."""
    changeset = _worked_on(session, actor, round_id, "匹配")
    some = annex_rows(session.connection(), round_id)
    _match(session, actor, changeset, some, today)
    found = {row.position: row for row in some if row.how is None}

    def write(session: Session) -> list[Row]:
        hold(session, round_id)
        changeset = _worked_on(session, actor, round_id, "匹配")
        rows = annex_rows(session.connection(), round_id)
        again = [row for row in rows if row.how is None and _is_same(row, found.get(row.position))]
        for row in again:
            row.candidates = found[row.position].candidates
        put_rows(session, changeset, again)
        if again:
            drafted.leave_event(session, changeset, actor, "rematched", f"重新匹配 {len(again)} 行")
        return rows

    return write


def _is_same(row: Row, other: Row | None) -> bool:
    return other is not None and row.body == other.body


def confirm_certain(session: Session, actor: Actor, round_id: str, today: str) -> list[Row]:
    """Confirm every open row that one item alone fits by code or name, within the issuing authority's region."""
    rows = annex_rows(session.connection(), round_id)
    chosen = [
        Choice(row.position, row.candidates[0]["item"]) for row in rows if row.how is None and is_certain(row)
    ]
    return confirm(session, actor, round_id, chosen, today)


def confirm(session: Session, actor: Actor, round_id: str, chosen: Sequence[Choice], today: str) -> list[Row]:
    """What each of these rows means, as a person says. The rows confirmed, all or none.

    Raises NotFound for a row or item that is not there; Refused where a row's outcome cannot be applied.
    """
    changeset = _worked_on(session, actor, round_id, "确认对应的事项")
    rows = {row.position: row for row in annex_rows(session.connection(), round_id)}
    _require_items(session.connection(), actor, {one.item for one in chosen if one.item})
    done, applied = [], []
    for one in chosen:
        if one.position not in rows:
            raise NotFound(f"文件没有第 {one.position} 行。", code="unknown-row", row=one.position)
        row = rows[one.position]
        row.item = one.item
        row.how = _how(row, one.item)
        row.account, row.at = actor.account, log.now_microseconds()
        done.append(row)
        if one.apply:
            applied.append(row)
    put_rows(session, changeset, done)
    if applied:
        _apply(session, actor, changeset, applied, today)
    if done:
        linked = sum(bool(row.item) for row in done)
        note = f"确认 {len(done)} 行：对应 {linked}，无对应 {len(done) - linked}"
        drafted.leave_event(session, changeset, actor, "redrafted", note)
    return done


def _how(row: Row, item: str | None) -> str:
    if item is None:
        return "none"
    return next((one["how"] for one in row.candidates if one["item"] == item), "hand")


_HOLDER = (
    "SELECT authority, region, valid_from FROM timeline WHERE subject_id = ? ORDER BY valid_from DESC LIMIT 1"
)


def _require_items(connection: Connection, actor: Actor, items: Iterable[str]) -> None:
    scope = Scope(connection, actor)

    def is_seen(item: str) -> bool:
        return (
            scope.is_everything
            or is_public(connection, item)
            or any(scope.covers_item(*held) for held in fetch(connection, _HOLDER, (item,)))
        )

    for item in items:
        known = is_id(item) and kind_of(item) == "item"
        known = known and bool(fetch(connection, "SELECT 1 FROM subject WHERE id = ?", (item,)))
        if not known or not is_seen(item):
            raise NotFound(f"登记簿中没有编号为 {item} 的事项，请核对。", code="unknown-item", subject=item)


def _apply(session: Session, actor: Actor, changeset: Changeset, rows: Sequence[Row], today: str) -> None:
    """The rows' outcomes as decisions about their items, entered late (补录)."""
    document = decode(changeset.head.encode()).get("document") or {}
    known = (document.get(name) or "" for name in ("effective_on", "document_date"))
    day = next((one for one in known if is_whole_day(one)), None)
    if day is None:
        raise Invalid(
            "还不知道自哪一天起：请先在本页的“文号、日期、标题”中填写施行日期或成文日期（到日），再把各行作为对事项的决定。",
            code="day-missing",
            field="document",
        )
    asked = []
    for row in rows:
        outcome = GUESSED.get(row.body.get("outcome", ""))
        if outcome is None or row.item is None:
            raise Invalid(
                f"第 {row.position} 行的处理决定“{row.body.get('outcome', '')}”不能直接成为对事项的决定，"
                "请在变更单中另写一项决定，或只作对应。",
                code="not-applicable",
                row=row.position,
            )
        said = {name: row.body[name] for name in KEPT if name in row.body}
        late = {"timing": "late_entry", "reason": _reason(document)} if day < today else {}
        asked.append(
            DecisionInput(outcome=outcome, subject=row.item, effective_from=day, **late, **_short(said))
        )
    bodies = completed(session.connection(), asked)
    decided = Decider(session.connection(), today, actor).decide(bodies)
    require_readable(session, actor, [encode(body) for body in bodies])
    put_in(session, changeset, list(zip(bodies, decided.bases, strict=True)))


def _short(said: Mapping[str, str]) -> dict[str, Any]:
    most = {"annex": 200, "number": 200, "receiver": 1000}
    return {name: value[: most.get(name, 4000)] for name, value in said.items()}


def _reason(document: Mapping[str, Any]) -> str:
    return f"依文件补录：{document.get('number') or document.get('title') or '原文件'}"


# --- asking ---------------------------------------------------------------------------------------------


def drafted_rows(session: Session, round_id: str) -> dict[str, Any]:
    """A recorded round while it is drafted: its rows with candidates, and how its totals reconcile."""
    changeset = find(session, round_id)
    head = decode(changeset.head.encode())
    rows = annex_rows(session.connection(), round_id)
    organs = {one["authority"] for row in rows for one in row.candidates if one["authority"]}
    named = names_near(session.connection(), organs, "9999-12-30")
    return {
        "round": round_id,
        "title": changeset.title,
        "state": changeset.state,
        "rows": [
            {
                "position": row.position,
                **row.body,
                "state": row.state,
                "item": row.item,
                "how": row.how,
                "how_label": HOW.get(row.how or ""),
                "certain": row.how is None and is_certain(row),
                "candidates": [
                    {**one, "authority_name": named.get(one["authority"]), "how_label": HOW[one["how"]]}
                    for one in row.candidates
                ],
            }
            for row in rows
        ],
        "reconciliation": reconcile(head["stated"], [row.told() for row in rows], head.get("undisclosed")),
    }


def recorded(connection: Connection, statement: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of a published round: the rows of its document and the reconciliation; none where it was held here.

    An item that is not public is linked for nobody.
    """
    if "stated" not in statement:
        return None
    rows: list[dict[str, Any]] = []
    if named := statement.get("rows"):
        found = fetch(connection, "SELECT body FROM content WHERE hash = ?", (named["hash"],))
        if found and bytes(found[0][0]) != TOMBSTONE:
            rows = decode(bytes(found[0][0]))
    public = public_among(run_by(connection), {row["item"] for row in rows if row.get("item")})
    shown = [
        row
        if row.get("item") in public
        else {name: part for name, part in row.items() if name not in ("item", "how")}
        for row in rows
    ]
    return {
        "reconciliation": reconcile(statement["stated"], shown, statement.get("undisclosed")),
        "rows": shown,
    }


def rows_content(connection: Connection, changeset: Changeset, head: Mapping[str, Any]) -> list[bytes]:
    """The content of a document's rows, for publishing. Raises Conflict where they are not what was approved."""
    if "rows" not in head:
        return []
    body = content_of(annex_rows(connection, changeset.id))
    if digest(body) != head["rows"]["hash"]:
        raise Conflict("文件的各行与批准时不一致，请重新提交审核。", code="rows-moved")
    return [body]
