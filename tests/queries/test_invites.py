"""Calendars to subscribe to and to keep, and the outbox a page at a time."""

from __future__ import annotations

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select, update

from eventhub.domain.problems import NotFound
from eventhub.domain.terms import LetterState
from eventhub.extensions import db, transaction
from eventhub.models.accounts import Account
from eventhub.models.base import new_token
from eventhub.models.invites import Letter
from eventhub.queries import invites as queries
from eventhub.services import registrations
from tests.allotting import allot, calendar_of, deliver, publish, sign_up
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


@pytest.mark.database
def test_letters_are_shown_a_page_at_a_time_with_masked_addresses(story: Scenario) -> None:
    sign_up(story, 3)
    publish(story, allot(story))
    deliver(story, limit=2)
    first = queries.letters(story.camp, size=4)
    second = queries.letters(story.camp, size=4, before=first.next_before)
    assert (len(first.rows), len(second.rows), second.next_before) == (4, 2, None)
    assert {row.address_masked for row in first.rows} == {"m***@example.org"}
    assert first.by_state == {LetterState.SENT: 2, LetterState.QUEUED: 4}
    assert [row.name for row in queries.letters(story.camp, name="allotted").rows] == ["allotted"] * 3
    letter = first.rows[0]
    assert queries.programme_of_letter(letter.id) == story.camp


def test_a_page_of_letters_costs_the_same_for_one_and_for_many(story: Scenario) -> None:
    from sqlalchemy import event

    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    costs = []
    for _ in range(2):
        sign_up_more(story)
        db.session.rollback()
        asked.clear()
        queries.letters(story.camp)
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
    slips = queries.slips(story.camp)
    assert [slip.kind_of_letter for slip in slips] == ["allotted", "allotted"]
    assert slips[0].words["code"] == slips[0].registration
    assert db.session.scalar(select(Letter.id).where(Letter.state == LetterState.PRINT).limit(1))


@pytest.mark.parametrize(
    ("address", "masked"), [("malan@example.org", "m***@example.org"), ("", ""), ("@x", "***@x")]
)
def test_addresses_are_masked(address: str, masked: str) -> None:
    assert queries.mask_address(address) == masked
