"""The exact layer: found exactly when contained, and in the order of rank."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_cases import document, search, subjects

from app.bench.meili_server import MeiliServer
from search.embedded import EmbeddedEngine
from search.engine import Engine, SearchDocument
from search.folding import fold
from search.tokens import contains

# Few characters, so that grams collide; with what folds together, what separates, and what codes are made of.
LETTERS = "甲乙丙丙甲條条第十二12（〔) 　Ａa-《》本田"
texts = st.text(LETTERS, max_size=9)
values = st.lists(texts, max_size=3).map(tuple)


def all_values(doc: SearchDocument) -> list[str]:
    return [
        doc.name,
        *doc.aliases,
        *doc.former_names,
        *doc.authority_names,
        *doc.citations,
        *doc.codes,
        *doc.texts,
    ]


@st.composite
def catalogues(draw: st.DrawFn) -> list[SearchDocument]:
    return [
        document(
            f"s{number}",
            draw(texts),
            aliases=draw(values),
            former_names=draw(values),
            authority_names=draw(values),
            citations=draw(values),
            codes=draw(values),
            texts=draw(values),
        )
        for number in range(draw(st.integers(1, 4)))
    ]


@pytest.fixture(params=["embedded", "meilisearch"], scope="module")
def fresh(request: pytest.FixtureRequest) -> Iterator[Callable[[], Engine]]:
    """An empty engine for each example; the last one's directory goes when the next is made."""
    if request.param == "meilisearch":
        yield from _fresh_on_a_server(request.getfixturevalue("meili_server"))
        return
    root = Path(tempfile.mkdtemp())

    def make() -> Engine:
        shutil.rmtree(root, ignore_errors=True)
        return EmbeddedEngine(root, concepts={})

    yield make
    shutil.rmtree(root, ignore_errors=True)


def _fresh_on_a_server(server: MeiliServer) -> Iterator[Callable[[], Engine]]:
    prefix = f"fresh-{secrets.token_hex(6)}"
    engine = server.engine(prefix, concepts={})

    def make() -> Engine:
        engine.rebuild([], seq=0)
        return engine

    yield make
    server.forget(prefix)


def exact(engine: Engine, q: str) -> set[str]:
    return {hit.subject for hit in search(engine, q, limit=1000).hits if hit.layer == "exact"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(catalogue=catalogues(), queries=st.lists(texts, min_size=1, max_size=12), data=st.data())
def test_found_exactly_when_contained(
    fresh: Callable[[], Engine], catalogue: list[SearchDocument], queries: list[str], data: st.DataObject
) -> None:
    engine = fresh()
    engine.apply(catalogue, [], seq=1)
    # Random texts are seldom contained, so some queries are cut out of a value.
    pool = [value for doc in catalogue for value in all_values(doc) if len(value) > 1] or ["甲乙"]
    for _ in range(6):
        value = data.draw(st.sampled_from(pool))
        start = data.draw(st.integers(0, len(value) - 1))
        queries.append(value[start : data.draw(st.integers(start + 1, len(value)))])
    for q in queries:
        words = q.split()
        if len(fold(q)) < 2:
            continue
        expected = {
            doc.subject
            for doc in catalogue
            if any(contains(q, value) for value in all_values(doc))
            or (len(words) > 1 and all(any(has(w, v) for v in all_values(doc)) for w in words))
        }
        assert exact(engine, q) == expected, q
        page = search(engine, q)
        assert page.total >= len(expected)
        assert page.relaxed == (page.total == 0)
    engine.close()


def has(word: str, value: str) -> bool:
    return contains(word, value) if len(fold(word)) > 1 else fold(word) in fold(value)


def test_no_phrase_spans_two_values(engine: Engine) -> None:
    engine.apply([document("a", "营业", aliases=("执照", "许可"), texts=("申请", "材料"))], [], seq=1)
    assert exact(engine, "营业执照") == exact(engine, "执照许可") == exact(engine, "申请材料") == set()
    assert exact(engine, "材料") == {"a"}


def test_text_is_found_across_the_edges_of_words(engine: Engine) -> None:
    engine.apply([document("a", "营业执照补领")], [], seq=1)
    for q in ("业执照", "照补", "營業執照", "营 业 执照", "执照补领"):
        assert exact(engine, q) == {"a"}


def test_order_of_rank(engine: Engine) -> None:
    word = "施工许可"
    engine.apply(
        [
            document("text", "丁", texts=(f"见{word}",)),
            document("citation", "丁", citations=(f"《{word}办法》第二条",)),
            document("authority", "丁", authority_names=(f"{word}局",)),
            document("code", "丁", codes=(f"X{word}1",)),
            document("former", "丁", former_names=(f"原{word}",)),
            document("alias", "丁", aliases=(f"新{word}",)),
            document("contains-long", f"夜间建筑{word}"),
            document("contains-b", f"夜间{word}"),
            document("contains-a", f"深夜{word}"),
            document("prefix", f"{word}证"),
            document("same", word),
        ],
        [],
        seq=1,
    )
    expected = [
        *("same", "prefix", "contains-a", "contains-b", "contains-long"),
        *("alias", "former", "code", "authority", "citation", "text"),
    ]
    assert subjects(engine, word) == expected
    pages = [subjects(engine, word, limit=4, offset=at) for at in (0, 4, 8, 12)]
    assert [subject for page in pages for subject in page] == expected
    assert search(engine, word, limit=1, offset=2).total == len(expected)
    assert search(engine, word, limit=0).hits == []


def test_one_character_is_a_prefix_of_name_and_alias(engine: Engine) -> None:
    engine.apply(
        [
            document("a", "婚姻登记"),
            document("b", "登记", aliases=("婚检",)),
            document("c", "结婚", texts=("婚",)),
        ],
        [],
        seq=1,
    )
    assert subjects(engine, "婚") == ["a", "b"]


def test_all_words_and_not_just_some(engine: Engine) -> None:
    engine.apply(
        [
            document("both", "招商公司管理"),
            document("apart", "招商办法", texts=("适用于公司",)),
            document("one", "招商引资"),
            document("other", "本地企业"),
            document("名", "张广伍"),
        ],
        [],
        seq=1,
    )
    assert subjects(engine, "招商 公司") == ["both", "apart"]
    assert "名" not in subjects(engine, "张云")
    assert "other" not in subjects(engine, "本田")


def test_document_numbers_codes_and_articles(engine: Engine) -> None:
    engine.apply(
        [
            document(
                "a",
                "甲",
                citations=("中华人民共和国行政许可法 第十二条", "国发〔2019〕6号"),
                codes=("511Z07001006-511602000000-000-11511301008778183N-1-00",),
            ),
            document("b", "乙", citations=("中华人民共和国行政许可法 第二十二条",)),
        ],
        [],
        seq=1,
    )
    for q in ("国发[2019]6号", "国发（２０１９）6号", "国发〔2019〕6號"):
        assert subjects(engine, q) == ["a"]
    for q in ("行政许可法 第十二条", "行政许可法第12条", "行政许可法　第 12 条"):
        assert subjects(engine, q) == ["a"]
    for q in ("511Z07001006", "511z07001006-5116", "183N-1-00", "511", "11511301008778183n"):
        assert subjects(engine, q) == ["a"], q


def test_highlights_are_on_the_original_text(engine: Engine) -> None:
    engine.apply(
        [document("a", "營業執照（補領）", texts=("长" * 100 + "凭營 業執照办理" + "长" * 100,))], [], 1
    )
    (hit,) = search(engine, "营业执照").hits
    for mark in hit.highlights:
        assert [fold(mark.snippet[a:b]) for a, b in mark.spans] == ["营业执照"]
    assert [mark.field for mark in hit.highlights] == ["name", "text"]
    assert len(hit.highlights[1].snippet) <= 100
    (hit,) = search(engine, "执照(补").hits
    assert [hit.highlights[0].snippet[a:b] for a, b in hit.highlights[0].spans] == ["執照（補"]


def test_explain_says_why(engine: Engine) -> None:
    engine.apply([document("a", "建筑施工许可", former_names=("开工许可",))], [], seq=1)
    assert search(engine, "施工").hits[0].explain == []
    explained = search(engine, "开工", explain=True).hits[0].explain
    assert any("曾用名" in line and "开工" in line for line in explained)
