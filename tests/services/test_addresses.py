"""A corrected address: the calendar there gets the place, the one at the former address lets go of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select, update

from eventhub.domain.facts import PersonDraft
from eventhub.domain.terms import LetterState, Method
from eventhub.extensions import db, transaction
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Account, Participant
from eventhub.models.invites import Letter
from eventhub.models.registrations import Registration
from eventhub.queries import programmes as programme_queries
from eventhub.services import outbox, participants, programmes, publications
from tests.allotting import allot, calendar_of, deliver, publish, sign_up, told
from tests.scenario import UNIT, Scenario

SAID = ("allotted", "moved", "withdrawn", "readdressed")


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def placed(story: Scenario, address: str | None = "own@example.org", *, sent: bool = True) -> str:
    """A child with a place, written to at an address of its own, since the guardian has none; the registration.

    ``sent``: what was written of it has left.
    """
    code = sign_up(story, 1, ranking=("B1",))[0].registrations[0]
    with transaction() as session:
        session.execute(update(Account).values(email=None))
        session.execute(update(Participant).values(email=address))
    publish(story, allot(story))
    if sent:
        deliver(story)
    return code


def correct_address(story: Scenario, code: str, address: str) -> None:
    row = db.session.scalars(select(Participant).join(Registration).where(Registration.code == code)).one()
    draft = PersonDraft(
        name=row.name, birth_date=row.birth_date, sex=row.sex, organisation=UNIT, phone="", email=address
    )
    participants.change(row.code, draft, by=story.guardian, at=story.later(hours=1))


def said() -> list[tuple[str, str | None, Method | None, int | None]]:
    return [(each.name, each.recipient_address, each.method, each.sequence) for each in told(*SAID)]


def event_of(letter: Letter):
    (event,) = Calendar.from_ical(letter.calendar or b"").walk("VEVENT")
    return event


@pytest.mark.database
def test_a_corrected_address_gets_the_place_at_once_and_the_former_one_lets_go(story: Scenario) -> None:
    code = placed(story, "wrong@example.org")
    correct_address(story, code, "right@example.org")
    assert said() == [
        ("allotted", "wrong@example.org", Method.REQUEST, 0),
        ("readdressed", "wrong@example.org", Method.CANCEL, 1),
        ("allotted", "right@example.org", Method.REQUEST, 0),
    ]
    first, cancel, second = told(*SAID)
    assert event_of(first)["UID"] == event_of(cancel)["UID"] != event_of(second)["UID"]
    assert event_of(second)["ATTENDEE"] == "mailto:right@example.org"
    assert "right@example.org" not in str(cancel.context) + (cancel.calendar or b"").decode()
    old, new = calendar_of(code)
    assert (old.ended_at is None, new.ended_at is None) == (False, True)
    assert len(deliver(story).sent) == 2

    publish(story, allot(story))
    assert len(said()) == 3, "nothing has changed since"


@pytest.mark.database
def test_an_invitation_that_never_left_is_withdrawn_and_not_cancelled(story: Scenario) -> None:
    code = placed(story, "wrong@example.org", sent=False)
    correct_address(story, code, "right@example.org")
    assert said() == [("allotted", "right@example.org", Method.REQUEST, 0)]
    assert [each.ended_at is None for each in calendar_of(code)] == [False, True]
    deliver(story)
    assert [each.state for each in told(*SAID)] == [LetterState.SENT]


@pytest.mark.database
@pytest.mark.parametrize(
    "held",
    [
        {"leased_by": "w1"},
        {"tries": 1},
        {"tries": 1, "error": "The server did not answer."},
        {"state": LetterState.SENT},
        {"state": LetterState.DEAD},
    ],
    ids=["in a worker's hands", "given up by a worker", "tried in vain", "sent", "laid aside"],
)
def test_an_invitation_that_may_have_left_is_cancelled(story: Scenario, held: dict[str, object]) -> None:
    code = placed(story, "wrong@example.org", sent=False)
    with transaction() as session:
        session.execute(update(Letter).where(Letter.name == "allotted").values(**held))
    correct_address(story, code, "right@example.org")
    assert said() == [
        ("allotted", "wrong@example.org", Method.REQUEST, 0),
        ("readdressed", "wrong@example.org", Method.CANCEL, 1),
        ("allotted", "right@example.org", Method.REQUEST, 0),
    ]


@pytest.mark.database
def test_the_next_publication_follows_an_address_that_changed_anywhere(story: Scenario) -> None:
    code = placed(story)
    with transaction() as session:
        session.execute(
            update(Account).where(Account.id == story.guardian.account_id).values(email="ma@example.org")
        )
    run = allot(story)
    foretold = publications.preview(story.camp, run, by=story.organiser, at=story.at)
    assert (foretold.changed, foretold.kept) == (1, 0)
    publish(story, run)
    assert said()[1:] == [
        ("readdressed", "own@example.org", Method.CANCEL, 1),
        ("allotted", "ma@example.org", Method.REQUEST, 0),
    ]
    assert [each.ended_at is None for each in calendar_of(code)] == [False, True]


def test_a_place_that_changes_together_with_the_address_is_told_as_changed(story: Scenario) -> None:
    code = placed(story)
    option = programme_queries.facts(story.camp).option("B1")
    elsewhere = tuple(replace(each, place=Bilingual("吴忠市", "Wuzhong")) for each in option.occasions)
    programmes.change_option(
        story.camp, replace(option, occasions=elsewhere), by=story.organiser, at=story.at, reason="换地方"
    )
    with transaction() as session:
        session.execute(update(Participant).values(email="new@example.org"))
    publish(story, allot(story))
    assert said()[1:] == [
        ("readdressed", "own@example.org", Method.CANCEL, 1),
        ("moved", "new@example.org", Method.REQUEST, 0),
    ]
    _first, cancel, moved = told(*SAID)
    assert (event_of(cancel)["LOCATION"], event_of(moved)["LOCATION"]) == ("银川市", "吴忠市")
    assert moved.context["was_where"] == "银川市"
    assert len([each for each in calendar_of(code) if each.ended_at is None]) == 1


def test_what_is_not_published_yet_is_not_told_with_a_corrected_address(story: Scenario) -> None:
    code = placed(story)
    option = programme_queries.facts(story.camp).option("B1")
    elsewhere = tuple(replace(each, place=Bilingual("吴忠市", "Wuzhong")) for each in option.occasions)
    programmes.change_option(
        story.camp, replace(option, occasions=elsewhere), by=story.organiser, at=story.at, reason="换地方"
    )
    correct_address(story, code, "new@example.org")
    letter = told(*SAID)[-1]
    assert (letter.recipient_address, event_of(letter)["LOCATION"]) == ("new@example.org", "银川市")
    assert letter.context["where"] == "银川市"


@pytest.mark.database
def test_who_had_no_address_is_invited_once_there_is_one(story: Scenario) -> None:
    code = placed(story, None)
    assert [(each.state, each.calendar) for each in told(*SAID)] == [(LetterState.PRINT, None)]
    correct_address(story, code, "new@example.org")
    assert said()[1:] == [("allotted", "new@example.org", Method.REQUEST, 0)]
    old, new = calendar_of(code)
    assert old.uid != new.uid
    assert (old.ended_at is None, new.ended_at is None) == (False, True)


@pytest.mark.database
def test_an_address_that_is_taken_away_is_told_the_end_and_a_slip_is_printed(story: Scenario) -> None:
    code = placed(story)
    correct_address(story, code, "")
    assert said()[1:] == [
        ("readdressed", "own@example.org", Method.CANCEL, 1),
        ("allotted", None, None, None),
    ]
    assert told(*SAID)[-1].state is LetterState.PRINT
    assert calendar_of(code)[-1].attendee_address is None


def test_the_same_address_in_other_letters_is_the_same(story: Scenario) -> None:
    code = placed(story)
    with transaction() as session:
        session.execute(update(Participant).values(email="Own@Example.org"))
    publish(story, allot(story))
    correct_address(story, code, "own@example.org")
    assert len(said()) == 1


def test_after_the_end_nobody_hears_of_a_corrected_address(story: Scenario) -> None:
    code = placed(story)
    story.at = datetime(2026, 8, 15, tzinfo=UTC)
    correct_address(story, code, "new@example.org")
    assert len(said()) == 1
    assert len(calendar_of(code)) == 1


@pytest.mark.database
def test_sending_again_follows_the_address_too(story: Scenario) -> None:
    placed(story)
    with transaction() as session:
        session.execute(update(Participant).values(email="new@example.org"))
    (letter,) = told("allotted")
    assert outbox.send_again(letter.id, by=story.organiser, at=story.later(hours=1)) is False
    assert said()[1:] == [
        ("readdressed", "own@example.org", Method.CANCEL, 1),
        ("allotted", "new@example.org", Method.REQUEST, 0),
    ]
    assert told("allotted")[0].state is LetterState.SENT, "nothing more goes to the former address"
    deliver(story)
    assert outbox.send_again(told("allotted")[1].id, by=story.organiser, at=story.later(hours=1)) is True


def test_a_list_of_the_unit_that_corrects_an_address_is_followed(story: Scenario) -> None:
    code = placed(story)
    officer = story.officer
    draft = PersonDraft(
        name="马兰兰", birth_date=date(2014, 1, 1), organisation=UNIT, email="list@example.org"
    )
    with transaction() as session:
        session.execute(update(Participant).values(keeper_id=None))
        participants.Book(session, [draft], by=officer, at=story.later(hours=1)).keep(draft)
    assert said()[-1] == ("allotted", "list@example.org", Method.REQUEST, 0)
    assert len(calendar_of(code)) == 2
