"""What the embedded index finds for a condition, against a look at each document."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_cases import document

from search.conditions import Condition, Either, Every, Phrase
from search.embedded import EmbeddedEngine
from search.embedded_reading import EmbeddedReader, needed
from search.matching import in_title
from search.meeting import meets

texts = st.text("甲乙丙", min_size=2, max_size=6)
phrases = st.builds(Phrase, st.sampled_from(["all", "name", "alias", "short", "citation"]), texts)
titles = st.builds(in_title, texts)
either = st.lists(phrases | titles, min_size=1, max_size=4).map(lambda found: Either(tuple(found)))
conditions: st.SearchStrategy[Condition] = either | st.lists(
    st.lists(phrases | titles, min_size=1, max_size=2).map(lambda found: Every(tuple(found))) | either,
    min_size=1,
    max_size=4,
).map(lambda found: Either(tuple(found)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(wanted=st.lists(conditions, min_size=1, max_size=10))
def test_what_is_left_out_of_a_choice_finds_nothing_more(tmp_path: Path, wanted: list[Condition]) -> None:
    """甲乙丙 in a name is 甲乙 in a title; what stands in brackets is in no short title."""
    engine = EmbeddedEngine(tmp_path / "index")
    given_ = [
        document("a", "甲乙(丙丙)丙甲", aliases=("乙丙甲",)),
        document("b", "丙甲乙", citations=("甲乙丙甲",)),
        document("c", "乙(甲)乙丙甲乙丙", former_names=("丙丙甲",)),
        document("d", "丙丙丙丙", texts=("甲甲乙乙",)),
    ]
    if not engine.applied_seq():
        engine.apply(given_, [], 1)
    reader = EmbeddedReader(engine.searcher())
    for condition in wanted:
        found = {one.subject for one in reader.page(condition, 10)[0]}
        assert found == {one.subject for one in given_ if meets(one, condition)}, condition


def test_what_another_covers_is_not_asked_for() -> None:
    title, longer = in_title("经营许可"), in_title("食品经营许可证")
    assert needed([Phrase("all", "经营许可"), Phrase("short", "经营许可"), Either((title, longer))]) == [
        Phrase("all", "经营许可"),
        title,
    ]
    assert needed([Phrase("name", "食品经营"), Phrase("name", "食品")]) == [Phrase("name", "食品")]
    assert len(needed([Phrase("region", "广安"), Phrase("all", "广安")])) == 2
