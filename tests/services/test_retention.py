"""Answers are erased thirty days after people came back, and nothing else is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from eventhub.cli.worker import Worker
from eventhub.domain.facts import Application
from eventhub.domain.meals import meals_consent
from eventhub.extensions import db, transaction
from eventhub.kinds.camp.checks import CHILDREN_RULES, GUARDIAN_CONSENT
from eventhub.kinds.retreat.checks import CARE
from eventhub.models.journal import JournalEntry
from eventhub.models.registrations import Party, Registration
from eventhub.queries import programmes
from eventhub.services import retention
from tests.allotting import allot, publish, sign_up, states
from tests.scenario import Scenario

pytestmark = pytest.mark.database

TEXTS = [
    text.body.msgid
    for text in (
        *meals_consent(Application("", (), answers={"meals": "halal"})),
        CARE,
        GUARDIAN_CONSENT,
        CHILDREN_RULES,
    )
]
"""What people agree to, as far as it says when their answers are erased."""


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def after(story: Scenario, option: str, days: int) -> datetime:
    """Noon so many days after the last day of an option."""
    last = programmes.facts(story.camp).option(option).last_day + timedelta(days=days)
    return datetime(last.year, last.month, last.day, 4, tzinfo=UTC)


def answered() -> tuple[int, int]:
    """People and parties of whom answers are kept, read anew."""
    db.session.rollback()
    db.session.expire_all()
    return (
        sum(bool(answers) for answers in db.session.scalars(select(Registration.answers))),
        sum(bool(answers) for answers in db.session.scalars(select(Party.answers))),
    )


def give_answers() -> None:
    with transaction() as session:
        for table in (Registration, Party):
            session.execute(update(table).values(answers={"meals": "halal"}))


def test_answers_are_kept_thirty_days_after_the_batch_somebody_was_in(story: Scenario) -> None:
    sign_up(story, 22)
    publish(story, allot(story))
    give_answers()
    before = states()

    assert retention.erase_due(at=after(story, "B1", 30)) == 0
    assert answered() == (22, 22)
    assert retention.erase_due(at=after(story, "B1", 31)) == 10
    assert answered() == (12, 12), "who is in the later batch, and who waits, is asked about longer"
    assert retention.erase_due(at=after(story, "B2", 30)) == 0
    assert retention.erase_due(at=after(story, "B2", 31)) == 12
    assert answered() == (0, 0)
    assert retention.erase_due(at=after(story, "B2", 32)) == 0
    assert states() == before
    noted = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "answers erased")).all()
    assert [entry.details["people"] for entry in noted] == [10, 12]


def test_of_a_party_the_answers_stay_while_one_of_it_is_away(story: Scenario) -> None:
    first, second = story.child("马大"), story.child("马二")
    story.registers(first, second)
    give_answers()
    assert retention.erase_due(at=after(story, "B1", 31)) == 0, "nobody has a place, so all wait for the last"
    assert answered() == (2, 1)
    assert retention.erase_due(at=after(story, "B2", 31)) == 2
    assert answered() == (0, 0)


def test_the_worker_looks_for_them(app: Flask, story: Scenario) -> None:
    sign_up(story, 1)
    give_answers()
    db.session.remove()
    at = after(story, "B2", 31)
    db.session.remove()
    Worker(app, clock=lambda: at).do_all_due()
    assert answered() == (0, 0)


def test_the_forms_promise_what_is_done() -> None:
    promised = [text for body in TEXTS for text in re.findall(r"(\d+) days after", body)]
    assert len(promised) == 5
    assert {int(days) for days in promised} == {retention.KEPT.days}
