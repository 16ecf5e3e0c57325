"""Programmes as facts: what a page, a rule or a solver needs of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from eventhub.domain.facts import (
    Actor,
    OccasionFacts,
    OptionFacts,
    ProgrammeFacts,
    QuotaFacts,
    SourceFacts,
)
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import IN_ALLOCATION, Role
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.allocations import AllocationRun
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import FundingSource, Occasion, Option, Programme, Quota
from eventhub.models.publications import Publication
from eventhub.models.registrations import Party, Preference, Registration

Offer = tuple[tuple[OptionFacts, ...], tuple[SourceFacts, ...], tuple[QuotaFacts, ...]]


def facts(code: str, *, session: Session | None = None) -> ProgrammeFacts:
    """The programme of this code; :class:`NotFound` if there is none."""
    session = session or db.session()
    row = session.scalar(select(Programme).where(Programme.code == code))
    if row is None:
        raise NotFound
    return of_row(session, row)


def facts_by_id(session: Session, programme_id: int) -> ProgrammeFacts:
    """The programme of this row."""
    row = session.get(Programme, programme_id)
    if row is None:
        raise NotFound
    return of_row(session, row)


def id_of(session: Session, code: str) -> int:
    """The row of a programme; :class:`NotFound` if there is none."""
    found = session.scalar(select(Programme.id).where(Programme.code == code))
    if found is None:
        raise NotFound
    return found


def option_ids(session: Session, programme_id: int) -> dict[str, int]:
    """Option code -> row, of a programme."""
    version = session.scalar(select(Programme.version).where(Programme.id == programme_id)) or 0
    return _option_ids(_address(session), programme_id, version)


def version_of(code: str) -> int:
    """The version of a programme's row: a form carries it, so that nobody overwrites a change unseen."""
    found = db.session.scalar(select(Programme.version).where(Programme.code == code))
    if found is None:
        raise NotFound
    return found


def listing(at: datetime, *, drafts: bool = False) -> tuple[ProgrammeFacts, ...]:
    """Programmes announced by now (all of them with ``drafts``), those that close soonest first, older ones last."""
    session = db.session()
    wanted = select(Programme).order_by(Programme.closes_at, Programme.id)
    if not drafts:
        wanted = wanted.where(Programme.announced_at <= at)
    found = [of_row(session, row) for row in session.scalars(wanted)]
    return tuple(sorted(found, key=lambda each: each.closes_at is None or each.closes_at < at))


def may_see(actor: Actor | None, programme: ProgrammeFacts, at: datetime) -> bool:
    """Whether somebody may see a programme: announced ones everybody, drafts the organisers of its host."""
    if programme.announced_at is not None and programme.announced_at <= at:
        return True
    return actor is not None and actor.is_a(Role.ORGANISER) and answers_for(actor, programme)


def answers_for(actor: Actor, programme: ProgrammeFacts) -> bool:
    """Whether an organiser answers for a programme: its host lies within what he is organiser of."""
    if actor.account_id == 0:
        return True
    if not actor.is_a(Role.ORGANISER):
        return False
    path = (
        db.session.scalar(select(Organisation.path).where(Organisation.code == programme.organisation)) or ""
    )
    return any(f"/{code}/" in f"/{path}" for code in actor.scope)


def demand(code: str) -> dict[str, tuple[int, int]]:
    """Option code -> (heads that ranked it first, heads that ranked it at all), of those standing now."""
    heads = (
        select(Registration.party_id, func.count().label("heads"))
        .join(Programme, Programme.id == Registration.programme_id)
        .where(Programme.code == code, Registration.state.in_(IN_ALLOCATION))
        .group_by(Registration.party_id)
        .subquery()
    )
    first = func.sum(heads.c.heads).filter(Preference.rank == 1)
    rows = db.session.execute(
        select(Option.code, func.coalesce(first, 0), func.sum(heads.c.heads))
        .join(Preference, Preference.option_id == Option.id)
        .join(heads, heads.c.party_id == Preference.party_id)
        .group_by(Option.code)
    )
    return {option: (int(ones), int(all_)) for option, ones, all_ in rows}


def counts(programme_id: int, *, session: Session | None = None) -> dict[str, int]:
    """Registrations by state, and the parties that have been sent."""
    session = session or db.session()
    rows = session.execute(
        select(Registration.state, func.count())
        .where(Registration.programme_id == programme_id)
        .group_by(Registration.state)
    )
    found = {str(state): count for state, count in rows}
    found["parties"] = (
        session.scalar(
            select(func.count())
            .select_from(Party)
            .where(Party.programme_id == programme_id, Party.submitted_at.is_not(None))
        )
        or 0
    )
    return found


def of_row(session: Session, row: Programme) -> ProgrammeFacts:
    """A row as facts. What it offers is read once a version and kept."""
    options, sources, quotas = _offer(_address(session), row.id, row.version)
    published = session.scalar(select(func.max(Publication.number)).where(Publication.programme_id == row.id))
    asked = session.scalar(select(AllocationRun.id).where(AllocationRun.programme_id == row.id).limit(1))
    host = session.get(Organisation, row.organisation_id) if row.organisation_id else None
    return ProgrammeFacts(
        code=row.code,
        kind=row.kind,
        title=Bilingual(row.title_zh, row.title_en),
        summary=Bilingual(row.summary_zh, row.summary_en),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        result_at=row.result_at,
        announced_at=row.announced_at,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        options=options,
        sources=sources,
        quotas=quotas,
        settings=row.settings,
        organisation=host.code if host else "",
        published=published or 0,
        allotting=asked is not None,
    )


def _address(session: Session) -> str:
    """Which database this is: what is kept between requests is kept apart by it."""
    return str(session.get_bind().engine.url)


@lru_cache(maxsize=64)
def _option_ids(_database: str, programme_id: int, _version: int) -> dict[str, int]:
    rows = db.session.execute(select(Option.code, Option.id).where(Option.programme_id == programme_id))
    return dict(rows.all())


@lru_cache(maxsize=64)
def _offer(_database: str, programme_id: int, _version: int) -> Offer:
    session = db.session()
    options = session.scalars(
        select(Option)
        .where(Option.programme_id == programme_id)
        .options(selectinload(Option.occasions))
        .order_by(Option.id)
    )
    sources = session.scalars(
        select(FundingSource).where(FundingSource.programme_id == programme_id).order_by(FundingSource.id)
    )
    quotas = session.scalars(select(Quota).where(Quota.programme_id == programme_id).order_by(Quota.id))
    return (
        tuple(option_facts(option) for option in options),
        tuple(
            SourceFacts(
                code=source.code,
                name=Bilingual(source.name_zh, source.name_en),
                amount_fen=source.amount_fen,
                spill=source.spill,
                holder=source.holder_code,
            )
            for source in sources
        ),
        tuple(_quota_facts(quotas)),
    )


def option_facts(row: Option) -> OptionFacts:
    """An option's row as facts."""
    return OptionFacts(
        code=row.code,
        title=Bilingual(row.title_zh, row.title_en),
        capacity=row.capacity,
        minimum=row.minimum,
        occasions=tuple(_occasion_facts(occasion) for occasion in row.occasions),
        item=row.item,
        item_title=Bilingual(row.item_title_zh, row.item_title_en),
        place_code=row.place_code,
        cost_fen=row.cost_fen,
        head_cost_fen=row.head_cost_fen,
        details=row.details,
    )


def _occasion_facts(row: Occasion) -> OccasionFacts:
    timed = row.starts_at is not None and row.ends_at is not None
    return OccasionFacts(
        starts=row.starts_at.astimezone(ZONE) if timed and row.starts_at else row.first_day,
        ends=row.ends_at.astimezone(ZONE) if timed and row.ends_at else row.last_day,
        place=Bilingual(row.place_zh, row.place_en),
        meeting_point=Bilingual(row.meeting_point_zh, row.meeting_point_en),
        latitude=row.latitude,
        longitude=row.longitude,
    )


def _quota_facts(rows: Iterable[Quota]) -> Iterable[QuotaFacts]:
    for row in rows:
        yield QuotaFacts(
            organisation=row.organisation.code,
            name=Bilingual(row.organisation.name_zh, row.organisation.name_en),
            floor=row.floor,
            ceiling=row.ceiling,
        )
