"""Tell the second act: places are given out and published, one seat is moved, and two are given up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from eventhub.demo.people import identity_number
from eventhub.demo.setting import WORKER, Chapter, Clock, Setting, ToldBadly, last_run
from eventhub.domain.facts import OptionFacts, PersonDraft
from eventhub.domain.terms import RUN_USABLE, PartyRole
from eventhub.extensions import db
from eventhub.i18n import Bilingual, _
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.models.programmes import Option
from eventhub.models.registrations import Party, Preference, Registration
from eventhub.services import allocations, participants, programmes, publications, registrations, runs

SOLVES_AT_ONCE = 2
SMALL = 400
"""Programmes of so many parties are run again for a place fixed by hand; larger ones move by a change of place."""
IDENTITY_NUMBERS = 5


def play(setting: Setting) -> None:
    """From the close of sign-up to invitations that were sent, moved and withdrawn."""
    _allot(setting)
    for chapter in setting.chapters:
        _publish_first(setting, chapter)
    for chapter in setting.chapters:
        _move_one(setting, chapter)
    for chapter in setting.chapters:
        _give_up(setting, chapter)


def _allot(setting: Setting) -> None:
    """All runs, the largest first, two at a time."""
    at = setting.days_ago(6, 9)
    by = setting.organiser
    queued = []
    for chapter in sorted(setting.chapters, key=lambda chapter: -len(chapter.sign_ups)):
        code = chapter.programme.code
        allocations.request(code, seconds=setting.seconds, seed=setting.seed, by=by, at=at)
        queued.append(code)
    with ThreadPoolExecutor(SOLVES_AT_ONCE) as pool:
        ended = pool.map(lambda code: _execute(setting, code, at), queued)
        for _ended in setting.telling.each(_("Places given out"), ended, total=len(queued)):
            pass


def _execute(setting: Setting, code: str, at: datetime) -> None:
    with setting.app.app_context():
        run = last_run(code)
        run_id = run.id
        db.session.rollback()
        state = runs.execute(run_id, worker=f"{WORKER} {code}", clock=Clock(at))
        if state not in RUN_USABLE:
            error = db.session.get_one(AllocationRun, run_id).error
            message = f"{code}: the run ended as {state}. {error or ''}"
            raise ToldBadly(message)


def _publish_first(setting: Setting, chapter: Chapter) -> None:
    at = setting.days_ago(5, 10)
    publications.publish(
        chapter.programme.code,
        last_run(chapter.programme.code).number,
        reason="首次公布",
        by=setting.organiser,
        at=at,
    )
    setting.deliver(at + timedelta(minutes=10))
    _give_identity_numbers(setting, chapter, at + timedelta(hours=4))


def _move_one(setting: Setting, chapter: Chapter) -> None:
    """A seat is moved by a second publication."""
    code, by = chapter.programme.code, setting.organiser
    at = setting.days_ago(3, 15)
    moved = chapter.followed["moved"]
    if len(chapter.sign_ups) <= SMALL and (other := _another_choice(moved)) is not None:
        allocations.pin(code, moved, other, reason="家庭提出调整，经核实同意", by=by, at=at)
        allocations.request(code, seconds=setting.seconds, by=by, at=at)
        _execute(setting, code, at)
        chapter.again = True
        reason = "按核实情况调整一户的期次"
    else:
        option = chapter.programme.option(_seat_of(moved))
        programmes.change_option(
            code, _elsewhere(option), by=by, at=at, reason="原场地另有安排，改在文化广场"
        )
        reason = "一个场次改变地点"
    publications.publish(code, last_run(code).number, reason=reason, by=by, at=at + timedelta(hours=1))
    setting.deliver(at + timedelta(hours=2))


def _give_up(setting: Setting, chapter: Chapter) -> None:
    """The seat that was moved is given up, and another as it was."""
    for story in ("moved", "withdrawn"):
        party = chapter.followed[story]
        who = next(each.by for each in chapter.signed if each.party == party)
        registrations.withdraw(
            party, reason="家中有事，不能参加", by=setting.actors[who], at=setting.days_ago(2, 19)
        )


def _give_identity_numbers(setting: Setting, chapter: Chapter, at: datetime) -> None:
    """Asked for only once a place is offered; a few give theirs at once."""
    rows = db.session.execute(
        select(Registration.id, Party.code)
        .join(Party, Party.id == Registration.party_id)
        .join(Allotment, Allotment.registration_id == Registration.id)
        .where(
            Allotment.run_id == last_run(chapter.programme.code).id,
            Allotment.option_id.is_not(None),
            Registration.role == PartyRole.PARTICIPANT,
        )
        .order_by(Registration.id)
    ).all()
    by = {each.party: each.by for each in chapter.signed}
    for registration_id, party in rows[:IDENTITY_NUMBERS]:
        row = db.session.get_one(Registration, registration_id).participant
        person = PersonDraft(row.name, row.birth_date, row.sex)
        number = identity_number(person, row.id)
        participants.give_identity(row.code, number, by=setting.actors[by[party]], at=at)


def _seat_of(party: str) -> str:
    """The option a party was given by the last run."""
    found = db.session.scalars(
        select(Option.code)
        .join(Allotment, Allotment.option_id == Option.id)
        .join(Registration, Registration.id == Allotment.registration_id)
        .join(Party, Party.id == Registration.party_id)
        .where(Party.code == party)
        .order_by(Allotment.run_id.desc())
        .limit(1)
    ).first()
    if found is None:
        message = f"{party} was to be followed, but has no place."
        raise ToldBadly(message)
    return found


def _another_choice(party: str) -> str | None:
    """The dearest other option the party ranked."""
    seat = _seat_of(party)
    ranked = db.session.scalars(
        select(Option.code)
        .join(Preference, Preference.option_id == Option.id)
        .join(Party, Party.id == Preference.party_id)
        .where(Party.code == party)
        .order_by(Preference.rank)
    ).all()
    return next((code for code in ranked if code != seat), None)


def _elsewhere(option: OptionFacts) -> OptionFacts:
    """The same option on the square of the place."""
    first, *rest = option.occasions
    place = Bilingual(
        f"{first.place.zh}文化广场", f"{first.place.en}, culture square" if first.place.en else ""
    )
    return replace(option, occasions=(replace(first, place=place), *rest))
