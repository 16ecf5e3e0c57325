"""How people of a sign-up can be reached, masked, and what their primary union said of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from eventhub.domain.identity import mask_phone
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Account, Participant
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Programme
from eventhub.models.registrations import Party, Registration
from eventhub.queries.organisations import under
from eventhub.queries.outbox import mask_address


@dataclass(frozen=True)
class ClaimSaid:
    """One claim and what was said to it; ``checked_on`` None: nothing yet."""

    kind: str
    checked: bool
    checked_on: date | None
    valid_until: date | None
    checked_by: str


@dataclass(frozen=True)
class Contact:
    """One person of a sign-up: unit, masked telephone and address, claims."""

    unit: Bilingual
    phone_masked: str
    email_masked: str
    claims: tuple[ClaimSaid, ...]


def of_party(party: str) -> dict[str, Contact]:
    """Participant code -> contact, of everybody of a party."""
    people = db.session.scalars(
        select(Participant)
        .join(Registration, Registration.participant_id == Participant.id)
        .join(Party, Party.id == Registration.party_id)
        .where(Party.code == party)
        .options(selectinload(Participant.claims), selectinload(Participant.organisation))
    ).unique()
    found = {person.code: person for person in people}
    checkers = {claim.checked_by_id for person in found.values() for claim in person.claims}
    names = {
        row.id: row.name
        for row in db.session.execute(
            select(Account.id, Account.name).where(Account.id.in_(checkers - {None}))
        )
    }
    return {
        code: Contact(
            unit=Bilingual(person.organisation.name_zh, person.organisation.name_en)
            if person.organisation
            else Bilingual(""),
            phone_masked=mask_phone(person.phone) if person.phone else "",
            email_masked=mask_address(person.email or ""),
            claims=tuple(
                ClaimSaid(
                    kind=claim.kind,
                    checked=claim.checked,
                    checked_on=claim.checked_on,
                    valid_until=claim.valid_until,
                    checked_by=names.get(claim.checked_by_id or 0, ""),
                )
                for claim in sorted(person.claims, key=lambda each: each.id)
            ),
        )
        for code, person in found.items()
    }


def registrations_within(programme: str, codes: tuple[str, ...]) -> frozenset[str]:
    """The registrations of a programme whose people are of these organisations or below them."""
    rows = db.session.scalars(
        select(Registration.code)
        .join(Programme, Programme.id == Registration.programme_id)
        .join(Participant, Participant.id == Registration.participant_id)
        .join(Organisation, Organisation.id == Participant.organisation_id)
        .where(Programme.code == programme, under(codes))
    )
    return frozenset(rows)
