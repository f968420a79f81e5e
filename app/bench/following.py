"""What integrators wait for: export, look-ups in bulk, an event after its publication, a deep page, due dates."""

from __future__ import annotations

import datetime as dt
import threading
import time
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice

import orjson
from sqlalchemy import text

from app.auth.actor import Actor
from app.bench.driving import AT_REST, nothing_collected, serving
from app.bench.figures import Plan, Row, median, median_ratio, percentile
from app.bench.publishing import approved, people
from app.bench.registries import ITEMS, PER_ITEM, REVISIONS, Registry, copy, items, revisions
from app.changes import publishing
from app.client import Client
from app.db import Database
from app.deadlines.queries import work_calendar
from app.deadlines.working_days import due
from app.exchange.exporting import export_lines
from app.hooks import subscribing
from app.versions.queries import today

PUBLICATIONS = 60
LOOK_UPS = 40
PAGES = 30


def bench(plan: Plan) -> list[Row]:
    registry = items(plan, plan.count(ITEMS, 200))
    rows = [*_export(plan, registry), _due_dates(plan, registry)]
    with serving(registry, **AT_REST) as server:
        rows.append(_look_up(plan, registry, f"http://127.0.0.1:{server.port}"))
    written = copy(registry, plan.directory / "following")
    with serving(written, QINGDAN_WEBHOOKS_PRIVATE="true") as server:
        rows += _delivered(plan, written, f"http://127.0.0.1:{server.port}")
    rows.append(_depth(plan))
    return rows


def _export(plan: Plan, registry: Registry) -> list[Row]:
    """Against writing the same lines from objects in memory, in turns; and what a quarter and all of it take."""
    database, day = registry.open(), today()
    with database.reading() as session:
        lines = list(export_lines(session.connection(), day, day))
    count = len(lines)
    ours, bare = [], []
    for _ in range(min(3, plan.rounds)):
        with database.reading() as session, (plan.directory / "export.jsonl").open("wb") as file:
            began = time.perf_counter()
            for line in export_lines(session.connection(), day, day):
                file.write(line)
            ours.append(count / (time.perf_counter() - began))
        held = [orjson.loads(line) for line in lines]  # anew: a text keeps its bytes once they were written
        with (plan.directory / "bare.jsonl").open("wb") as file:
            began = time.perf_counter()
            for one in held:
                file.write(orjson.dumps(one) + b"\n")
            bare.append(count / (time.perf_counter() - began))
        del held
    quarter, whole = _peak(database, day, count // 4), _peak(database, day, count)
    database.dispose()
    beside = f"bare JSON lines {median(bare):,.0f}/s: {median_ratio(ours, bare):.2f} of them"
    return [
        Row(
            "export, items a second",
            median(ours),
            min(50_000, median(bare) / 2),
            beside=f"{beside}; the lesser of 50,000 and half of them is asked",
            numbers={"ours": ours, "bare": bare},
        ),
        Row(
            "export, memory that the last 75% add, of their bytes",
            (whole - quarter) / sum(len(line) for line in lines[count // 4 :]),
            0.05,
            "less",
            beside=f"{quarter / 2**20:.1f} MB to {whole / 2**20:.1f} MB at the peak",
        ),
    ]


def _peak(database: Database, day: str, count: int) -> int:
    """Bytes that Python holds at most while so many lines are read one after the other."""
    with database.reading() as session:
        connection = session.connection()
        tracemalloc.start()
        for _line in islice(export_lines(connection, day, day), count):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def _due_dates(plan: Plan, registry: Registry) -> Row:
    database = registry.open()
    with database.reading() as session:
        calendar = work_calendar(session.connection())
    database.dispose()
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=n % 600) for n in range(plan.count(20_000, 500))]
    began = time.perf_counter()
    for number, day in enumerate(days):
        accepted = dt.datetime(day.year, day.month, day.day, 15)
        due(calendar, accepted, {"value": 1 + number % 60, "unit": "workday"})
    rate = len(days) / (time.perf_counter() - began)
    return Row("due dates a second, in-process", rate, 10_000)


def _look_up(plan: Plan, registry: Registry, address: str) -> Row:
    database = registry.open()
    with database.reading() as session:
        found = session.connection().execute(
            text("SELECT value FROM code_interval ORDER BY value LIMIT 1000")
        )
        codes = [row[0] for row in found]
    database.dispose()
    times = []
    with Client(address) as client, nothing_collected():
        for number in range(plan.count(LOOK_UPS, 5) + 1):
            began = time.perf_counter()
            client.look_up(codes)
            if number:  # the first warms up
                times.append((time.perf_counter() - began) * 1000)
    return Row(
        "look-up of 1,000 codes, p95",
        percentile(times, 0.95),
        100,
        "less",
        "ms",
        beside=f"{len(codes)} codes",
    )


def _delivered(plan: Plan, registry: Registry, address: str) -> list[Row]:
    """From the commit of a publication to its event in the hands of one who waits in ``/changes?wait=``, and of one
    whom a webhook tells."""
    database, count = registry.open(), plan.count(PUBLICATIONS, 5)
    editor, reviewer, publisher = people(database)
    ids = registry.item_ids()
    rows = []
    ways = {
        "publish to event delivered, p99": _following(address),
        "publish to webhook delivered, p99": _told(database, publisher),
    }
    for number, (name, way) in enumerate(ways.items()):
        some = ids[number * count : (number + 1) * count]
        waiting = approved(database, editor, reviewer, some)
        with way as arrived:
            times = list(_publish_one_by_one(database, publisher, waiting, arrived))
        beside = f"median {median(times):.0f} ms"
        rows.append(Row(name, percentile(times, 0.99), 1000, "less", "ms", beside=beside))
    database.dispose()
    return rows


@contextmanager
def _following(address: str) -> Iterator[Mapping[int, float]]:
    """When the event of each publication came to one who waits in ``/changes?wait=``, by publication."""
    arrived: dict[int, float] = {}
    ended = threading.Event()

    def follow(since: int) -> None:
        with Client(address) as client:
            while not ended.is_set():
                page = client.changes(since, wait=2)
                for event in page["changes"]:
                    arrived.setdefault(event["publication"], time.perf_counter())
                since = page["seq"] if page["next"] is None else page["next"]

    with Client(address) as client:
        reader = threading.Thread(target=follow, args=(client.head()["seq"],), daemon=True)
    reader.start()
    try:
        yield arrived
    finally:
        ended.set()
        reader.join(10)


@contextmanager
def _told(database: Database, subscriber: Actor) -> Iterator[Mapping[int, float]]:
    """When the webhook of each publication came to a receiver of the loopback, by publication."""
    arrived: dict[int, float] = {}

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            letter = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            arrived.setdefault(letter["data"]["publication"], time.perf_counter())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing: the rows alone are printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        listening = threading.Thread(target=receiver.serve_forever, daemon=True)
        listening.start()
        url = f"http://127.0.0.1:{receiver.server_port}/"
        with database.writing() as session:
            webhook = subscribing.subscribe(session, subscriber, url, {}, private=True)[0].id
        try:
            yield arrived
        finally:
            with database.writing() as session:
                subscribing.end(session, subscriber, webhook)
            receiver.shutdown()
            listening.join(10)


def _publish_one_by_one(
    database: Database, publisher: Actor, waiting: Sequence[str], arrived: Mapping[int, float]
) -> Iterator[float]:
    """Milliseconds from each commit to the arrival of its event."""
    for changeset in waiting:
        with database.writing() as session:
            receipt = publishing.publish(session, publisher, changeset, today()).receipt
        committed = time.perf_counter()
        while receipt.publication not in arrived and time.perf_counter() < committed + 10:
            time.sleep(0.001)
        yield (arrived.get(receipt.publication, committed + 10) - committed) * 1000


_HOT = text("SELECT min(publication) FROM revision WHERE subject_id = :subject")


def _depth(plan: Plan) -> Row:
    """A page of the feed behind many revisions, against the first, in turns; both of items with as many revisions."""
    many = revisions(plan, plan.count(REVISIONS, PER_ITEM * 40))
    first: list[float] = []
    last: list[float] = []
    database = many.registry.open()
    with database.reading() as session:
        found = session.connection().execute(_HOT, {"subject": many.hot}).scalar_one()
    database.dispose()
    deep = max(0, found - 2_000)
    with serving(many.registry, **AT_REST) as server, Client(f"http://127.0.0.1:{server.port}") as client:
        for number in range(PAGES + 1):
            for since, times in ((0, first), (deep, last)):
                began = time.perf_counter()
                page = client.changes(since, limit=200)
                if number:
                    times.append(time.perf_counter() - began)
        assert page["changes"]
    beside = f"{median(last) * 1000:.1f} ms against {median(first) * 1000:.1f} ms; at seq {deep:,}"
    return Row(
        "page of the feed at depth, of the first", median_ratio(last, first), 1.2, "less", beside=beside
    )
