"""Questions nobody would ask, made from the API's own document, judged by every check that Schemathesis has.

Each day a few of each operation, made once and asked of each database, the same ones as long as the document is the
same; and chains of the document's links, one of them from a draft to its publication. ``QINGDAN_HYPOTHESIS=thorough``
asks two hundred of each operation, every case that covers its schema, and two hundred chains.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.specs.openapi.checks import positive_data_acceptance
from seeded import FELLING, Living, _with_people, run_seeded  # noqa: F401

from app.api.describing import FILES
from app.main import create_app
from app.settings import Settings

THOROUGH = os.environ.get("QINGDAN_HYPOTHESIS") == "thorough"
MADE_FOR_TESTS = settings(
    max_examples=200 if THOROUGH else 5,
    deadline=None,
    derandomize=True,  # the same questions every time
    database=None,
    suppress_health_check=list(HealthCheck),
)
CHAINS = settings(MADE_FOR_TESTS, max_examples=200 if THOROUGH else 4, stateful_step_count=10)
RECEIVER = "https://receiver.example.org/qingdan"
TO_COME = "2199-01-01"
PATIENCE = 300
"""Seconds: that a machine is busy is no answer of the registry's."""
RULES: dict[str, dict[str, str]] = {
    "GET /api/v1/bundles/{bundle}": {
        "unknown-member": "which members there are is content",
        "on-differs": "one parameter against another",
    },
    "GET /api/v1/changes": {"days-reversed": "one parameter against another"},
    "GET /api/v1/export.jsonl": {"since-needed": "one parameter that goes with another"},
    "GET /api/v1/lists/{kind}": {"whose-list": "one of two parameters, and not both"},
    "POST /api/v1/files": {
        "bad-media-type": "whether bytes are of the kind that the header says",
        "empty-file": "that a file has a byte at least",
    },
    "POST /api/v1/rounds/{round_id}/rows": {
        "no-rows": "what a file must hold",
        "unknown-format": "what kind of file it is, by its name or its bytes",
        "bad-encoding": "which bytes are text",
        "broken-xlsx": "which bytes are a workbook",
    },
    "POST /api/v1/rounds/{round_id}/rows/match": {"nothing-asked": "at least one of three, and not false"},
    "POST /api/v1/rounds/{round_id}/worksheets": {"bad-moment": "which words are a moment"},
    "POST /api/v1/rounds/{round_id}/worksheets/marked": {"bad-moment": "which words are a moment"},
    "POST /api/v1/webhooks": {
        "bad-url": "which addresses a letter can be sent to",
        "unknown-value": "kinds of events are an open list",
    },
    "POST /api/v1/changesets/{changeset}/submit": {"bad-if-match": "a version number, quoted or not"},
    "POST /api/v1/changesets/{changeset}/return": {"reason-needed": "more than white space"},
    "POST /api/v1/changesets/{changeset}/publish": {"reason-needed": "more than white space"},
}
"""What a schema cannot say, by operation: codes of refusals that valid requests may get, and why."""
OF_DECISIONS = {
    "POST /api/v1/changesets",
    "PUT /api/v1/changesets/{changeset}",
    "GET /api/v1/changesets/{changeset}/effects",
    "POST /api/v1/changesets/{changeset}/submit",
}
"""What decisions may be is law and state of the registry, in hundreds of rules, and each of these tries them again
against what others have published since: whether a valid request is taken is not asked of them, nor whether the
version named is still the last."""
OF_ALL = {
    "bad-day": "9999-12-31, the last day of the type, stands for no end",
    "bad-after": "a place that `next` of a page gives, and nothing one could make up",
    "unknown-type": "code tables leave codes on to each place: which there are, items say",
    "unknown-level": "the same",
}


@schemathesis.serializer(
    *sorted({kind for _, kinds in FILES.values() for kind in kinds if kind != "text/plain"})
)
def as_bytes(_context: Any, value: Any) -> bytes:
    """Bodies that are files: bytes that are hardly ever what they say they are."""
    return value if isinstance(value, bytes) else bytes(getattr(value, "data", b"") or str(value).encode())


class Door:
    """The registry of the test that runs: the document is read before there is one."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


schema = schemathesis.openapi.from_dict(create_app(Settings(drain_index=False)).openapi())
schema.config.update(base_url="http://testserver")
schema.app = DOOR = Door()
schema.config.analysis.constants.enabled = (
    THOROUGH  # words of the code: each day's questions outlive a change of it
)
schema.config.generation.allow_x00 = (
    False  # no text may hold it (``test_unstorable``); a schema cannot say so of keys
)
MADE: Counter[str] = Counter()
on_each_database = pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)


@schema.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Of the cases that cover a schema, a thousand for the greatest: each day every fourth of the first eighty, and
    every fortieth after."""
    if THOROUGH or case.meta.phase.name != TestPhase.COVERAGE:
        return True
    nth = MADE[case.operation.label]
    MADE[case.operation.label] += 1
    return nth % (4 if nth < 80 else 40) == 0


@schema.hook
def map_case(_context: Any, case: Any) -> Any:
    """Cases that cover a body all bear the same valid key: each but the first would be answered by what the first
    one asked."""
    meta = case.meta
    of_a_body = getattr(meta.phase.data, "parameter_location", None) == ParameterLocation.BODY
    if meta.phase.name == TestPhase.COVERAGE and of_a_body and case.headers:
        case.headers.pop("Idempotency-Key", None)
    return case


@pytest.fixture(autouse=True, scope="module")
def of_the_document_alone() -> Iterator[None]:
    """Hypothesis throws in constants of whatever modules are loaded: the questions would depend on which tests ran
    before."""
    with pytest.MonkeyPatch.context() as patch:
        if not THOROUGH:
            patch.setattr(providers, "_get_local_constants", providers.Constants)
        providers.CONSTANTS_CACHE.cache.clear()
        yield
    providers.CONSTANTS_CACHE.cache.clear()


@pytest.fixture(scope="module")
def start(run_seeded: Any) -> Callable[[str, ExitStack], Living]:  # noqa: F811
    """Starts a registry that anything may be asked of, with people of every right; until the stack is closed."""

    def started(kind: str, stack: ExitStack) -> Living:
        living = _with_people(run_seeded(kind, stack))
        living.hire("anybody", "edit", "review", "publish")
        return living

    return started


@pytest.fixture(scope="module", params=["both"])  # one value, or no test would be named by its operation
def tried(start: Callable[[str, ExitStack], Living]) -> Iterator[list[Living]]:
    """One on each database: to make a question costs as much as to ask it."""
    with ExitStack() as stack:
        yield [start(kind, stack) for kind in ("sqlite", "postgresql")]


@schema.hook("map_query")
def hardly_wait(_context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """``wait`` is a number of seconds, and up to a minute of them: a second shows as much."""
    return {**query, "wait": min(query["wait"], 1)} if query and type(query.get("wait")) is int else query


def judge(case: Any, response: Any, living: Living, chain: Any = None) -> None:
    """By every check; only that a valid question is taken is not asked where a rule named above refused it."""
    label, status = case.operation.label, response.status_code
    refused = status in (412, 422) and (label in OF_DECISIONS or is_by_a_rule(label, response.json()))
    case.validate_response(
        response,
        excluded_checks=[positive_data_acceptance] if refused else [],
        headers=asked_by(living, label),
        recorder=chain,
    )


def is_by_a_rule(operation: str, problem: dict[str, Any]) -> bool:
    """Whether a refusal is for what no schema can say; any other makes the schema untrue. Numbers past 64 bits are
    refused wherever in a body they stand, in fields that nobody declared too."""
    types = [one["type"] for one in problem["facts"].get("errors", ()) if "type" in one]
    return problem["code"] in OF_ALL | RULES.get(operation, {}) or types == ["unstorable"]


def asked_by(living: Living, operation: str) -> dict[str, str]:
    who = "reviewer" if operation.endswith("/approve") else "anybody"  # nobody approves what they wrote
    return {"Authorization": f"Bearer {living.tokens[who]}"}


def ask(living: Living, case: Any, chain: Any = None) -> Any:
    """The answer, judged."""
    DOOR.app = living.client.app
    response = case.call(headers=asked_by(living, case.operation.label), timeout=PATIENCE)
    judge(case, response, living, chain)
    assert response.headers.get("content-type") or response.status_code == 204, case.method
    return response


@pytest.mark.postgresql
@schema.parametrize()
@MADE_FOR_TESTS
def test_no_question_breaks_it(case: Any, tried: list[Living]) -> None:
    answers = [ask(living, case).status_code for living in tried]
    assert len(set(answers)) == 1, "the databases do not agree"


@on_each_database
def test_one_answer_leads_to_the_next_question(start: Callable[[str, ExitStack], Living], kind: str) -> None:
    """The links of the document: from a list to one of it, its history and a comparison; a changeset to its end; a
    subscription that is ended and then gone. Each chain begins with the seed: what is asked next depends on what is
    there."""

    class Chains(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.stack = ExitStack()
            self.living = start(kind, self.stack)
            DOOR.app = self.living.client.app

        def teardown(self) -> None:
            self.stack.close()

        def before_call(self, case: Any) -> None:
            """What no schema makes so that it is taken: an address, and a decision that the law allows."""
            if not case.meta.generation.mode.is_positive:
                return
            if case.operation.label == "POST /api/v1/webhooks":
                case.body = {**case.body, "url": RECEIVER, "wanted": {}}
            if case.operation.label == "POST /api/v1/changesets":
                case.body = drafted()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": asked_by(self.living, case.operation.label), "timeout": PATIENCE}

        def validate_response(self, response: Any, case: Any, **_more: Any) -> None:
            judge(case, response, self.living, chain=self.recorder)

    run_state_machine_as_test(Chains, settings=CHAINS)


def drafted() -> dict[str, Any]:
    """The document's own example of a draft, planned for later than its day."""
    operation = schema.raw_schema["paths"]["/api/v1/changesets"]["post"]
    example = copy.deepcopy(operation["requestBody"]["content"]["application/json"]["example"])
    for decision in example["decisions"]:
        decision["effective_from"] = TO_COME
    return example


class Walk:
    """Follows the links of the document, with nothing else to go by."""

    def __init__(self, living: Living) -> None:
        self.living = living

    def ask(self, operation: Any, **given: Any) -> Any:
        case = operation.Case(**given)
        return operation, ask(self.living, case)

    def follow(self, step: tuple[Any, Any], name: str) -> tuple[Any, Any]:
        """What a link of an answer leads to."""
        operation, answer = step
        link = operation.definition.raw["responses"][str(answer.status_code)]["links"][name]
        asked = schema.find_operation_by_id(link["operationId"])
        given: dict[str, dict[str, Any]] = {"path_parameters": {}, "query": {}, "headers": {}}
        for parameter, expression in link.get("parameters", {}).items():
            place = "path_parameters" if f"{{{parameter}}}" in asked.path else "query"
            given[place][parameter] = value_of(expression, answer)
        if "requestBody" in link:
            given["body"] = {part: value_of(one, answer) for part, one in link["requestBody"].items()}
        return self.ask(asked, **given)


def value_of(expression: str, answer: Any) -> Any:
    """What an expression of a link finds in an answer."""
    found = answer.json()
    for part in expression.removeprefix("$response.body#/").split("/"):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


@on_each_database
def test_links_lead_from_a_draft_to_what_its_publication_changed(
    start: Callable[[str, ExitStack], Living], kind: str
) -> None:
    """What chains at random seldom reach."""
    with ExitStack() as stack:
        walk = Walk(start(kind, stack))
        draft = walk.ask(schema.find_operation_by_id("draft"), body=drafted())
        submitted = walk.follow(draft, "submit")
        approved = walk.follow(submitted, "approve")
        published = walk.follow(approved, "publish")
        states = [answer.json()["state"] for _, answer in (draft, submitted, approved, published)]
        assert states == ["draft", "submitted", "approved", "published"]
        changes = walk.follow(published, "changes")
        assert [one["effective_from"] for one in changes[1].json()["changes"]] == [TO_COME]
        for step in (published, changes):
            _, shown = walk.follow(step, "revisions")
            assert TO_COME in [one["valid_from"] for one in shown.json()["intervals"]]
            _, item = walk.follow(step, "item")
            assert item.json()["id"] == drafted()["decisions"][0]["subject"]


def real_questions(living: Living) -> list[str]:
    item = f"/items/{living.item_called(FELLING)}"
    body = living.get(item).json()
    law = f"/instruments/{body['content']['citations'][0]['instrument']}"
    return [
        *(item + more for more in ("", "?on=2000-01-01", "?known_at=2999-01-01", "/revisions")),
        *(item + more for more in ("/diff?from=2025-05-01&to=2027-01-01", "/due?accepted=2026-09-28")),
        *("/items", "/items/counts", "/search?q=许可", "/search?q=xukezheng", "/suggest?q=林", "/changes"),
        *(f"/authorities/{body['authority']['id']}", "/authorities?on=2018-01-01"),
        *(f"/regions/{body['region']['id']}", "/regions", "/calendar/2026", "/code-tables"),
        *(law, f"{law}/items", "/instruments", "/instruments/out-of-force"),
        *(f"/catalogue-entries/{body['content']['entry']}", "/catalogue-entries", "/schema/content"),
        *("/log/head", "/rounds", f"/rounds/{living.get('/rounds').json()['rounds'][0]['id']}"),
    ]


def test_answers_about_real_things_are_as_documented(asking: Living) -> None:
    """What random questions seldom reach: whole answers, checked against the document."""
    for path in real_questions(asking):
        answer = asking.client.get(f"/api/v1{path}")
        assert answer.status_code == 200, path
        operation = schema.find_operation_by_path("GET", answer.url.path)
        assert operation is not None, path
        operation.validate_response(answer)
