"""The access log as its auditor reads it: by event, person, subject, address, outcome and days; in pages, as a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import re
from pathlib import Path

import pytest
from browsing import Browser
from reading import BROWSER
from seeded import Living
from sqlalchemy import event as database_event

import app
from app import log
from app.auth.access_reading import Filter, noted
from app.auth.accounts import add_account
from app.web.office.administering.audit import EVENTS as EVENTS_IN_WORDS
from app.web.office.administering.audit import ROWS

ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.0.10")
EVENTS = ("staff-read", "export", "refused", "sign-in-refused")


def at(day: str, time: str = "12:00:00") -> int:
    return int(dt.datetime.fromisoformat(f"{day}T{time}+08:00").timestamp()) * 1_000_000


def place(number: int) -> str:
    return f"/office/items/qdi-{number:08d}/edit"


@pytest.fixture
def auditor(living: Living) -> Browser:
    """With a log of its own: each event by each of two people from each address, on three days of May."""
    found = Browser(living, "shenji", ["audit"])
    for name in ("zhang", "li"):
        living.hire(name, "edit")
    people = [
        row[0] for row in living.rows("SELECT id FROM account WHERE name IN ('zhang', 'li') ORDER BY name")
    ]
    days = ("2026-05-01", "2026-05-02", "2026-05-03")
    with living.database.writing() as session:
        session.connection().execute(
            log.ACCESS.insert(),
            [
                {
                    "event": event,
                    "account": who,
                    "address": address,
                    "at": at(day),
                    "subject": f"/office/items/qdi-{n:08d}/edit",
                }
                for n, (day, event, who, address) in enumerate(
                    itertools.product(days, EVENTS, people, ADDRESSES)
                )
            ],
        )
    return found


def rows_on(auditor: Browser, **asked: str) -> list[list[str]]:
    answer = auditor.client.get("/office/access-log.csv", params=asked, headers=BROWSER)
    assert answer.status_code == 200, answer.text[:500]
    return [*csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))][1:]


def test_each_filter_alone_and_all_together(auditor: Browser) -> None:
    may = {"since": "2026-5-1", "until": "2026年5月3日"}
    every = rows_on(auditor, **may)
    assert len(every) == 3 * 4 * 2 * 3
    assert {row[3] for row in rows_on(auditor, **may, who="zhang")} == {"zhang"}
    assert len(rows_on(auditor, **may, who="zhang")) == 36
    assert {row[5] for row in rows_on(auditor, **may, address="10.0.0.1")} == {"10.0.0.1"}
    assert {row[2] for row in rows_on(auditor, **may, event="export")} == {"导出"}
    assert {row[2] for row in rows_on(auditor, **may, refused="1")} == {"越权被拒", "登录被拒"}
    assert [row[4] for row in rows_on(auditor, about="qdi-00000007")] == ["/office/items/qdi-00000007/edit"]
    asked = {"who": "li", "address": "10.0.0.2", "event": "refused", "refused": "1", "about": "/items/"}
    together = rows_on(auditor, **may, **asked)
    assert [row[1][:10] for row in together] == ["2026-05-03", "2026-05-02", "2026-05-01"]
    assert rows_on(auditor, **may, event="export", refused="1") == []


def test_a_row_leads_to_the_rest_of_its_person_and_of_its_address(auditor: Browser) -> None:
    with auditor.living.database.writing() as session:
        account = add_account(session, "wangwu", ["edit"], display_name="王五")
        for who, subject in ((account.id, "first-one"), (None, "other-one")):
            log.record_access(
                session.connection(), "export", account=who, address="10.7.7.7", subject=subject
            )
    page = auditor.get("/office/access-log?event=export")
    person = auditor.get(page.link("王五"))
    assert "first-one" in person.words
    assert "other-one" not in person.words
    assert "other-one" in auditor.get(page.link("10.7.7.7")).words


def test_a_part_of_a_subject_is_no_pattern(auditor: Browser) -> None:
    for part in ("%", "qdi_0000", "\\"):
        assert [row for row in rows_on(auditor, about=part) if "qdi-0000" in row[4]] == []


def test_days_are_those_of_the_clock_here_both_ends_within(auditor: Browser) -> None:
    with auditor.living.database.writing() as session:
        moments = [
            ("2026-06-09", "23:59:59"),
            ("2026-06-10", "00:00:00"),
            ("2026-06-11", "23:59:59"),
            ("2026-06-12", "00:00:00"),
        ]
        session.connection().execute(
            log.ACCESS.insert(),
            [{"event": "export", "at": at(*one), "subject": " ".join(one)} for one in moments],
        )
    found = rows_on(auditor, since="2026-06-10", until="2026-06-11")
    assert [row[4] for row in found] == ["2026-06-11 23:59:59", "2026-06-10 00:00:00"]


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({"who": "wangwu"}, 404, "没有名为“wangwu”的账号"),
        ({"since": "昨天"}, 422, "起始日期"),
        ({"since": "2026-05-03", "until": "2026-05-01"}, 422, "截止日期在起始日期之前"),
    ],
)
def test_what_cannot_be_asked_is_said_and_kept(
    auditor: Browser, asked: dict[str, str], status: int, says: str
) -> None:
    answer = auditor.client.get("/office/access-log", params=asked, headers=BROWSER)
    assert answer.status_code == status
    assert says in answer.text
    for value in asked.values():
        assert f'value="{value}"' in answer.text


def test_pages_hold_each_row_once_though_many_are_of_one_moment(auditor: Browser) -> None:
    with auditor.living.database.writing() as session:
        one = {"event": "export", "at": at("2026-06-10"), "address": "10.9.9.9"}
        session.connection().execute(
            log.ACCESS.insert(), [one | {"subject": f"n{n:04d}"} for n in range(2 * ROWS + 5)]
        )
    page, seen = auditor.get("/office/access-log?address=10.9.9.9&who="), []
    for _ in range(3):
        seen += re.findall(r"n0\d{3}", page.words)
        following = [href for href, words in page.links if words == "更早的"]
        if following:
            assert "address=10.9.9.9" in following[0]
            page = auditor.get(following[0])
    assert following == []
    assert seen == [f"n{n:04d}" for n in reversed(range(2 * ROWS + 5))]
    assert auditor.get(page.link("最新的")).link("更早的")


def test_the_file_takes_the_filter_of_the_page(auditor: Browser) -> None:
    page = auditor.get("/office/access-log?who=li&event=refused&since=2026-05-01&until=2026-05-02")
    taken = auditor.client.get(page.link("下载 CSV"), headers=BROWSER).text
    found = [*csv.reader(io.StringIO(taken.lstrip("\ufeff")))][1:]
    assert len(found) == 6
    assert {(row[2], row[3]) for row in found} == {("越权被拒", "li")}


def test_a_person_is_found_by_the_name_that_is_shown_and_two_of_one_name_are_told_apart(
    auditor: Browser,
) -> None:
    with auditor.living.database.writing() as session:
        for name, shown in (("zhao1", "赵六"), ("qian", "钱七"), ("zhao2", "赵六")):
            account = add_account(session, name, ["edit"], display_name=shown)
            log.record_access(session.connection(), "export", account=account.id, subject=f"of-{name}")
    assert [(row[3], row[4]) for row in rows_on(auditor, who="钱七", event="export")] == [
        ("钱七（qian）", "of-qian")
    ]
    refused = auditor.client.get("/office/access-log", params={"who": "赵六"}, headers=BROWSER)
    assert refused.status_code == 422
    assert "请写账号名：zhao1、zhao2" in refused.text


def test_what_the_log_notes_is_said_in_words_and_by_the_clock_here(auditor: Browser) -> None:
    rows = [
        ("sign-in-refused", "oidc account-locked"),
        ("sign-in-refused", "wrong-code"),
        ("account-managed", "lock"),
    ]
    typed = ("account-locked", "lock")
    with auditor.living.database.writing() as session:
        moment = at("2026-06-20", "00:00:05")
        session.connection().execute(
            log.ACCESS.insert(),
            [
                {"event": event, "note": note, "at": moment + n}
                for n, (event, note) in enumerate((*rows, typed))
            ],
        )
    found = rows_on(auditor, since="2026-06-20", until="2026-06-20")
    assert [row[6] for row in reversed(found)] == ["经统一身份认证：账号已锁定", "验证码不对", "锁定", "lock"]
    assert found[-1][1] == "2026-06-20 00:00:05.000000"
    assert (
        "2026年6月20日 00:00:05" in auditor.get("/office/access-log?since=2026-06-20&until=2026-06-20").words
    )


def test_every_event_that_is_recorded_has_words() -> None:
    calls = r"(?:record_access|_noted|_move_lock|note_access|noting\.note)\(\s*[^\"]{0,60}?\"([a-z-]+)\""
    sources = [one for one in Path(app.__file__).parent.rglob("*.py") if "bench" not in one.parts]
    found = {event for one in sources for event in re.findall(calls, one.read_text("utf-8"))}
    assert {"identity-linked", "account-locked", "refused"} <= found
    assert found <= set(EVENTS_IN_WORDS)


def test_a_subject_too_long_for_the_index_is_cut(living: Living) -> None:
    with living.database.writing() as session:
        log.record_access(session.connection(), "refused", subject="签" * 9000)
    assert (
        len(living.rows("SELECT subject FROM access_log ORDER BY id DESC LIMIT 1")[0][0])
        == log.LONGEST_SUBJECT
    )


WANTED = {
    "nothing": Filter(),
    "event": Filter(event="export"),
    "person": Filter(account=1),
    "address": Filter(address="10.0.0.1"),
    "refused": Filter(refused=True),
    "days": Filter(since=1, until=2),
    "part of a subject": Filter(about="qdx-"),
    "part, of an event": Filter(about="qdx-", event="staff-read"),
}


@pytest.mark.parametrize("name", WANTED)
def test_no_filter_sorts_or_reads_the_whole_table(living_sqlite: Living, name: str) -> None:
    """SQLite's plan: along an index in the order of the list; at 1,000,000 rows that is at most half a second."""
    plans: list[str] = []

    def explain(connection, _cursor, statement, parameters, *_more) -> None:  # type: ignore[no-untyped-def]
        if not statement.startswith("EXPLAIN"):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in rows)

    with living_sqlite.database.reading() as session:
        connection = session.connection()
        database_event.listen(connection, "before_cursor_execute", explain)
        noted(connection, WANTED[name], (5, 5), 101)
    read = [one for one in plans if "access_log" in one]
    assert read
    for step in read:
        assert "INDEX ix_access_log_" in step or "USING INTEGER PRIMARY KEY" in step, plans
    sorted_ = [one for one in plans if "TEMP B-TREE" in one]
    assert len(sorted_) <= 1, plans  # the page itself
