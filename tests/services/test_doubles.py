"""A name, a birth date and a unit open nobody's record; whether two records are one person, the unit says."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from eventhub.domain.facts import Actor, Applicant, PastPlace, Person, PersonDraft
from eventhub.domain.identity import identity_check_digit
from eventhub.domain.problems import Conflict, NotFound, Refused
from eventhub.domain.terms import RegistrationState, Role, Sex
from eventhub.extensions import db
from eventhub.models.accounts import Claim, Participant, Relation
from eventhub.models.invites import Letter
from eventhub.models.journal import JournalEntry
from eventhub.models.registrations import Registration, RegistrationStep
from eventhub.queries import doubles as queries
from eventhub.queries import people
from eventhub.services import allocations, doubles, histories, participants, registrations
from tests.allotting import allot, close, publish
from tests.scenario import UNIT, VILLAGE, Scenario

pytestmark = pytest.mark.database

BORN = date(2014, 3, 2)
CHILD = PersonDraft(
    name="马小雨", birth_date=BORN, sex=Sex.FEMALE, organisation=UNIT, relation="child", claims=("hardship",)
)


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def add(story: Scenario, by: Actor, **changes: object) -> str:
    return participants.add(replace(CHILD, **changes), by=by, at=story.at)  # type: ignore[arg-type]


def told(name: str = "person_decided") -> list[tuple[str | None, bool]]:
    rows = db.session.scalars(select(Letter).where(Letter.name == name).order_by(Letter.id))
    return [(row.recipient_address, row.context["confirmed"]) for row in rows]


def standing(code: str) -> list[RegistrationState]:
    return list(
        db.session.scalars(
            select(Registration.state)
            .join(Participant)
            .where(Participant.code == code)
            .order_by(Registration.id)
        )
    )


# -- Every way in ------------------------------------------------------------------------------------


def test_who_knows_name_birth_date_and_unit_gets_a_record_of_their_own(story: Scenario) -> None:
    child = add(story, story.guardian, phone="12900000009", email="rain@example.org")
    participants.check_claim(child, "hardship", valid_until=None, by=story.officer, at=story.at)
    histories.remember({child: [PastPlace("camp", 2025)]}, by=story.organiser, at=story.at)

    taken = add(story, story.stranger, phone="", email="bai@example.org", claims=())
    assert taken != child
    (seen,) = people.of_account(story.stranger, on=story.at.date())
    assert (seen.person.code, seen.claims, seen.person.history) == (taken, (), ())
    assert people.one_of(story.stranger, child, on=story.at.date()) is None
    assert people.reached_at(story.stranger, child) == ("", "")
    with pytest.raises(NotFound):
        participants.change(child, CHILD, by=story.stranger, at=story.at)
    with pytest.raises(NotFound):
        story.registers(Applicant(person=Person(child, "马小雨")), by=story.stranger)
    row = db.session.scalars(select(Participant).where(Participant.code == child)).one()
    assert (row.phone, row.email) == ("+8612900000009", "rain@example.org")


def test_what_a_stranger_changes_stays_in_the_strangers_record(story: Scenario) -> None:
    child, taken = add(story, story.guardian), add(story, story.stranger)
    participants.change(
        taken, replace(CHILD, name="白雪", email="bai@example.org"), by=story.stranger, at=story.at
    )
    (ours,) = people.of_account(story.guardian, on=story.at.date())
    assert (ours.person.code, ours.person.name) == (child, "马小雨")
    assert people.reached_at(story.guardian, child) == ("", "")


def test_typing_somebody_in_on_the_sign_up_itself_opens_no_record_either(story: Scenario) -> None:
    child = add(story, story.guardian)
    story.registers(
        Applicant(draft=CHILD, answers={"family": "hardship", "meals": "ordinary"}), by=story.stranger
    )
    (seen,) = people.of_account(story.stranger, on=story.at.date())
    assert seen.person.code != child
    assert standing(child) == []


def test_a_record_the_unit_wrote_down_is_not_opened_by_an_account(story: Scenario) -> None:
    listed = add(story, story.officer)
    assert add(story, story.guardian) != listed
    assert {row.person.code for row in people.of_account(story.guardian, on=story.at.date())}.isdisjoint(
        {listed}
    )


def test_a_record_made_before_the_units_list_takes_nothing_from_it(story: Scenario) -> None:
    """Whoever types a child in early would else see what its officer vouches for later."""
    early = add(story, story.stranger, claims=())
    listed = add(story, story.officer, phone="12900000009")
    assert listed != early
    (seen,) = people.of_account(story.stranger, on=story.at.date())
    assert (seen.person.code, seen.claims, seen.phone_masked) == (early, (), "")


def test_an_officer_of_another_unit_is_a_stranger_too(story: Scenario) -> None:
    listed = add(story, story.officer)
    elsewhere = story.account("丁干事", "ding@example.org", Role.OFFICER, VILLAGE)
    assert add(story, elsewhere) != listed


def test_an_officer_of_the_unit_finds_what_the_unit_wrote_down(story: Scenario) -> None:
    colleague = story.account("丁干事", "ding@example.org", Role.OFFICER, UNIT)
    assert add(story, colleague) == add(story, story.officer)


def test_the_same_account_finds_its_own_again(story: Scenario) -> None:
    add(story, story.stranger)
    assert add(story, story.guardian) == add(story, story.guardian)
    assert db.session.scalar(select(func.count()).select_from(Participant)) == 2


def test_number_and_name_together_prove_who_it_is_and_either_alone_does_not(
    story: Scenario, app: Flask
) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], demo_numbers=True)
    number = "64990120140302102"
    number += identity_check_digit(number)
    child = add(story, story.guardian)
    participants.give_identity(child, number, by=story.guardian, at=story.at)
    assert add(story, story.member, identity_number=number) == child
    with pytest.raises(Refused):
        add(story, story.stranger, name="马小雪", identity_number=number)
    assert add(story, story.stranger) != child


def test_a_claim_on_a_record_that_may_be_another_childs_is_not_confirmed(story: Scenario) -> None:
    """An officer who knows the family would else tell a stranger that it is in hardship."""
    add(story, story.guardian)
    forged = add(story, story.stranger)
    with pytest.raises(Conflict):
        participants.check_claim(forged, "hardship", valid_until=None, by=story.officer, at=story.at)
    assert not any(db.session.scalars(select(Claim.checked)))


def test_two_forms_of_one_account_at_one_moment_make_one_person(story: Scenario, app: Flask) -> None:
    ready, codes = threading.Barrier(4, timeout=20), []

    def send() -> None:
        with app.app_context():
            ready.wait()
            try:
                codes.append(add(story, story.guardian))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(codes) == 4
    assert len(set(codes)) == 1


# -- The unit says -----------------------------------------------------------------------------------


def both_signed_up(story: Scenario) -> tuple[str, str]:
    first = story.child()
    story.registers(first)
    second = add(story, story.stranger)
    story.registers(story.applicant(second, by=story.stranger), by=story.stranger)
    assert first.person is not None
    return first.person.code, second


def test_both_records_stand_before_the_officer_and_nothing_is_given_out_until_it_is_said(
    story: Scenario,
) -> None:
    pair = both_signed_up(story)
    found = queries.waiting(story.camp, within=(UNIT,))
    assert [tuple(record.code for record in row.records) for row in found.rows] == [pair]
    assert [record.keeper for record in found.rows[0].records] == ["马兰", "白洁"]
    assert queries.waiting(story.camp, within=(VILLAGE,)).total == 0
    close(story)
    with pytest.raises(Refused) as refused:
        allocations.request(story.camp, by=story.organiser, at=story.at)
    assert [each.code for each in refused.value.problems] == ["kept_twice"]
    doubles.keep_apart(story.camp, pair, by=story.officer, at=story.at)
    assert queries.waiting(story.camp).total == 0
    assert allot(story)


def test_who_has_been_before_does_not_come_as_new_in_a_second_record(story: Scenario) -> None:
    known = add(story, story.officer)
    histories.remember({known: [PastPlace("camp", 2025)]}, by=story.organiser, at=story.at)
    anew = add(story, story.guardian)
    story.registers(story.applicant(anew))
    close(story)
    with pytest.raises(Refused):
        allocations.request(story.camp, by=story.organiser, at=story.at)
    assert doubles.join(story.camp, (known, anew), by=story.organiser, at=story.at) == known
    (row,) = people.of_account(story.guardian, on=story.at.date())
    assert (row.person.code, [past.year for past in row.person.history]) == (known, [2025])
    assert allot(story)


def test_a_second_record_that_decides_nothing_holds_nothing_up(story: Scenario) -> None:
    add(story, story.stranger)
    story.registers(story.child())
    assert queries.waiting(story.camp).total == 1
    assert allot(story)


def test_joined_the_person_stands_once_and_both_may_act(story: Scenario) -> None:
    first, second = both_signed_up(story)
    assert doubles.join(story.camp, (second, first), by=story.officer, at=story.at) == first
    assert db.session.scalars(select(Participant.code)).all() == [first]
    assert sorted(standing(first)) == [RegistrationState.SUBMITTED, RegistrationState.WITHDRAWN]
    for actor in (story.guardian, story.stranger):
        assert [row.person.code for row in people.of_account(actor, on=story.at.date())] == [first]
    assert told() == [("bai@example.org", True)]
    entry = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "records joined")).one()
    assert (entry.code, entry.details, entry.account_id) == (
        first,
        {"other": second},
        story.officer.account_id,
    )
    participants.check_claim(first, "hardship", valid_until=None, by=story.officer, at=story.at)
    assert allot(story)


def test_of_two_sign_ups_the_one_with_a_place_stays(story: Scenario) -> None:
    listed = add(story, story.officer)
    second = add(story, story.guardian)
    receipt = story.registers(story.applicant(second))
    publish(story, allot(story))
    assert standing(second) == [RegistrationState.ALLOTTED]
    assert doubles.join(story.camp, (listed, second), by=story.officer, at=story.at) == listed
    assert standing(listed) == [RegistrationState.ALLOTTED]
    assert db.session.scalars(select(Registration.code)).all() == list(receipt.registrations)


def test_a_sealed_number_moves_along_and_can_still_be_opened(story: Scenario, app: Flask) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], demo_numbers=True)
    number = "64990120140302102"
    number += identity_check_digit(number)
    listed, second = add(story, story.officer), add(story, story.guardian)
    participants.give_identity(second, number, by=story.guardian, at=story.at)
    story.registers(story.applicant(second))
    doubles.join(story.camp, (listed, second), by=story.officer, at=story.at)
    row = db.session.scalars(select(Participant)).one()
    opened = app.extensions["seals"].open(
        row.identity_sealed, table="participant", column="identity_sealed", row=listed
    )
    assert opened == number


def test_refused_the_record_is_no_longer_the_strangers_and_its_sign_up_ends(story: Scenario) -> None:
    pair = both_signed_up(story)
    doubles.refuse(story.camp, pair, pair[1], by=story.officer, at=story.at)
    assert people.of_account(story.stranger, on=story.at.date()) == ()
    assert standing(pair[1]) == [RegistrationState.WITHDRAWN]
    assert standing(pair[0]) == [RegistrationState.SUBMITTED]
    assert told() == [("bai@example.org", False)]
    step = db.session.scalars(select(RegistrationStep).order_by(RegistrationStep.id.desc())).first()
    assert step is not None
    assert step.reason
    assert allot(story)


def test_only_the_unit_or_the_organiser_decides_and_only_once(story: Scenario) -> None:
    pair = both_signed_up(story)
    elsewhere = story.account("丁干事", "ding@example.org", Role.OFFICER, VILLAGE)
    for actor in (story.guardian, story.stranger, elsewhere):
        with pytest.raises(NotFound):
            doubles.join(story.camp, pair, by=actor, at=story.at)
        with pytest.raises(NotFound):
            doubles.refuse(story.camp, pair, pair[1], by=actor, at=story.at)
    doubles.keep_apart(story.camp, pair, by=story.organiser, at=story.at)
    with pytest.raises(Conflict):
        doubles.join(story.camp, pair, by=story.officer, at=story.at)


def test_an_own_record_of_the_union_is_not_refused(story: Scenario) -> None:
    listed, second = add(story, story.officer), add(story, story.guardian)
    with pytest.raises(NotFound):
        doubles.refuse(story.camp, (listed, second), listed, by=story.officer, at=story.at)
    assert db.session.scalar(select(func.count()).select_from(Relation)) == 2


def test_two_officers_who_decide_at_one_moment_do_not_both_decide(story: Scenario, app: Flask) -> None:
    pair = both_signed_up(story)
    ready, said = threading.Barrier(2, timeout=20), []

    def decide(number: int) -> None:
        with app.app_context():
            ready.wait()
            try:
                if number:
                    doubles.join(story.camp, pair, by=story.officer, at=story.at)
                else:
                    doubles.refuse(story.camp, pair, pair[1], by=story.organiser, at=story.at)
                said.append("done")
            except Conflict:
                said.append("late")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(said) == ["done", "late"]


def test_a_withdrawn_double_is_no_longer_in_the_way(story: Scenario) -> None:
    both_signed_up(story)
    (row,) = queries.waiting(story.camp).rows
    party = db.session.scalars(
        select(Registration).where(Registration.code == row.records[1].registration)
    ).one()
    registrations.withdraw(party.party.code, by=story.stranger, at=story.at)
    assert allot(story)
