"""Keep who goes: add and change people, find the same person again, seal identity numbers, check claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from eventhub.domain import identity
from eventhub.domain.facts import Actor, PersonDraft
from eventhub.domain.identity import mask_phone
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused, refuse
from eventhub.extensions import transaction
from eventhub.i18n import N_
from eventhub.models.accounts import Account, Claim, Participant, Relation
from eventhub.models.base import Base, new_code
from eventhub.models.organisations import Organisation
from eventhub.models.sealing import Seals
from eventhub.queries import doubles
from eventhub.queries import people as people_queries
from eventhub.queries.outbox import mask_address
from eventhub.services import addresses, corrections, journal

OLDEST = 120
Row = TypeVar("Row", bound=Base)


def add(draft: PersonDraft, *, by: Actor, at: datetime) -> str:
    """Let an account sign somebody up: a child, oneself.

    Whom this account may read already is found, not made twice. Anybody else of the same name, birth date and unit
    stays unseen: the account gets a record of its own, and its officer compares the two.
    """
    with transaction() as session:
        row = Book(session, [draft], by=by, at=at).keep(draft)
        relate(session, by, row, draft.relation)
        journal.note(session, at=at, by=by, event="person added", subject="participant", code=row.code)
        return row.code


def change(code: str, draft: PersonDraft, *, by: Actor, at: datetime) -> None:
    """Correct what is kept of somebody: how to reach them, and, as far as one may, who they are.

    :class:`Refused` as :func:`eventhub.services.corrections.correct` says, or where an identity number that is kept says
    otherwise. A place that stands is told to the corrected address at once.
    """
    with transaction() as session:
        row = _to_correct(session, code, by)
        clean = cleaned(draft, at=at)
        unit = _organisation(session, clean.organisation)
        if clean.organisation and unit is None:
            raise Refused(Problem("no_unit", N_("Choose the union unit from the list."), "organisation"))
        details = corrections.correct(session, row, clean, unit, by=by, at=at)
        if details.keys() & {"birth_date", "sex"}:
            _demand_agreement(row, at=at)
        details = {**details, **_reached_anew(row, clean)}
        row.phone, row.email = clean.phone or None, clean.email or None
        claim(session, row, draft.claims, by=by, at=at)
        if details or draft.claims:
            journal.note(
                session,
                at=at,
                by=by,
                event="person changed",
                subject="participant",
                code=code,
                details=details,
            )
        if "email" in details:
            addresses.follow(session, [row.id], at=at)


def give_identity(code: str, number: str, *, by: Actor, at: datetime) -> None:
    """Keep somebody's identity number, sealed: asked for only once a place is offered.

    Refused if the check digit is wrong, if it disagrees with the birth date or sex given at sign-up, or if it
    belongs to somebody else who is known.
    """
    with transaction() as session:
        row = _one_of(session, code, by)
        _seal_identity(session, row, number, at=at)
        journal.note(session, at=at, by=by, event="identity number given", subject="participant", code=code)


def check_claim(
    code: str, kind: str, *, checked: bool = True, valid_until: date | None, by: Actor, at: datetime
) -> None:
    """The primary union says yes or no to a claim; the paper stays with it."""
    with transaction() as session:
        row = session.scalar(select(Participant).where(Participant.code == code))
        if row is None or not people_queries.speaks_for(by, row):
            raise NotFound
        if doubles.unsettled(session, [row.id]):
            raise Conflict(
                Problem(
                    "kept_twice",
                    N_("Somebody of this name and birth date is kept twice. Compare the two records first."),
                )
            )
        found = {each.kind: each for each in row.claims}.get(kind)
        if found is None:
            found = Claim(participant=row, kind=kind)
            session.add(found)
        found.checked, found.checked_by_id = checked, by.account_id or None
        found.checked_on, found.valid_until = at.astimezone(ZONE).date(), valid_until
        journal.note(
            session,
            at=at,
            by=by,
            event="claim checked" if checked else "claim refused",
            subject="participant",
            code=code,
            details={"kind": kind},
        )


class Book:
    """People typed in during one transaction: each becomes a row once, found again among all that are kept.

    The same person is whoever has the identity number and the name, else, among those the writer may read, the name,
    birth date and unit. To know these of somebody is no right to the record. Without a birth date two of one name are
    taken for two people; an officer tells them apart. A whole list asks the database once.
    """

    def __init__(self, session: Session, drafts: Sequence[PersonDraft], *, by: Actor, at: datetime) -> None:
        self._session = session
        self._by = by
        self._at = at
        one_at_a_time(session, by)
        codes = {draft.organisation for draft in drafts if draft.organisation}
        self._units = {row.code: row for row in _in_chunks(session, Organisation, Organisation.code, codes)}
        self._known: dict[tuple[str, date | None, str], Participant] = {}
        standing = sorted(self._standing(drafts), key=lambda row: row.id)
        ours = _related(session, by, [row.id for row in standing])
        for row in standing:
            if row.id in ours or self._may_find(row):
                self._known.setdefault(_same(row.name, row.birth_date, row.organisation), row)

    def keep(self, draft: PersonDraft) -> Participant:
        """The row of somebody typed in; :class:`Refused` naming everything that is wrong with what was typed."""
        clean = cleaned(draft, at=self._at)
        unit = self._units.get(clean.organisation)
        if unit is None and clean.organisation:
            raise Refused(Problem("no_unit", N_("Choose the union unit from the list."), "organisation"))
        row = self._holder(clean) or (
            self._known.get(_same(clean.name, clean.birth_date, unit)) if clean.birth_date else None
        )
        if row is None:
            row = self._new(clean, unit)
        elif people_queries.speaks_for(self._by, row):
            row.phone = clean.phone or row.phone
            if clean.email and clean.email != row.email:
                row.email = clean.email
                addresses.follow(self._session, [row.id], at=self._at)
        if clean.identity_number:
            _seal_identity(self._session, row, clean.identity_number, at=self._at)
        claim(self._session, row, draft.claims, by=self._by, at=self._at)
        return row

    def _new(self, clean: PersonDraft, unit: Organisation | None) -> Participant:
        row = Participant(
            code=new_code("P"),
            name=clean.name,
            birth_date=clean.birth_date,
            sex=clean.sex,
            phone=clean.phone or None,
            email=clean.email or None,
            organisation=unit,
            place_code=unit.place_code if unit else "",
            created_at=self._at,
            claims=[],
            history=[],
        )
        if not people_queries.speaks_for(self._by, row):
            row.keeper_id = self._by.account_id
        self._session.add(row)
        self._known[_same(row.name, row.birth_date, unit)] = row
        return row

    def _holder(self, clean: PersonDraft) -> Participant | None:
        if not clean.identity_number:
            return None
        index = _seals().index(clean.identity_number)
        row = self._session.scalar(select(Participant).where(Participant.identity_index == index))
        if row is not None and row.name != clean.name:
            raise Refused(_taken())
        return row

    def _may_find(self, row: Participant) -> bool:
        """What an officer wrote down for the unit, its officers find again; what an account typed, that account."""
        if row.keeper_id is None:
            return people_queries.speaks_for(self._by, row)
        return row.keeper_id == self._by.account_id

    def _standing(self, drafts: Sequence[PersonDraft]) -> Iterable[Participant]:
        names = set()
        for draft in drafts:
            name = identity.clean_name(draft.name)
            if not isinstance(name, Problem) and draft.birth_date is not None:
                names.add(name)
        wanted = select(Participant).options(
            selectinload(Participant.claims), joinedload(Participant.organisation)
        )
        return _in_chunks(self._session, Participant, Participant.name, names, wanted)


def one_at_a_time(session: Session, by: Actor) -> None:
    """Two forms of one account, sent at one moment, do not both find nobody and make somebody twice."""
    if by.account_id:
        session.execute(select(Account.id).where(Account.id == by.account_id).with_for_update(key_share=True))


def _related(session: Session, by: Actor, ids: Sequence[int]) -> set[int]:
    """Who of these the account may sign up already."""
    found: set[int] = set()
    for start in range(0, len(ids), people_queries.CHUNK):
        chunk = ids[start : start + people_queries.CHUNK]
        found |= set(
            session.scalars(
                select(Relation.participant_id).where(
                    Relation.account_id == by.account_id, Relation.participant_id.in_(chunk)
                )
            )
        )
    return found


def _same(name: str, birth_date: date | None, unit: Organisation | None) -> tuple[str, date | None, str]:
    return name, birth_date, unit.code if unit else ""


def _in_chunks(
    session: Session, table: type[Row], column: Any, values: Iterable[str], wanted: Select[Any] | None = None
) -> Iterator[Row]:
    ordered = sorted(values)
    for start in range(0, len(ordered), people_queries.CHUNK):
        chunk = ordered[start : start + people_queries.CHUNK]
        query = select(table) if wanted is None else wanted
        yield from session.scalars(query.where(column.in_(chunk)))


def relate(session: Session, by: Actor, row: Participant, relation: str) -> None:
    """Let an account sign this person up from now on."""
    if not by.account_id:
        return
    session.flush()
    standing = session.scalar(
        select(Relation.id).where(Relation.account_id == by.account_id, Relation.participant_id == row.id)
    )
    if standing is None:
        session.add(Relation(account_id=by.account_id, participant=row, relation=relation))


def claim(session: Session, row: Participant, kinds: tuple[str, ...], *, by: Actor, at: datetime) -> None:
    """Note claims: an officer of the unit vouches for them at once, anybody else's wait for the primary union."""
    if not kinds:
        return
    vouched = people_queries.speaks_for(by, row)
    standing = {each.kind: each for each in row.claims}
    for kind in kinds:
        found = standing.get(kind)
        if found is None:
            found = Claim(participant=row, kind=kind)
            session.add(found)
        if vouched and not found.checked:
            found.checked, found.checked_by_id = True, by.account_id or None
            found.checked_on = at.astimezone(ZONE).date()


def cleaned(draft: PersonDraft, *, at: datetime) -> PersonDraft:
    """The draft with every value made uniform; :class:`Refused` naming everything that is wrong with it."""
    problems: list[Problem] = []
    name = identity.clean_name(draft.name)
    if isinstance(name, Problem):
        problems.append(name.at("name"))
        name = ""
    today = at.astimezone(ZONE).date()
    if draft.birth_date and not date(today.year - OLDEST, 1, 1) <= draft.birth_date <= today:
        problems.append(
            Problem(
                "birth_date", N_("Birth date: not a possible date of birth. Check the year."), "birth_date"
            )
        )
    phone = identity.normal_phone(draft.phone) if draft.phone else ""
    if draft.phone and not phone:
        problems.append(Problem("not_a_phone", N_("Telephone: write a mobile number of 11 digits."), "phone"))
    email = identity.normal_email(draft.email).lower() if draft.email else ""
    if draft.email and not email:
        problems.append(
            Problem(
                "not_an_address",
                N_("E-mail: this is not a complete address. Example: name@example.org"),
                "email",
            )
        )
    number = draft.identity_number
    if number:
        read = identity.read_identity_number(number, on=today, demo_numbers=_demo_numbers())
        if isinstance(read, Problem):
            problems.append(read.at("identity_number"))
        else:
            number = read.number
            problems += _disagreements(read, draft.birth_date, draft)
    refuse(problems)
    return PersonDraft(
        name=name,
        birth_date=draft.birth_date,
        sex=draft.sex,
        organisation=draft.organisation,
        phone=phone,
        email=email,
        identity_number=number,
        relation=draft.relation,
        claims=draft.claims,
    )


def _disagreements(
    read: identity.IdentityNumber, birth_date: date | None, person: PersonDraft | Participant
) -> list[Problem]:
    found = []
    if birth_date and read.birth_date != birth_date:
        found.append(
            Problem(
                "identity_disagrees",
                N_(
                    "Identity number: its date of birth is not the one given at sign-up. Correct whichever is wrong."
                ),
                "identity_number",
            )
        )
    if person.sex and read.sex is not person.sex:
        found.append(
            Problem(
                "identity_disagrees",
                N_(
                    "Identity number: it says another sex than was given at sign-up. Correct whichever is wrong."
                ),
                "identity_number",
            )
        )
    return found


def _seal_identity(session: Session, row: Participant, number: str, *, at: datetime) -> None:
    read = identity.read_identity_number(number, on=at.astimezone(ZONE).date(), demo_numbers=_demo_numbers())
    if isinstance(read, Problem):
        raise Refused(read.at("identity_number"))
    refuse(_disagreements(read, row.birth_date, row))
    seals = _seals()
    index = seals.index(read.number)
    holder = session.scalar(select(Participant.id).where(Participant.identity_index == index))
    if holder is not None and holder != row.id:
        raise Refused(_taken())
    row.identity_sealed = seals.seal(read.number, table="participant", column="identity_sealed", row=row.code)
    row.identity_index = index
    row.birth_date = row.birth_date or read.birth_date
    row.sex = row.sex or read.sex


def _demand_agreement(row: Participant, *, at: datetime) -> None:
    """Refuse a birth date or sex that the identity number kept of this person contradicts."""
    if row.identity_sealed is None:
        return
    number = _seals().open(row.identity_sealed, table="participant", column="identity_sealed", row=row.code)
    read = identity.read_identity_number(number, on=at.astimezone(ZONE).date(), demo_numbers=_demo_numbers())
    if isinstance(read, identity.IdentityNumber):
        refuse(problem.at("birth_date") for problem in _disagreements(read, row.birth_date, row))


def _reached_anew(row: Participant, clean: PersonDraft) -> dict[str, str]:
    """How somebody is reached, old and new, starred: for the journal."""
    found = {}
    if (row.phone or "") != clean.phone:
        found["phone"] = f"{mask_phone(row.phone or '') or '-'} → {mask_phone(clean.phone) or '-'}"
    if (row.email or "") != clean.email:
        found["email"] = f"{mask_address(row.email or '') or '-'} → {mask_address(clean.email) or '-'}"
    return found


def _taken() -> Problem:
    return Problem(
        "identity_taken",
        N_(
            "Identity number: it is kept for somebody else already. Compare it with the card, or call the contact."
        ),
        "identity_number",
    )


def _one_of(session: Session, code: str, by: Actor) -> Participant:
    """Somebody this account may change; for anybody else there is no such person."""
    row = session.scalar(select(Participant).where(Participant.code == code))
    if row is None:
        raise NotFound
    related = session.scalar(
        select(Relation.id).where(Relation.account_id == by.account_id, Relation.participant_id == row.id)
    )
    if related is None and not people_queries.speaks_for(by, row):
        raise NotFound
    return row


def _to_correct(session: Session, code: str, by: Actor) -> Participant:
    """Somebody this account may sign up, or may correct for the union; for anybody else there is no such person."""
    row = session.scalar(
        select(Participant).where(Participant.code == code).with_for_update(of=Participant, key_share=True)
    )
    if row is None:
        raise NotFound
    if not _related(session, by, [row.id]) and not people_queries.may_correct(session, by, row):
        raise NotFound
    return row


def _organisation(session: Session, code: str) -> Organisation | None:
    return session.scalar(select(Organisation).where(Organisation.code == code)) if code else None


def _seals() -> Seals:
    seals: Seals = current_app.extensions["seals"]
    return seals


def _demo_numbers() -> bool:
    return bool(current_app.extensions["settings"].demo_numbers)
