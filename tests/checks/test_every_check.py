"""Every check that there is, found by walking the package: listed, with a case that fires, one that does not, and the
one of the real files where they have it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from test_catalogue import DAY, FACTS, FIRES, NAMED, NEXT_TO, WHOLE, contents

import app.checks
from app.checks.catalogue import STANDARD, TITLES
from app.checks.finding import Check, Checked, Finding

REAL = {
    "item_guides": {
        "citation-without-article": ("固定资产投资项目节能审查", "公民民族成份变更初审"),
        "phone-dashes": ("固定资产投资项目节能审查", "全民健身设施拆迁或者改变用途批准"),
        "limit-note-differs": ("全民健身设施拆迁或者改变用途批准", "公民民族成份变更初审"),
        "answer-limit-differs": ("全民健身设施拆迁或者改变用途批准", "固定资产投资项目节能审查"),
        "vague-condition": ("全民健身设施拆迁或者改变用途批准", "固定资产投资项目节能审查"),
        "online-without-address": ("全民健身设施拆迁或者改变用途批准", "公民民族成份变更初审"),
        "not-disclosed": ("固定资产投资项目节能审查", None),
    },
    "item_details": {
        "citation-without-article": ("固定资产投资项目节能审查", "企业退休人员档案关系接收"),
        "limit-note-differs": ("全民健身设施拆迁或者改变用途批准", "企业印制发票审批"),
        "answer-limit-differs": ("全民健身设施拆迁或者改变用途批准", "企业印制发票审批"),
        "vague-condition": ("全民健身设施拆迁或者改变用途批准", "企业印制发票审批"),
        "vague-material": ("对纳税人变更纳税定额的核准", "企业印制发票审批"),
        "material-without-basis": ("企业印制发票审批", "全民健身设施拆迁或者改变用途批准"),
        "online-without-address": ("全民健身设施拆迁或者改变用途批准", "企业印制发票审批"),
        "not-disclosed": ("企业印制发票审批", "企业退休人员档案关系接收"),
    },
}
"""File -> code -> (an item of it that the check finds at fault, one that it leaves alone; none where all are)."""


def listed() -> dict[str, Check]:
    return {f"{one.__module__}.{one.__qualname__}": one for one in STANDARD.checks}


def written() -> Iterator[Callable[..., Any]]:
    """Every public function of the package that finds, or makes what does."""
    for module in iter_modules(app.checks.__path__):
        for name, one in inspect.getmembers(import_module(f"app.checks.{module.name}"), inspect.isfunction):
            gives = inspect.signature(one).return_annotation
            own = one.__module__ == f"app.checks.{module.name}" and not name.startswith("_")
            if own and gives in ("Iterator[Finding]", "Check"):
                yield one


def found_by(check: Check, more: dict[str, Any]) -> list[Finding]:
    item = {name: value for name, value in (WHOLE | more).items() if value is not None}
    return [*check(Checked(item, DAY, FACTS.__getitem__, NAMED.get))]


def test_every_check_that_is_written_is_asked() -> None:
    """A function that makes one is listed by what it makes, which is named within it."""
    names = {name.partition(".<locals>")[0] for name in listed()}
    assert {f"{one.__module__}.{one.__qualname__}" for one in written()} == names
    assert len(names) > 15


@pytest.mark.parametrize("name", listed())
def test_each_check_has_a_case_that_fires_and_one_that_does_not(name: str) -> None:
    check = listed()[name]
    fires = {one.code for _, more, _ in FIRES for one in found_by(check, more)}
    assert fires, f"no case of FIRES makes {name} find anything"
    assert fires <= set(TITLES)
    for code in fires:
        assert code not in {one.code for one in found_by(check, NEXT_TO[code])}


@cache
def of_file(name: str) -> dict[str, set[str]]:
    """Item of a real file -> codes that are found in it; skips, by the file's name, where it is not here."""
    return {
        title: {one.code for one in STANDARD.find(Checked(content, DAY))}
        for title, content in contents(f"{name}.jsonl", name).items()
    }


@pytest.mark.parametrize("name", REAL)
def test_what_the_real_files_have_has_its_cases(name: str) -> None:
    """No check finds something in them that has no case here, and each case is what it says."""
    every = of_file(name)
    assert set().union(*every.values()) == set(REAL[name])


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, cases in REAL.items() for code in cases])
def test_a_real_item_fires_and_another_does_not(name: str, code: str) -> None:
    every = of_file(name)
    fires, silent = REAL[name][code]
    assert code in every[fires]
    if silent is None:
        assert all(code in codes for codes in every.values())
    else:
        assert code not in every[silent]
