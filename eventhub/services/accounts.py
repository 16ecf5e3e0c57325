"""Make accounts, and give and take what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from eventhub.delivery.letters import InvitedColleagueLetter
from eventhub.domain.facts import HOUSE, Actor
from eventhub.domain.identity import clean_name, normal_email, normal_phone
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotAllowed, NotFound, Problem, refuse
from eventhub.domain.terms import Role, word
from eventhub.extensions import transaction
from eventhub.i18n import DEFAULT_LOCALE, LOCALES, N_, Bilingual
from eventhub.models.accounts import Account, AccountRole, Membership
from eventhub.models.base import new_code, new_token
from eventhub.models.organisations import Organisation
from eventhub.queries.accounts import STAFF, actor_of, covers
from eventhub.services import journal, letters, links


@dataclass(frozen=True)
class AccountDraft:
    """An account to be made: an e-mail address or a mobile number, a role, and for staff an organisation."""

    name: str
    email: str = ""
    phone: str = ""
    role: Role = Role.MEMBER
    organisation: str = ""
    locale: str = DEFAULT_LOCALE


def create(
    name: str,
    email: str,
    phone: str,
    role: Role,
    organisation: str,
    *,
    by: Actor,
    at: datetime,
    locale: str = DEFAULT_LOCALE,
) -> str:
    """Make an account and give back its code; whoever makes it answers for the organisation (or is the house)."""
    (code,) = create_many([AccountDraft(name, email, phone, role, organisation, locale)], by=by, at=at)
    return code


def create_many(drafts: Sequence[AccountDraft], *, by: Actor, at: datetime) -> tuple[str, ...]:
    """Make several accounts, all or none; their codes in the order of the drafts."""
    with transaction() as session:
        codes = []
        for draft in drafts:
            _demand_scope(session, by, draft.organisation)
            account = made(session, draft, at=at)
            journal.note(session, at=at, by=by, event="account_made", subject="account", code=account.code)
            codes.append(account.code)
        return tuple(codes)


def speak(account_id: int, locale: str) -> None:
    """Write to this account in another language from now on."""
    with transaction() as session:
        by_id(session, account_id).locale = locale if locale in LOCALES else DEFAULT_LOCALE


def renew_feed(account_id: int, *, at: datetime) -> None:
    """Give the account's calendar a new secret address; the old one leads nowhere at once."""
    with transaction() as session:
        account = by_id(session, account_id)
        account.feed_token = new_token()
        journal.note(
            session, at=at, by=actor_of(account), event="feed_renewed", subject="account", code=account.code
        )


def close(account: str, *, by: Actor, at: datetime, reason: str = "") -> None:
    """Shut an account: nobody comes in by it any more, and whoever is in is out."""
    with transaction() as session:
        found = by_code(session, account)
        _demand_command(session, by, found)
        for membership in found.memberships:
            _demand_another_organiser(session, membership)
        found.active = False
        found.fs_uniquifier = new_token()
        journal.note(
            session, at=at, by=by, event="account_closed", subject="account", code=account, reason=reason
        )


def invite_colleague(name: str, email: str, role: Role, organisation: str, *, by: Actor, at: datetime) -> str:
    """Ask a colleague to the desk by letter: an account with the role, and a link that works for a week."""
    if role not in STAFF:
        raise NotAllowed
    with transaction() as session:
        _demand_scope(session, by, organisation)
        draft = AccountDraft(name=name, email=email, role=role, organisation=organisation)
        refuse(problems_of(session, draft))
        account = standing(session, draft)
        if account is None:
            account = made(session, draft, at=at)
        else:
            _give(session, account, role, organisation)
        _send_invitation(session, account, role, organisation, by=by, at=at)
        journal.note(
            session,
            at=at,
            by=by,
            event="colleague_invited",
            subject="account",
            code=account.code,
            details={"role": str(role), "organisation": organisation},
        )
        return account.code


def grant(account: str, role: Role, organisation: str, *, by: Actor, at: datetime) -> None:
    """Let an account act in a role, within the scope of whoever grants it."""
    with transaction() as session:
        _demand_scope(session, by, organisation)
        found = by_code(session, account)
        _give(session, found, role, organisation)
        journal.note(
            session,
            at=at,
            by=by,
            event="role_granted",
            subject="account",
            code=account,
            details={"role": str(role), "organisation": organisation},
        )


def revoke(account: str, role: Role, organisation: str, *, by: Actor, at: datetime, reason: str = "") -> None:
    """Take a role back, within the scope of whoever takes it; the account is signed out everywhere.

    Conflict where it is the last organiser who answers for the organisation: nobody could give the role again.
    """
    with transaction() as session:
        _demand_scope(session, by, organisation)
        found = by_code(session, account)
        held = [
            membership
            for membership in found.memberships
            if membership.role.name == role
            and (membership.organisation.code if membership.organisation else "") == organisation
        ]
        if not held:
            raise NotFound
        for membership in held:
            _demand_another_organiser(session, membership)
            session.delete(membership)
        found.fs_uniquifier = new_token()
        journal.note(
            session,
            at=at,
            by=by,
            event="role_revoked",
            subject="account",
            code=account,
            reason=reason,
            details={"role": str(role), "organisation": organisation},
        )


def standing(session: Session, draft: AccountDraft) -> Account | None:
    """The account that has the draft's address or number already, active or not."""
    for column, value in (
        (Account.email, normal(draft.email) if draft.email else ""),
        (Account.phone, normal_phone(draft.phone)),
    ):
        found = session.scalar(select(Account).where(column == value).limit(1)) if value else None
        if found is not None:
            return found
    return None


def normal(identifier: str) -> str:
    """An address or a number in the one form it is kept in."""
    text = identifier.strip()
    kept = normal_email(text) if "@" in text else normal_phone(text)
    return (kept or text).lower()


def recipient(account: Account) -> letters.Recipient:
    return letters.Recipient(account.name, account.email, account.locale, account.id)


def made(session: Session, draft: AccountDraft, *, at: datetime) -> Account:
    refuse(problems_of(session, draft))
    if standing(session, draft) is not None:
        raise Conflict(_TAKEN)
    account = Account(
        code=new_code("A"),
        name=str(clean_name(draft.name)),
        email=normal(draft.email) if draft.email.strip() else None,
        phone=normal_phone(draft.phone) or None,
        locale=draft.locale if draft.locale in LOCALES else DEFAULT_LOCALE,
        created_at=at,
    )
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:
        raise Conflict(_TAKEN) from None
    _give(session, account, draft.role, draft.organisation)
    return account


def problems_of(session: Session, draft: AccountDraft) -> list[Problem]:
    """What is wrong with a draft."""
    found: list[Problem] = []
    name = clean_name(draft.name)
    if isinstance(name, Problem):
        found.append(name.at("name"))
    if not draft.email.strip() and not draft.phone.strip():
        found.append(Problem("missing", N_("Give an e-mail address or a mobile number."), "email"))
    if draft.email.strip() and not normal_email(draft.email):
        found.append(
            Problem("bad_email", N_("E-mail address: not complete. Example: lihua@example.cn"), "email")
        )
    if draft.phone.strip() and not normal_phone(draft.phone):
        found.append(
            Problem("bad_phone", N_("Mobile number: eleven digits, for instance 13812345678."), "phone")
        )
    known = draft.organisation and session.scalar(
        select(Organisation.id).where(Organisation.code == draft.organisation)
    )
    if draft.organisation and not known:
        found.append(
            Problem(
                "no_such_unit", N_("Unit: choose one from the list, or leave this empty."), "organisation"
            )
        )
    if not draft.organisation and draft.role in STAFF:
        found.append(
            Problem("missing", N_("Organisation: choose the one this person works for."), "organisation")
        )
    return found


_TAKEN = Problem("account_exists", N_("There is an account with this address or number already."), "email")


def by_id(session: Session, account_id: int) -> Account:
    found = session.get(Account, account_id)
    if found is None:
        raise NotFound
    return found


def by_code(session: Session, code: str) -> Account:
    found = session.scalar(select(Account).where(Account.code == code))
    if found is None:
        raise NotFound
    return found


def _send_invitation(
    session: Session, account: Account, role: Role, organisation: str, *, by: Actor, at: datetime
) -> None:
    token = links.new(session, account, at=at, lasts=links.INVITATION_LASTS)
    unit = session.scalars(select(Organisation).where(Organisation.code == organisation)).one()
    content = InvitedColleagueLetter(
        greeting=account.name,
        url=links.address(token),
        invited_by=by.name,
        role=word(role),
        organisation=Bilingual(unit.name_zh, unit.name_en),
        expires=f"{(at + links.INVITATION_LASTS).astimezone(ZONE):%Y-%m-%d %H:%M}",
    )
    letters.queue(session, content, to=recipient(account), at=at)


def _give(session: Session, account: Account, role: Role, organisation: str) -> None:
    """Add a standing, once. One account is not organiser here and officer there: its scope would mix both."""
    session.flush()
    held = session.scalars(select(Membership).where(Membership.account_id == account.id)).all()
    other_staff = STAFF - {role}
    if role in STAFF and any(membership.role.name in other_staff for membership in held):
        raise Conflict(
            Problem(
                "two_desks",
                N_(
                    "This account is an organiser or officer already. Use a second account for the other role."
                ),
            )
        )
    unit = None
    if organisation:
        unit = session.scalar(select(Organisation).where(Organisation.code == organisation))
        if unit is None:
            raise NotFound
    unit_id = unit.id if unit else None
    if not any(membership.role.name == role and membership.organisation_id == unit_id for membership in held):
        session.add(
            Membership(account_id=account.id, role_id=_role_row(session, role).id, organisation_id=unit_id)
        )
        session.flush()
        session.expire(account, ["memberships", "roles"])
    if role in STAFF and held:
        account.fs_uniquifier = new_token()


def _role_row(session: Session, role: Role) -> AccountRole:
    wanted = select(AccountRole).where(AccountRole.name == str(role))
    found = session.scalar(wanted)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            session.add(AccountRole(name=str(role)))
    except IntegrityError:  # somebody else was first
        pass
    return session.scalars(wanted).one()


def _demand_scope(session: Session, by: Actor, organisation: str) -> None:
    """Only the house, or an organiser whose scope holds the organisation. Outside it nothing exists."""
    if by.account_id == HOUSE.account_id:
        return
    if not by.is_a(Role.ORGANISER):
        raise NotAllowed
    if not covers(by, organisation, session=session):
        raise NotFound


def _demand_another_organiser(session: Session, leaving: Membership) -> None:
    """Somebody else must answer for the organisation, there or above it, before its organiser goes."""
    if leaving.role.name != Role.ORGANISER or leaving.organisation is None:
        return
    # Locked, so that two organisers cannot take each other's role at the same moment.
    others = session.scalars(
        select(Membership)
        .join(Account, Account.id == Membership.account_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            Membership.role_id == leaving.role_id,
            Membership.account_id != leaving.account_id,
            Organisation.code.in_(leaving.organisation.codes),
            Account.active,
        )
        .with_for_update(of=Membership)
    ).all()
    if not others:
        raise Conflict(
            Problem(
                "last_organiser",
                N_(
                    "Nobody else is organiser for %(organisation)s or above it. Make somebody else organiser first.",
                    organisation=Bilingual(leaving.organisation.name_zh, leaving.organisation.name_en),
                ),
            )
        )


def _demand_command(session: Session, by: Actor, account: Account) -> None:
    """As :func:`_demand_scope`, for every organisation the account stands in."""
    if by.account_id == HOUSE.account_id:
        return
    codes = [membership.organisation.code for membership in account.memberships if membership.organisation]
    if not codes:
        raise NotFound
    for code in codes:
        _demand_scope(session, by, code)
