"""One change over many items: a filter, one field, the list of what it touches, one changeset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, kinds
from app.changes.everywhere import has_anywhere, renumbered, set_everywhere
from app.changes.models import ChangesetInput
from app.db import TOMBSTONE, chunks, fetch, marks
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Forbidden, Invalid, RegistryError
from app.items.code_tables import TABLES
from app.listing import Filter, list_subjects
from app.places.queries import ancestors
from app.versions.fold import diff
from app.versions.queries import parse_day, today
from app.web import comparing
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms import drafting, keeping
from app.web.office.forms.fields import FormField, item_fields
from app.web.office.forms.working import once, one_of, posted_again, under_way
from app.web.subjects import names, names_apart

router = APIRouter()
MOST = 2_000
"""Items that one change may touch; a larger one is divided by authority or region."""
SHOWN = 300
ARTICLE = "citations/*/article"
"""Set by old and new number, of one instrument."""
SINGLE = ("line", "text", "number", "yesno", "choice")
FILTERS = ("q", "authority", "region", "type", "law")


def places() -> dict[str, str]:
    """Paths that can be set for many at once, with their words: fields, and fields of every row of a list."""
    return dict(_places(item_fields(), "", ""))


def _places(
    fields: Iterator[FormField] | tuple[FormField, ...], path: str, words: str
) -> Iterator[tuple[str, str]]:
    for one in fields:
        if (one.name in ("key", "name") and path) or one.name in ("visibility",):
            continue
        if one.kind in SINGLE:
            yield f"{path}{one.name}", f"{words}{one.label}"
        elif one.kind == "group":
            yield from _places(one.parts, f"{path}{one.name}/", f"{words}{one.label}：")
        elif one.kind == "rows" and not path and one.name in ("windows", "citations", "materials", "fees"):
            yield from _places(one.parts, f"{one.name}/*/", f"每一行{one.label}：")


@router.get("/office/many")
def choose(request: Request, registry: RegistryOf, session: ReadSession, present: Visitor) -> Response:
    """While the draft of this change is under way, that it is; then the draft, or why there is none with what was
    typed."""
    form = Posted(request.query_params.multi_items())
    place = _place(form)
    if (work := registry.works.told_once(one_of(present, place.address))) is not None:
        if not work.is_done:
            return under_way(request, session, present, place.title, "/office", work)
        if work.refusal is not None:
            asked = posted_again(work.asked)
            return _page(request, session.connection(), present, asked, work.refusal)
        return go(f"/office/changesets/{work.result}")
    kept, kept_at = keeping.found_again(session, present, place)
    return _page(request, session.connection(), present, kept if kept_at else form, kept_at=kept_at)


def _place(form: Posted) -> keeping.Place:
    """Each change that is looked at has its own."""
    chosen = _chosen(form)
    words = places().get(form.get("path"), "")
    return keeping.Place(f"/office/many?{urlencode(chosen)}", f"一次改多个事项：{words}")


def _chosen(form: Posted) -> dict[str, str]:
    """Which items, and what is changed in them from which day."""
    named = {name: form.get(name) for name in (*FILTERS, "path", "only", "value")}
    return {name: value for name, value in named.items() if value} | {"from": form.get("from") or today()}


@router.post("/office/many")
def draft_many(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    place = _place(form)
    if kept := keeping.kept_aside(request, registry, present, form, place):
        return kept
    key = one_of(present, place.address)
    try:
        begun = once(
            registry,
            key,
            lambda _tell: _drafted(registry, present, form, place),
            asked=form.pairs,
            joins=False,
        )
        if not begun.is_done:
            return go(place.address)  # which says that it is under way
        made = begun.outcome()
    except RegistryError as error:
        with registry.database.reading() as session:
            return _page(request, session.connection(), present, form, error)
    return go(f"/office/changesets/{made}")


def _drafted(registry: Registry, present: Present, form: Posted, place: keeping.Place) -> str:
    """Worked out beside all others; the writer's place is taken to write alone."""
    with registry.database.reading() as session:
        asked = _asked(session.connection(), present, form)
        write = drafts.draft_from(session, present.actor, asked, today())
    with registry.database.writing() as session:
        made = write(session)
        keeping.saved(session, present, place)
        return made.id


def _asked(connection: Connection, present: Present, form: Posted) -> ChangesetInput:
    chosen, on = set(form.all("item")), day_of(form)
    if not chosen:
        raise Invalid("请先勾选事项。", code="nothing-chosen")
    decisions: list[dict[str, Any]] = []
    for row, before in contents(connection, found_items(connection, present, form, on), on):
        if row["id"] in chosen and (after := _changed(connection, form, before, on)) != before:
            after = kinds.validate("item", after)
            decisions += drafting.decisions(row["id"], before, after, on, form)
    if not decisions:
        raise Invalid("勾选的事项都已经是这样，没有什么可改。", code="nothing-changed")
    words = places().get(form.get("path"), "")
    return drafting.changeset(form, f"{words}改动（{len(chosen)} 个事项）", decisions)


def day_of(form: Posted) -> str:
    return parse_day(form.get("from"), "施行日期") if form.get("from") else today()


def found_items(connection: Connection, present: Present, form: Posted, on: str) -> list[dict[str, Any]]:
    """The items of the filter, in the account's scope, internal and redacted ones too; none without a filter. Raises
    Invalid past ``MOST``."""
    given = {name: form.get(name).replace("\0", "").strip() for name in FILTERS}
    if not any(given.values()):
        return []
    actor = present.actor

    def one(name: str, kind: str) -> str | None:
        return drafting.named_id(connection, given[name], kind, on, name) if given[name] else None

    law, authority, region = one("law", "instrument"), one("authority", "authority"), one("region", "region")
    outside = [authority] if actor.authority and authority not in (None, actor.authority) else []
    if region and actor.region and actor.region not in ancestors(connection, region, on):
        outside.append(region)
    if outside:
        raise Forbidden(
            f"“{names(connection, outside, on).get(outside[0] or '', '')}”不在账号“{actor.name}”的管理范围内。",
            code="out-of-scope",
        )
    wanted = Filter(
        on=on,
        name_contains=given["q"] or None,
        authority=authority or actor.authority,
        region=region or actor.region,
        type=given["type"] or None,
        links_to=("", law) if law else None,
        statuses=("in_force", "suspended", "unknown"),
        internal=True,
    )
    page = list_subjects(connection, wanted, None, MOST)
    if page.next:
        raise Invalid(f"筛选出的超过 {MOST} 个，请缩小范围，分几次改。", code="too-many-items")
    return page.rows


def contents(
    connection: Connection, rows: list[dict[str, Any]], on: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each row with its content on the day; what was redacted is edited on its own page."""
    by_id = {row["id"]: row for row in rows}
    for some in chunks(by_id):
        found = fetch(
            connection,
            "SELECT t.subject_id, c.body FROM timeline t JOIN content c ON c.hash = t.content"
            f" WHERE t.subject_id IN ({marks(some)}) AND t.valid_from <= ? AND t.valid_to > ?"
            " ORDER BY t.subject_id",
            (*some, on, on),
        )
        for subject, body in found:
            if bytes(body) != TOMBSTONE:
                yield by_id[subject], decode(bytes(body))


def _changed(connection: Connection, form: Posted, content: dict[str, Any], on: str) -> dict[str, Any]:
    path, value, only = form.get("path"), form.get("value").strip(), form.get("only").strip()
    if path not in places():
        raise Invalid("请选择改哪个字段。", code="path-needed", field="path")
    if path == ARTICLE:
        if not (only and value and form.get("law").strip()):
            raise Invalid("条款改号请写明文件、原条款和新条款。", code="renumber-incomplete", field="only")
        law = drafting.named_id(connection, form.get("law").strip(), "instrument", on, "law")
        return renumbered(content, law, only, value)
    field = _field(path)
    if field.subject and value:
        value = drafting.named_id(connection, value, field.subject, on, "value")
    return set_everywhere(content, path, _typed(field, value), _sought(connection, field, only, on))


def _sought(connection: Connection, field: FormField, only: str, on: str) -> Any:
    """What is typed of how a field reads now, as the field holds it; None where it does not matter. A code that is in
    no table may stand in it, too."""
    if not only:
        return None
    if field.subject:
        return drafting.named_id(connection, only, field.subject, on, "only")
    if field.kind == "choice" and only not in field.choices.values():
        return only
    return _typed(field, only, "only")


def _field(path: str) -> FormField:
    fields = tuple(item_fields())
    for name in path.replace("/*", "").split("/"):
        found = next(one for one in fields if one.name == name)
        fields = found.parts
    return found


def _typed(field: FormField, value: str, place: str = "value") -> Any:
    """What was typed as the field holds it; nothing typed takes the field away. Raises Invalid."""
    if not value:
        return None
    if field.kind == "yesno":
        if value not in ("是", "否", "yes", "no"):
            raise Invalid("这个字段请写“是”或“否”。", code="bad-value", field=place)
        return value in ("是", "yes")
    if field.kind == "number":
        if not (value.isascii() and value.isdigit() and len(value) < 7):
            raise Invalid("这个字段请写整数。", code="bad-value", field=place)
        return int(value)
    if field.kind == "choice" and value not in field.choices:
        code = next((code for code, words in field.choices.items() if words == value), None)
        if code is None:
            words = "、".join(field.choices.values())
            raise Invalid(f"这个字段没有“{value}”，可用的有：{words}。", code="bad-value", field=place)
        return code
    return value


def _page(
    request: Request,
    connection: Connection,
    present: Present,
    form: Posted,
    error: RegistryError | None = None,
    kept_at: str = "",
) -> Response:
    found: list[dict[str, Any]] = []
    touched: list[dict[str, Any]] = []
    try:
        on = day_of(form)
        found = found_items(connection, present, form, on)
        if found and form.get("path"):
            touched = _touched(connection, form, found, on)
    except RegistryError as refused:
        error, on = error or refused, today()
    return show(
        request,
        connection,
        present,
        "many/one-change.html",
        error=error,
        form=form,
        on=on,
        found=found,
        redacted=sum(row["visibility"] == "redacted" for row in found),
        touched=touched,
        shown=SHOWN,
        places=places(),
        unread=bool(found and not touched and error is None) and _is_unread(connection, form, found, on),
        types=TABLES["item_type"][0].values,
        filters=FILTERS,
        ticked=set(form.all("item")) if kept_at or error else None,
        kept_at=kept_at,
        place=_chosen(form),
        script="form.js",
    )


def _is_unread(connection: Connection, form: Posted, found: list[dict[str, Any]], on: str) -> bool:
    """Whether none of them reads now as the form says; of an article, whether another was to be put in its place."""
    path, only = form.get("path"), form.get("only").strip()
    if not (path and only):
        return False
    if path == ARTICLE:
        return only != form.get("value").strip()
    sought = _sought(connection, _field(path), only, on)
    return not any(has_anywhere(content, path, sought) for _, content in contents(connection, found, on))


def _touched(
    connection: Connection, form: Posted, found: list[dict[str, Any]], on: str
) -> list[dict[str, Any]]:
    """The items that the change alters, each with what it reads before and after."""
    listed = []
    for row, before in contents(connection, found, on):
        after = _changed(connection, form, before, on)
        changes = diff(before, after)
        if not changes:
            continue
        listed.append({**row, "changes": changes, "before": before, "after": after})
    named = names_apart(connection, [one for row in listed[:SHOWN] for one in _ids(row)], on)
    for row in listed[:SHOWN]:
        row["rows"] = comparing.rows(row["before"], row["after"], row["changes"], named, ([], []))
    return listed


def _ids(row: dict[str, Any]) -> list[str]:
    return [*drafting.ids_in(row["before"]), *drafting.ids_in(row["after"])]
