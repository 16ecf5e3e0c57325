"""What the desk's first page counts: every programme somebody organises, in a few numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select

from eventhub.domain.facts import Actor
from eventhub.domain.terms import IN_ALLOCATION, LetterState, RegistrationState, Role, RunState
from eventhub.extensions import db
from eventhub.models.accounts import Participant
from eventhub.models.allocations import AllocationRun
from eventhub.models.invites import Letter
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Programme
from eventhub.models.registrations import Registration
from eventhub.queries import outbox
from eventhub.queries.organisations import under


@dataclass(frozen=True)
class Numbers:
    """Heads by state, letters that need a hand, and how the newest run stands."""

    by_state: Mapping[RegistrationState, int] = field(default_factory=dict)
    dead_letters: int = 0
    slips: int = 0
    run: int | None = None
    run_state: RunState | None = None

    @property
    def signed_up(self) -> int:
        """Everybody whose sign-up stands."""
        return sum(self.by_state.get(state, 0) for state in IN_ALLOCATION)

    @property
    def returned(self) -> int:
        return self.by_state.get(RegistrationState.RETURNED, 0)

    @property
    def placed(self) -> int:
        return self.by_state.get(RegistrationState.ALLOTTED, 0)


def organised_by(actor: Actor) -> tuple[str, ...]:
    """The programmes an organiser answers for, drafts among them, the newest first."""
    if not actor.is_a(Role.ORGANISER) or not actor.scope:
        return ()
    rows = db.session.scalars(
        select(Programme.code)
        .join(Organisation, Organisation.id == Programme.organisation_id)
        .where(under(actor.scope))
        .order_by(Programme.id.desc())
    )
    return tuple(rows)


def numbers(programmes: Sequence[str], *, within: Sequence[str] = ()) -> dict[str, Numbers]:
    """The numbers of these programmes, of the people of some units alone if ``within`` names them."""
    heads: dict[str, dict[RegistrationState, int]] = defaultdict(dict)
    counted = (
        select(Programme.code, Registration.state, func.count())
        .join(Programme, Programme.id == Registration.programme_id)
        .where(Programme.code.in_(programmes))
        .group_by(Programme.code, Registration.state)
    )
    if within:
        counted = (
            counted.join(Participant, Participant.id == Registration.participant_id)
            .join(Organisation, Organisation.id == Participant.organisation_id)
            .where(under(within))
        )
    for code, state, count in db.session.execute(counted):
        heads[code][state] = count
    if within:
        return {code: Numbers(heads.get(code, {})) for code in programmes}
    letters = _letters(programmes)
    runs = _newest_runs(programmes)
    return {
        code: Numbers(
            by_state=heads.get(code, {}),
            dead_letters=letters.get((code, LetterState.DEAD), 0),
            slips=letters.get((code, LetterState.PRINT), 0),
            run=runs[code][0] if code in runs else None,
            run_state=runs[code][1] if code in runs else None,
        )
        for code in programmes
    }


def _letters(programmes: Sequence[str]) -> dict[tuple[str, LetterState], int]:
    rows = db.session.execute(
        select(Programme.code, Letter.state, func.count())
        .join(Programme, Programme.id == Letter.programme_id)
        .where(
            Programme.code.in_(programmes),
            or_(Letter.state == LetterState.DEAD, outbox.to_be_printed()),
        )
        .group_by(Programme.code, Letter.state)
    )
    return {(code, state): count for code, state, count in rows}


def _newest_runs(programmes: Sequence[str]) -> dict[str, tuple[int, RunState]]:
    newest = (
        select(AllocationRun.programme_id, func.max(AllocationRun.number).label("number"))
        .group_by(AllocationRun.programme_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Programme.code, AllocationRun.number, AllocationRun.state)
        .join(Programme, Programme.id == AllocationRun.programme_id)
        .join(
            newest,
            (newest.c.programme_id == AllocationRun.programme_id) & (newest.c.number == AllocationRun.number),
        )
        .where(Programme.code.in_(programmes))
    )
    return {code: (number, state) for code, number, state in rows}
