"""What goes to the solver: numbers without names, those who still want a place, and a draw anybody can repeat."""

from __future__ import annotations

import json
import zlib

import pytest
from flask import Flask

from eventhub.services import registrations
from solvers import draw
from tests.allotting import allot, options_of, run_row, sign_up
from tests.scenario import Scenario

pytestmark = pytest.mark.database


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def test_no_name_of_a_person_reaches_the_solver(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    run = run_row(story, allot(story))

    assert run.problem is not None
    text = zlib.decompress(run.problem).decode()
    hidden = [*story.children, *(code for receipt in receipts for code in receipt.registrations)]
    assert [word for word in hidden if word in text] == []


def test_a_stranger_repeats_the_lots_from_the_seed_in_the_record(story: Scenario) -> None:
    sign_up(story, 3)
    run = run_row(story, allot(story))

    assert run.problem is not None
    groups = json.loads(zlib.decompress(run.problem))["groups"]
    assert {one["id"]: one["lot"] for one in groups} == draw.lots(
        [one["id"] for one in groups], str(run.seed)
    )


def test_who_withdrew_is_not_put_before_the_solver(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.at)
    given = options_of(story, allot(story))

    assert set(given) == {code for receipt in receipts[1:] for code in receipt.registrations}
