"""Delegations renewed, let lapse and left alone at random: what is owed on any day is what a naive model says."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from handing import DAY, make_province

from app.changes.owed import Wanted, duties
from app.errors import RegistryError

DAYS = [f"{year}-{month:02}-01" for year in (2027, 2028) for month in range(1, 13)]


@dataclass
class Model:
    """Times for which the item was entrusted, as half-open intervals by act; and what was decided about their ends."""

    times: dict[int, tuple[str, str]]
    lapses: dict[int, str] = field(default_factory=dict)
    """By the act that entrusted: from which day it is decided that this is not renewed."""
    ended: str = "9999-12-31"
    """From which day the item entrusted from has ended."""

    def is_held(self, first: str, last: str) -> bool:
        """Whether any time covers a day from the one to the other."""
        return any(since <= last and first < until for since, until in self.times.values())

    def state(self, act: int, on: str) -> str:
        due = self.times[act][1]
        if self.is_held(due, max(due, on)):
            return "done"  # renewed, in time or later
        if act in self.lapses:
            decided = self.lapses[act] <= on
        else:
            decided = due <= on and self.ended <= on
        return "done" if decided else "overdue" if due <= on else "open"


@pytest.fixture
def province(office):
    return make_province(office)


def one_step(rng, province, item, model):
    act, day = rng.choice(list(model.times)), rng.choice(DAYS)
    which = rng.choice(("renew", "renew", "lapse", "lapse", "end"))
    if which == "renew":
        until = rng.choice([one for one in DAYS if one > day] or ["2029-01-01"])
        body = {"outcome": "entrust", "effective_from": day, "until": until, "results": [{"subject": item}]}
        province.office.publish_change(body | {"subject": province.item})
        model.times[province.last_act()] = day, until
    elif which == "lapse":
        body = {"outcome": "retain", "effective_from": day, "fulfils": [{"act": act, "duty": item}]}
        province.office.publish_change(body | {"subject": province.item})
        model.lapses[act] = day
    else:
        cancel = {"outcome": "cancel", "subject": province.item, "effective_from": day}
        province.office.publish_change(cancel)
        model.ended = day


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_what_is_owed_is_what_the_naive_model_says(province, seed):
    rng = random.Random(seed)
    province.office.publish_change(province.entrust(0, until=rng.choice(DAYS)))
    (item,) = province.made()
    rows = duties_on(province, DAYS[0])
    model = Model({rows[0]["decision"]: (DAY, rows[0]["due"])})
    for _ in range(7):
        try:
            one_step(rng, province, item, model)
        except RegistryError:
            continue  # refused: nothing has changed
        for on in DAYS:
            said = {row["decision"]: row["state"] for row in duties_on(province, on)}
            assert said == {act: model.state(act, on) for act in model.times}, (on, model)
    province.assert_sound()


def duties_on(province, on):
    with province.office.database.reading() as session:
        return duties(session.connection(), Wanted(on=on))
