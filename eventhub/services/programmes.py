"""Draft, announce and change programmes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from eventhub import kinds
from eventhub.domain.facts import Actor, OccasionFacts, OptionFacts, ProgrammeFacts
from eventhub.domain.problems import Conflict, NotAllowed, NotFound, Problem, Refused, refuse
from eventhub.domain.terms import Role
from eventhub.extensions import transaction
from eventhub.i18n import N_
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import FundingSource, Occasion, Option, Programme, Quota
from eventhub.models.registrations import Preference
from eventhub.queries import programmes as programme_queries
from eventhub.services import journal


def create(facts: ProgrammeFacts, *, by: Actor, at: datetime) -> str:
    """Keep a new programme as a draft and return its code."""
    _demand_organiser(by)
    refuse([*_problems(facts), *_option_problems(facts, facts.options)])
    with transaction() as session:
        if session.scalar(select(Programme.id).where(Programme.code == facts.code)):
            raise Refused(
                Problem(
                    "code_taken", N_("There is a programme with this code already. Choose another."), "code"
                )
            )
        row = Programme(code=facts.code, kind=facts.kind, title_zh="", contact_name="", contact_phone="")
        row.organisation = _organisation(session, facts.organisation)
        _demand_host(by, row.organisation)
        _write(row, facts)
        row.announced_at = facts.announced_at
        session.add(row)
        session.flush()
        _write_options(session, row, facts)
        _write_money(session, row, facts)
        journal.note(session, at=at, by=by, event="programme created", subject="programme", code=facts.code)
        return facts.code


def change(
    code: str, facts: ProgrammeFacts, *, version: int, by: Actor, at: datetime, reason: str = ""
) -> None:
    """Change what a programme offers and how; options that somebody ranked cannot go.

    ``version`` is the one the form was filled from; :class:`Conflict` if somebody changed it meanwhile.
    """
    refuse(_problems(facts))
    with transaction() as session:
        row = locked(session, code, by)
        if row.version != version:
            raise Conflict(
                Problem(
                    "changed_meanwhile",
                    N_("Somebody changed this programme meanwhile. Look at it again, then change it."),
                )
            )
        before = programme_queries.of_row(session, row).option_by_code
        refuse(_option_problems(facts, (each for each in facts.options if before.get(each.code) != each)))
        _write(row, facts)
        _write_options(session, row, facts)
        _write_money(session, row, facts)
        _touch(row)
        journal.note(
            session, at=at, by=by, event="programme changed", subject="programme", code=code, reason=reason
        )


def change_option(code: str, option: OptionFacts, *, by: Actor, at: datetime, reason: str) -> None:
    """Change one option's times, place, seats or details; what is published of it changes with the next publication."""
    with transaction() as session:
        row = locked(session, code, by)
        facts = programme_queries.of_row(session, row)
        if option.code not in facts.option_by_code:
            raise NotFound
        options = tuple(option if each.code == option.code else each for each in facts.options)
        changed = replace(facts, options=options)
        refuse([*_problems(changed), *_option_problems(changed, [option])])
        _write_options(session, row, changed)
        _touch(row)
        journal.note(
            session,
            at=at,
            by=by,
            event="option changed",
            subject="programme",
            code=code,
            reason=reason,
            details={"option": option.code},
        )


def announce(code: str, *, by: Actor, at: datetime) -> None:
    """Let everybody see a programme from now on."""
    with transaction() as session:
        row = locked(session, code, by)
        if row.announced_at is None or row.announced_at > at:
            row.announced_at = at
            journal.note(session, at=at, by=by, event="programme announced", subject="programme", code=code)


def owned(session: Session, code: str, by: Actor) -> Programme:
    """The row of a programme an organiser answers for; for anybody else there is none."""
    row = session.scalar(select(Programme).where(Programme.code == code))
    if row is None:
        raise NotFound
    _demand_organiser(by)
    _demand_host(by, row.organisation)
    return row


def locked(session: Session, code: str, by: Actor) -> Programme:
    """The row as :func:`owned` gives it, so that of two changes at one moment the second sees what the first did."""
    session.execute(select(Programme.id).where(Programme.code == code).with_for_update())
    return owned(session, code, by)


def _demand_organiser(by: Actor) -> None:
    if not by.is_a(Role.ORGANISER):
        raise NotAllowed


def _demand_host(by: Actor, host: Organisation | None) -> None:
    if by.account_id and not (host and set(host.codes) & set(by.scope)):
        raise NotFound


def _organisation(session: Session, code: str) -> Organisation:
    found = session.scalar(select(Organisation).where(Organisation.code == code))
    if found is None:
        raise Refused(
            Problem("no_host", N_("Choose the organisation that hosts the programme."), "organisation")
        )
    return found


def _problems(facts: ProgrammeFacts) -> list[Problem]:
    found: list[Problem] = []
    if facts.kind not in kinds.every():
        found.append(Problem("no_kind", N_("Choose what kind of programme it is."), "kind"))
    if not facts.title.zh.strip():
        found.append(Problem("missing", N_("Title: please fill this in."), "title_zh"))
    if not facts.contact_name.strip() or not facts.contact_phone.strip():
        found.append(
            Problem(
                "no_contact", N_("Name somebody people can call, with a telephone number."), "contact_name"
            )
        )
    if facts.opens_at and facts.closes_at and facts.closes_at <= facts.opens_at:
        found.append(Problem("closes_before_opens", N_("Sign-up must close after it opens."), "closes_at"))
    first = facts.first_day
    if first and facts.closes_at and facts.closes_at.date() > first:
        found.append(Problem("closes_too_late", N_("Sign-up must close before the first day."), "closes_at"))
    codes = [option.code for option in facts.options]
    if len(set(codes)) != len(codes):
        found.append(Problem("option_twice", N_("Two options have the same code."), "options"))
    for option in facts.options:
        if option.capacity is not None and option.minimum > option.capacity:
            found.append(
                Problem(
                    "minimum_over_capacity",
                    N_(
                        "%(option)s: needs %(minimum)s to run but has only %(capacity)s seats.",
                        option=option.title,
                        minimum=option.minimum,
                        capacity=option.capacity,
                    ),
                    f"option-{option.code}-minimum",
                )
            )
        if not option.occasions:
            found.append(
                Problem(
                    "no_dates",
                    N_("%(option)s: give its dates.", option=option.title),
                    f"option-{option.code}",
                )
            )
    sources = {source.code for source in facts.sources}
    found += [
        Problem(
            "no_source",
            N_(
                "Fund %(code)s: there is no fund %(spill)s to bear the rest.",
                code=source.code,
                spill=source.spill or "",
            ),
            "sources",
        )
        for source in facts.sources
        if source.spill and source.spill not in sources
    ]
    found += [
        Problem(
            "floor_over_ceiling", N_("%(name)s: the floor is above the ceiling.", name=quota.name), "quotas"
        )
        for quota in facts.quotas
        if quota.ceiling is not None and quota.floor > quota.ceiling
    ]
    return found


def _option_problems(facts: ProgrammeFacts, options: Iterable[OptionFacts]) -> list[Problem]:
    """What the kind finds wrong with these options; one that stays as it is is not asked about."""
    if facts.kind not in kinds.every():
        return []
    return [
        problem.at(f"option-{option.code}-{problem.field}")
        for option in options
        for problem in kinds.of(facts).option_problems(facts, option)
    ]


def _touch(row: Programme) -> None:
    """Count the change in the programme's own version, whichever of its rows changed."""
    flag_modified(row, "settings")


def _write(row: Programme, facts: ProgrammeFacts) -> None:
    row.title_zh, row.title_en = facts.title.zh, facts.title.en
    row.summary_zh, row.summary_en = facts.summary.zh, facts.summary.en
    row.contact_name, row.contact_phone = facts.contact_name, facts.contact_phone
    row.opens_at, row.closes_at, row.result_at = facts.opens_at, facts.closes_at, facts.result_at
    row.settings = dict(facts.settings)


def _write_options(session: Session, row: Programme, facts: ProgrammeFacts) -> None:
    standing = {
        option.code: option for option in session.scalars(select(Option).where(Option.programme_id == row.id))
    }
    for gone in standing.keys() - facts.option_by_code.keys():
        if session.scalar(select(Preference.id).where(Preference.option_id == standing[gone].id).limit(1)):
            raise Refused(
                Problem(
                    "option_ranked",
                    N_(
                        "%(option)s has been chosen by people who signed up and cannot be removed.",
                        option=gone,
                    ),
                    "options",
                )
            )
        for occasion in standing[gone].occasions:
            session.delete(occasion)
        session.delete(standing[gone])
    for option in facts.options:
        kept = standing.get(option.code) or Option(programme_id=row.id, code=option.code)
        session.add(kept)
        _write_option(session, kept, option)


def _write_option(session: Session, row: Option, option: OptionFacts) -> None:
    row.item, row.item_title_zh, row.item_title_en = option.item, option.item_title.zh, option.item_title.en
    row.title_zh, row.title_en = option.title.zh, option.title.en
    row.capacity, row.minimum = option.capacity, option.minimum
    row.cost_fen, row.head_cost_fen = option.cost_fen, option.head_cost_fen
    row.place_code, row.details = option.place_code, dict(option.details)
    standing = {occasion.position: occasion for occasion in row.occasions} if row.id else {}
    for position, occasion in enumerate(option.occasions):
        kept = standing.pop(position, None)
        if kept is None:
            kept = Occasion(position=position)
            row.occasions.append(kept)
        _write_occasion(kept, occasion)
    for gone in standing.values():
        session.delete(gone)


def _write_occasion(row: Occasion, occasion: OccasionFacts) -> None:
    row.first_day, row.last_day = occasion.first_day, occasion.last_day
    timed = isinstance(occasion.starts, datetime) and isinstance(occasion.ends, datetime)
    row.starts_at = occasion.starts if timed and isinstance(occasion.starts, datetime) else None
    row.ends_at = occasion.ends if timed and isinstance(occasion.ends, datetime) else None
    row.place_zh, row.place_en = occasion.place.zh, occasion.place.en
    row.meeting_point_zh, row.meeting_point_en = occasion.meeting_point.zh, occasion.meeting_point.en
    row.latitude, row.longitude = occasion.latitude, occasion.longitude


def _write_money(session: Session, row: Programme, facts: ProgrammeFacts) -> None:
    sources = {source.code: source for source in row.sources}
    for source in facts.sources:
        kept = sources.pop(source.code, None) or FundingSource(programme_id=row.id, code=source.code)
        session.add(kept)
        kept.name_zh, kept.name_en = source.name.zh, source.name.en
        kept.amount_fen, kept.spill, kept.holder_code = source.amount_fen, source.spill, source.holder
    for gone in sources.values():
        session.delete(gone)
    quotas = {quota.organisation.code: quota for quota in row.quotas}
    for wanted in facts.quotas:
        quota = quotas.pop(wanted.organisation, None)
        if quota is None:
            quota = Quota(programme_id=row.id, organisation=_organisation(session, wanted.organisation))
            session.add(quota)
        quota.floor, quota.ceiling = wanted.floor, wanted.ceiling
    for left in quotas.values():
        session.delete(left)
