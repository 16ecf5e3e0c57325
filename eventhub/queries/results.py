"""What a run gave each person: which place, or which place in line, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from eventhub.domain.facts import OptionFacts, ProgrammeFacts
from eventhub.extensions import db
from eventhub.i18n import N_, Bilingual, Text
from eventhub.kinds import fund
from eventhub.models.accounts import Participant
from eventhub.models.allocations import Allotment
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Option
from eventhub.models.registrations import Party, Registration
from eventhub.queries import allocations, programmes
from eventhub.queries.reasons import about, limit_name


@dataclass(frozen=True)
class PersonRow:
    """One registration in a result, with the reason for what it got."""

    id: int
    registration: str
    party: str
    name: str
    unit: Bilingual
    option: OptionFacts | None
    rank: int | None
    tier: int
    tier_name: Text | None
    lot: int | None
    station: str
    position: int | None
    pinned: bool
    why: tuple[Text, ...]


@dataclass(frozen=True)
class PersonPage:
    """Some people of a result, how many there are in all, and where the next page begins (None: it ends here)."""

    rows: tuple[PersonRow, ...] = ()
    total: int = 0
    next_after: int | None = None


@dataclass(frozen=True)
class Hindrance:
    """What stood in the way of the dearest choice, and how many people without a place it kept out of it."""

    key: str
    """By which :func:`people_of` finds these people."""
    name: Text
    people: int


def people_of(
    programme: str,
    number: int,
    *,
    placed: bool | None = None,
    option: str = "",
    hindrance: str = "",
    after: int = 0,
    size: int = 50,
) -> PersonPage:
    """People of a result in the order of arrival: all, the placed, or the unplaced, with their reasons.

    With a ``hindrance``, the unplaced whose dearest choice it stood in the way of.
    """
    row_id = allocations.run_id(programme, number)
    facts = programmes.facts(programme)
    groups = allocations.tier_names_of(programme, number)
    wanted = (
        select(
            Allotment.id,
            Allotment.rank,
            Allotment.station,
            Allotment.position,
            Allotment.pinned,
            Allotment.reason,
            Registration.code.label("registration"),
            Party.code.label("party"),
            Participant.name,
            Organisation.name_zh,
            Organisation.name_en,
            Option.code.label("option"),
        )
        .join(Registration, Registration.id == Allotment.registration_id)
        .join(Party, Party.id == Registration.party_id)
        .join(Participant, Participant.id == Registration.participant_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
        .outerjoin(Option, Option.id == Allotment.option_id)
        .where(Allotment.run_id == row_id)
    )
    if placed is not None:
        wanted = wanted.where(Allotment.option_id.is_not(None) if placed else Allotment.option_id.is_(None))
    if option:
        wanted = wanted.where(Option.code == option)
    if hindrance:
        wanted = wanted.where(Allotment.option_id.is_(None), _hindrance() == hindrance)
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = db.session.execute(wanted.where(Allotment.id > after).order_by(Allotment.id).limit(size + 1)).all()
    shown = rows[:size]
    return PersonPage(
        rows=tuple(
            PersonRow(
                id=row.id,
                registration=row.registration,
                party=row.party,
                name=row.name,
                unit=Bilingual(row.name_zh or "", row.name_en or ""),
                option=facts.option_by_code.get(row.option) if row.option else None,
                rank=row.rank,
                tier=row.reason.get("tier", 1),
                tier_name=groups.get(row.reason.get("tier", 1)),
                lot=row.reason.get("lot"),
                station=row.station,
                position=row.position,
                pinned=row.pinned,
                why=about(row.reason, facts),
            )
            for row in shown
        ),
        total=total,
        next_after=shown[-1].id if len(rows) > size else None,
    )


def hindrances(programme: str, number: int) -> tuple[Hindrance, ...]:
    """What kept people without a place out of their dearest choice, what kept out most of them first."""
    facts = programmes.facts(programme)
    keys = (
        select(_hindrance().label("key"))
        .where(Allotment.run_id == allocations.run_id(programme, number), Allotment.option_id.is_(None))
        .subquery()
    )
    counted = db.session.execute(select(keys.c.key, func.count()).group_by(keys.c.key)).all()
    return tuple(
        Hindrance(key, hindrance_name(key, facts), people)
        for key, people in sorted(counted, key=lambda each: (-each[1], each[0]))
    )


def _hindrance() -> ColumnElement[str]:
    """The first reason of an allotment as a key: its code, and which fund or limit it was; a hand comes before all."""

    def told(name: str) -> Any:
        return Allotment.reason[("why", 0, name)].as_string()

    return case(
        (Allotment.pinned.is_(True), _PINNED),
        (told("code") == "resource", "resource " + func.coalesce(told("resource"), told("which"), "")),
        (told("code") == "limit", "limit " + func.coalesce(told("limit"), told("id"), "")),
        else_=func.coalesce(told("code"), _NONE_OPEN),
    )


def hindrance_name(key: str, programme: ProgrammeFacts) -> Text:
    """What a hindrance is called, by its key."""
    sort, _, about = key.partition(" ")
    if sort == "resource":
        source = next((each for each in programme.sources if fund(each.code) == about), None)
        return N_("The fund “%(fund)s” is used up", fund=source.name) if source else _SHARED_USED_UP
    if sort == "limit" and about:
        return N_("The limit is reached: %(limit)s", limit=limit_name(about, programme))
    return _HINDRANCES.get(sort, _HINDRANCES[_NONE_OPEN])


_PINNED, _NONE_OPEN = "pinned", "none-open"
_SHARED_USED_UP = N_("What options share (beds, coaches, staff) is used up")
_HINDRANCES = {
    "full": N_("All places of their first choice are taken"),
    "did-not-run": N_("Their first choice does not run"),
    "too-large": N_("Too few places left for the whole party"),
    "limit": N_("Another option would fall below its minimum"),
    "apart": N_("Somebody goes there with whom they do not go together"),
    "clash": N_("At the same time as, or too far from, another place of theirs"),
    "changes": N_("It would have moved too many people who have a place"),
    "aim": N_("With them there, fewer people would have a place or a good choice"),
    "room": N_("The search ended before this place was tried"),
    _PINNED: N_("Fixed by hand to have no place"),
    _NONE_OPEN: N_("None of their choices was open to them"),
}
