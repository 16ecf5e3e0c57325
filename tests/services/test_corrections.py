"""Who somebody is: a slip is mended, and no place passes to another person by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from eventhub.domain.facts import Actor, PersonDraft
from eventhub.domain.identity import identity_check_digit
from eventhub.domain.problems import NotFound, Refused
from eventhub.domain.terms import RegistrationState, Role, Sex
from eventhub.extensions import db
from eventhub.i18n import use_locale
from eventhub.models.accounts import Claim, Participant
from eventhub.models.journal import JournalEntry
from eventhub.queries import journal as journal_queries
from eventhub.services import participants, publications, registrations
from tests.allotting import allot, close, publish, states
from tests.scenario import CITY, UNIT, VILLAGE, Scenario

KEPT = PersonDraft(name="马小雨", birth_date=date(2014, 3, 2), sex=Sex.FEMALE, organisation=UNIT)
SOMEBODY_ELSE = replace(KEPT, name="完不同", birth_date=date(2013, 5, 5))


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        told = Scenario.begins()
        told.child("马小雨")
        yield told


def sign_up(story: Scenario) -> str:
    """The guardian's child signs up; the registration."""
    return story.registers(story.applicant(story.children["马小雨"])).registrations[0]


def change(story: Scenario, by: Actor, draft: PersonDraft = KEPT, **changes: Any) -> None:
    participants.change(story.children["马小雨"], replace(draft, **changes), by=by, at=story.at)


def kept() -> tuple[str, date | None, Sex | None, str]:
    db.session.rollback()
    db.session.expire_all()
    row = db.session.scalars(select(Participant)).one()
    return row.name, row.birth_date, row.sex, row.organisation.code if row.organisation else ""


def refusal(story: Scenario, by: Actor, **changes: Any) -> tuple[str, str, str]:
    """The code, the field and the English sentence with which a change is refused; nothing has changed by it."""
    before = kept()
    with pytest.raises(Refused) as refused:
        change(story, by, **changes)
    assert kept() == before
    (problem,) = refused.value.problems
    with use_locale("en"):
        return problem.code, problem.field, str(problem)


def confirm(story: Scenario, by: Actor) -> None:
    participants.check_claim(story.children["马小雨"], "hardship", valid_until=None, by=by, at=story.at)


def confirmed() -> bool:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Claim.checked)).one()


# -- A member or guardian ------------------------------------------------------------------------------


def test_before_anything_is_sent_all_is_free(story: Scenario) -> None:
    change(story, story.guardian, SOMEBODY_ELSE)
    assert kept()[0] == "完不同"


def test_while_sign_up_is_open_a_slip_is_mended_and_eligibility_asked_again(story: Scenario) -> None:
    code = sign_up(story)
    change(story, story.guardian, name="马晓雨", birth_date=date(2014, 3, 3))
    assert kept()[:2] == ("马晓雨", date(2014, 3, 3))
    said = refusal(story, story.guardian, birth_date=date(1990, 5, 5))
    assert said[:2] == ("could_not_stand", "birth_date")
    assert code in said[2]
    assert "Compare what is typed" in said[2]


@pytest.mark.database
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "完不同"}, "name"),
        ({"birth_date": date(2014, 3, 3)}, "birth_date"),
        ({"sex": Sex.MALE}, "sex"),
        ({"organisation": VILLAGE}, "organisation"),
        ({"organisation": ""}, "organisation"),
    ],
)
def test_after_the_close_a_place_is_not_handed_to_somebody_else(
    story: Scenario, changes: dict[str, Any], field: str
) -> None:
    sign_up(story)
    close(story)
    for _ in range(2):
        code, at_field, sentence = refusal(story, story.guardian, **changes)
        assert (code, at_field) == ("settled", field)
        assert "First Works" in sentence
        assert "陈主任, 0951-0000000" in sentence
        if RegistrationState.ALLOTTED not in states().values():
            publish(story, allot(story))
    change(story, story.guardian, phone="12900000009", email="rain@example.org")
    row = db.session.scalars(select(Participant)).one()
    assert (row.phone, row.email) == ("+8612900000009", "rain@example.org")


def test_what_the_unit_has_confirmed_of_somebody_is_not_carried_to_another(story: Scenario) -> None:
    confirm(story, story.officer)
    code, field, sentence = refusal(story, story.guardian, name="完不同")
    assert (code, field) == ("confirmed", "name")
    assert "First Works" in sentence
    change(story, story.guardian, email="rain@example.org")
    assert confirmed()


def test_a_sign_up_that_was_given_up_holds_nobody(story: Scenario) -> None:
    receipt = story.registers(story.applicant(story.children["马小雨"]))
    close(story)
    registrations.withdraw(receipt.party, by=story.guardian, at=story.at)
    change(story, story.guardian, name="马晓雨")
    assert kept()[0] == "马晓雨"


# -- The union ---------------------------------------------------------------------------------------


@pytest.mark.database
def test_the_units_officer_mends_a_slip_and_its_own_confirmation_stands(story: Scenario) -> None:
    sign_up(story)
    confirm(story, story.officer)
    close(story)
    change(story, story.officer, name="马晓雨", birth_date=date(2014, 3, 3))
    assert kept()[:2] == ("马晓雨", date(2014, 3, 3))
    assert confirmed()


def test_by_the_organisers_hand_the_unit_is_to_confirm_again(story: Scenario) -> None:
    sign_up(story)
    confirm(story, story.officer)
    close(story)
    change(story, story.organiser, birth_date=date(2014, 3, 3))
    assert confirmed(), "who it is by name and unit has not changed"
    change(story, story.organiser, birth_date=date(2014, 3, 3), name="马晓雨")
    assert not confirmed()


def test_in_another_unit_the_former_ones_word_does_not_count(story: Scenario) -> None:
    confirm(story, story.officer)
    change(story, story.officer, organisation=VILLAGE)
    assert not confirmed()
    row = db.session.scalars(select(Participant)).one()
    assert (row.organisation.code if row.organisation else "", row.place_code) == (VILLAGE, "640104")


def test_an_organiser_of_the_programme_corrects_who_has_no_unit(story: Scenario) -> None:
    change(story, story.guardian, organisation="")
    with pytest.raises(NotFound):
        change(story, story.organiser, name="马晓雨", organisation="")
    sign_up(story)
    close(story)
    change(story, story.organiser, name="马晓雨", organisation="")
    assert kept()[0] == "马晓雨"
    elsewhere = story.account("周主任", "zhou@example.org", Role.ORGANISER, CITY)
    with pytest.raises(NotFound):
        change(story, elsewhere, name="马小雨", organisation="")


@pytest.mark.database
def test_a_placed_person_is_not_corrected_out_of_the_rules(story: Scenario) -> None:
    code = sign_up(story)
    publish(story, allot(story))
    said = refusal(story, story.officer, birth_date=date(1990, 5, 5))
    assert said[:2] == ("could_not_stand", "birth_date")
    assert code in said[2]
    assert "have the place given up first" in said[2]


def test_what_was_wrong_already_does_not_keep_a_slip(
    story: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(story)
    close(story)
    from eventhub.domain.problems import Problem
    from eventhub.i18n import N_
    from eventhub.services import applications

    judged = applications.judged

    def always_wrong(*args: Any, **names: Any) -> Any:
        application, problems = judged(*args, **names)
        return application, [*problems, Problem("old", N_("Name"), "options")]

    monkeypatch.setattr(applications, "judged", always_wrong)
    change(story, story.officer, birth_date=date(2014, 3, 3))
    assert kept()[1] == date(2014, 3, 3)


def test_an_identity_number_that_is_kept_has_the_last_word(story: Scenario, app: Flask) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], demo_numbers=True)
    number = "64990120140302102"
    participants.give_identity(
        story.children["马小雨"], number + identity_check_digit(number), by=story.guardian, at=story.at
    )
    code, field, _sentence = refusal(story, story.officer, birth_date=date(2014, 3, 3))
    assert (code, field) == ("identity_disagrees", "birth_date")
    change(story, story.officer, name="马晓雨")


# -- What is noted, and who reads it -----------------------------------------------------------------


def test_the_journal_says_what_changed_without_saying_who_it_is(story: Scenario) -> None:
    sign_up(story)
    close(story)
    change(story, story.officer, name="王大兰", birth_date=date(2013, 3, 3), email="rain@example.org")
    (row,) = [
        each for each in journal_queries.of_programme(story.camp).rows if each.event == "person corrected"
    ]
    assert row.details == {"name": "马*雨 → 王*兰", "birth_date": "2014 → 2013"}
    noted = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "person changed")).one()
    assert noted.details == {**row.details, "email": "- → r***@example.org"}


def test_a_form_sent_as_it_came_is_no_change(story: Scenario) -> None:
    change(story, story.guardian)
    assert db.session.scalars(select(JournalEntry).where(JournalEntry.event == "person changed")).all() == []


@pytest.mark.database
def test_whoever_publishes_is_told_who_was_corrected_since(story: Scenario) -> None:
    code = sign_up(story)
    run = allot(story)
    assert publications.preview(story.camp, run, by=story.organiser, at=story.at).warnings == ()
    story.later(minutes=5)
    change(story, story.officer, name="马晓雨")
    (warning,) = publications.preview(story.camp, run, by=story.organiser, at=story.at).warnings
    assert code in str(warning)
    publish(story, run)
    story.later(hours=1)
    assert publications.preview(story.camp, allot(story), by=story.organiser, at=story.at).warnings == ()
