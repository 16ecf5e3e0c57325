"""What goes to the solver: numbers without names, those who still want a place, and a draw anybody can repeat."""

from __future__ import annotations

import zlib

import pytest
from flask import Flask

from eventhub.services import framing, registrations
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


def test_a_draw_keeps_the_order_of_those_who_stay(story: Scenario) -> None:
    codes = [f"p{number:08d}" for number in range(50)]
    everybody = framing.draw(codes, seed=5)
    fewer = framing.draw([code for code in codes if code != codes[7]], seed=5)

    left = [code for code in codes if code != codes[7]]
    assert sorted(left, key=everybody.__getitem__) == sorted(left, key=fewer.__getitem__)
    assert sorted(everybody.values()) == list(range(1, 51))


def test_who_withdrew_is_not_put_before_the_solver(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.at)
    given = options_of(story, allot(story))

    assert set(given) == {code for receipt in receipts[1:] for code in receipt.registrations}
