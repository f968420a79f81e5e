"""Random decisions that pass items on, through the front door: what must hold whatever was decided and voided."""

from __future__ import annotations

from everything import every_outcome
from handing import LATEST, make_province
from hypothesis import given, settings
from hypothesis import strategies as st
from registry import TODAY, make_office

from app.auth.actor import COMMAND_LINE
from app.canonical import decode
from app.changes import duties as derived
from app.changes import kinds, rows
from app.changes.deciding import Decider
from app.changes.owed import Wanted, duties
from app.errors import RegistryError
from app.versions.orders import Order
from app.versions.recording import record

DAYS = ["2026-10-01", "2026-10-20", "2026-11-11", "2027-01-01", "2027-02-02"]
ASKED = [TODAY, *DAYS, "2028-01-01"]

days, counties = st.sampled_from(DAYS), st.integers(0, 2)
FEW = settings(max_examples=max(8, settings().max_examples // 8))


# --- one devolve, and a model of it --------------------------------------------------------------------------------

acceptances = st.one_of(
    st.tuples(st.just("accept"), counties, days), st.tuples(st.just("void"), counties, st.none())
)


@FEW
@given(steps=st.lists(acceptances, min_size=1, max_size=7))
def test_a_devolve_is_what_its_acceptances_say(make_sqlite, clock, steps):
    """The model: a day for each county that has accepted. Everything else follows from it by date."""
    province = make_province(make_office(make_sqlite()))
    office, accepted, acts = province.office, {}, {}
    office.publish_change(province.devolve(transition_until=LATEST))
    for what, county, day in steps:
        try:
            if what == "accept":
                office.publish_change(province.accept(county, day))
            elif county in acts:
                office.publish_change(
                    {"outcome": "void", "act": acts[county], "ground": "error", "reason": "录错"}
                )
        except RegistryError as refusal:
            assert (refusal.code, what, county in accepted) == ("already-accepted", "accept", True)  # noqa: PT017
            continue
        if what == "accept":
            accepted[county], acts[county] = day, province.last_act()
        else:
            accepted.pop(county, None), acts.pop(county, None)
    for day in ASKED:
        done = {f"c{county}" for county, on in accepted.items() if on <= day}
        ends = len(done) == 3 or day >= LATEST
        assert province.status(day) == ["ended" if ends else "in_force"], (accepted, day)
        in_time = {f"c{county}" for county, on in accepted.items() if on <= day and on < LATEST}
        assert province.lost(day) == in_time
        with office.database.reading() as session:
            states = {one["key"]: one["state"] for one in duties(session.connection(), Wanted(on=day))}
        left = "overdue" if day > LATEST else "open"
        assert states == {f"c{i}": "done" if f"c{i}" in done else left for i in range(3)}
    province.assert_sound()
    office.database.dispose()


# --- everything that passes items on ----------------------------------------------------------------------------------

some = st.integers(0, 30)
decisions = st.one_of(
    st.builds(lambda i, d, t: ("devolve", i, d, t), some, days, st.booleans()),
    st.builds(lambda i, d, c: ("receive", i, d, c), some, days, counties),
    st.builds(lambda i, d, c: ("entrust", i, d, c), some, days, counties),
    st.builds(lambda i, d, c: ("renew", i, d, c), some, days, some),
    st.builds(lambda i, d, c: ("narrow", i, d, c), some, days, counties),
    st.builds(lambda i, d, j: ("merge", i, d, j), some, days, some),
    st.builds(lambda i, d, c: ("split", i, d, c), some, days, counties),
    st.builds(lambda i, d, o: (o, i, d, None), some, days, st.sampled_from(["cancel", "suspend", "resume"])),
    st.builds(lambda n: ("void", n, None, None), some),
)


def body_of(province, step):
    """The decision of a step: about some item there is, naming some act there is."""
    what, index, day, more = step
    office = province.office
    items = office.scalars("SELECT id FROM subject WHERE kind = 'item' ORDER BY seq")
    item = items[index % len(items)]
    base = {"subject": item, "effective_from": day}
    if what == "void":
        acts = office.scalars("SELECT DISTINCT act FROM decision WHERE publication > 1 ORDER BY act DESC")
        return {"outcome": "void", "act": acts[index % len(acts)], "ground": "error", "reason": "录错"}
    if what == "devolve":
        receivers = [{"region": county} for county in province.counties]
        return {"outcome": what, **base, "receivers": receivers} | (
            {"transition_until": LATEST} if more else {}
        )
    if what == "receive":
        acts = office.scalars("SELECT DISTINCT act FROM duty WHERE kind = 'acceptance' ORDER BY act")
        accepts = [{"act": acts[index % len(acts)]}] if acts else []
        origins = [] if accepts else [{"subject": item}]
        result = {"content": province.content(more)}
        return {
            "outcome": what,
            "effective_from": day,
            "origins": origins,
            "results": [result],
            "accepts": accepts,
        }
    if what == "entrust":
        return province.entrust(more, day, until="2027-03-01") | {"subject": item}
    if what == "renew":
        other = items[more % len(items)]
        return {"outcome": "entrust", **base, "results": [{"subject": other}], "until": "2027-06-01"}
    if what == "narrow":
        return {"outcome": what, **base, "receivers": [{"region": province.counties[more]}]}
    if what == "merge":
        other = items[more % len(items)]
        origins = [{"subject": item}, {"subject": other}]
        return {"outcome": what, "effective_from": day, "origins": origins, "results": [{"subject": item}]}
    if what == "split":
        parts = [{"content": province.content(more, name)} for name in ("甲", "乙")]
        return {"outcome": what, "effective_from": day, "origins": [{"subject": item}], "results": parts}
    return {"outcome": what, **base}


@FEW
@given(steps=st.lists(decisions, min_size=2, max_size=9))
def test_lineage_has_no_orphan_and_the_rules_run_again_give_the_same(make_sqlite, clock, steps):
    province = make_province(make_office(make_sqlite()))
    office = province.office
    for step in steps:
        before = office.known()
        try:
            office.publish_change(body_of(province, step))
        except RegistryError as refusal:
            assert refusal.message.endswith("。")  # noqa: PT017
            assert office.known() == before
    no_orphan(office)
    province.assert_sound()
    run_again(office, make_sqlite())
    office.database.dispose()


def test_the_rules_run_again_over_every_outcome(office, make_database):
    province, decisions = every_outcome(office)
    office.publish_change(*decisions, kind="round", number="第一批")
    no_orphan(office)
    province.assert_sound()
    run_again(office, make_database())


def no_orphan(office):
    """Each unvoided line leads from a subject that was made to a subject that was made."""
    made = (
        "EXISTS (SELECT 1 FROM decision d WHERE d.subject_id = l.{} AND d.creates IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act))"
    )
    orphans = office.scalars(
        "SELECT l.seq FROM lineage l WHERE NOT EXISTS (SELECT 1 FROM void v WHERE v.act = l.act)"
        f" AND NOT ({made.format('origin')} AND {made.format('successor')})"
    )
    assert orphans == []


COMPARED = {
    "subject": "seq, id, kind",
    "decision": "seq, act, subject_id, role, outcome, effective_from, until, creates, changes, statement, base",
    "void": "seq, act, ground, statement",
    "lineage": "seq, act, origin, successor, relation, effective_from",
    "revision": "seq, subject_id, effective_from, status, content, cause",
    "code": "seq, subject_id, scheme, issuer, value, effective_from, held",
    "duty": "*",
    "fulfilment": "*",
}


def run_again(office, empty):
    """The drafted words of all that was published, in log order, into a registry that holds the first entry."""
    again = make_office(empty)
    published = "SELECT changeset FROM publication WHERE changeset IS NOT NULL ORDER BY seq"
    with again.database.writing() as session:
        for changeset in office.scalars(published):
            with office.database.reading() as source:
                drafted = rows.decisions(source, rows.find(source, changeset))
            decider = Decider(session.connection(), TODAY, COMMAND_LINE)
            decided = decider.decide([decode(row.body) for row in drafted])
            order = Order(kind="routine", acts=decided.acts, voids=decided.voids)
            record(session.connection(), order, kinds.describe, decided.histories)
            derived.write(session.connection(), order.acts)
    for table, columns in COMPARED.items():
        first, second = (
            _rows(one, f"SELECT {columns} FROM {table} ORDER BY 1, 2") for one in (office, again)
        )
        assert first == second, table
    again.assert_sound()
    again.database.dispose()


def _rows(office, query):
    with office.database.reading() as session:
        return [tuple(row) for row in session.connection().exec_driver_sql(query)]
