"""Runs are asked for one at a time, by those who may, after the close; places are fixed by hand with a reason."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from eventhub.domain.problems import Conflict, NotAllowed, NotFound, Refused
from eventhub.domain.terms import RunState
from eventhub.queries import allocations as queries
from eventhub.queries import results
from eventhub.services import allocations, runs
from tests.allotting import allot, close, options_of, publish, run_row, sign_up, ticking
from tests.scenario import Scenario

pytestmark = pytest.mark.database


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def code_of(refused: pytest.ExceptionInfo[Exception]) -> str:
    return refused.value.problems[0].code  # type: ignore[attr-defined]


def test_without_a_seed_one_is_drawn_and_the_published_draw_holds_afterwards(story: Scenario) -> None:
    sign_up(story, 2)
    first = allot(story, seed=None)
    publish(story, first)
    second = allot(story, seed=None)

    assert run_row(story, first).seed_source == "drawn"
    assert run_row(story, second).seed == run_row(story, first).seed
    assert run_row(story, second).seed_source == f"run:{first}"


def test_a_run_is_refused_while_sign_up_is_open_and_to_those_who_may_not(story: Scenario) -> None:
    with pytest.raises(Conflict) as early:
        allocations.request(story.camp, by=story.organiser, at=story.at)
    close(story)
    for nobody, refusal in ((story.guardian, NotAllowed), (story.officer, NotAllowed)):
        with pytest.raises(refusal):
            allocations.request(story.camp, by=nobody, at=story.at)
    with pytest.raises(NotFound):
        allocations.request("nothing", by=story.organiser, at=story.at)
    with pytest.raises(Refused):
        allocations.request(story.camp, seconds=0, by=story.organiser, at=story.at)

    assert code_of(early) == "not_closed"
    assert queries.runs(story.camp) == ()


def test_of_two_requests_at_one_time_the_second_is_refused(story: Scenario) -> None:
    close(story)
    allocations.request(story.camp, by=story.organiser, at=story.at)
    with pytest.raises(Conflict) as twice:
        allocations.request(story.camp, by=story.organiser, at=story.at)

    assert code_of(twice) == "run_under_way"


def test_a_run_stopped_before_it_began_ends_without_a_result(story: Scenario) -> None:
    close(story)
    number = allocations.request(story.camp, by=story.organiser, at=story.at)
    allocations.stop(story.camp, number, by=story.organiser, at=story.at)

    assert run_row(story, number).state is RunState.UNKNOWN
    assert runs.execute(queries.run_id(story.camp, number), worker="w", clock=ticking(story)) is None
    with pytest.raises(Conflict):
        allocations.stop(story.camp, number, by=story.organiser, at=story.at)


def test_a_place_fixed_by_hand_is_kept_and_needs_a_reason(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    close(story)
    with pytest.raises(Refused):
        allocations.pin(story.camp, receipts[0].party, "B2", reason=" ", by=story.organiser, at=story.at)
    allocations.pin(story.camp, receipts[0].party, "B2", reason="与医院约定", by=story.organiser, at=story.at)
    allocations.pin(story.camp, receipts[1].party, None, reason="重复报名", by=story.organiser, at=story.at)
    given = options_of(story, allot(story))
    assert [given[receipt.registrations[0]] for receipt in receipts[:2]] == ["B2", None]
    assert [pin.party for pin in queries.pins(story.camp)] == [receipts[1].party, receipts[0].party]

    allocations.unpin(story.camp, receipts[0].party, by=story.organiser, at=story.at)
    with pytest.raises(NotFound):
        allocations.unpin(story.camp, receipts[0].party, by=story.organiser, at=story.at)
    page = results.people_of(story.camp, allot(story))
    assert [row.pinned for row in page.rows] == [False, True, False]


def test_a_pin_cannot_go_where_the_rules_bar_a_child(story: Scenario) -> None:
    receipt = story.registers(story.child("马大", born=date(2010, 7, 16)), ranking=("B1",))
    close(story)
    for option in ("B2", "B9"):
        with pytest.raises(Refused) as barred:
            allocations.pin(story.camp, receipt.party, option, reason="请求", by=story.organiser, at=story.at)
        assert barred.value.problems[0].field == "option"
