"""Ask whether the places that a run gave still fit the programme: its money, seats, times and people as they are today.

Between a run and its publication a fund may be cut, a heat moved, a record mended. The programme is framed once more as
it stands, for everybody of the run, and the auditor says which rules the run's places would break. That somebody has
given up since is no fault of the result: publishing leaves him out, and says so where a group falls below its minimum.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.domain.facts import PartyFacts
from eventhub.domain.terms import IN_ALLOCATION
from eventhub.i18n import N_, Text
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.models.programmes import Option
from eventhub.models.registrations import Registration
from eventhub.queries import conflicts, snapshots
from solvers.audit import Breach, broken
from solvers.problem import ProblemError
from solvers.problem import read as read_problem

Places = Mapping[str, str | None]
"""Registration -> the option it was given."""


def first_misfit(session: Session, run: AllocationRun, *, on: date) -> Text | None:
    """The first rule of today that the run's places break, as a sentence for the organiser; None where they fit.

    Claims are judged as of the day ``on``.
    """
    taken = snapshots.take(session, run.programme_id, on=on, run_id=run.id)
    framed = kinds.of(taken.programme).frame(taken.programme, taken.parties)
    try:
        problem = read_problem(json.dumps(framed, ensure_ascii=False).encode())
    except ProblemError as error:
        return N_("As it stands it cannot be allocated at all (%(error)s).", error=str(error))
    carriers: Mapping[str, Sequence[int]] = run.summary.get("carriers", {})
    given, standing = _given(session, run.id)
    breaches = broken(problem, _placements(framed, taken.parties, given), carriers)
    if breaches and len(standing) < len(given):
        # What only those break who have given up since, or only their absence, is no fault of the result.
        without = broken(problem, _placements(framed, taken.parties, standing), carriers)
        still = {(each.rule, each.id) for each in without}
        breaches = [each for each in breaches if (each.rule, each.id) in still]
    return _said(breaches[0], framed, taken) if breaches else None


def _given(session: Session, run_id: int) -> tuple[Places, Places]:
    """What the run gave each registration, and the same of those who have not given up since."""
    rows = session.execute(
        select(Registration.code, Registration.state, Option.code.label("option"))
        .join(Allotment, Allotment.registration_id == Registration.id)
        .outerjoin(Option, Option.id == Allotment.option_id)
        .where(Allotment.run_id == run_id)
    ).all()
    given = {row.code: row.option for row in rows}
    return given, {row.code: row.option for row in rows if row.state in IN_ALLOCATION}


def _placements(
    framed: Mapping[str, Any], parties: Sequence[PartyFacts], given: Places
) -> dict[str, str | dict[str, int]]:
    """The run's places as a result says them: a party's option, or its heads an option where it may be split."""
    split = {str(group["id"]) for group in framed["groups"] if group.get("piece")}
    found: dict[str, str | dict[str, int]] = {}
    for party in parties:
        heads = Counter(option for each in party.members if (option := given.get(each.code)) is not None)
        if heads:
            found[party.code] = dict(heads) if party.code in split else next(iter(heads))
    return found


def _said(breach: Breach, framed: Mapping[str, Any], taken: snapshots.Snapshot) -> Text:
    if breach.rule == "placements":
        sign_up = next(
            (party.members[0].code for party in taken.parties if party.code == breach.id), breach.id
        )
        return N_("Sign-up %(code)s may not have the place it was given, or does not list it.", code=sign_up)
    return conflicts.Frozen(framed, taken.programme).rule((breach.rule, breach.id))
