"""Calendars to subscribe to and to keep."""

from __future__ import annotations

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select, update

from eventhub.domain.problems import NotFound
from eventhub.extensions import db, transaction
from eventhub.models.accounts import Account
from eventhub.models.base import new_token
from eventhub.queries import invites as queries
from eventhub.services import registrations
from tests.allotting import allot, calendar_of, publish, sign_up
from tests.scenario import Scenario


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def token_of(story: Scenario) -> str:
    return str(db.session.scalar(select(Account.feed_token).where(Account.id == story.guardian.account_id)))


def events(octets: bytes) -> list[str]:
    return [str(event["UID"]) for event in Calendar.from_ical(octets).walk("VEVENT")]


@pytest.mark.database
def test_a_feed_holds_the_living_seats_and_is_the_same_each_time(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    publish(story, allot(story))
    first, second = queries.feed(token_of(story)), queries.feed(token_of(story))
    assert first == second
    assert len(events(first.octets)) == 3
    for hidden in (b"METHOD", b"ATTENDEE", b"ORGANIZER", token_of(story).encode()):
        assert hidden not in first.octets

    gone = calendar_of(receipts[0].registrations[0])[0].uid
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.later(hours=1))
    after = queries.feed(token_of(story))
    assert set(events(first.octets)) - set(events(after.octets)) == {gone}
    assert after.etag != first.etag


@pytest.mark.database
def test_a_feed_without_seats_is_a_calendar_and_a_wrong_or_old_token_is_nothing(story: Scenario) -> None:
    assert events(queries.feed(token_of(story)).octets) == []
    old = token_of(story)
    with transaction() as session:
        session.execute(
            update(Account).where(Account.id == story.guardian.account_id).values(feed_token=new_token())
        )
    for token in (old, "", "x" * 27):
        with pytest.raises(NotFound):
            queries.feed(token)


@pytest.mark.database
def test_one_seat_may_be_kept_by_its_owner_alone(story: Scenario) -> None:
    receipts = sign_up(story, 2)
    publish(story, allot(story))
    code = receipts[0].registrations[0]
    file = queries.download(code, story.guardian)
    assert events(file.octets) == [calendar_of(code)[0].uid]
    assert b"METHOD" not in file.octets
    assert file.filename == f"{code}.ics"
    for other in (story.stranger, story.officer):
        with pytest.raises(NotFound):
            queries.download(code, other)
        assert queries.seats_of(other) == ()
    assert sorted(seat.registration for seat in queries.seats_of(story.guardian)) == sorted(
        receipt.registrations[0] for receipt in receipts
    )
