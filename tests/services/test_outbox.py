"""The outbox: letters leave in order, at least once, with the same octets; what fails is tried again, then laid aside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select, update

from eventhub.config import Settings
from eventhub.delivery import mailer
from eventhub.delivery.mailer import Memory, Off, PermanentFailure, TemporaryFailure
from eventhub.domain.facts import HOUSE
from eventhub.domain.problems import Conflict, NotFound
from eventhub.domain.terms import LetterState, Role
from eventhub.extensions import db, transaction
from eventhub.i18n import use_locale
from eventhub.models.invites import Letter
from eventhub.queries import outbox as outbox_queries
from eventhub.services import outbox, registrations
from eventhub.services.intake import Receipt
from tests.allotting import allot, deliver, publish, sign_up, ticking, told
from tests.scenario import CITY, Scenario


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


class Refusing:
    """A post that says no until it is mended."""

    def __init__(self, refusal: Exception) -> None:
        self.refusal: Exception | None = refusal
        self.tried: list[bytes] = []

    def send(self, message: EmailMessage, *, name: str) -> None:
        self.tried.append(mailer.octets(message))
        if self.refusal is not None:
            raise self.refusal


def published(story: Scenario, count: int = 1) -> list[Receipt]:
    """So many seats, published; letters from before are out of the way."""
    receipts = sign_up(story, count)
    run = allot(story)
    with transaction() as session:
        session.execute(update(Letter).values(state=LetterState.SENT))
    publish(story, run)
    return receipts


def waiting() -> list[Letter]:
    return [letter for letter in told() if letter.state is LetterState.QUEUED]


@pytest.mark.database
def test_an_invitation_leaves_as_one_message_to_one_person(story: Scenario) -> None:
    published(story)
    out = deliver(story)

    ((_name, message),) = out.sent
    assert message["To"].addresses[0].addr_spec == "malan@example.org"
    parts = {part.get_content_type(): part for part in message.walk()}
    calendar = parts["text/calendar"]
    assert calendar.get_param("method") == "REQUEST"
    assert calendar.get_payload(decode=True) == told("allotted")[0].calendar
    assert (told("allotted")[0].state, told("allotted")[0].sent_at) == (LetterState.SENT, story.at)
    assert deliver(story).sent == []


@pytest.mark.database
def test_a_failed_sending_repeats_the_same_octets_after_a_pause(story: Scenario) -> None:
    published(story)
    out = Refusing(TemporaryFailure("no answer"))
    assert outbox.deliver_due(out, worker="w", clock=ticking(story)).later == 1
    assert outbox.deliver_due(out, worker="w", clock=ticking(story)) == outbox.Delivered()
    (letter,) = waiting()
    assert (letter.tries, letter.error, letter.run_after) == (
        1,
        "no answer",
        story.at + timedelta(minutes=1),
    )
    story.later(minutes=2)
    out.refusal = None
    assert outbox.deliver_due(out, worker="w", clock=ticking(story)).sent == 1
    assert out.tried[0] == out.tried[1]


def test_after_half_a_day_of_trying_a_letter_is_laid_aside(story: Scenario) -> None:
    published(story)
    out = Refusing(TemporaryFailure("no answer"))
    began = story.at
    for _ in range(outbox.MOST_TRIES):
        outbox.deliver_due(out, worker="w", clock=ticking(story))
        story.at = told("allotted")[0].run_after or story.at
    letter = told("allotted")[0]
    assert (letter.state, letter.tries) == (LetterState.DEAD, outbox.MOST_TRIES)
    assert timedelta(hours=6) < story.at - began < timedelta(days=1)


@pytest.mark.database
def test_a_letter_refused_for_good_is_laid_aside_and_may_be_sent_again(story: Scenario) -> None:
    published(story)
    out = Refusing(PermanentFailure("550 no such user"))
    assert outbox.deliver_due(out, worker="w", clock=ticking(story)).dead == 1
    (letter,) = told("allotted")
    assert (letter.state, letter.error) == (LetterState.DEAD, "550 no such user")

    outbox.send_again(letter.id, by=story.organiser, at=story.at)
    out.refusal = None
    assert outbox.deliver_due(out, worker="w", clock=ticking(story)).sent == 1
    assert out.tried[0] == out.tried[1]


def test_sending_again_is_refused_where_it_makes_no_sense(story: Scenario) -> None:
    published(story)
    (letter,) = told("allotted")
    with pytest.raises(Conflict):
        outbox.send_again(letter.id, by=story.organiser, at=story.at)
    with pytest.raises(NotFound):
        outbox.send_again(10_000, by=story.organiser, at=story.at)
    with transaction() as session:
        session.execute(update(Letter).values(state=LetterState.PRINT))
    with pytest.raises(Conflict):
        outbox.send_again(letter.id, by=story.organiser, at=story.at)


@pytest.mark.database
@pytest.mark.parametrize("became", [LetterState.QUEUED, LetterState.SENT, LetterState.DEAD])
def test_an_invitation_to_a_seat_that_ended_since_is_not_sent_again(
    story: Scenario, became: LetterState
) -> None:
    receipts = published(story, 2)
    deliver(story)
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.later(seconds=1))
    (cancelled,) = told("withdrawn")
    with transaction() as session:
        session.execute(update(Letter).where(Letter.id == cancelled.id).values(state=became))
    old, standing = sorted(told("allotted"), key=lambda letter: letter.invite_id != cancelled.invite_id)
    assert old.invite_id == cancelled.invite_id

    with pytest.raises(Conflict) as refused:
        outbox.send_again(old.id, by=story.organiser, at=story.at)
    with use_locale("en"):
        assert "out of date" in str(refused.value)
    outbox.send_again(standing.id, by=story.organiser, at=story.at)
    offered = {row.id: row.may_be_sent_again for row in outbox_queries.letters(story.camp).rows}
    assert (offered[old.id], offered[cancelled.id]) == (False, became is not LetterState.QUEUED)


def test_a_letter_is_sent_again_only_by_those_who_answer_for_its_programme(story: Scenario) -> None:
    published(story)
    (letter,) = told("allotted")
    with transaction() as session:
        session.execute(update(Letter).values(state=LetterState.SENT))
    elsewhere = story.account("周主任", "zhou@example.org", Role.ORGANISER, CITY)
    for stranger in (elsewhere, story.officer, story.guardian):
        with pytest.raises(NotFound):
            outbox.send_again(letter.id, by=stranger, at=story.at)
    assert waiting() == []

    outbox.send_again(letter.id, by=story.organiser, at=story.at)
    assert [each.id for each in waiting()] == [letter.id]


@pytest.mark.database
def test_switched_off_nothing_leaves_nothing_is_counted_and_nothing_is_lost(story: Scenario) -> None:
    published(story, 3)
    assert outbox.deliver_due(Off(), worker="w", clock=ticking(story)).held
    assert [(letter.tries, letter.leased_by) for letter in waiting()] == [(0, None)] * 3
    assert len(deliver(story).sent) == 3


def test_with_sending_switched_off_no_way_leads_out_of_the_house(settings: Settings) -> None:
    for host in ("", "post.example.org"):
        assert isinstance(outbox.mailer_of(replace(settings, mail_off=True, smtp_host=host)), Off)


def test_a_closed_post_does_not_wear_out_the_letters_behind(story: Scenario) -> None:
    published(story, 8)
    out = Refusing(TemporaryFailure("connection refused"))
    delivered = outbox.deliver_due(out, worker="w", clock=ticking(story))
    assert (delivered.later, delivered.held) == (outbox.DOWN, True)
    assert sorted(letter.tries for letter in waiting()) == [0] * 5 + [1] * 3


@pytest.mark.database
def test_the_messages_about_one_seat_leave_in_their_order(story: Scenario) -> None:
    receipts = published(story, 2)
    deliver_nothing = Refusing(TemporaryFailure("later"))
    outbox.deliver_due(deliver_nothing, limit=1, worker="w", clock=ticking(story))
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.later(seconds=1))

    out = deliver(story)
    assert [message["Subject"] for _name, message in out.sent] != []
    first = told("allotted")[0]
    cancel = told("withdrawn")[0]
    assert (first.state, cancel.state) == (LetterState.QUEUED, LetterState.QUEUED)
    story.later(minutes=2)
    deliver(story, out)
    deliver(story, out)
    methods = [
        part.get_param("method")
        for _name, message in out.sent
        for part in message.walk()
        if part.get_content_type() == "text/calendar"
    ]
    assert methods[-2:] == ["REQUEST", "CANCEL"]


@pytest.mark.database
def test_a_letter_in_one_hand_is_not_taken_by_another_until_its_lease_runs_out(story: Scenario) -> None:
    published(story)

    class Dies:
        def send(self, message: EmailMessage, *, name: str) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outbox.deliver_due(Dies(), worker="first", clock=ticking(story))
    assert deliver(story).sent == []
    story.later(minutes=5)
    assert len(deliver(story).sent) == 1


def test_what_a_worker_settles_after_losing_a_letter_is_dropped(story: Scenario) -> None:
    published(story)

    class Slow(Memory):
        def send(self, message: EmailMessage, *, name: str) -> None:
            super().send(message, name=name)
            with transaction() as session:
                session.execute(update(Letter).where(Letter.state == "queued").values(leased_by="other"))

    outbox.deliver_due(Slow(), worker="first", clock=ticking(story))
    assert [letter.leased_by for letter in waiting()] == ["other"]


def test_what_is_over_is_not_sent_any_more(story: Scenario) -> None:
    published(story)
    story.at = datetime(2026, 8, 15, tzinfo=UTC)
    assert deliver(story).sent == []
    assert told("allotted")[0].state is LetterState.DEAD


def test_a_letter_that_cannot_be_written_does_not_stop_the_others(story: Scenario) -> None:
    published(story, 2)
    broken, whole = told("allotted")
    with transaction() as session:
        session.execute(update(Letter).where(Letter.id == broken.id).values(context={"greeting": "x"}))
    assert len(deliver(story).sent) == 1
    assert [letter.state for letter in told("allotted")] == [LetterState.DEAD, LetterState.SENT]
    assert whole.id


def test_a_secret_is_forgotten_once_it_was_sent(story: Scenario) -> None:
    from eventhub.delivery.letters import SignInLetter
    from eventhub.services import letters

    with transaction() as session:
        letters.queue(
            session,
            SignInLetter(greeting="", url="https://events.example.org/in/abc", code="123456"),
            to=letters.Recipient("马兰", "malan@example.org"),
            at=story.at,
        )
    out = deliver(story)
    body = out.sent[-1][1].get_body(("plain",))
    assert body is not None
    assert "123456" in body.get_content()
    (letter,) = told("signin")
    assert (letter.state, letter.context) == (LetterState.SENT, {})
    with pytest.raises(NotFound):
        outbox.send_again(letter.id, by=story.organiser, at=story.at)
    with pytest.raises(Conflict):
        outbox.send_again(letter.id, by=HOUSE, at=story.at)


def test_the_pauses_grow_to_four_hours() -> None:
    pauses = [outbox.pause_after(tries) for tries in range(1, 12)]
    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses[-1] == outbox.LONGEST_PAUSE
    assert pauses == sorted(pauses)


def test_no_two_letters_share_a_message_id(story: Scenario) -> None:
    published(story, 3)
    ids = db.session.scalars(select(Letter.message_id)).all()
    assert len(set(ids)) == len(ids)
