"""Rounds of the past as a table, one a row, with the single decisions known of them: drafted as recorded rounds.

The columns are those of ``rounds.csv`` (round_id, issuer, document_number, title, date, stated_total, breakdown_json,
retained_after, not_published_or_pending, basis_round, source, note) and ``rounds_decisions.csv`` (round_id, annex, seq,
item_name, department, legal_basis, decision, decision_text, devolved_to, follow_up, note). Blanks stay blanks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from app.auth.actor import Actor
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.models import ChangesetInput
from app.db import Database
from app.errors import Invalid
from app.exchange.readers import read_rows
from app.exchange.records import Problem
from app.law.days import refuse_odd_days
from app.rounds import publishing
from app.rounds.matching import catalogue
from app.rounds.recording import rows_from
from app.wording import reason

NEEDED = ("round_id", "issuer", "title", "breakdown_json")
ROW = {
    "annex": "annex",
    "seq": "number",
    "item_name": "name",
    "department": "authority",
    "legal_basis": "basis",
    "decision": "outcome",
    "decision_text": "words",
    "devolved_to": "receiver",
    "follow_up": "follow_up",
    "note": "note",
}
_SPLIT = re.compile(r"[;；。]\s*")
_UNCONFIRMED = re.compile(r"未经原文核对|待确认")
_KINDS = (
    ("sub_items", re.compile(r"子项")),
    ("carried_over", re.compile(r"遗留|此前")),
    ("pending_law", re.compile(r"修法|涉及法律")),
    ("secret", re.compile(r"涉密|保密|另行通知")),
    ("by_result", re.compile(r"按结果|并为")),
    ("overlapping", re.compile(r"不可相加|重复|不能与项相加")),
    ("unconfirmed", _UNCONFIRMED),
    ("other", re.compile(r"总数为求和|非原文")),
    ("elsewhere", re.compile(r"未公布|公布取消|不涉及|只需衔接|另:|另衔接|未提及")),
)
_COUNT = re.compile(r"(\d{1,5})项")


@dataclass(slots=True)
class Loaded:
    """What loading came to: changesets drafted (and published), rounds that were there already, what is wrong."""

    drafted: list[str] = field(default_factory=list)
    known: int = 0
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class People:
    """In whose names: the editor drafts and submits; a reviewer and a publisher take them through, where named."""

    editor: Actor
    reviewer: Actor | None = None
    publisher: Actor | None = None


def load_rounds(database: Database, people: People, path: Path, decisions: Path | None, today: str) -> Loaded:
    """Draft every round of the file that is not there yet, each in a transaction of its own; the file is checked first.

    With a reviewer and a publisher, each goes the whole way through the normal door.
    """
    loaded = Loaded()
    asked = list(_rounds(path, loaded.problems))
    by_round = _decisions(decisions, asked, loaded.problems) if decisions else {}
    if any(one.severity == "error" for one in loaded.problems):
        return loaded
    with database.reading() as session:
        names = (
            catalogue(session.connection(), None, today, people.editor) if any(by_round.values()) else None
        )
    for ref, form in asked:
        with database.writing() as session:
            if _is_known(session, form):
                loaded.known += 1
                continue
            made = drafts.draft(session, people.editor, form, today)
            told = by_round.get(ref, [])
            rows_from(session, people.editor, made.id, told, today, known=names)(session)
            loaded.rows += len(told)
            loaded.drafted.append(made.id)
            if people.reviewer is not None and people.publisher is not None:
                drafts.submit(session, people.editor, made.id, None, today)
                drafts.approve(session, people.reviewer, made.id)
                publishing.publish(session, people.publisher, made.id, today)
    return loaded


def _is_known(session: Session, form: ChangesetInput) -> bool:
    """Whether a round of this title and document was drafted before and not withdrawn."""
    number = form.document.number if form.document else None
    return any(
        (decode(one.head.encode()).get("document") or {}).get("number") == number
        for one in rows.titled(session, form.title, "round")
        if one.state != "withdrawn"
    )


def _rounds(path: Path, problems: list[Problem]) -> Iterator[tuple[str, ChangesetInput]]:
    seen: set[str] = set()
    for row in read_rows(path, problems.append):
        values = {name: str(value).strip() for name, value in row.values.items() if value not in ("", None)}
        missing = [name for name in NEEDED if name not in row.values]
        try:
            if missing:
                raise Invalid(f"缺少 {missing[0]} 列，请核对是不是轮次表。", code="missing-column")
            if values["round_id"] in seen:
                raise Invalid(f"轮次 {values['round_id']} 出现了两次。", code="round-twice")
            seen.add(values["round_id"])
            yield values["round_id"], _form(values)
        except Invalid as error:
            problems.append(_problem(row.where, error.code, error.message))
        except ValidationError as error:
            problems.append(_problem(row.where, "bad-round", reason(error.errors()[0])))
        except (KeyError, ValueError) as error:
            problems.append(_problem(row.where, "bad-round", f"读不出这一行（{error}）"))


def _problem(where: str, code: str, message: str) -> Problem:
    return Problem(severity="error", code=code, where=where, message=message.rstrip("。"))


def _form(values: Mapping[str, str]) -> ChangesetInput:
    parts = [
        {"words": words, "count": count} for words, count in json.loads(values["breakdown_json"]).items()
    ]
    total = int(values["stated_total"]) if values.get("stated_total") else None
    stated = {
        "total": total,
        "parts": parts,
        "additive": total is not None or len(parts) == 1,
        "retained": values.get("retained_after"),
        "reasons": list(_reasons(values)),
        "source": values.get("source"),
        "note": values.get("note"),
    }
    document = {
        "number": values.get("document_number"),
        "title": values["title"],
        "issuer": values["issuer"],
        "document_date": values.get("date"),
    }
    refuse_odd_days(document, "document/")
    basis = f"，依据或衔接：{values['basis_round']}" if values.get("basis_round") else ""
    return ChangesetInput.model_validate(
        {
            "title": values["title"]
            if values["issuer"] in values["title"]
            else f"{values['issuer']}：{values['title']}",
            "kind": "round",
            "reason": f"依文件补录（{values['round_id']}）{basis}",
            "document": {name: value for name, value in document.items() if value},
            "stated": {name: value for name, value in stated.items() if value is not None},
        }
    )


def _title(values: Mapping[str, str]) -> str:
    issuer, title = values["issuer"], values["title"]
    return title if issuer in title else f"{issuer}：{title}"


def _reasons(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Why the numbers differ, from what the source says of it; each clause under the reason it names."""
    said = [*_SPLIT.split(values.get("not_published_or_pending", "")), *_SPLIT.split(values.get("note", ""))]
    said += [one for one in _SPLIT.split(values.get("source", "")) if _UNCONFIRMED.search(one)]
    for clause in said:
        kind = next((kind for kind, sign in _KINDS if sign.search(clause)), None)
        if kind is not None:
            counts = _COUNT.findall(clause)
            yield {"kind": kind, "words": clause, **({"count": int(counts[0])} if len(counts) == 1 else {})}
    for words, count in json.loads(values["breakdown_json"]).items():
        if kind := next((kind for kind, sign in _KINDS if sign.search(words)), None):
            yield {"kind": kind, "words": words, "count": count}


def _decisions(
    path: Path, asked: list[tuple[str, ChangesetInput]], problems: list[Problem]
) -> dict[str, list[dict[str, str]]]:
    """Round -> its single decisions as rows. A document that the file of rounds does not have becomes a round of its
    own, whose totals nobody gives; it is added to ``asked``."""
    found: dict[str, list[dict[str, str]]] = {ref: [] for ref, _ in asked}
    for row in read_rows(path, problems.append):
        values = {name: str(value).strip() for name, value in row.values.items() if value not in ("", None)}
        ref = values.get("round_id", "")
        told = {to: values[name] for name, to in ROW.items() if name in values}
        if not ref or "name" not in told:
            problems.append(_problem(row.where, "bad-row", "缺少 round_id 或 item_name，请核对"))
            continue
        if ref not in found:
            if not {"issuer", "document_title"} <= values.keys():
                message = f"轮次表里没有 {ref}，这一行也没有写明文件（issuer、document_title），请补上"
                problems.append(_problem(row.where, "round-unknown", message))
                continue
            own = {"title": values["document_title"], "date": values.get("document_date", "")}
            try:
                asked.append((ref, _form({**values, **own, "breakdown_json": "{}", "note": ""})))
            except Invalid as error:
                problems.append(_problem(row.where, error.code, error.message))
                continue
            found[ref] = []
        found[ref].append(told)
    return found
