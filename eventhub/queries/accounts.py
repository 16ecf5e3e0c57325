"""Who somebody is, what they may do and for which organisations; and whether a sign-in link still works."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventhub.domain.facts import HOUSE, Actor
from eventhub.domain.identity import mask_phone
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import Role
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Account, AccountRole, Membership, SigninLink
from eventhub.models.organisations import Organisation

STAFF = frozenset({Role.ORGANISER, Role.OFFICER})
"""Roles held within an organisation; members and guardians act for themselves and their own."""


@dataclass(frozen=True)
class Standing:
    """One role of an account, and the organisation it is held in."""

    role: Role
    organisation: str = ""
    organisation_name: Bilingual = field(default_factory=lambda: Bilingual(""))


@dataclass(frozen=True)
class AccountFacts:
    """An account as its owner, or a colleague at the desk, sees it."""

    code: str
    name: str
    email: str | None
    phone_masked: str
    locale: str
    feed_token: str
    active: bool
    standings: tuple[Standing, ...]
    last_login_at: datetime | None


@dataclass(frozen=True)
class Unit:
    """An organisation somebody may name as their own."""

    code: str
    name: Bilingual


def actor_of(account: Account) -> Actor:
    """The account as whoever asks."""
    return Actor(
        account_id=account.id,
        name=account.name,
        roles=frozenset(Role(membership.role.name) for membership in account.memberships),
        scope=tuple(
            sorted(
                {
                    membership.organisation.code
                    for membership in account.memberships
                    if membership.organisation is not None and membership.role.name in STAFF
                }
            )
        ),
        email=account.email,
    )


def actor(account_id: int) -> Actor:
    """The active account of this row as whoever asks; :class:`NotFound` if there is none."""
    account = db.session.get(Account, account_id)
    if account is None or not account.active:
        raise NotFound
    return actor_of(account)


def actor_by_code(code: str) -> Actor:
    """As :func:`actor`, by the account's public code."""
    account = db.session.scalar(select(Account).where(Account.code == code, Account.active))
    if account is None:
        raise NotFound
    return actor_of(account)


def account(account_id: int) -> AccountFacts:
    """All that an account says of itself."""
    row = db.session.get(Account, account_id)
    if row is None:
        raise NotFound
    return _facts(row)


def by_feed_token(token: str) -> int:
    """The row of the active account whose calendar has this secret address."""
    found = db.session.scalar(select(Account.id).where(Account.feed_token == token, Account.active))
    if found is None:
        raise NotFound
    return found


def colleagues(asking: Actor) -> tuple[AccountFacts, ...]:
    """Organisers and officers within the scope of whoever asks, by name."""
    rows = db.session.scalars(
        select(Account)
        .join(Membership)
        .join(AccountRole, Membership.role_id == AccountRole.id)
        .where(AccountRole.name.in_([str(role) for role in STAFF]))
        .order_by(Account.name, Account.id)
        .distinct()
    ).all()
    return tuple(
        _facts(row)
        for row in rows
        if any(
            membership.organisation is not None and _within(asking, membership.organisation)
            for membership in row.memberships
            if membership.role.name in STAFF
        )
    )


def covers(asking: Actor, organisation: str, *, session: Session | None = None) -> bool:
    """Whether an organisation, by its code, lies in the scope of whoever asks: itself, or somewhere below it."""
    if asking.account_id == HOUSE.account_id:
        return True
    if not asking.scope or not organisation:
        return False
    found = (session or db.session()).scalar(select(Organisation).where(Organisation.code == organisation))
    return found is not None and _within(asking, found)


def units() -> tuple[Unit, ...]:
    """Every organisation below the region, to choose one's own from."""
    rows = db.session.execute(
        select(Organisation.code, Organisation.name_zh, Organisation.name_en)
        .where(Organisation.parent_id.is_not(None))
        .order_by(Organisation.path)
    )
    return tuple(Unit(code, Bilingual(name_zh, name_en)) for code, name_zh, name_en in rows)


def link_works(token: str, *, at: datetime) -> bool:
    """Whether a sign-in link could be used now. Asking uses nothing up."""
    return (
        db.session.scalar(
            select(SigninLink.id)
            .join(Account, SigninLink.account_id == Account.id)
            .where(
                SigninLink.token_digest == token_digest(token),
                SigninLink.used_at.is_(None),
                SigninLink.expires_at > at,
                Account.active,
            )
        )
        is not None
    )


def token_digest(token: str) -> str:
    """What is kept of a link's token: 160 random bits need no key to stay unguessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _within(asking: Actor, organisation: Organisation) -> bool:
    return asking.account_id == HOUSE.account_id or bool(set(asking.scope) & set(organisation.codes))


def _facts(row: Account) -> AccountFacts:
    return AccountFacts(
        code=row.code,
        name=row.name,
        email=row.email,
        phone_masked=mask_phone(row.phone) if row.phone else "",
        locale=row.locale,
        feed_token=row.feed_token,
        active=row.active,
        standings=tuple(
            Standing(
                role=Role(membership.role.name),
                organisation=membership.organisation.code if membership.organisation else "",
                organisation_name=(
                    Bilingual(membership.organisation.name_zh, membership.organisation.name_en)
                    if membership.organisation
                    else Bilingual("")
                ),
            )
            for membership in row.memberships
        ),
        last_login_at=row.current_login_at,
    )
