"""Look up the people behind registrations, and whom to write to about each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from eventhub.domain.applicants import FULL_AGE
from eventhub.domain.calendar_entry import Mailbox
from eventhub.domain.facts import Person
from eventhub.domain.identity import mask_name
from eventhub.domain.terms import PartyRole, Role
from eventhub.i18n import DEFAULT_LOCALE, LOCALES
from eventhub.models.accounts import Account, AccountRole, Membership, Participant, Relation
from eventhub.models.organisations import Organisation
from eventhub.models.registrations import Party, Registration
from eventhub.queries import people
from eventhub.services import letters

_Reader = aliased(Account)
"""Whoever signs in with the participant's own address: letters there come in the language chosen by them."""

_RELATED = exists().where(
    Relation.account_id == Party.account_id, Relation.participant_id == Registration.participant_id
)

BATCH = 500
"""Rows asked for, or written, by one statement: databases bound what fits into one."""


@dataclass(frozen=True)
class Holder:
    """One registration as its messages need it: who goes, who signed up, where the page is."""

    registration_id: int
    code: str
    person: Person
    role: PartyRole
    answers: Mapping[str, Any]
    party: str
    to: letters.Recipient
    mates: Sequence[Person] = ()
    """Everybody of the party by name and date of birth, so that a letter can tell them apart."""


class Holders:
    """Look up the holders of many registrations of one programme, and whom to write to about each."""

    def __init__(self, session: Session, *, on: date, guardians_first: bool = False) -> None:
        """``guardians_first``: where guardians sign children up, they are written to before a child is."""
        self._session = session
        self._on = on
        self._guardians_first = guardians_first
        self._officers: dict[str, letters.Recipient] | None = None
        self._scopes: dict[int, set[str]] | None = None
        self._ours = letters.mailbox_of_the_house().address.casefold()

    def of(self, ids: Sequence[int]) -> dict[int, Holder]:
        """Registration row -> holder."""
        found: dict[int, Holder] = {}
        for start in range(0, len(ids), BATCH):
            found |= self._some(ids[start : start + BATCH])
        return found

    def _some(self, ids: Sequence[int]) -> dict[int, Holder]:
        rows = self._session.execute(
            select(
                Registration.id,
                Registration.code,
                Registration.participant_id,
                Registration.role,
                Registration.answers,
                Registration.party_id,
                Party.code.label("party"),
                Party.answers.label("party_answers"),
                Participant.email,
                Account.id.label("account_id"),
                Account.name.label("account_name"),
                Account.email.label("account_email"),
                Account.active.label("account_active"),
                Account.locale.label("account_locale"),
                _RELATED.label("related"),
                _Reader.locale.label("reader_locale"),
            )
            .join(Party, Party.id == Registration.party_id)
            .join(Participant, Participant.id == Registration.participant_id)
            .outerjoin(Account, Account.id == Party.account_id)
            .outerjoin(_Reader, _Reader.email == Participant.email)
            .where(Registration.id.in_(ids))
        ).all()
        known = people.people(self._session, [row.participant_id for row in rows], on=self._on)
        mates = self._mates({row.party_id for row in rows})
        return {
            row.id: Holder(
                registration_id=row.id,
                code=row.code,
                person=known[row.participant_id],
                role=row.role,
                answers={**row.party_answers, **row.answers},
                party=row.party,
                to=self._recipient(row, known[row.participant_id]),
                mates=mates[row.party_id],
            )
            for row in rows
        }

    def _mates(self, parties: set[int]) -> dict[int, list[Person]]:
        """Party row -> everybody in it."""
        found: dict[int, list[Person]] = {party: [] for party in parties}
        rows = self._session.execute(
            select(Registration.party_id, Participant.code, Participant.name, Participant.birth_date)
            .join(Participant, Participant.id == Registration.participant_id)
            .where(Registration.party_id.in_(parties))
        )
        for row in rows:
            found[row.party_id].append(Person(code=row.code, name=row.name, birth_date=row.birth_date))
        return found

    def _recipient(self, row: Any, person: Person) -> letters.Recipient:
        """The participant's own address, else that of whoever signed up, else that of the nearest officer."""
        locale = row.account_locale if row.account_locale in LOCALES else DEFAULT_LOCALE
        own = row.reader_locale if row.reader_locale in LOCALES else locale
        candidates = [
            letters.Recipient(self._own_name(person), row.email, own, row.account_id),
            letters.Recipient(
                row.account_name or "",
                row.account_email if self._still_answers(row, person) else None,
                locale,
                row.account_id,
                stands_in=not row.related,
            ),
        ]
        if self._guardians_first and self._is_minor(person) and row.related:
            candidates.reverse()
        for candidate in candidates:
            if self._may_be_written_to(candidate):
                return candidate
        for code in reversed(person.organisations):
            if code in self._officer_by_unit:
                return self._officer_by_unit[code]
        return letters.Recipient(person.name, None, locale, row.account_id)

    def _still_answers(self, row: Any, person: Person) -> bool:
        """Whether whoever signed somebody up may be told of them now: not by a shut account, nor an officer who has gone."""
        if not row.account_active:
            return False
        scope = self._scope_by_account.get(row.account_id, set())
        return bool(row.related or (scope & set(person.organisations) if person.organisations else scope))

    def _own_name(self, person: Person) -> str:
        """How a letter to somebody's own address calls them: no mail names a child in full."""
        return mask_name(person.name) if self._is_minor(person) else person.name

    def _is_minor(self, person: Person) -> bool:
        age = person.age_on(self._on)
        return age is not None and age < FULL_AGE

    def _may_be_written_to(self, to: letters.Recipient) -> bool:
        if not to.address or to.address.casefold() == self._ours:
            return False
        try:
            Mailbox(name=to.name, address=to.address)
        except ValueError:
            return False
        return True

    @property
    def _scope_by_account(self) -> dict[int, set[str]]:
        """Account -> the organisations that it answers for as an officer or organiser, and by that for all below."""
        if self._scopes is None:
            self._scopes = {}
            rows = self._session.execute(
                select(Membership.account_id, Organisation.code)
                .join(Organisation, Organisation.id == Membership.organisation_id)
                .join(AccountRole, AccountRole.id == Membership.role_id)
                .where(AccountRole.name.in_((Role.OFFICER, Role.ORGANISER)))
            )
            for account_id, code in rows:
                self._scopes.setdefault(account_id, set()).add(code)
        return self._scopes

    @property
    def _officer_by_unit(self) -> dict[str, letters.Recipient]:
        if self._officers is None:
            rows = self._session.execute(
                select(Organisation.code, Account.id, Account.name, Account.email, Account.locale)
                .join(Membership, Membership.organisation_id == Organisation.id)
                .join(AccountRole, AccountRole.id == Membership.role_id)
                .join(Account, Account.id == Membership.account_id)
                .where(AccountRole.name == Role.OFFICER, Account.email.is_not(None), Account.active)
                .order_by(Account.id)
            )
            self._officers = {}
            for code, account_id, name, email, locale in rows:
                officer = letters.Recipient(name, email, locale, account_id, stands_in=True)
                if code not in self._officers and self._may_be_written_to(officer):
                    self._officers[code] = officer
        return self._officers
