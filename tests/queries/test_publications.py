"""What was made public: what changed from version to version, and who goes where."""

from __future__ import annotations

import pytest
from flask import Flask

from eventhub.domain.problems import NotFound
from eventhub.domain.terms import Change, RegistrationState
from eventhub.queries import publications as queries
from eventhub.services import allocations, registrations
from tests.allotting import allot, options_of, publish, sign_up
from tests.scenario import Scenario


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


@pytest.mark.database
def test_the_difference_names_who_is_new_moved_and_out(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    first = allot(story)
    publish(story, first)
    moved, out = receipts[0], receipts[1]
    was = options_of(story, first)[moved.registrations[0]]
    other = "B2" if was == "B1" else "B1"
    allocations.pin(story.camp, moved.party, other, reason="调整", by=story.organiser, at=story.at)
    allocations.pin(story.camp, out.party, None, reason="取消", by=story.organiser, at=story.at)
    publish(story, allot(story))

    assert [row.change for row in queries.difference(story.camp, 1)] == [Change.NEW] * 3
    found = {row.registration: row for row in queries.difference(story.camp, 2)}
    assert found[moved.registrations[0]].change is Change.MOVED
    assert found[moved.registrations[0]].new is not None
    assert found[moved.registrations[0]].new.code == other
    assert found[out.registrations[0]].change is Change.WITHDRAWN
    with pytest.raises(NotFound):
        queries.difference(story.camp, 3)


@pytest.mark.database
def test_a_result_is_told_with_its_reason_and_only_once_published(story: Scenario) -> None:
    receipts = sign_up(story, 1)
    run = allot(story)
    assert queries.result(receipts[0].registrations[0]) is None
    publish(story, run)
    result = queries.result(receipts[0].registrations[0])
    assert result is not None
    assert (result.number, result.state) == (1, RegistrationState.ALLOTTED)
    assert result.why


@pytest.mark.database
def test_the_roster_holds_who_still_goes(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    publish(story, allot(story))
    registrations.withdraw(receipts[1].party, reason="", by=story.guardian, at=story.later(hours=1))

    rows = queries.roster(story.camp)
    assert {row.registration for row in rows} == {
        receipts[0].registrations[0],
        receipts[2].registrations[0],
    }
    assert all(row.age == 12 for row in rows)
    assert sum(len(queries.roster(story.camp, options=[code])) for code in ("B1", "B2")) == 2
