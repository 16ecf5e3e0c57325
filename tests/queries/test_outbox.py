"""The outbox a page at a time, and slips for paper."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from eventhub.domain.terms import LetterState
from eventhub.extensions import db, transaction
from eventhub.models.accounts import Account
from eventhub.models.invites import Letter
from eventhub.queries import outbox
from tests.allotting import allot, deliver, publish, sign_up
from tests.scenario import Scenario


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


@pytest.mark.database
def test_letters_are_shown_a_page_at_a_time_with_masked_addresses(story: Scenario) -> None:
    sign_up(story, 3)
    publish(story, allot(story))
    deliver(story, limit=2)
    first = outbox.letters(story.camp, size=4)
    second = outbox.letters(story.camp, size=4, before=first.next_before)
    assert (len(first.rows), len(second.rows), second.next_before) == (4, 2, None)
    assert {row.address_masked for row in first.rows} == {"m***@example.org"}
    assert first.by_state == {LetterState.SENT: 2, LetterState.QUEUED: 4}
    assert [row.name for row in outbox.letters(story.camp, name="allotted").rows] == ["allotted"] * 3
    letter = first.rows[0]
    assert outbox.programme_of_letter(letter.id) == story.camp


def test_a_page_of_letters_costs_the_same_for_one_and_for_many(story: Scenario) -> None:
    from sqlalchemy import event

    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    costs = []
    for _ in range(2):
        sign_up_more(story)
        db.session.rollback()
        asked.clear()
        outbox.letters(story.camp)
        costs.append(len(asked))
    assert costs[0] == costs[1]


def sign_up_more(story: Scenario) -> None:
    for _ in range(2):
        story.registers(story.child(f"马{'甲乙丙丁戊己庚辛'[len(story.children)]}"))


def test_slips_hold_the_newest_words_for_whom_nobody_can_write_to(story: Scenario) -> None:
    sign_up(story, 2)
    with transaction() as session:
        session.execute(update(Account).values(email=None))
    publish(story, allot(story))
    slips = outbox.slips(story.camp)
    assert [slip.kind_of_letter for slip in slips] == ["allotted", "allotted"]
    assert slips[0].words["code"] == slips[0].registration
    assert db.session.scalar(select(Letter.id).where(Letter.state == LetterState.PRINT).limit(1))


@pytest.mark.parametrize(
    ("address", "masked"), [("malan@example.org", "m***@example.org"), ("", ""), ("@x", "***@x")]
)
def test_addresses_are_masked(address: str, masked: str) -> None:
    assert outbox.mask_address(address) == masked
