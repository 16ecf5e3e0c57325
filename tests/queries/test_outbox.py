"""The outbox a page at a time, and slips for paper."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from eventhub.domain.facts import PersonDraft
from eventhub.domain.terms import LetterState
from eventhub.extensions import db, transaction
from eventhub.models.accounts import Account, Participant
from eventhub.models.invites import Letter
from eventhub.models.registrations import Registration
from eventhub.queries import outbox, overview
from eventhub.services import allocations, participants
from tests.allotting import allot, deliver, publish, sign_up, told
from tests.scenario import UNIT, Scenario


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


@pytest.mark.database
def test_letters_are_found_by_who_reads_who_goes_the_address_and_the_number(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    publish(story, allot(story))
    number, party = receipts[1].registrations[0], receipts[1].party
    child = told("allotted")[1].registration.participant.name

    def found(text: str) -> list[tuple[str, str]]:
        return [(row.name, row.registration) for row in outbox.letters(story.camp, text=text).rows]

    assert found(f" {child} ") == found(number.lower()) == found(party) == [("allotted", number)]
    everything = outbox.letters(story.camp)
    assert len(found("马兰")) == len(found("MALAN@example")) == len(everything.rows) == 6
    assert found("malan_example") == found("%") == found(number[:4]) == [], "taken as it is typed"

    first = outbox.letters(story.camp, text="malan@", size=4)
    second = outbox.letters(story.camp, text="malan@", size=4, before=first.next_before)
    assert [row.id for row in first.rows + second.rows] == [row.id for row in everything.rows]
    assert outbox.letters(story.camp, text=child).by_state == {LetterState.QUEUED: 1}, (
        "tabs count what was found"
    )
    assert outbox.letters(story.camp, text=child, state=LetterState.SENT).rows == ()


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


@pytest.mark.database
def test_a_slip_is_printed_no_more_once_a_mail_or_another_slip_says_something_later(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    with transaction() as session:
        session.execute(update(Account).values(email=None))
    publish(story, allot(story))
    moved, reached, _still = (receipt.registrations[0] for receipt in receipts)
    was = {slip.registration: slip.letter for slip in outbox.slips(story.camp)}
    assert len(was) == overview.numbers([story.camp])[story.camp].slips == 3

    row = db.session.scalars(select(Participant).join(Registration).where(Registration.code == reached)).one()
    draft = PersonDraft(
        name=row.name, birth_date=row.birth_date, sex=row.sex, organisation=UNIT, email="own@example.org"
    )
    participants.change(row.code, draft, by=story.guardian, at=story.later(hours=1))
    allocations.pin(story.camp, receipts[0].party, None, reason="材料不全", by=story.organiser, at=story.at)
    publish(story, allot(story))
    slips = {slip.registration: slip for slip in outbox.slips(story.camp)}
    assert slips.keys() == was.keys() - {reached}
    assert (slips[moved].kind_of_letter, slips[moved].letter > was[moved]) == ("withdrawn", True)
    assert overview.numbers([story.camp])[story.camp].slips == 2


@pytest.mark.parametrize(
    ("address", "masked"), [("malan@example.org", "m***@example.org"), ("", ""), ("@x", "***@x")]
)
def test_addresses_are_masked(address: str, masked: str) -> None:
    assert outbox.mask_address(address) == masked
