"""Publishing: one transaction, everybody told of what changed for him and of nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from itertools import pairwise
from threading import Barrier, Thread

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy import delete, func, select, update

from eventhub.domain.facts import Actor, PersonDraft
from eventhub.domain.problems import Conflict, NotAllowed, NotFound
from eventhub.domain.terms import LetterState, Method, RegistrationState, Role, Sex
from eventhub.extensions import db, transaction
from eventhub.i18n import Bilingual, use_locale
from eventhub.models.accounts import Account, Participant, Relation
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.models.invites import Invite, Letter
from eventhub.models.journal import JournalEntry
from eventhub.models.programmes import Option, Programme
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Party, Registration, RegistrationStep
from eventhub.queries import outbox as outbox_queries
from eventhub.queries import programmes as programme_queries
from eventhub.queries import publications as queries
from eventhub.services import (
    accounts,
    allocations,
    framing,
    outbox,
    participants,
    programmes,
    publications,
    registrations,
)
from eventhub.services.intake import Receipt
from tests.allotting import allot, calendar_of, close, deliver, options_of, publish, sign_up, states, told
from tests.conftest import opened, settings_for
from tests.scenario import UNIT, Scenario

S = RegistrationState


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def seat_letters() -> list[Letter]:
    return told("allotted", "moved", "withdrawn", "waitlisted", "not_selected")


def move(story: Scenario, code: str, option: str) -> int:
    """Pin the party of a registration elsewhere and run again."""
    party = db.session.scalar(select(Party.code).join(Registration).where(Registration.code == code))
    allocations.pin(story.camp, str(party), option, reason="调整", by=story.organiser, at=story.at)
    return allot(story)


def event_of(octets: bytes):
    calendar = Calendar.from_ical(octets)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


@pytest.mark.database
def test_a_first_publication_places_tells_and_invites(story: Scenario) -> None:
    sign_up(story, 3)
    run = allot(story)
    assert publish(story, run) == 1

    assert set(states().values()) == {S.ALLOTTED}
    letters = told("allotted")
    assert len(letters) == 3
    for letter in letters:
        assert (letter.method, letter.sequence, letter.state) == (Method.REQUEST, 0, LetterState.QUEUED)
        assert letter.calendar is not None
        calendar, event = event_of(letter.calendar)
        assert calendar["METHOD"] == "REQUEST"
        assert event["UID"] == letter.invite.uid
        assert event["ATTENDEE"] == "mailto:malan@example.org"
        assert event.decoded("DTSTAMP") == letter.invite.stamp
        assert "马兰兰" not in letter.calendar.decode()
    assert len({letter.invite.uid for letter in letters}) == 3
    steps = db.session.scalars(select(RegistrationStep).where(RegistrationStep.new == S.ALLOTTED)).all()
    assert {(step.old, step.account_id) for step in steps} == {(S.SUBMITTED, story.organiser.account_id)}
    counts = queries.listing(story.camp)[0].counts
    assert (counts["placed"], counts["invited"], counts["no_address"], counts["new"]) == (3, 3, 0, 3)
    assert (
        db.session.scalar(
            select(func.count()).select_from(JournalEntry).where(JournalEntry.event == "result published")
        )
        == 1
    )


def test_each_letter_of_two_siblings_says_which_of_them_is_meant(story: Scenario) -> None:
    story.registers(story.child("马小雨"), story.child("马晓雪", born=date(2015, 8, 1)))
    publish(story, allot(story))
    letters = told("allotted")
    assert [letter.context["who"] for letter in letters] == ["马*雨", "马*雪"]
    for letter in letters:
        assert letter.calendar is not None
        whole = str(letter.context) + letter.calendar.decode().replace("\r\n ", "")
        assert "马小雨" not in whole
        assert "马晓雪" not in whole


@pytest.mark.database
def test_nothing_changed_means_nothing_sent(story: Scenario) -> None:
    sign_up(story, 3)
    publish(story, allot(story))
    before = [(letter.id, letter.calendar) for letter in seat_letters()]
    publish(story, allot(story))

    assert [(letter.id, letter.calendar) for letter in seat_letters()] == before
    assert queries.listing(story.camp)[0].counts["kept"] == 3


@pytest.mark.database
def test_a_move_keeps_the_uid_and_raises_sequence_and_stamp(story: Scenario) -> None:
    receipts = sign_up(story, 2)
    publish(story, allot(story))
    code = receipts[0].registrations[0]
    was = calendar_of(code)[0]
    uid, stamp, old = was.uid, was.stamp, was.option.code
    publish(story, move(story, code, "B2" if old == "B1" else "B1"))

    (invite,) = calendar_of(code)
    assert (invite.uid, invite.sequence, invite.method) == (uid, 1, Method.REQUEST)
    assert invite.stamp > stamp
    (letter,) = [each for each in told("moved") if each.registration and each.registration.code == code]
    assert letter.sequence == 1
    assert letter.context["was_option"]
    assert letter.calendar is not None
    _calendar, event = event_of(letter.calendar)
    assert (event["UID"], event["SEQUENCE"]) == (uid, 1)


@pytest.mark.database
def test_a_withdrawn_seat_is_cancelled_and_a_later_one_is_a_new_object(story: Scenario) -> None:
    receipts = sign_up(story, 2)
    publish(story, allot(story))
    code = receipts[0].registrations[0]
    first = calendar_of(code)[0].uid
    allocations.pin(story.camp, receipts[0].party, None, reason="材料不全", by=story.organiser, at=story.at)
    publish(story, allot(story))

    (ended,) = calendar_of(code)
    assert (ended.uid, ended.sequence, ended.method) == (first, 1, Method.CANCEL)
    assert ended.ended_at is not None
    assert states()[code] is S.NOT_SELECTED
    (letter,) = told("withdrawn")
    assert letter.calendar is not None
    calendar, event = event_of(letter.calendar)
    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)

    allocations.unpin(story.camp, receipts[0].party, by=story.organiser, at=story.at)
    publish(story, allot(story))
    _old, new = calendar_of(code)
    assert new.uid != first
    assert (new.sequence, new.ended_at) == (0, None)


@pytest.mark.database
def test_a_mended_title_is_sent_under_the_same_sequence_and_a_new_place_under_a_higher(
    story: Scenario,
) -> None:
    sign_up(story, 1)
    run = allot(story)
    publish(story, run)
    facts = programme_queries.facts(story.camp)
    for option in facts.options:
        renamed = replace(option, title=Bilingual(f"{option.title.zh}（新）", option.title.en))
        programmes.change_option(story.camp, renamed, by=story.organiser, at=story.at, reason="改名")
    assert publish(story, run) == 2
    facts = programme_queries.facts(story.camp)
    for option in facts.options:
        elsewhere = tuple(replace(each, place=Bilingual("吴忠市")) for each in option.occasions)
        programmes.change_option(
            story.camp, replace(option, occasions=elsewhere), by=story.organiser, at=story.at, reason="换地方"
        )
    assert publish(story, run) == 3

    assert [(letter.name, letter.sequence) for letter in seat_letters()] == [
        ("allotted", 0),
        ("moved", 0),
        ("moved", 1),
    ]
    stamps = [event_of(letter.calendar or b"")[1].decoded("DTSTAMP") for letter in seat_letters()]
    assert stamps == sorted(set(stamps))
    assert queries.listing(story.camp)[0].counts["changed"] == 1


@pytest.mark.database
def test_placed_is_invited_and_without_address(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    with transaction() as session:
        session.execute(update(Account).values(email=None))
        participant = session.scalar(
            select(Participant.id).join(Registration).where(Registration.code == receipts[1].registrations[0])
        )
        session.execute(
            update(Participant).where(Participant.id == participant).values(email="own@example.org")
        )
    run = allot(story)
    preview = publications.preview(story.camp, run, by=story.organiser, at=story.at)
    publish(story, run)

    letters = told("allotted")
    assert Counter(letter.state for letter in letters) == {LetterState.PRINT: 2, LetterState.QUEUED: 1}
    assert [letter.calendar is None for letter in letters] == [True, False, True]
    counts = queries.listing(story.camp)[0].counts
    assert counts["placed"] == counts["invited"] + counts["no_address"] == 3
    assert (preview.invited, preview.no_address) == (counts["invited"], counts["no_address"]) == (1, 2)


@pytest.mark.parametrize(
    ("guardian", "own", "expected"),
    [
        ("malan@example.org", "own@example.org", "malan@example.org"),
        (None, "own@example.org", "own@example.org"),
        ("malan@example.org", None, "malan@example.org"),
        (None, None, "li@example.org"),
        ("organiser@eventhub.invalid", None, "li@example.org"),
        (None, "not an address", "li@example.org"),
    ],
)
def test_the_message_goes_to_the_nearest_who_can_be_written_to(
    story: Scenario, guardian: str | None, own: str | None, expected: str
) -> None:
    """A camp's children are told through their guardians, even where a child has an address of its own."""
    sign_up(story, 1)
    with transaction() as session:
        session.execute(update(Participant).values(email=own))
        session.execute(update(Account).where(Account.id == story.guardian.account_id).values(email=guardian))
    publish(story, allot(story))

    (letter,) = told("allotted")
    assert letter.recipient_address == expected
    assert letter.context["pass_on"] is (expected == "li@example.org"), (
        "an officer is told why it comes to them"
    )
    _calendar, event = event_of(letter.calendar or b"")
    assert event["ATTENDEE"] == f"mailto:{expected}"


def test_an_officer_who_signed_a_child_up_stands_in_only_where_the_child_has_no_address(
    story: Scenario,
) -> None:
    """An officer is no guardian: the address that was given for the child is nearer."""
    signed_up_by_the_officer(story)
    with transaction() as session:
        session.execute(delete(Relation))
    run = allot(story)
    publish(story, run)
    (first,) = told("allotted")
    assert (first.recipient_address, first.context["pass_on"]) == ("li@example.org", True)
    message = message_from_bytes(outbox.octets_of(first.id), policy=default)
    text, page, calendar = (message.get_body((kind,)) for kind in ("plain", "html", "calendar"))
    assert "请及时转告" in text.get_content()
    assert "请及时转告" in page.get_content()
    assert "转告" not in calendar.get_content()

    deliver(story)
    with transaction() as session:
        session.execute(update(Participant).values(email="own@example.org"))
    publish(story, run)
    assert [(letter.recipient_address, letter.context["pass_on"]) for letter in told("allotted")[1:]] == [
        ("own@example.org", False)
    ]


def test_the_end_of_a_place_greets_whoever_its_entry_was_sent_to(story: Scenario) -> None:
    """And not a child by its full name, although nobody could be written to any more."""
    receipts = sign_up(story, 1)
    publish(story, allot(story))
    deliver(story)
    with transaction() as session:
        session.execute(update(Account).values(email=None))
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.later(hours=1))
    (last,) = told("withdrawn")
    assert last.recipient_address == "malan@example.org"
    assert last.recipient_name == last.context["greeting"] == "马兰"


def test_the_officer_is_looked_for_up_the_tree(story: Scenario) -> None:
    from tests.scenario import COUNTY

    sign_up(story, 1)
    story.account("赵干事", "zhao@example.org", Role.OFFICER, COUNTY)
    with transaction() as session:
        gone = (story.guardian.account_id, story.officer.account_id)
        session.execute(update(Account).where(Account.id.in_(gone)).values(email=None))
    publish(story, allot(story))
    assert told("allotted")[0].recipient_address == "zhao@example.org"


def signed_up_by_the_officer(story: Scenario) -> str:
    """A child without an address of its own, whom the unit's officer signed up; the account of that officer."""
    sign_up(story, 1)
    with transaction() as session:
        session.execute(update(Party).values(account_id=story.officer.account_id))
        return session.get_one(Account, story.officer.account_id).code


@pytest.mark.database
def test_who_has_left_the_unit_is_not_written_to_of_its_people(story: Scenario) -> None:
    """The next officer is; and nobody, where there is none yet. Who has left hears that the entry goes from the calendar."""
    gone = signed_up_by_the_officer(story)
    run = allot(story)
    publish(story, run)
    assert told("allotted")[-1].recipient_address == "li@example.org"
    deliver(story)

    accounts.revoke(gone, Role.OFFICER, UNIT, by=story.organiser, at=story.at)
    assert publications.preview(story.camp, run, by=story.organiser, at=story.at).no_address == 1
    story.account("赵干事", "zhao@example.org", Role.OFFICER, UNIT)
    publish(story, run)
    assert [(letter.name, letter.recipient_address) for letter in seat_letters()[1:]] == [
        ("allotted", "zhao@example.org")
    ]
    assert [letter.recipient_address for letter in told("readdressed")] == ["li@example.org"]


@pytest.mark.database
def test_who_left_before_the_letters_did_hears_nothing_at_all(story: Scenario) -> None:
    """Neither that somebody has a place, nor that an entry goes that never came."""
    gone = signed_up_by_the_officer(story)
    run = allot(story)
    publish(story, run)
    accounts.revoke(gone, Role.OFFICER, UNIT, by=story.organiser, at=story.at)
    story.account("赵干事", "zhao@example.org", Role.OFFICER, UNIT)
    publish(story, run)

    deliver(story)
    assert [(letter.recipient_address, letter.state) for letter in told("allotted", "readdressed")] == [
        ("zhao@example.org", LetterState.SENT)
    ]


def test_a_shut_account_is_not_written_to(story: Scenario) -> None:
    sign_up(story, 1)
    with transaction() as session:
        session.execute(update(Account).where(Account.id == story.guardian.account_id).values(active=False))
    publish(story, allot(story))
    assert told("allotted")[0].recipient_address == "li@example.org"


def test_a_letter_is_written_in_its_readers_language(story: Scenario) -> None:
    sign_up(story, 1)
    with transaction() as session:
        session.execute(update(Account).values(locale="en"))
    with use_locale("zh"):
        publish(story, allot(story))
    (letter,) = told("allotted")
    assert letter.locale == "en"
    assert letter.context["programme"] == "Sunshine summer camp"
    assert "Sunshine" in event_of(letter.calendar or b"")[1]["SUMMARY"]


@pytest.mark.database
def test_who_gave_up_since_the_run_is_left_out_and_not_written_to(story: Scenario) -> None:
    receipts = sign_up(story, 3)
    run = allot(story)
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.later(hours=1))
    assert publications.preview(story.camp, run, by=story.organiser, at=story.at).left_out == 1
    publish(story, run)

    code = receipts[0].registrations[0]
    assert states()[code] is S.WITHDRAWN
    assert calendar_of(code) == []
    assert db.session.scalar(select(func.count()).select_from(PublishedAllotment)) == 2


@pytest.mark.database
def test_a_withdrawal_ends_the_published_seat_at_once(story: Scenario) -> None:
    receipts = sign_up(story, 2)
    publish(story, allot(story))
    code = receipts[0].registrations[0]
    registrations.withdraw(receipts[0].party, reason="孩子生病", by=story.guardian, at=story.later(hours=1))

    (invite,) = calendar_of(code)
    assert (invite.method, invite.sequence) == (Method.CANCEL, 1)
    (letter,) = told("withdrawn")
    assert letter.context["reason"] == "", "an illness is written to nobody"
    publish(story, allot(story))
    assert len(told("withdrawn")) == 1


def test_a_withdrawal_without_a_seat_writes_no_letter_about_one(story: Scenario) -> None:
    receipts = sign_up(story, 1)
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.at)
    assert told("withdrawn") == []


def test_nothing_is_sent_once_the_event_is_over(story: Scenario) -> None:
    receipts = sign_up(story, 1)
    publish(story, allot(story))
    before = len(seat_letters())
    from eventhub.services import seats

    story.at = datetime(2026, 8, 15, tzinfo=UTC)
    with transaction() as session:
        registration = session.scalars(
            select(Registration).where(Registration.code == receipts[0].registrations[0])
        ).one()
        assert seats.end_seat(session, registration.id, at=story.at, by=story.organiser)
    assert len(seat_letters()) == before
    assert calendar_of(receipts[0].registrations[0])[0].ended_at is not None


@pytest.mark.database
def test_refusals_change_nothing(story: Scenario) -> None:
    sign_up(story, 2)
    run = allot(story)
    queued = allocations.request(story.camp, by=story.organiser, at=story.at)
    with pytest.raises(Conflict) as unfinished:
        publications.publish(story.camp, queued, by=story.organiser, at=story.at)
    with pytest.raises(NotFound):
        publications.publish(story.camp, 99, by=story.organiser, at=story.at)
    with pytest.raises(NotAllowed):
        publications.publish(story.camp, run, by=story.guardian, at=story.at)
    with pytest.raises(Conflict) as over:
        publications.publish(story.camp, run, by=story.organiser, at=datetime(2026, 9, 1, tzinfo=UTC))

    assert unfinished.value.problems[0].code == "run_not_usable"
    assert over.value.problems[0].code == "not_publishable"
    assert set(states().values()) == {S.SUBMITTED}
    assert queries.listing(story.camp) == ()


@pytest.mark.database
def test_publishing_the_same_twice_is_refused(story: Scenario) -> None:
    sign_up(story, 2)
    run = allot(story)
    publish(story, run)
    with pytest.raises(Conflict) as again:
        publish(story, run)
    assert again.value.problems[0].code == "nothing_new"
    assert len(queries.listing(story.camp)) == 1


def test_an_older_run_may_be_published_again_while_it_still_fits(story: Scenario) -> None:
    receipts = sign_up(story, 2)
    first = allot(story)
    second = move(story, receipts[0].registrations[0], "B2")
    publish(story, second)
    with pytest.raises(Conflict) as pinned:
        publish(story, first)
    assert pinned.value.problems[0].code == "run_stale"
    allocations.unpin(story.camp, receipts[0].party, by=story.organiser, at=story.at)
    assert publish(story, first) == 2


def test_a_run_of_other_rules_or_more_seats_than_there_are_is_refused(story: Scenario) -> None:
    sign_up(story, 4)
    run = allot(story)
    facts = programme_queries.facts(story.camp)
    taken = next(option for option in facts.options if option.code in options_of(story, run).values())
    programmes.change_option(
        story.camp, replace(taken, capacity=1), by=story.organiser, at=story.at, reason="减少"
    )
    with pytest.raises(Conflict) as fewer:
        publish(story, run)
    programmes.change_option(story.camp, taken, by=story.organiser, at=story.at, reason="恢复")
    with transaction() as session:
        session.execute(update(Programme).values(settings={"min_age": 11}))
    db.session.expire_all()
    with pytest.raises(Conflict) as ruled:
        publish(story, run)
    assert {fewer.value.problems[0].code, ruled.value.problems[0].code} == {"run_stale"}


@pytest.mark.database
def test_a_publication_that_fails_half_way_leaves_no_trace(
    story: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(story, 2)
    run = allot(story)
    before = states()

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("eventhub.services.invites.ical.message", broken)
    with pytest.raises(OSError, match="disk"):
        publish(story, run)
    assert states() == before
    for table in (Publication, PublishedAllotment, Invite):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_what_is_foretold_is_what_is_written_in_the_first_the_second_and_the_third_version(
    story: Scenario,
) -> None:
    """Moves, places lost, a batch that is called off, a changed place, people without an address: head by head."""
    receipts = sign_up(story, 22)
    codes = [receipt.registrations[0] for receipt in receipts]
    parties = {receipt.registrations[0]: receipt.party for receipt in receipts}
    write_to(story, dict.fromkeys((codes[2], codes[3], codes[4], codes[21])))
    first = _foretold(story, allot(story, seed=3))
    assert first.placed == first.invited + first.no_address == 20
    assert first.slips + first.waitlisted == 2

    placed = [code for code in codes if states()[code] is S.ALLOTTED]
    silent, *_rest = [code for code in placed if not calendar_of(code)[-1].attendee_address]
    gives_up, loses, moves, *_rest = [code for code in placed if calendar_of(code)[-1].attendee_address]
    registrations.withdraw(parties[gives_up], reason="", by=story.guardian, at=story.later(hours=1))
    allocations.pin(story.camp, parties[loses], None, reason="材料不全", by=story.organiser, at=story.at)
    for code in (silent, moves):
        other = "B2" if calendar_of(code)[-1].option.code == "B1" else "B1"
        allocations.pin(story.camp, parties[code], other, reason="调整", by=story.organiser, at=story.at)
    second = _foretold(story, allot(story, seed=3))
    assert second.withdrawn == 1
    assert second.moved > 0
    assert second.no_address > 0

    facts = programme_queries.facts(story.camp)
    for option in facts.options:
        gone = option.code == "B2"
        elsewhere = tuple(replace(each, place=Bilingual("吴忠市")) for each in option.occasions)
        changed = replace(option, capacity=0, minimum=0) if gone else replace(option, occasions=elsewhere)
        programmes.change_option(story.camp, changed, by=story.organiser, at=story.at, reason="一期停办")
    for code in (loses, silent, moves):
        allocations.unpin(story.camp, parties[code], by=story.organiser, at=story.at)
    third = _foretold(story, allot(story, seed=3))
    assert (third.placed, third.invited) == (10, 0)
    assert third.withdrawn > 0
    assert third.changed > 0


def _foretold(story: Scenario, run: int) -> publications.Preview:
    """Publish a run, and find in the outbox exactly what the page before it said."""
    already = {letter.id for letter in told()}
    foretold = publications.preview(story.camp, run, by=story.organiser, at=story.later(hours=1))
    assert {letter.id for letter in told()} == already, "looking writes nothing"
    was = {code for code, state in states().items() if state is not S.WITHDRAWN}
    held = {code for code in was if any(each.ended_at is None for each in calendar_of(code))}
    option = {code: calendar_of(code)[-1].option_id for code in held}
    publications.publish(story.camp, run, by=story.organiser, at=story.at)

    written: Counter[str] = Counter()
    for letter in told():
        if letter.id in already:
            continue
        assert letter.registration is not None
        code = letter.registration.code
        of_a_place = letter.name in {"allotted", "moved", "withdrawn"}
        if letter.state is LetterState.PRINT:
            written["no_address" if of_a_place else "slips"] += 1
            continue
        assert (letter.method is not None) is of_a_place
        assert letter.method is (
            (Method.CANCEL if letter.name == "withdrawn" else Method.REQUEST) if of_a_place else None
        )
        if letter.name == "moved" and calendar_of(code)[-1].option_id == option[code]:
            written["changed"] += 1
        else:
            written["invited" if letter.name == "allotted" else letter.name] += 1
    names = ("invited", "moved", "changed", "withdrawn", "no_address", "waitlisted", "not_selected", "slips")
    assert {name: written[name] for name in names} == {name: getattr(foretold, name) for name in names}
    heard = sum(written.values())
    assert heard + foretold.kept + foretold.still_without == len(was) - foretold.left_out
    counts = queries.listing(story.camp)[0].counts
    assert counts["placed"] == counts["invited"] + counts["no_address"] == foretold.placed
    assert counts["letters"] == heard - counts["slips"]
    assert counts["slips"] == foretold.no_address + foretold.slips
    return foretold


def write_to(story: Scenario, addresses: dict[str, str | None]) -> None:
    """From now on these registrations' people are written to there, and nowhere if None; the unit has no officer to write to."""
    silent = story.account("马默", f"none{story.at:%S%f}@example.org", Role.GUARDIAN)
    with transaction() as session:
        away = (silent.account_id, story.officer.account_id)
        session.execute(update(Account).where(Account.id.in_(away)).values(email=None))
        for code, address in addresses.items():
            registration = session.scalars(select(Registration).where(Registration.code == code)).one()
            registration.participant.email = address
            registration.party.account_id = silent.account_id


def test_the_waiting_list_and_the_unlucky_are_told_why(story: Scenario) -> None:
    sign_up(story, 21)
    publish(story, allot(story))
    (letter,) = told("waitlisted")
    assert letter.context["position"] == 1
    assert letter.context["reason"]


def test_the_waiting_list_is_promised_no_more_than_is_done(story: Scenario) -> None:
    """A place given up stays free until the organiser publishes again; only then somebody of the list hears."""
    receipts = sign_up(story, 21)
    publish(story, allot(story))
    (letter,) = told("waitlisted")
    assert "主办方在后续公布的结果中安排" in letter.context["next_step"]
    assert "立即" not in letter.context["next_step"]
    before = len(seat_letters())
    holder = next(receipt for receipt in receipts if states()[receipt.registrations[0]] is S.ALLOTTED)
    registrations.withdraw(holder.party, reason="", by=story.guardian, at=story.later(hours=1))
    assert [each.name for each in seat_letters()[before:]] == ["withdrawn"]
    publish(story, allot(story))
    assert [each.name for each in seat_letters()[before:]] == ["withdrawn", "allotted"]


@pytest.mark.slow
def test_whatever_is_published_and_withdrawn_every_series_of_messages_is_in_order(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template
) -> None:
    """SEQUENCE never falls, DTSTAMP rises, a UID ends once with a CANCEL, and who is placed is invited or gets a slip."""

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 2),
                st.sampled_from(["B1", "B2", None, "withdraw", "address", "corrected", "no address"]),
            ),
            max_size=6,
        )
    )
    def holds(steps: list[tuple[int, str | None]]) -> None:
        folder = tmp_path_factory.mktemp("story")
        url = sqlite_template.copy_to(folder / "test.sqlite")
        with opened(settings_for(folder / "instance", url)) as app, app.app_context():
            story = Scenario.begins()
            receipts = sign_up(story, 3)
            close(story)
            with transaction() as session:
                session.execute(update(Account).values(email=None))
                session.execute(update(Participant).values(email="first@example.org"))
            _published(story, {receipt.registrations[0]: "B1" for receipt in receipts})
            for who, what in steps:
                _step(story, receipts[who], what)
                _series_hold(story)

    holds()


def _step(story: Scenario, receipt: Receipt, what: str | None) -> None:
    code = receipt.registrations[0]
    if states()[code] is S.WITHDRAWN:
        return
    story.later(seconds=0.2)
    if what == "withdraw":
        registrations.withdraw(receipt.party, reason="", by=story.guardian, at=story.at)
        return
    if what in {"corrected", "no address"}:
        row = db.session.scalars(
            select(Participant).join(Registration).where(Registration.code == code)
        ).one()
        draft = PersonDraft(
            name=row.name,
            birth_date=row.birth_date,
            sex=row.sex,
            organisation=UNIT,
            email=f"new{story.at:%S%f}@example.org" if what == "corrected" else "",
        )
        participants.change(row.code, draft, by=story.guardian, at=story.at)
        return
    if what == "address":
        with transaction() as session:
            session.execute(
                update(Participant)
                .where(
                    Participant.id.in_(select(Registration.participant_id).where(Registration.code == code))
                )
                .values(email=f"own{story.at:%S%f}@example.org")
            )
            session.execute(update(Account).where(Account.id == story.guardian.account_id).values(email=None))
        return
    standing = {
        each: (
            invites[-1].option.code if (invites := calendar_of(each)) and not invites[-1].ended_at else None
        )
        for each, state in states().items()
        if state is not S.WITHDRAWN
    }
    _published(story, standing | {code: what})


def _published(story: Scenario, wanted: dict[str, str | None]) -> None:
    """Publish a result as if a run had given it: the solver has no part in what is tested here."""
    facts = programme_queries.facts(story.camp)
    with transaction() as session:
        programme_id = programme_queries.id_of(session, story.camp)
        options = {row.code: row.id for row in session.scalars(select(Option))}
        ids = {row.code: row.id for row in session.scalars(select(Registration))}
        run = AllocationRun(
            programme_id=programme_id,
            number=1 + (session.scalar(select(func.max(AllocationRun.number))) or 0),
            state="optimal",
            requested_at=story.at,
            seed=1,
            rule_version=framing.rule_version(facts),
            summary={"carriers": {option: [1] for option in options}},
        )
        session.add(run)
        session.flush()
        for code, option in wanted.items():
            session.add(
                Allotment(
                    run_id=run.id,
                    registration_id=ids[code],
                    option_id=options[option] if option else None,
                    position=None if option else 1,
                )
            )
        number = run.number
    publications.publish(story.camp, number, by=story.organiser, at=story.at)


def _series_hold(story: Scenario) -> None:
    by_uid: dict[str, list[tuple[str, int, datetime]]] = {}
    for letter in told():
        if letter.calendar is None:
            continue
        calendar, event = event_of(letter.calendar)
        by_uid.setdefault(event["UID"], []).append(
            (str(calendar["METHOD"]), int(event["SEQUENCE"]), event.decoded("DTSTAMP"))
        )
        assert re.fullmatch(r"[0-9a-f-]{36}", str(event["UID"]))
    for series in by_uid.values():
        methods = [method for method, _sequence, _stamp in series]
        sequences = [sequence for _method, sequence, _stamp in series]
        stamps = [stamp for _method, _sequence, stamp in series]
        assert sequences[0] == 0
        assert sequences == sorted(sequences)
        assert all(later > earlier for earlier, later in pairwise(stamps))
        assert "CANCEL" not in methods[:-1]
    placed = {code for code, state in states().items() if state is S.ALLOTTED}
    alive = db.session.execute(
        select(Registration.code, Invite.id, Invite.attendee_address)
        .join(Registration, Registration.id == Invite.registration_id)
        .where(Invite.ended_at.is_(None))
    ).all()
    assert sorted(row.code for row in alive) == sorted(placed), (
        "one living object a seat, and none without a seat"
    )
    last = {letter.invite_id: letter for letter in told() if letter.method is Method.REQUEST}
    invited = {row.code: last[row.id].recipient_address for row in alive if row.attendee_address}
    assert invited == {row.code: row.attendee_address for row in alive if row.attendee_address}
    reached = queries.reached(story.camp)
    assert reached == queries.Reached(len(placed), len(invited), len(placed - invited.keys()))
    assert placed == invited.keys() | (
        placed & {slip.registration for slip in outbox_queries.slips(story.camp)}
    )
    assert not invited.keys() & {slip.registration for slip in outbox_queries.slips(story.camp)}


def test_a_child_stands_in_no_calendar_under_its_full_name(story: Scenario) -> None:
    story.registers(story.child("马小明"))
    publish(story, allot(story))
    (letter,) = told("allotted")
    assert "小明" not in (letter.calendar or b"").decode()
    assert "小明" not in str(letter.context)


def test_whoever_is_moved_reads_why_this_publication_was_made(story: Scenario) -> None:
    """Which choice it was would explain nothing: it may have been the first one before, too."""
    receipts = sign_up(story, 2)
    publish(story, allot(story))
    code = receipts[0].registrations[0]
    old = calendar_of(code)[0].option.code
    run = move(story, code, "B2" if old == "B1" else "B1")
    publications.publish(story.camp, run, reason="一期营地检修", by=story.organiser, at=story.later(hours=1))
    (letter,) = [each for each in told("moved") if each.registration and each.registration.code == code]
    assert letter.context["reason"] == "一期营地检修"


# -- Publishers at one moment ------------------------------------------------------------------------


def race(app: Flask, *publishing: Callable[[], int]) -> list[str]:
    """All of them at once, each on a connection of its own; what each was answered, in order."""
    ready, said = Barrier(len(publishing), timeout=20), []

    def run(one: Callable[[], int]) -> None:
        with app.app_context():
            ready.wait()
            try:
                said.append(f"no. {one()}")
            except Conflict as conflict:
                said.append(conflict.problems[0].code)
            finally:
                db.session.remove()

    threads = [Thread(target=run, args=(one,)) for one in publishing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(said)


@pytest.mark.database
def test_of_publishers_who_confirm_the_same_number_one_publishes(story: Scenario, app: Flask) -> None:
    """Two runs, two organisers, each press of the button twice: the number they said yes to comes once."""
    receipts = sign_up(story, 2)
    first = allot(story)
    second = move(story, receipts[0].registrations[0], "B2")
    at = story.later(hours=1)

    def publishing(run: int) -> Callable[[], int]:
        return lambda: publications.publish(story.camp, run, expected=1, by=story.organiser, at=at)

    said = race(app, *(publishing(run) for run in (first, second, first, second)))
    assert said.count("no. 1") == 1
    # Who comes when the other run stands already may be told that his own is of yesterday instead.
    assert {*said} - {"no. 1"} <= {"published_meanwhile", "run_stale"}
    assert len(said) == 4
    assert [row.number for row in queries.listing(story.camp)] == [1]
    assert len(told("allotted")) == 2


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_another_number_than_the_next_is_published_by_nobody(story: Scenario, expected: int) -> None:
    sign_up(story, 2)
    run = allot(story)
    publish(story, run)
    with pytest.raises(Conflict) as conflict:
        publications.publish(story.camp, run, expected=expected, by=story.organiser, at=story.at)
    assert conflict.value.problems[0].code == "published_meanwhile"
    assert [row.number for row in queries.listing(story.camp)] == [1]


# -- The language a reader has chosen since -------------------------------------------------------------


def speaks(who: Actor, locale: str) -> None:
    with transaction() as session:
        session.execute(update(Account).where(Account.id == who.account_id).values(locale=locale))


@pytest.mark.database
def test_a_place_given_up_is_cancelled_in_the_language_chosen_since(story: Scenario) -> None:
    receipts = sign_up(story, 1)
    publish(story, allot(story))
    (before,) = calendar_of(receipts[0].registrations[0])
    assert before.locale == "zh"
    speaks(story.guardian, "en")
    registrations.withdraw(receipts[0].party, by=story.guardian, at=story.later(hours=1))

    (letter,) = told("withdrawn")
    assert letter.locale == "en"
    assert letter.context["programme"] == "Sunshine summer camp"
    _calendar, event = event_of(letter.calendar or b"")
    assert "Sunshine" in event["SUMMARY"]
    assert "夏令营" not in event["SUMMARY"]
    (ended,) = calendar_of(receipts[0].registrations[0])
    assert (ended.sequence, ended.locale) == (1, "en")


def test_a_place_whose_facts_changed_unpublished_is_cancelled_as_it_stands_in_the_calendar(
    story: Scenario,
) -> None:
    receipts = sign_up(story, 1, ranking=("B1",))
    publish(story, allot(story))
    option = programme_queries.facts(story.camp).option("B1")
    elsewhere = tuple(replace(each, place=Bilingual("吴忠市", "Wuzhong")) for each in option.occasions)
    programmes.change_option(
        story.camp, replace(option, occasions=elsewhere), by=story.organiser, at=story.at, reason="换地方"
    )
    speaks(story.guardian, "en")
    registrations.withdraw(receipts[0].party, by=story.guardian, at=story.later(hours=1))
    (letter,) = told("withdrawn")
    assert letter.locale == "en"
    _calendar, event = event_of(letter.calendar or b"")
    assert event["LOCATION"] == "银川市", "the calendar never heard of the other place"


def test_another_language_alone_sends_nothing_and_a_change_is_told_in_it(story: Scenario) -> None:
    receipts = sign_up(story, 1, ranking=("B1",))
    run = allot(story)
    publish(story, run)
    speaks(story.guardian, "en")
    publish(story, allot(story))
    assert told("moved") == []

    option = programme_queries.facts(story.camp).option("B1")
    renamed = replace(option, title=Bilingual("银川营 一", "Yinchuan camp one"))
    programmes.change_option(story.camp, renamed, by=story.organiser, at=story.at, reason="改名")
    publish(story, allot(story))
    (letter,) = told("moved")
    assert (letter.locale, letter.sequence) == ("en", 0), "nothing that asks for a new answer"
    assert "Yinchuan camp one" in str(event_of(letter.calendar or b"")[1]["SUMMARY"])
    (invite,) = calendar_of(receipts[0].registrations[0])
    assert invite.locale == "en"
    publish(story, allot(story))
    assert len(told("moved")) == 1


def test_who_reads_at_an_own_address_reads_in_their_own_language(story: Scenario) -> None:
    """Signed up by somebody else, written to directly: the language is that of the address."""
    with transaction() as session:
        session.execute(update(Account).where(Account.email == "wang@example.org").values(locale="en"))
    draft = PersonDraft(
        name="王小明", birth_date=date(2014, 3, 2), sex=Sex.MALE, organisation=UNIT, email="wang@example.org"
    )
    with transaction() as session:
        session.execute(update(Account).where(Account.id == story.guardian.account_id).values(email=None))
    child = participants.add(draft, by=story.guardian, at=story.at)
    story.registers(story.applicant(child))
    publish(story, allot(story))
    (letter,) = told("allotted")
    assert (letter.recipient_address, letter.locale) == ("wang@example.org", "en")
