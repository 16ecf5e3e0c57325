"""Sign-ups: whole or not at all, once each, only for one's own people, only while open."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from eventhub.delivery.letters import render
from eventhub.domain.facts import Applicant, PersonDraft
from eventhub.domain.problems import Conflict, NotFound, Refused
from eventhub.domain.terms import LetterState, RegistrationState, Sex
from eventhub.extensions import db, snapshot, transaction
from eventhub.models.accounts import Account, Participant
from eventhub.models.invites import Letter
from eventhub.models.journal import JournalEntry
from eventhub.models.registrations import Consent, Party, Preference, Registration, RegistrationStep
from eventhub.queries import doubles
from eventhub.queries import registrations as queries
from eventhub.services import doubles as services_doubles
from eventhub.services import letters, participants, registrations
from tests.allotting import allot, publish
from tests.scenario import UNIT, Scenario

pytestmark = pytest.mark.database

KEPT = (Party, Registration, Preference, Consent, RegistrationStep, Letter, Participant)


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def counts() -> dict[str, int]:
    """Rows of every table that a sign-up writes to."""
    with snapshot() as session:
        return {
            table.__name__: session.scalars(select(func.count()).select_from(table)).one() for table in KEPT
        }


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def test_two_siblings_sign_up_as_one_party_with_one_ranking(story: Scenario) -> None:
    rain, snow = story.child("马小雨"), story.child("马小雪", born=date(2015, 8, 1))
    receipt = story.registers(rain, snow)

    kept = queries.party(receipt.party, story.guardian, on=date(2026, 5, 4))
    assert [member.person.name for member in kept.members] == ["马小雨", "马小雪"]
    assert [option.code for option in kept.ranking] == ["B1", "B2"]
    assert kept.state is RegistrationState.SUBMITTED
    assert [step.new for step in kept.members[0].steps] == [RegistrationState.SUBMITTED]


def test_a_sign_up_is_confirmed_by_a_letter_to_whoever_signed_up(story: Scenario) -> None:
    receipt = story.registers()
    letter = db.session.scalars(select(Letter)).one()
    assert (letter.name, letter.recipient_address) == ("received", "malan@example.org")
    assert letter.context["number"] == receipt.party


def test_a_change_is_told_as_a_change_with_what_stands_now(story: Scenario) -> None:
    rain, snow = story.child("马小雨"), story.child("马晓雪", born=date(2015, 8, 1))
    receipt = story.registers(rain, snow)
    story.later(days=1)
    changed = story.application(rain, ranking=("B2",))
    registrations.change(receipt.party, changed, key=str(uuid4()), by=story.guardian, at=story.at)

    first, second = db.session.scalars(select(Letter).order_by(Letter.id))
    assert (first.name, second.name) == ("received", "changed")
    assert first.context["who"] == "马*雨、马*雪"
    assert second.context["who"] == "马同学", "who was taken out of the sign-up no longer stands"
    assert second.context["choices"] == ["银川营 B2"]


def test_a_returned_sign_up_that_is_sent_again_was_changed(story: Scenario) -> None:
    child = story.child()
    receipt = story.registers(child)
    (registration,) = receipt.registrations
    registrations.return_for_change(
        registration, reason="请核对出生日期", by=story.officer, at=story.later(hours=1)
    )
    whole = story.application(child)
    registrations.submit(
        receipt.party, key=str(uuid4()), by=story.guardian, at=story.later(hours=1), application=whole
    )
    assert [letter.name for letter in db.session.scalars(select(Letter).order_by(Letter.id))] == [
        "received",
        "returned",
        "changed",
    ]


def test_a_draft_that_is_sent_is_no_change(story: Scenario) -> None:
    whole = story.application()
    code = registrations.save_draft(whole, by=story.guardian, at=story.at)
    registrations.submit(
        code, key=str(uuid4()), by=story.guardian, at=story.later(hours=1), application=whole
    )
    assert db.session.scalars(select(Letter)).one().name == "received"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("马小雨",), "马同学"),
        (("马小雨", "丁一"), "马同学、丁同学"),
        (("马小雨", "马晓雪"), "马*雨、马*雪"),
        (("马雨", "马雪"), "马*（2人）"),
        (("马小雨", "马大雨", "丁一"), "马*雨（2人）、丁同学"),
    ],
)
def test_a_letter_tells_siblings_apart_and_names_no_child_in_full(
    story: Scenario, names: tuple[str, ...], told: str
) -> None:
    story.registers(*(story.child(name) for name in names))
    letter = db.session.scalars(select(Letter)).one()
    assert letter.context["who"] == told
    assert not any(name in str(letter.context) for name in names)


def test_the_same_form_twice_counts_once(story: Scenario) -> None:
    child, key = story.child(), str(uuid4())
    first = story.registers(child, key=key)
    before = counts()
    again = story.registers(child, key=key)
    assert (again.party, again.replayed) == (first.party, True)
    assert counts() == before


def test_the_same_form_with_other_content_is_a_conflict(story: Scenario) -> None:
    child, key = story.child(), str(uuid4())
    story.registers(child, key=key)
    with pytest.raises(Conflict):
        story.registers(child, key=key, ranking=("B2",))


def test_the_same_person_cannot_be_signed_up_twice(story: Scenario) -> None:
    child = story.child()
    story.registers(child)
    before = counts()
    with pytest.raises(Refused) as refused:
        story.registers(child)
    assert codes(refused) == {"registered_already"}
    assert counts() == before


def test_the_same_child_of_two_accounts_signs_up_once_the_unit_has_joined_them(story: Scenario) -> None:
    """Before, a refusal would tell a stranger that the child is signed up; see decision 10."""
    story.registers(story.child("马小雨"))
    other = story.child("马小雨", by=story.stranger)
    story.registers(other, by=story.stranger)
    (pair,) = doubles.waiting(story.camp).rows
    first, second = (record.code for record in pair.records)
    kept = services_doubles.join(story.camp, (first, second), by=story.officer, at=story.at)
    with pytest.raises(Refused) as refused:
        story.registers(story.applicant(kept, by=story.stranger), by=story.stranger)
    assert codes(refused) == {"registered_already"}


def test_somebody_who_withdrew_may_sign_up_again(story: Scenario) -> None:
    child = story.child()
    first = story.registers(child)
    registrations.withdraw(first.party, by=story.guardian, at=story.at)
    assert story.registers(child).party != first.party


def test_two_forms_for_one_child_at_the_same_moment_leave_one(story: Scenario, app: Flask) -> None:
    child = story.child()
    results: list[str] = []
    ready = threading.Barrier(4)

    def send() -> None:
        with app.app_context():
            ready.wait()
            try:
                story.registers(child)
                results.append("kept")
            except Refused as refused:
                results.append(refused.problems[0].code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["kept"] + ["registered_already"] * 3
    assert counts()["Registration"] == 1


def test_withdrawing_at_the_same_moment_withdraws_once(story: Scenario, app: Flask) -> None:
    receipt = story.registers()
    ready, said = threading.Barrier(4, timeout=20), []

    def give_up() -> None:
        with app.app_context():
            ready.wait()
            try:
                said.append(registrations.withdraw(receipt.party, by=story.guardian, at=story.at))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=give_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(said) == [(), (), (), receipt.registrations]
    withdrawn = select(func.count()).where(RegistrationStep.new == RegistrationState.WITHDRAWN)
    assert db.session.scalar(withdrawn) == 1


def test_a_draft_sent_several_times_at_the_same_moment_counts_once(story: Scenario, app: Flask) -> None:
    application = story.application(story.child())
    draft = registrations.save_draft(application, by=story.guardian, at=story.at)
    ready, said = threading.Barrier(4, timeout=20), []

    def send() -> None:
        with app.app_context():
            ready.wait()
            try:
                receipt = registrations.submit(
                    draft, key="k", by=story.guardian, at=story.at, application=application
                )
                said.append(receipt.replayed)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(said) == [False, True, True, True]
    assert [letter.name for letter in db.session.scalars(select(Letter))] == ["received"]


def test_six_first_pages_at_the_same_moment_make_one_draft(story: Scenario, app: Flask) -> None:
    child = story.child()
    application = story.application(child, ranking=(), answers={}, consents=())
    ready, drafts = threading.Barrier(6, timeout=20), []

    def begin() -> None:
        with app.app_context():
            ready.wait()
            try:
                drafts.append(registrations.save_draft(application, by=story.guardian, at=story.at))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(drafts) == 6
    assert len(set(drafts)) == 1
    assert (counts()["Party"], counts()["Registration"]) == (1, 1)


def test_other_people_or_a_sign_up_that_was_sent_make_another_draft(story: Scenario) -> None:
    rain, snow = story.child("马小雨"), story.child("马晓雪", born=date(2015, 8, 1))

    def begin(*who: Applicant) -> str:
        application = story.application(*who, ranking=(), answers={}, consents=())
        return registrations.save_draft(application, by=story.guardian, at=story.at)

    first = begin(rain)
    assert begin(rain, snow) != first
    assert begin(snow) != first
    assert begin(rain) == first
    registrations.submit(first, key="k", by=story.guardian, at=story.at, application=story.application(rain))
    assert begin(rain) != first


@pytest.mark.parametrize(
    ("born", "refused"),
    [
        (date(2016, 7, 13), False),
        (date(2016, 7, 14), True),
        (date(2010, 7, 14), False),
        (date(2010, 7, 13), True),
    ],
)
def test_age_is_counted_on_the_first_day_of_the_batch(story: Scenario, born: date, refused: bool) -> None:
    child = story.child(born=born)
    if not refused:
        assert story.registers(child, ranking=("B1",)).party
        return
    before = counts()
    with pytest.raises(Refused):
        story.registers(child, ranking=("B1",))
    assert counts() == before


def test_a_pair_of_whom_one_is_too_young_is_told_before_anything_is_kept(story: Scenario) -> None:
    rain, baby = story.child("马小雨"), story.child("马小宝", born=date(2019, 1, 1), sex=Sex.MALE)
    before = counts()
    with pytest.raises(Refused) as refused:
        story.registers(rain, baby)
    assert "too_young" in codes(refused)
    assert counts() == before


def test_sign_up_is_refused_before_it_opens_and_after_it_closes(story: Scenario) -> None:
    child = story.child()
    application = story.application(child)
    for at, code in [
        (datetime(2026, 4, 30, 23, 59, tzinfo=UTC), {"not_open_yet"}),
        (datetime(2026, 6, 1, tzinfo=UTC), {"closed"}),
    ]:
        with pytest.raises(Refused) as refused:
            registrations.register(application, key=str(uuid4()), by=story.guardian, at=at)
        assert codes(refused) == code


def test_a_party_larger_than_any_option_is_refused(story: Scenario) -> None:
    from tests.scenario import batch, camp_facts

    small = camp_facts("small", options=(batch("B1", date(2026, 7, 13), capacity=2),))
    story.programme(small)
    three = [
        story.child(f"马小{name}", born=date(2014, 1, day)) for day, name in enumerate("雨雪云", start=1)
    ]
    with pytest.raises(Refused) as refused:
        story.registers(*three, programme="small", ranking=("B1",))
    assert "party_too_large" in codes(refused)


def test_ranking_something_that_is_not_offered_or_twice_is_refused(story: Scenario) -> None:
    child = story.child()
    with pytest.raises(Refused) as refused:
        story.registers(child, ranking=("B9",))
    assert "no_such_option" in codes(refused)
    with pytest.raises(Refused) as refused:
        story.registers(child, ranking=("B1", "B1"))
    assert "ranked_twice" in codes(refused)
    with pytest.raises(Refused) as refused:
        story.registers(child, ranking=())
    assert "nothing_ranked" in codes(refused)


def test_without_the_guardians_consent_nothing_is_kept(story: Scenario) -> None:
    child = story.child()
    before = counts()
    with pytest.raises(Refused) as refused:
        story.registers(child, consents=())
    assert "no_consent" in codes(refused)
    assert counts() == before


def test_other_peoples_children_and_sign_ups_do_not_exist(story: Scenario) -> None:
    child = story.child()
    receipt = story.registers(child)
    with pytest.raises(NotFound):
        story.registers(child, by=story.stranger)
    with pytest.raises(NotFound):
        queries.party(receipt.party, story.stranger, on=date(2026, 5, 4))
    with pytest.raises(NotFound):
        registrations.withdraw(receipt.party, by=story.stranger, at=story.at)
    with pytest.raises(NotFound):
        registrations.change(
            receipt.party, story.application(child), key=str(uuid4()), by=story.stranger, at=story.at
        )


def test_a_sign_up_can_be_changed_until_the_close(story: Scenario) -> None:
    child = story.child()
    receipt = story.registers(child)
    story.later(days=1)
    registrations.change(
        receipt.party,
        story.application(child, ranking=("B2",)),
        key=str(uuid4()),
        by=story.guardian,
        at=story.at,
    )
    kept = queries.party(receipt.party, story.guardian, on=date(2026, 5, 5))
    assert [option.code for option in kept.ranking] == ["B2"]
    with pytest.raises(Refused) as refused:
        registrations.change(
            receipt.party,
            story.application(child),
            key=str(uuid4()),
            by=story.guardian,
            at=datetime(2026, 6, 2, tzinfo=UTC),
        )
    assert codes(refused) == {"closed"}


def test_a_child_can_be_taken_out_of_a_party_and_another_put_in(story: Scenario) -> None:
    rain, snow = story.child("马小雨"), story.child("马小雪", born=date(2015, 8, 1))
    receipt = story.registers(rain)
    registrations.change(
        receipt.party, story.application(snow), key=str(uuid4()), by=story.guardian, at=story.at
    )
    states = {
        row.participant.name: row.state
        for row in db.session.scalars(select(Registration))
        if row.party.code == receipt.party
    }
    assert states == {"马小雨": RegistrationState.WITHDRAWN, "马小雪": RegistrationState.SUBMITTED}


def test_an_unfinished_sign_up_can_be_left_and_continued(story: Scenario) -> None:
    child = story.child()
    half = story.application(child, ranking=(), consents=())
    code = registrations.save_draft(half, by=story.guardian, at=story.at)
    assert queries.draft_of(story.camp, story.guardian) == code
    receipt = registrations.submit(
        code, key=str(uuid4()), by=story.guardian, at=story.at, application=story.application(child)
    )
    assert receipt.party == code
    assert queries.draft_of(story.camp, story.guardian) is None


def test_a_deleted_draft_leaves_a_line_in_the_journal_and_nothing_else(story: Scenario) -> None:
    rain, snow = story.child("马小雨"), story.child("马小雪", born=date(2015, 8, 1))
    before = counts()
    code = registrations.save_draft(story.application(rain, snow), by=story.guardian, at=story.at)
    registrations.save_draft(story.application(snow), by=story.guardian, at=story.at, party=code)
    registrations.delete_draft(code, by=story.guardian, at=story.at)
    assert counts() == before
    noted = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "draft deleted")).one()
    assert (noted.subject, noted.code, noted.details) == ("programme", story.camp, {"draft": code})
    with pytest.raises(NotFound):
        registrations.delete_draft(code, by=story.guardian, at=story.at)


def test_what_was_sent_is_not_deleted_and_a_draft_not_withdrawn(story: Scenario) -> None:
    child = story.child()
    draft = registrations.save_draft(story.application(child), by=story.guardian, at=story.at)
    with pytest.raises(NotFound):
        registrations.withdraw(draft, by=story.guardian, at=story.at)
    with pytest.raises(NotFound):
        registrations.delete_draft(draft, by=story.stranger, at=story.at)
    sent = registrations.submit(
        draft, key=str(uuid4()), by=story.guardian, at=story.at, application=story.application(child)
    )
    before = counts()
    with pytest.raises(Conflict):
        registrations.delete_draft(sent.party, by=story.guardian, at=story.at)
    assert counts() == before


def test_one_child_of_two_may_withdraw_and_the_other_stays(story: Scenario) -> None:
    rain, snow = story.child("马小雨"), story.child("马小雪", born=date(2015, 8, 1))
    receipt = story.registers(rain, snow)
    registrations.withdraw(
        receipt.party, registration=receipt.registrations[0], reason="生病", by=story.guardian, at=story.at
    )
    kept = queries.party(receipt.party, story.guardian, on=date(2026, 5, 4))
    assert [member.state for member in kept.members] == [
        RegistrationState.WITHDRAWN,
        RegistrationState.SUBMITTED,
    ]
    assert kept.members[0].steps[-1].reason == "生病"


def test_a_sign_up_goes_back_with_a_reason_and_comes_again(story: Scenario) -> None:
    child = story.child()
    receipt = story.registers(child)
    with pytest.raises(Refused):
        registrations.return_for_change(receipt.registrations[0], reason=" ", by=story.officer, at=story.at)
    registrations.return_for_change(
        receipt.registrations[0], reason="请补充第二联系人", by=story.officer, at=story.at
    )
    assert (
        queries.party(receipt.party, story.guardian, on=date(2026, 5, 4)).state is RegistrationState.RETURNED
    )
    registrations.change(
        receipt.party, story.application(child), key=str(uuid4()), by=story.guardian, at=story.at
    )
    assert (
        queries.party(receipt.party, story.guardian, on=date(2026, 5, 4)).state is RegistrationState.SUBMITTED
    )


def test_an_identity_number_is_sealed_and_finds_its_holder_again(story: Scenario, app: Flask) -> None:
    number = "64990120140302101X"
    from eventhub.domain.identity import identity_check_digit

    number = number[:17] + identity_check_digit(number[:17])
    child = story.child("马小雨", born=date(2014, 3, 2), sex=Sex.MALE)
    app.extensions["settings"] = replace(app.extensions["settings"], demo_numbers=True)
    participants.give_identity(child.person.code, number, by=story.guardian, at=story.at)

    row = db.session.scalars(select(Participant)).one()
    assert number.encode() not in (row.identity_sealed or b"")
    opened = app.extensions["seals"].open(
        row.identity_sealed, table="participant", column="identity_sealed", row=row.code
    )
    assert opened == number
    db.session.rollback()
    known = PersonDraft(name="马小雨", organisation=UNIT, identity_number=number)
    assert participants.add(known, by=story.stranger, at=story.at) == child.person.code, (
        "number and name prove it"
    )
    with pytest.raises(Refused) as refused:
        participants.add(replace(known, name="马晓雨"), by=story.stranger, at=story.at)
    assert [each.code for each in refused.value.problems] == ["identity_taken"]


@pytest.mark.parametrize("wrong", ["649901201403021012", "6499012014030210", "649901201413021010", "不知道"])
def test_a_wrong_identity_number_is_refused_and_nothing_changes(
    story: Scenario, wrong: str, app: Flask
) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], demo_numbers=True)
    child = story.child()
    with pytest.raises(Refused):
        participants.give_identity(child.person.code, wrong, by=story.guardian, at=story.at)
    assert db.session.scalars(select(Participant)).one().identity_sealed is None


@pytest.mark.parametrize("name", ["马\r\nBcc: x@y", "马\x00雨", "\u202e马雨", "马小雨😀", "", "x" * 51])
def test_a_name_that_could_break_a_header_is_refused(story: Scenario, name: str) -> None:
    with pytest.raises(Refused):
        story.child(name)
    assert db.session.scalar(select(func.count()).select_from(Participant)) == 0


def test_a_name_with_a_middle_dot_is_kept_in_its_usual_form(story: Scenario) -> None:
    story.child("买买提•艾合买提")
    assert db.session.scalars(select(Participant.name)).all() == ["买买提·艾合买提"]


def test_answers_nobody_asked_for_are_dropped(story: Scenario) -> None:
    child = story.child()
    applicant = Applicant(person=child.person, answers={**child.answers, "state": "allotted", "id": 7})
    receipt = story.registers(applicant)
    kept = queries.party(receipt.party, story.guardian, on=date(2026, 5, 4))
    assert set(kept.members[0].answers) <= {"family", "meals"}
    assert kept.state is RegistrationState.SUBMITTED


# -- Being told --------------------------------------------------------------------------------------


def letters_of(name: str) -> list[Letter]:
    return list(db.session.scalars(select(Letter).where(Letter.name == name).order_by(Letter.id)))


def test_who_sent_a_sign_up_that_is_handed_back_is_told_what_to_change(story: Scenario, app: Flask) -> None:
    receipt = story.registers(story.child("马小雨"), story.child("马晓雪", born=date(2015, 8, 1)))
    registrations.return_for_change(
        receipt.registrations[0], reason="请补充第二联系人", by=story.officer, at=story.at
    )
    (letter,) = letters_of("returned")
    assert (letter.recipient_address, letter.state) == ("malan@example.org", LetterState.QUEUED)
    assert letter.context["url"].endswith(f"/my/registrations/{receipt.party}")
    assert letter.context["reason"] == "请补充第二联系人"
    assert "2026年6月1日" in letter.context["closes"]
    written = render(letters.content_of(letter), locale=letter.locale, folder=Path(str(app.template_folder)))
    assert "请补充第二联系人" in written.text
    assert "马小雨" not in written.text + written.html + written.subject

    registrations.return_for_change(receipt.registrations[1], reason="还要改", by=story.officer, at=story.at)
    assert len(letters_of("returned")) == 1, "nothing was left to hand back"


def test_after_the_close_nothing_is_handed_back_for_nobody_could_send_it_again(story: Scenario) -> None:
    receipt = story.registers(story.child("马小雨"))
    story.at = datetime(2026, 6, 2, tzinfo=UTC)
    with pytest.raises(Refused) as refused:
        registrations.return_for_change(
            receipt.registrations[0], reason="请补充第二联系人", by=story.officer, at=story.at
        )
    assert codes(refused) == {"closed"}
    assert (
        queries.party(receipt.party, story.guardian, on=date(2026, 6, 2)).state is RegistrationState.SUBMITTED
    )
    assert letters_of("returned") == []


def test_who_sent_it_without_an_address_gets_a_slip(story: Scenario) -> None:
    receipt = story.registers()
    with transaction() as session:
        session.execute(update(Account).where(Account.id == story.guardian.account_id).values(email=None))
    registrations.return_for_change(
        receipt.registrations[0], reason="请补充第二联系人", by=story.officer, at=story.at
    )
    assert [letter.state for letter in letters_of("returned")] == [LetterState.PRINT]


def test_a_sign_up_without_a_place_that_the_organiser_ends_is_told_of(story: Scenario, app: Flask) -> None:
    receipt = story.registers(story.child("马小雨"))
    registrations.cancel(receipt.registrations[0], reason="不在招收范围", by=story.organiser, at=story.at)
    (letter,) = letters_of("cancelled")
    assert (letter.recipient_address, letter.calendar) == ("malan@example.org", None)
    written = render(letters.content_of(letter), locale=letter.locale, folder=Path(str(app.template_folder)))
    assert "不在招收范围" in written.text
    assert receipt.registrations[0] in written.text
    assert letters_of("withdrawn") == []


def test_a_place_that_the_organiser_ends_is_told_of_once(story: Scenario) -> None:
    receipt = story.registers(story.child("马小雨"))
    publish(story, allot(story))
    registrations.cancel(receipt.registrations[0], reason="名额有误", by=story.organiser, at=story.at)
    assert (len(letters_of("withdrawn")), letters_of("cancelled")) == (1, [])
