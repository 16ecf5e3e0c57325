"""The fourth kind's own rule: who must come fasting is not placed in the afternoon."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from eventhub.domain.facts import ProgrammeFacts
from eventhub.i18n import use_locale
from eventhub.kinds import Kind
from tests.kinds.stories import alone, party, person, placed


@pytest.fixture
def checks(checkup: Kind) -> ProgrammeFacts:
    assert checkup.demo is not None
    return checkup.demo.programme(1.0, date(2026, 11, 23))


def test_a_fasting_test_is_no_choice_in_the_afternoon(checkup: Kind, checks: ProgrammeFacts):
    worker = person("a", name="马建国")
    refused = checkup.bars(checks, checks.option("H1-pm"), worker, {"package": "fasting"})
    assert refused is not None
    with use_locale("zh"):
        assert str(refused) == "按照本项目第一条，马建国须空腹检查，“第一人民医院下午”为下午时段。"
    assert checkup.bars(checks, checks.option("H1-am"), worker, {"package": "fasting"}) is None
    assert checkup.bars(checks, checks.option("H1-pm"), worker, {"package": "basic"}) is None


def test_mornings_fill_with_those_who_fast_and_nobody_fasts_in_the_afternoon(checks: ProgrammeFacts):
    fasting = alone(8, ranking=["H1-am"], prefix="f", personal={"package": "fasting"})
    parties = [replace(each, flexible=True) for each in fasting]
    assert set(placed(checks, parties).values()) == {"H1-am", "H2-am"}
    assert len(placed(checks, parties)) == 4


def test_others_may_come_in_the_afternoon(checks: ProgrammeFacts):
    worker = party(person("a"), ranking=["H1-pm"], personal={"package": "basic"})
    assert placed(checks, [worker]) == {"party-a": "H1-pm"}
