"""One file gives a second language: all that public pages say comes from the catalogue, and addresses keep it.

The language here is Chinese with every phrase in ⟦ ⟧; what stands outside of them is data, or forgotten.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from issuing_editions import issue_in
from reading import BROWSER
from seeded import FELLING, Living

from app.lists.reading import issued
from app.saying import said
from app.web import rendering, tongues
from app.web.catalogue import catalogue, translations

TAG = "en"
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
SAND = "从事营利性治沙活动新办许可（县级权限）"
KEPT_CHINESE = re.compile(
    r"\.(xlsx|csv|json|jsonl|docx|pdf|atom)$|^/(api|docs|openapi|static|problems|feed\.atom)"
)
"""Addresses that programs ask, or that give out what was published."""


def pseudo(phrase: str) -> str:
    """Each part of a phrase between its places in brackets."""
    parts = re.split(r"(\{\w+\})", phrase)
    return "".join(part if not part or part[0] == "{" else f"⟦{part}⟧" for part in parts)


def filled() -> str:
    """The catalogue with every phrase translated so, as a translator would hand it in."""

    def fill(match: re.Match[str]) -> str:
        lines = re.findall(r'^"(.*)"$', match[1].replace("msgid ", ""), re.M)
        phrase = json.loads('"' + "".join(lines) + '"')
        quoted = [json.dumps(one, ensure_ascii=False) for one in (phrase, pseudo(phrase))]
        return "msgid {}\nmsgstr {}\n".format(*quoted)

    head, rest = catalogue().decode().split("\n\n", 1)
    return head.replace("#, fuzzy\n", "") + "\n\n" + re.sub(r'(msgid (?:".*"\n)+)msgstr ""\n', fill, rest)


@pytest.fixture(scope="module")
def words() -> str:
    return filled()


@pytest.fixture
def second(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A second language, from nothing but its file."""
    (tmp_path / f"{TAG}.po").write_text(words)
    monkeypatch.setattr(tongues, "DIRECTORY", tmp_path)
    tongues.languages.cache_clear()
    rendering._foreign.clear()
    yield
    monkeypatch.undo()
    tongues.languages.cache_clear()
    rendering._foreign.clear()


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def data_of(living: Living) -> tuple[set[str], str]:
    """All that the registry holds in words: each value by itself, and everything."""
    held = {row[0] for row in living.rows("SELECT name FROM timeline WHERE name IS NOT NULL")}
    with living.database.reading() as session:  # called by what is frozen, in a window's title too
        held.update(one.title for one in issued(session.connection()))
    for (body,) in living.rows("SELECT body FROM content"):
        held.update(strings(json.loads(body)))
    held = {" ".join(one.split()) for one in held} | {"许可", "没有这样的事情的"}  # what is looked for
    return held, "\n".join(sorted("".join(one.split()) for one in held))


def bare(page: str) -> Iterator[str]:
    """Runs of text outside of brackets that have Chinese in them, in elements and in what attributes say."""
    page = re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.S)
    page = re.sub(r"<(\w+)[^>]* lang=\"zh-CN\"[^>]*>.*?</\1>", "", page, flags=re.S)
    page = re.sub(r"</?(mark|ins|del)>", "", page)
    said_in = re.findall(r' (?:title|alt|aria-label|placeholder|data-label|content)="([^"]*)"', page)
    for text in (*re.findall(r">([^<]*)", page), *said_in):
        for run in re.split(r"⟦[^⟦⟧]*⟧", html.unescape(text)):
            if HAN.search(run):
                yield " ".join(run.split())


def forgotten(page: str, held: set[str], everything: str) -> set[str]:
    """Short words must be a value of the data, whole; longer ones a part of one."""
    found = set()
    for run in bare(page):
        if run.strip(" “”（），。：") in held or (len(run) > 8 and run.replace(" ", "") in everything):
            continue
        for piece in re.split(r"[\s《》“”；·，]+|\.\.\.", run):
            if HAN.search(piece) and piece not in held and not (len(piece) >= 5 and piece in everything):
                found.add(run)
    return found


def pages(living: Living) -> list[str]:
    item, ended = living.item_called(FELLING), living.item_called(SAND)
    rounds = living.get("/rounds").json()["rounds"]
    found = living.get(f"/items/{item}").json()
    law = living.rows("SELECT target FROM link WHERE target LIKE 'qdl-%' ORDER BY target")[0][0]
    bundles = living.rows("SELECT DISTINCT subject_id FROM timeline WHERE kind = 'bundle'")
    editions = [issue_in(living) for _ in range(2)]
    return [
        "/",
        "/?on=2020-01-01",
        "/search?q=许可",
        "/search?q=许可&explain=1&status=all&type=01",
        "/search?q=没有这样的事情的",
        f"/items/{item}?accepted=2026-12-20",
        f"/items/{item}?on=2020-01-01",
        f"/items/{item}?on=2027-01-01",
        f"/items/{item}?on=2025-07-01&known_at={found['seq'] - 1}",
        f"/items/{ended}",
        f"/items/{item}/compare?from=2025-05-01&to=2027-01-01",
        f"/items/{item}/notice",
        f"/items/{ended}/guide",
        "/rounds",
        "/rounds/series",
        *(f"/rounds/{one['id']}" for one in rounds[:4]),
        f"/rounds/{rounds[0]['id']}?by=type",
        "/lists",
        f"/lists?authority={found['authority']['id']}",
        f"/lists?authority={found['authority']['id']}&kind=duty",
        f"/lists?region={found['region']['id']}&kind=negative",
        "/editions",
        f"/editions?kind=power&owner={editions[0].row['owner']}",
        *(f"/editions/{one.row['id']}" for one in editions),
        "/authorities",
        f"/authorities/{found['authority']['id']}",
        "/laws",
        f"/laws/{law}",
        "/bundles",
        *(f"/bundles/{row[0]}" for row in bundles[:1]),
        "/feedback",
        f"/feedback?item={item}",
        "/board",
        "/kiosk",  # the last: from there on the screen is one
    ]


ERRORS = {
    "/items/qdi-none": 404,
    "/nowhere": 404,
    "/search?offset=-1": 422,
    "/items?code=a&on=yesterday": 422,
    "/feedback?number=unknown0": 404,
    "/lists?authority=nobody": 404,
    "/?known_at=1&on=2026-02-30": 422,
}


def with_language(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}lang={TAG}"


def test_all_that_public_pages_say_comes_from_the_catalogue(living_sqlite: Living, second: None) -> None:
    paths = pages(living_sqlite)
    held, everything = data_of(living_sqlite)
    wrong = {}
    for path, status in {**dict.fromkeys(paths, 200), **ERRORS}.items():
        answer = living_sqlite.client.get(with_language(path), headers=BROWSER)
        assert answer.status_code == status, (path, answer.text[:500])
        assert f'<html lang="{TAG}"' in answer.text
        assert "⟦" in answer.text
        found = forgotten(answer.text, held, everything)
        if found:
            wrong[path] = sorted(one[:80] for one in found)
    assert not wrong, "\n".join(f"{path}: {found}" for path, found in wrong.items())


def test_links_and_forms_keep_the_language(living_sqlite: Living, second: None) -> None:
    lost = set()
    for path in pages(living_sqlite):
        page = living_sqlite.client.get(with_language(path), headers=BROWSER).text
        body = re.sub(r"<p class=\"languages\">.*?</p>", "", page[page.index("<body") :])
        for tag, address in re.findall(r"<(a|form)[^>]* (?:href|action)=\"(/[^\"]*)\"", body):
            to = urlsplit(html.unescape(address))
            if KEPT_CHINESE.search(to.path) or to.path == "/display":
                continue
            if tag == "a" and parse_qs(to.query).get("lang") != [TAG]:
                lost.add((path, address))
        for form in re.findall(r"<form.*?</form>", body, re.S):
            if f'name="lang" value="{TAG}"' not in form and f"lang={TAG}" not in form.split(">")[0]:
                lost.add((path, form[:80]))
    assert lost == set()


def test_a_language_is_said_by_the_address_alone(living_sqlite: Living, second: None) -> None:
    client, path = living_sqlite.client, f"/items/{living_sqlite.item_called(FELLING)}"
    chinese = client.get(path, headers={**BROWSER, "Accept-Language": TAG})
    other = client.get(with_language(path), headers={**BROWSER, "Accept-Language": "zh-CN"})
    assert "⟦" not in chinese.text
    assert '<html lang="zh-CN"' in chinese.text
    assert "⟦申报材料⟧" in other.text
    assert chinese.headers["etag"] != other.headers["etag"]
    again = [client.get(one, headers=BROWSER).headers["etag"] for one in (with_language(path), path)]
    assert again == [other.headers["etag"], chinese.headers["etag"]], "kept pages are kept apart"
    for page in (chinese.text, other.text):
        assert f'hreflang="{TAG}" href="http://testserver{path}?lang={TAG}"' in page
        assert f'hreflang="zh-CN" href="http://testserver{path}"' in page
    assert "English" in chinese.text, "readers are shown where to find theirs"
    unknown = client.get(f"{path}?lang=xx", headers=BROWSER).text
    assert '<html lang="zh-CN"' in unknown
    assert "lang=xx" not in unknown


def test_programs_and_published_files_are_answered_in_chinese(living_sqlite: Living, second: None) -> None:
    item = living_sqlite.item_called(FELLING)
    organ = living_sqlite.get(f"/items/{item}").json()["authority"]["id"]
    for path in (f"/lists.csv?authority={organ}", "/feed.atom", "/api/v1/items/none"):
        assert "⟦" not in living_sqlite.client.get(with_language(path)).text, path


def test_what_a_file_does_not_say_stays_chinese(
    living_sqlite: Living, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: None
) -> None:
    (tmp_path / f"{TAG}.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "跳到正文"\nmsgstr "Skip to content"\n\n#, fuzzy\nmsgid "反馈"\nmsgstr "Perhaps"\n'
    )
    tongues.languages.cache_clear()
    page = living_sqlite.client.get(f"/feedback?lang={TAG}", headers=BROWSER).text
    assert "Skip to content" in page
    assert "<h1>反馈</h1>" in page
    assert "Perhaps" not in page, "what is marked as unsure is not used"


def test_feedback_is_sent_and_followed_in_the_language(living_sqlite: Living, second: None) -> None:
    sent = living_sqlite.client.post(f"/feedback?lang={TAG}", data={"kind": "", "words": ""}, headers=BROWSER)
    assert "⟦请选择是哪一类问题。⟧" in sent.text
    given = {"kind": "wrong-guide", "words": "The guide is wrong here"}
    kinds = re.findall(r'name="kind" value="([^"]+)"', sent.text)
    given["kind"] = kinds[0]
    told = living_sqlite.client.post(
        f"/feedback?lang={TAG}", data=given, headers=BROWSER, follow_redirects=False
    )
    assert told.status_code == 303
    assert told.headers["location"].endswith(f"?lang={TAG}")
    assert "⟦已收到，等待办理⟧" in living_sqlite.client.get(told.headers["location"], headers=BROWSER).text


def test_outside_of_a_request_words_are_chinese(second: None) -> None:
    assert said("节假日，{1} 天", 3) == "节假日，3 天"


@pytest.mark.usefixtures("second")
def test_a_file_that_cannot_be_read_is_left_out(
    living_sqlite: Living, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mn.po").write_bytes("msgid 甲".encode("gb18030"))
    for path in ("/", "/?lang=mn"):
        assert living_sqlite.client.get(path, headers=BROWSER).status_code == 200
    assert set(tongues.languages()) == {"zh-CN", TAG}
    assert "mn.po" in caplog.text


def test_a_translation_with_a_place_of_its_own_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mn.po"
    lines = [
        ("节假日，{1} 天", "{2} өдөр"),
        ("共 {1} 项", "{1}{"),
        ("自 {1}起", "{1!r}"),
        ("首页", "{0.gi}"),
        ("共", "нийт"),
    ]
    path.write_text(
        "\n".join(f'msgid "{phrase}"\nmsgstr "{words}"\n' for phrase, words in lines), encoding="utf-8"
    )
    read, unusable = translations(path)
    assert read == {"共": "нийт"}
    assert unusable == [phrase for phrase, _ in lines[:-1]]
