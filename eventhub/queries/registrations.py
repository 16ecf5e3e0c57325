"""Registrations as their owners and the desk see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from eventhub import kinds
from eventhub.domain.facts import Actor, Applicant, Application, OptionFacts, Person, ProgrammeFacts
from eventhub.domain.identity import mask_phone
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import PartyRole, RegistrationState, Role
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Account, Participant
from eventhub.models.invites import Letter
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Option, Programme
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Consent, Party, Preference, Registration, RegistrationStep
from eventhub.queries import people, programmes
from eventhub.queries.organisations import under


@dataclass(frozen=True)
class StepRow:
    """One step a registration took."""

    old: RegistrationState | None
    new: RegistrationState
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class PublishedRow:
    """What the last publication says of a registration; ``reason`` as :mod:`eventhub.queries.allocations` reads it."""

    number: int
    at: datetime
    state: RegistrationState
    option: OptionFacts | None
    station: str
    position: int | None
    reason: Mapping[str, Any]


@dataclass(frozen=True)
class MemberRow:
    """One person of a party."""

    code: str
    person: Person
    role: PartyRole
    state: RegistrationState
    answers: Mapping[str, Any]
    has_identity_number: bool
    published: PublishedRow | None = None
    steps: tuple[StepRow, ...] = ()


@dataclass(frozen=True)
class Consented:
    """That a text was agreed to, in the version that was in force at that moment."""

    key: str
    version: str
    at: datetime


@dataclass(frozen=True)
class PartyRow:
    """A sign-up as its owner sees it: who, for what, in which order, and how it stands."""

    code: str
    programme: ProgrammeFacts
    item: str
    members: tuple[MemberRow, ...]
    ranking: tuple[OptionFacts, ...]
    flexible: bool
    answers: Mapping[str, Any]
    consents: tuple[Consented, ...]
    created_at: datetime
    submitted_at: datetime | None
    signed_up_by: str = ""
    own: bool = True
    """False for somebody who was signed up by another: then only what concerns them is here, and no answers."""

    @property
    def state(self) -> RegistrationState:
        """The party's state: its members share it, but for those who withdrew while others stayed."""
        standing = [member.state for member in self.members if member.state not in _ENDED]
        return standing[0] if standing else self.members[0].state if self.members else RegistrationState.DRAFT


_ENDED = frozenset({RegistrationState.WITHDRAWN, RegistrationState.CANCELLED})


@dataclass(frozen=True)
class Search:
    """What the desk looks for; ``after`` is the last row of the page before (keyset)."""

    text: str = ""
    state: RegistrationState | None = None
    options: tuple[str, ...] | None = None
    """Codes of which one at least was chosen; None: whatever was chosen."""
    organisation: str = ""
    after: int = 0
    size: int = 50


@dataclass(frozen=True)
class DeskRow:
    """A registration on the desk's list; telephone masked."""

    id: int
    code: str
    party: str
    name: str
    sex: str | None
    birth_date: date | None
    unit: Bilingual
    role: PartyRole
    state: RegistrationState
    item: str
    first_choice: Bilingual
    phone_masked: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class DeskPage:
    """A page of the desk's list: its rows, how many there are in all, and where the next page begins."""

    rows: tuple[DeskRow, ...] = ()
    total: int = 0
    next_after: int | None = None
    by_state: Mapping[str, int] = field(default_factory=dict)


def mine(actor: Actor, *, on: date) -> tuple[PartyRow, ...]:
    """Everything an account signed up for, or that is about somebody it acts for, the newest first."""
    own = select(Party.id).where(Party.account_id == actor.account_id)
    others = select(Registration.party_id).where(
        Registration.state != RegistrationState.DRAFT, people.concerns(actor)
    )
    rows = db.session.scalars(
        _with_everything(select(Party))
        .where(Party.id.in_(own.union(others)))
        .order_by(Party.id.desc())
        .limit(200)
    ).all()
    return _as_read(db.session(), rows, actor, on=on)


def party(code: str, actor: Actor, *, on: date, steps: bool = True) -> PartyRow:
    """A sign-up of this account; :class:`NotFound` for anybody else's."""
    row = db.session.scalar(_with_everything(select(Party)).where(Party.code == code))
    if row is None or row.account_id != actor.account_id:
        raise NotFound
    return _party_rows(db.session(), [row], on=on, steps=steps)[0]


def party_to_read(code: str, actor: Actor, *, on: date) -> PartyRow:
    """A sign-up of this account, or what of another's is about somebody it acts for or is written to about.

    :class:`NotFound` where nothing is.
    """
    row = db.session.scalar(_with_everything(select(Party)).where(Party.code == code))
    if row is None:
        raise NotFound
    found = _as_read(db.session(), [row], actor, on=on)
    if not found:
        raise NotFound
    return found[0]


def concerning(session: Session, row: Party, actor: Actor) -> frozenset[str]:
    """The codes of a party's registrations that somebody other than its owner may read, and give up.

    Whoever acts for the person, whoever signed in with the address kept of the person, for letters go there, and the
    officer of the unit who was written to in their place. A draft is nobody's but its owner's.
    """
    sent = [each for each in row.registrations if each.state is not RegistrationState.DRAFT]
    found = set(
        session.scalars(
            select(Registration.code).where(
                Registration.id.in_([each.id for each in sent]), people.concerns(actor)
            )
        )
    )
    if actor.is_a(Role.OFFICER) and actor.email:
        told = set(
            session.scalars(
                select(Letter.registration_id).where(
                    Letter.registration_id.in_([each.id for each in sent]),
                    Letter.recipient_address == actor.email,
                )
            )
        )
        found |= {
            each.code for each in sent if each.id in told and people.speaks_for(actor, each.participant)
        }
    return frozenset(found)


def _as_read(session: Session, rows: Sequence[Party], actor: Actor, *, on: date) -> tuple[PartyRow, ...]:
    theirs = {row.code: concerning(session, row, actor) for row in rows if row.account_id != actor.account_id}
    return tuple(
        row if row.code not in theirs else _of_others(row, theirs[row.code])
        for row in _party_rows(session, rows, on=on)
        if row.code not in theirs or theirs[row.code]
    )


def _of_others(row: PartyRow, codes: frozenset[str]) -> PartyRow:
    members = tuple(replace(each, answers={}) for each in row.members if each.code in codes)
    return replace(row, members=members, answers={}, consents=(), own=False)


def draft_of(programme: str, actor: Actor) -> str | None:
    """The party code of an unfinished sign-up of this account in a programme, to be continued."""
    return db.session.scalar(
        select(Party.code)
        .join(Programme, Programme.id == Party.programme_id)
        .join(Registration, Registration.party_id == Party.id)
        .where(
            Programme.code == programme,
            Party.account_id == actor.account_id,
            Registration.state == RegistrationState.DRAFT,
        )
        .order_by(Party.id.desc())
        .limit(1)
    )


def application_of(row: PartyRow) -> Application:
    """The sign-up as an application again, to be changed by a form.

    Agreed is only what was agreed to in the version now in force: whoever changes a sign-up is asked again.
    """
    application = Application(
        programme=row.programme.code,
        applicants=tuple(
            Applicant(person=member.person, role=member.role, answers=member.answers)
            for member in row.members
            if member.state not in _ENDED
        ),
        ranking=tuple(option.code for option in row.ranking),
        item=row.item,
        flexible=row.flexible,
        answers=row.answers,
    )
    texts = kinds.of(row.programme).consents(row.programme, application)
    given = {(each.key, each.version) for each in row.consents}
    return replace(
        application, consents=tuple(text.key for text in texts if (text.key, text.version) in given)
    )


def of_desk(code: str, *, on: date) -> tuple[PartyRow, str]:
    """The party of a registration and the registration's own code, for the desk; scope is the caller's to check."""
    row = db.session.scalar(
        _with_everything(select(Party))
        .join(Registration)
        .where(or_(Registration.code == code, Party.code == code))
    )
    if row is None:
        raise NotFound
    return _party_rows(db.session(), [row], on=on)[0], code


def search(programme: str, wanted: Search, *, within: Sequence[str] = ()) -> DeskPage:
    """A page of a programme's registrations, in the order of arrival.

    ``within`` limits it to units under these organisation codes (an officer's); none: all.
    """
    session = db.session()
    programme_id = programmes.id_of(session, programme)
    conditions = _conditions(programme_id, wanted, within)
    total = session.scalar(_joined(select(func.count())).where(*conditions)) or 0
    rows = session.execute(
        _joined(
            select(
                Registration.id,
                Registration.code,
                Registration.party_id,
                Party.code.label("party"),
                Participant.id.label("participant_id"),
                Participant.name,
                Participant.sex,
                Participant.birth_date,
                Participant.phone,
                Organisation.name_zh,
                Organisation.name_en,
                Registration.role,
                Registration.state,
                Registration.item,
            )
        )
        .where(*conditions, Registration.id > wanted.after)
        .order_by(Registration.id)
        .limit(wanted.size + 1)
    ).all()
    shown = rows[: wanted.size]
    first = _first_choices(session, [row.party_id for row in shown])
    known = people.people(session, [row.participant_id for row in shown], on=date.max)
    return DeskPage(
        rows=tuple(
            DeskRow(
                id=row.id,
                code=row.code,
                party=row.party,
                name=row.name,
                sex=row.sex,
                birth_date=row.birth_date,
                unit=Bilingual(row.name_zh or "", row.name_en or ""),
                role=row.role,
                state=row.state,
                item=row.item,
                first_choice=first.get(row.party_id, Bilingual("")),
                phone_masked=mask_phone(row.phone or ""),
                claims=tuple(sorted(known[row.participant_id].claims)),
            )
            for row in shown
        ),
        total=total,
        next_after=shown[-1].id if len(rows) > wanted.size else None,
        by_state=programmes.counts(programme_id, session=session),
    )


def _joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        query.select_from(Registration)
        .join(Party, Party.id == Registration.party_id)
        .join(Participant, Participant.id == Registration.participant_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
    )


def _conditions(programme_id: int, wanted: Search, within: Sequence[str]) -> list[Any]:
    found: list[Any] = [Registration.programme_id == programme_id]
    found.append(
        Registration.state == wanted.state if wanted.state else Registration.state != RegistrationState.DRAFT
    )
    if text := wanted.text.strip():
        found.append(
            or_(
                Participant.name.contains(text, autoescape=True),
                Registration.code == text.upper(),
                Party.code == text.upper(),
                Organisation.name_zh.contains(text, autoescape=True),
            )
        )
    if wanted.options is not None:
        ranked = (
            select(Preference.party_id)
            .join(Option)
            .where(Option.code.in_(wanted.options), Option.programme_id == programme_id)
        )
        found.append(Registration.party_id.in_(ranked))
    units = [code for code in (wanted.organisation,) if code]
    if units:
        found.append(under(units))
    if within:
        found.append(under(within))
    return found


def _first_choices(session: Session, party_ids: Iterable[int]) -> dict[int, Bilingual]:
    rows = session.execute(
        select(Preference.party_id, Option.title_zh, Option.title_en)
        .join(Option, Option.id == Preference.option_id)
        .where(and_(Preference.party_id.in_(set(party_ids)), Preference.rank == 1))
    )
    return {party_id: Bilingual(zh, en) for party_id, zh, en in rows}


def _with_everything(query: Select[Party]) -> Select[Party]:
    return query.options(
        selectinload(Party.registrations).selectinload(Registration.participant),
        selectinload(Party.preferences).selectinload(Preference.option),
        selectinload(Party.account),
    )


def _party_rows(
    session: Session, rows: Sequence[Party], *, on: date, steps: bool = True
) -> tuple[PartyRow, ...]:
    members = [registration for row in rows for registration in row.registrations]
    known = people.people(session, [each.participant_id for each in members], on=on)
    taken = _steps(session, [each.id for each in members]) if steps else {}
    published = _published(session, [each.id for each in members])
    agreed = _consents(session, [row.id for row in rows])
    facts: dict[int, ProgrammeFacts] = {}
    for row in rows:
        if row.programme_id not in facts:
            facts[row.programme_id] = programmes.facts_by_id(session, row.programme_id)
    return tuple(
        PartyRow(
            code=row.code,
            programme=facts[row.programme_id],
            item=row.item,
            members=tuple(
                MemberRow(
                    code=each.code,
                    person=known[each.participant_id],
                    role=each.role,
                    state=each.state,
                    answers=each.answers,
                    has_identity_number=each.participant.identity_sealed is not None,
                    published=_published_row(published.get(each.id), facts[row.programme_id]),
                    steps=tuple(taken.get(each.id, ())),
                )
                for each in row.registrations
            ),
            ranking=tuple(
                facts[row.programme_id].option(each.option.code)
                for each in row.preferences
                if each.option.code in facts[row.programme_id].option_by_code
            ),
            flexible=row.flexible,
            answers=row.answers,
            consents=tuple(agreed.get(row.id, ())),
            created_at=row.created_at,
            submitted_at=row.submitted_at,
            signed_up_by=row.account.name if row.account else "",
        )
        for row in rows
    )


def _steps(session: Session, ids: Sequence[int]) -> dict[int, list[StepRow]]:
    found: dict[int, list[StepRow]] = defaultdict(list)
    rows = session.execute(
        select(RegistrationStep, Account.name)
        .outerjoin(Account, Account.id == RegistrationStep.account_id)
        .where(RegistrationStep.registration_id.in_(ids))
        .order_by(RegistrationStep.id)
    )
    for step, name in rows:
        found[step.registration_id].append(
            StepRow(step.old, step.new, step.at, name or "EventHub", step.reason)
        )
    return found


Published = tuple[PublishedAllotment, Publication, str | None]


def _published(session: Session, ids: Sequence[int]) -> dict[int, Published]:
    """The newest publication's word on each registration."""
    newest = (
        select(PublishedAllotment.registration_id, func.max(PublishedAllotment.id).label("id"))
        .where(PublishedAllotment.registration_id.in_(ids))
        .group_by(PublishedAllotment.registration_id)
        .subquery()
    )
    rows = session.execute(
        select(PublishedAllotment, Publication, Option.code)
        .join(newest, newest.c.id == PublishedAllotment.id)
        .join(Publication, Publication.id == PublishedAllotment.publication_id)
        .outerjoin(Option, Option.id == PublishedAllotment.option_id)
    )
    return {
        allotment.registration_id: (allotment, publication, code) for allotment, publication, code in rows
    }


def _published_row(found: Published | None, programme: ProgrammeFacts) -> PublishedRow | None:
    if found is None:
        return None
    allotment, publication, option = found
    return PublishedRow(
        number=publication.number,
        at=publication.at,
        state=allotment.state,
        option=programme.option_by_code.get(option or ""),
        station=allotment.station,
        position=allotment.position,
        reason=allotment.reason,
    )


def _consents(session: Session, party_ids: Sequence[int]) -> dict[int, list[Consented]]:
    """What was agreed to, each version once, at its first time."""
    found: dict[int, list[Consented]] = defaultdict(list)
    rows = session.execute(
        select(Consent.party_id, Consent.key, Consent.version, func.min(Consent.at))
        .where(Consent.party_id.in_(party_ids))
        .group_by(Consent.party_id, Consent.key, Consent.version)
        .order_by(Consent.party_id, func.min(Consent.at), Consent.key)
    )
    for party_id, key, version, at in rows:
        found[party_id].append(Consented(key, version, at))
    return found
