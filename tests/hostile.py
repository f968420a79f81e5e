"""A registry in which every field of everything is hostile, huge or empty; made once."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel
from registry import TODAY, Office, make_office
from seeded import Living, seeding_clock

from app import indexing, log
from app.db import Database
from app.items.content import ItemContent
from app.law.content import InstrumentContent
from app.main import create_app
from app.migrating import migrate
from app.places.content import AuthorityContent
from app.searching import open_engine
from app.settings import Settings

ATTACK = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)></textarea></title>{{7*7}}{% raw %}\u202e]]>"
)
"""In every text field. The right-to-left override stands for all that is not letters."""
ADDRESS = "javascript:alert(document.domain)"
LONG = "关于在本行政区域内依法从事生产经营活动的单位和个人申请办理有关许可的事项" * 6
"""216 characters."""


def hostile(model: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
    """A document of a content model with something hostile in every field, new fields included."""
    made = {}
    for name, field in model.model_fields.items():
        shown = field.alias or name
        if shown in given:
            if given[shown] is not None:
                made[shown] = given[shown]
        else:
            made[shown] = _value(shown, field.annotation, given)
    return made


def _value(name: str, annotation: Any, given: dict[str, Any]) -> Any:
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _value(name, next(one for one in arguments if one is not type(None)), given)
    if origin is list:
        return [_value(name, arguments[0], given)]
    if origin is typing.Literal:
        return arguments[-1]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return hostile(annotation, given)
    if annotation in (int, bool):
        return annotation(7)
    return _text(name)


def _text(name: str) -> str:
    if name == "key":
        return "k1"
    if name in ("blank_form", "sample_form", "sample", "digest"):
        return "a" * 64
    if name in ("url", "online_address", "mobile"):
        return ADDRESS
    return ATTACK[:64] if name in CODES else ATTACK


CODES = {
    "type",
    "level",
    "kind",
    "category",
    "authority_nature",
    "power_source",
    "service_objects",
    "themes_person",
    "themes_company",
    "handling",
    "channels",
    "scope",
    "nature",
}


@dataclass
class Hostile(Living):
    """The hostile registry and the ids of what is in it."""

    office: Any = None
    item: str = ""
    ended: str = ""
    bare: str = ""
    huge: str = ""
    secret: str = ""
    secret_code: str = ""
    linked: str = ""
    law: str = ""
    authority: str = ""
    round: str = ""


_WORDS = ("number", "title", "issuer", "document_date", "published_on", "effective_on")
DOCUMENT = dict.fromkeys(_WORDS, ATTACK) | {"url": ADDRESS}


EARLIER = (
    "app.changes.deciding.refuse_odd_names",
    "app.changes.deciding.refuse_odd_days",
    "app.changes.drafts.refuse_odd_days",
)
"""What is refused today was published before these rules, and is shown as it stands."""


@pytest.fixture(scope="session")
def hostile_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    directory: Path = tmp_path_factory.mktemp("hostile")
    settings = Settings(data_dir=directory, database_url="", drain_index=False)
    database = Database(settings.database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "now_microseconds", seeding_clock)
        migrate(database)
        office = make_office(database)
        for rule in EARLIER:
            patch.setattr(rule, lambda *_said: None)
        facts = _fill(office)
    with closing(open_engine(settings)) as engine:
        indexing.rebuild(database, engine)
    database.dispose()
    app = create_app(settings)
    with TestClient(app, follow_redirects=False) as client:
        yield Hostile(settings, client, app.state.registry, office=office, **facts)


@pytest.fixture
def hostile_registry(hostile_session: Hostile, clock: Any) -> Hostile:
    return hostile_session


def _fill(office: Office) -> dict[str, str]:
    place = {"region": office.district, "parent": None, "schema": 1, "key": "k1"}
    office.publish_change(
        _made("authority", "found", hostile(AuthorityContent, place)),
        _made("instrument", "enact", hostile(InstrumentContent, {"schema": 1, "rank": "other"})),
        document=DOCUMENT,
        title=ATTACK,
        reason=ATTACK,
    )
    authority, law = (_newest(office, kind) for kind in ("authority", "instrument"))
    content = hostile(ItemContent, _around(office, authority, law))
    office.publish_change(_made("item", "add", content, codes=_codes("A")), document=DOCUMENT, title=ATTACK)
    item = _newest(office, "item")
    plain = {"type": "01", "authority": office.water, "region": office.district}
    office.publish_change(_made("item", "add", plain | {"name": LONG}))
    bare = _newest(office, "item")
    many = [{"key": f"m{n}", "name": f"第{n}份材料：{LONG}"} for n in range(40)]
    office.publish_change(
        _made("item", "add", plain | {"name": "材料很多的事项", "materials": many, "conditions": LONG * 100})
    )
    huge = _newest(office, "item")
    office.publish_change(
        _made("item", "add", plain | {"name": "机密的壬号事项", "visibility": "internal"}, codes=_codes("B"))
    )
    secret = _newest(office, "item")
    links = {"online_address": 'https://hall.example/apply?a=1&b="2', "mobile": "ftp://hall.example/"}
    office.publish_change(_made("item", "add", plain | {"name": "有网址的事项", **links}))
    linked = _newest(office, "item")
    asked = {"words": ATTACK, "annex": ATTACK, "number": ATTACK, "reason": ATTACK, "effective_from": TODAY}
    changeset = office.approved(
        {"outcome": "cancel", "subject": office.items[0], "follow_up": ATTACK, "receiver": ATTACK, **asked},
        {"outcome": "retain", "subject": office.items[1], **asked},
        {"outcome": "retain", "subject": secret, **asked},
        kind="round",
        title=ATTACK,
        number=ATTACK,
        reason=ATTACK,
        document=DOCUMENT,
        synthetic=True,
    )
    office.publish(changeset)
    return {
        "item": item,
        "ended": office.items[0],
        "bare": bare,
        "huge": huge,
        "secret": secret,
        "secret_code": _codes("B")[0]["value"],
        "linked": linked,
        "law": law,
        "authority": authority,
        "round": changeset,
    }


def _around(office: Office, authority: str, law: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "visibility": "public",
        "authority": authority,
        "region": office.district,
        "instrument": law,
        "entry": None,
        "co_authority_ids": None,
    }


def _codes(value: str) -> list[dict[str, str]]:
    return [{"scheme": "local", "issuer": ATTACK, "value": f"{value}/{ATTACK[:80]}"}]


def _made(kind: str, outcome: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": kind, "outcome": outcome, "effective_from": TODAY, "content": content, **more}


def _newest(office: Office, kind: str) -> str:
    return office.scalars(f"SELECT id FROM subject WHERE kind = '{kind}' ORDER BY seq DESC LIMIT 1")[0]
