"""Make a run's result public as version n, and work out who must hear of it.

One plan serves both the page that asks "are you sure" and the publication itself, so what was announced is what is done.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from eventhub.delivery import wakeups
from eventhub.domain import transitions
from eventhub.domain.facts import Actor
from eventhub.domain.problems import Conflict, Problem
from eventhub.domain.terms import Change, LetterState, RegistrationState
from eventhub.extensions import snapshot, transaction
from eventhub.i18n import N_, Text
from eventhub.models.invites import Letter
from eventhub.models.programmes import Programme
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Registration, RegistrationStep
from eventhub.queries import reasons
from eventhub.services import journal, plans
from eventhub.services.holders import BATCH
from eventhub.services.plans import Plan, Standing
from eventhub.services.seats import Post


@dataclass(frozen=True)
class Preview:
    """What publishing a run would do, in heads, for the page that asks whether to go on.

    ``placed`` is how it stands afterwards. ``invited``, ``moved``, ``changed`` and ``withdrawn`` are those whose calendars are
    written to, ``waitlisted`` and ``not_selected`` those who get a letter alone; whoever is to be told and cannot be written
    to is in none of these but in ``no_address`` (of a place) or ``slips`` (that there is none): their slips are printed.
    ``kept`` and ``still_without`` hear nothing. ``left_out`` gave up since the run.
    """

    number: int
    run: int
    placed: int
    invited: int
    moved: int
    changed: int
    withdrawn: int
    no_address: int
    kept: int
    waitlisted: int
    not_selected: int
    slips: int
    still_without: int
    left_out: int
    warnings: tuple[Text, ...] = ()


def preview(programme: str, run: int, *, by: Actor, at: datetime) -> Preview:
    """What publishing this run now would do; the same refusals as :func:`publish`."""
    with snapshot() as session:
        plan = plans.plan(session, programme, run, by=by, at=at)
        told = plan.told(session, at=at)
        placed = len(list(plan.seats))
        without = (RegistrationState.WAITLISTED, RegistrationState.NOT_SELECTED)
        of_places = {change: told[change, True] + told[change, False] for change in Change}
        of_none = {state: told[state, True] + told[state, False] for state in without}
        return Preview(
            number=plan.number,
            run=run,
            placed=placed,
            invited=told[Change.NEW, True],
            moved=told[Change.MOVED, True],
            changed=told[Change.CHANGED, True],
            withdrawn=told[Change.WITHDRAWN, True],
            no_address=sum(told[change, False] for change in Change),
            kept=placed - sum(of_places.values()) + of_places[Change.WITHDRAWN],
            waitlisted=told[RegistrationState.WAITLISTED, True],
            not_selected=told[RegistrationState.NOT_SELECTED, True],
            slips=sum(told[state, False] for state in without),
            still_without=len(plan.standing) - placed - sum(of_none.values()) - of_places[Change.WITHDRAWN],
            left_out=plan.left_out,
            warnings=tuple(plan.warnings),
        )


def publish(
    programme: str, run: int, *, expected: int | None = None, reason: str = "", by: Actor, at: datetime
) -> int:
    """Freeze a run's result as the next publication and write down everything that is to be said of it.

    One transaction: either everybody's state, seat, calendar and letter are those of the new publication, or nobody's.
    :class:`Conflict` for a run without a usable result, one that no longer fits what is stored, or one that would change
    nothing. Who gave up since the run is left out. ``expected`` is the number somebody was shown and said yes to: a
    :class:`Conflict` too, if another version came before it.
    """
    with transaction() as session:
        session.execute(select(Programme.id).where(Programme.code == programme).with_for_update())
        _demand_next(session, programme, expected)
        plan = plans.plan(session, programme, run, by=by, at=at, lock=True)
        publication = Publication(
            programme_id=plan.programme_id,
            number=plan.number,
            run_id=plan.run_id,
            account_id=by.account_id or None,
            at=at,
            reason=reason.strip(),
        )
        session.add(publication)
        session.flush()
        _write_allotments(session, plan, publication.id)
        _write_states(session, plan, by=by, at=at)
        written = _write_messages(session, plan, publication.id, why=reason.strip(), at=at)
        publication.counts = _counts(plan, written, slips=_slips(session, publication.id))
        journal.note(
            session,
            at=at,
            by=by,
            event="result published",
            subject="programme",
            code=programme,
            reason=reason.strip(),
            details={"publication": plan.number, "run": run, **publication.counts},
        )
        publication_id, number = publication.id, plan.number
    wakeups.wake(current_app.extensions["settings"], wakeups.LETTERS, publication_id)
    return number


def _demand_next(session: Session, programme: str, expected: int | None) -> None:
    """What was looked at must be what is published; asked under the lock, so that no other version slips in between."""
    newest = session.scalar(
        select(func.max(Publication.number))
        .join(Programme, Programme.id == Publication.programme_id)
        .where(Programme.code == programme)
    )
    if expected not in {None, 1 + (newest or 0)}:
        raise Conflict(
            Problem(
                "published_meanwhile",
                N_("Another version was published meanwhile. Look at what would change now, then publish."),
            )
        )


# -- Writing it down ---------------------------------------------------------------------------------


def _write_allotments(session: Session, plan: Plan, publication_id: int) -> None:
    rows = [
        {
            "publication_id": publication_id,
            "registration_id": each.id,
            "option_id": plan.option_ids[each.option] if each.option else None,
            "state": each.state,
            "station": each.station,
            "position": each.position,
            "reason": dict(each.reason),
        }
        for each in plan.standing
    ]
    for start in range(0, len(rows), BATCH):
        session.execute(insert(PublishedAllotment), rows[start : start + BATCH])


def _write_states(session: Session, plan: Plan, *, by: Actor, at: datetime) -> None:
    changed = [each for each in plan.standing if each.state is not each.old_state]
    for old, new in {(each.old_state, each.state) for each in changed}:
        transitions.demand(old, new, by.roles)
    for state in {each.state for each in changed}:
        ids = [each.id for each in changed if each.state is state]
        for start in range(0, len(ids), BATCH):
            session.execute(
                update(Registration)
                .where(Registration.id.in_(ids[start : start + BATCH]))
                .values(state=state),
                execution_options={"synchronize_session": False},
            )
    session.expire_all()
    steps = [
        {
            "registration_id": each.id,
            "old": each.old_state,
            "new": each.state,
            "at": at,
            "account_id": by.account_id or None,
            "reason": "",
        }
        for each in changed
    ]
    for start in range(0, len(steps), BATCH):
        session.execute(insert(RegistrationStep), steps[start : start + BATCH])


def _write_messages(session: Session, plan: Plan, publication_id: int, *, why: str, at: datetime) -> int:
    post = Post(
        session,
        plan.programme,
        programme_id=plan.programme_id,
        at=at,
        publication_id=publication_id,
        publication=plan.number,
        why=why,
    )
    written = 0
    for count, each in enumerate(plan.standing, start=1):
        _say(post, plan, each)
        if count % (4 * BATCH) == 0:
            written += post.write()
    return written + post.write()


def _say(post: Post, plan: Plan, each: Standing) -> None:
    """What one registration's holder hears of this publication; nothing, where nothing has changed for him."""
    alive = plan.alive.get(each.id, [])
    if alive and plan.by_change.get(each.code) is Change.KEPT:
        return
    old = plan.old.get(each.code)
    was = plan.programme.option_by_code.get(old) if old else None
    if each.option is not None:
        place = plan.place_of(each)
        if alive:
            post.move(plan.holders[each.id], place, alive, was=was)
        else:
            post.place(plan.holders[each.id], place)
        return
    why = reasons.paragraph(each.reason, plan.programme)
    if alive:
        post.end(plan.holders[each.id], alive, option=was, reason=why, next_step=_next_step(each))
    elif each.state is each.old_state:
        return
    elif each.state is RegistrationState.WAITLISTED:
        post.waitlisted(plan.holders[each.id], position=each.position, reason=why)
    else:
        post.not_selected(plan.holders[each.id], reason=why)


def _next_step(each: Standing) -> object:
    if each.position is None:
        return ""
    return N_("You are number %(position)s on the waiting list.", position=each.position)


def _slips(session: Session, publication_id: int) -> int:
    """How many of the letters of a publication are to be printed."""
    of_it = (Letter.publication_id == publication_id, Letter.state == LetterState.PRINT)
    return session.scalar(select(func.count()).select_from(Letter).where(*of_it)) or 0


def _counts(plan: Plan, letters: int, *, slips: int) -> dict[str, int]:
    """How it stands, where placed = invited + without address, against what was; and what was written: mails and slips."""
    counts = plan.counts()
    states = Counter(each.state for each in plan.standing)
    seats = list(plan.seats)
    no_address = sum(plan.address_of(each) is None for each in seats)
    return {
        "placed": len(seats),
        "invited": len(seats) - no_address,
        "no_address": no_address,
        "new": counts[Change.NEW],
        "moved": counts[Change.MOVED],
        "changed": counts[Change.CHANGED],
        "kept": counts[Change.KEPT],
        "withdrawn": counts[Change.WITHDRAWN],
        "waitlisted": states[RegistrationState.WAITLISTED],
        "not_selected": states[RegistrationState.NOT_SELECTED],
        "left_out": plan.left_out,
        "letters": letters - slips,
        "slips": slips,
    }
