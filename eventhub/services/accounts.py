"""Let people in by a link or code that works once; make accounts, and give and take what they may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from flask import current_app
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from eventhub.config import Settings
from eventhub.delivery.letters import InvitedColleagueLetter, SignInLetter
from eventhub.domain.facts import HOUSE, Actor
from eventhub.domain.identity import clean_name, normal_email, normal_phone
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotAllowed, NotFound, Problem, Refused, refuse
from eventhub.domain.terms import Role, word
from eventhub.extensions import transaction
from eventhub.i18n import DEFAULT_LOCALE, LOCALES, N_, Bilingual
from eventhub.models.accounts import Account, AccountRole, Membership, SigninAttempt, SigninLink
from eventhub.models.base import new_code, new_token
from eventhub.models.organisations import Organisation
from eventhub.queries.accounts import STAFF, actor_of, covers, token_digest
from eventhub.services import journal, letters

LINK_LASTS = timedelta(minutes=15)
INVITATION_LASTS = timedelta(days=7)
CODE_TRIES = 5
"""Wrong codes a link bears before only the link itself still works."""

WINDOW = timedelta(minutes=15)
ASKED_FOR_ONE_ACCOUNT = 5
ASKED_FROM_ONE_NETWORK = 50
"""An office sits behind one network address, so this is wide."""
WRONG_FROM_ONE_NETWORK = 50
SIGN_UPS_FROM_ONE_NETWORK = 20

_KEPT = timedelta(days=1)
"""How long spent links and counted attempts stay."""


@dataclass(frozen=True)
class SignedIn:
    """Who came in."""

    account_id: int
    locale: str


@dataclass(frozen=True)
class AccountDraft:
    """An account to be made: an e-mail address or a mobile number, a role, and for staff an organisation."""

    name: str
    email: str = ""
    phone: str = ""
    role: Role = Role.MEMBER
    organisation: str = ""
    locale: str = DEFAULT_LOCALE


# -- Coming in ---------------------------------------------------------------------------------------


def ask(identifier: str, *, network: str, at: datetime, onward: str = "") -> None:
    """Send a link and a code to the account of this address or number, if there is one; nobody is told which.

    ``network`` is the network address of whoever asks; ``onward`` the page to go to afterwards. :class:`Refused`
    when too much was asked for this identifier or from this network, whether it is known or not.
    """
    with transaction() as session:
        _tidy(session, at)
        allowed = _counted(
            session,
            at,
            (_key("ask", _normal(identifier)), ASKED_FOR_ONE_ACCOUNT),
            (_key("ask from", network), ASKED_FROM_ONE_NETWORK),
        )
        account = _find(session, identifier)
        if allowed and account is not None:
            _send_link(session, account, at=at, onward=onward)
    if not allowed:
        raise Refused(_TOO_MANY)


def redeem(token: str, *, at: datetime) -> SignedIn:
    """Use a link up and come in; :class:`Refused` if it was used before, has expired, or never was.

    One conditional update decides: of two posts of one link at the same moment, one comes in.
    """
    with transaction() as session:
        account_id = session.scalar(
            update(SigninLink)
            .where(
                SigninLink.token_digest == token_digest(token),
                SigninLink.used_at.is_(None),
                SigninLink.expires_at > at,
            )
            .values(used_at=at)
            .returning(SigninLink.account_id)
        )
        signed_in = _come_in(session, account_id, at=at) if account_id is not None else None
    if signed_in is None:
        raise Refused(
            Problem("link_spent", N_("This link was used before or has expired. Ask for a new one."))
        )
    return signed_in


def redeem_code(identifier: str, code: str, *, network: str, at: datetime) -> SignedIn:
    """Come in by the six digits of a letter; :class:`Refused` if they fit no living link of this account.

    Every try counts against the link (:data:`CODE_TRIES`) and the network; after that only the link itself works.
    """
    typed = "".join(code.split())
    with transaction() as session:
        allowed = _counted(session, at, (_key("code from", network), WRONG_FROM_ONE_NETWORK))
        account = _find(session, identifier)
        link_id = _link_of_code(session, account, typed, at=at) if allowed and account is not None else None
        signed_in = _come_in(session, account.id, at=at) if account is not None and link_id else None
    if not allowed:
        raise Refused(_TOO_MANY.at("code"))
    if signed_in is None:
        raise Refused(
            Problem(
                "wrong_code",
                N_("This code is wrong or has expired. Check the newest message, or ask for a new code."),
                "code",
            )
        )
    return signed_in


def leave(account_id: int, *, at: datetime) -> None:
    """Sign an account out everywhere: every cookie given to it so far is worthless from now on."""
    with transaction() as session:
        account = _account(session, account_id)
        account.fs_uniquifier = new_token()
        journal.note(
            session, at=at, by=actor_of(account), event="signed_out", subject="account", code=account.code
        )


def signin_link(*, role: Role | None = None, account: str | None = None, at: datetime) -> str:
    """A fresh link for a terminal or for handing over: for the account of this code, else for the first of a role."""
    with transaction() as session:
        found = _first_of(session, role) if account is None and role is not None else None
        if account is not None:
            found = session.scalar(select(Account).where(Account.code == account, Account.active))
        if found is None:
            raise NotFound(
                Problem(
                    "no_such_account",
                    N_("There is no such account. Make one with: eventhub account add --help"),
                )
            )
        token = _new_link(session, found, at=at, lasts=LINK_LASTS)
        journal.note(session, at=at, by=HOUSE, event="link_made", subject="account", code=found.code)
        return _address(token)


# -- Accounts ----------------------------------------------------------------------------------------


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
            account = _made(session, draft, at=at)
            journal.note(session, at=at, by=by, event="account_made", subject="account", code=account.code)
            codes.append(account.code)
        return tuple(codes)


def sign_up(draft: AccountDraft, *, network: str, at: datetime, onward: str = "") -> None:
    """Make somebody's own account and send the link that lets them in.

    Whoever has one already is sent a link to it instead; the answer is the same. :class:`Refused` for what is not
    well formed, and when too much came from one network.
    """
    if draft.role in STAFF:
        raise NotAllowed
    with transaction() as session:
        _tidy(session, at)
        refuse(_problems(session, draft))
        allowed = _counted(
            session,
            at,
            (_key("sign up from", network), SIGN_UPS_FROM_ONE_NETWORK),
            (_key("ask", _normal(draft.email or draft.phone)), ASKED_FOR_ONE_ACCOUNT),
        )
        if allowed:
            account = _known(session, draft)
            if account is None:
                account = _made(session, draft, at=at)
                journal.note(
                    session,
                    at=at,
                    by=actor_of(account),
                    event="account_made",
                    subject="account",
                    code=account.code,
                )
            if account.active:
                _send_link(session, account, at=at, onward=onward)
    if not allowed:
        raise Refused(_TOO_MANY)


def speak(account_id: int, locale: str) -> None:
    """Write to this account in another language from now on."""
    with transaction() as session:
        _account(session, account_id).locale = locale if locale in LOCALES else DEFAULT_LOCALE


def renew_feed(account_id: int, *, at: datetime) -> None:
    """Give the account's calendar a new secret address; the old one leads nowhere at once."""
    with transaction() as session:
        account = _account(session, account_id)
        account.feed_token = new_token()
        journal.note(
            session, at=at, by=actor_of(account), event="feed_renewed", subject="account", code=account.code
        )


def close(account: str, *, by: Actor, at: datetime, reason: str = "") -> None:
    """Shut an account: nobody comes in by it any more, and whoever is in is out."""
    with transaction() as session:
        found = _by_code(session, account)
        _demand_command(session, by, found)
        found.active = False
        found.fs_uniquifier = new_token()
        journal.note(
            session, at=at, by=by, event="account_closed", subject="account", code=account, reason=reason
        )


# -- Colleagues --------------------------------------------------------------------------------------


def invite_colleague(name: str, email: str, role: Role, organisation: str, *, by: Actor, at: datetime) -> str:
    """Ask a colleague to the desk by letter: an account with the role, and a link that works for a week."""
    if role not in STAFF:
        raise NotAllowed
    with transaction() as session:
        _demand_scope(session, by, organisation)
        draft = AccountDraft(name=name, email=email, role=role, organisation=organisation)
        refuse(_problems(session, draft))
        account = _known(session, draft)
        if account is None:
            account = _made(session, draft, at=at)
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
        found = _by_code(session, account)
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


def revoke(account: str, role: Role, organisation: str, *, by: Actor, at: datetime) -> None:
    """Take a role back, within the scope of whoever takes it; the account is signed out everywhere."""
    with transaction() as session:
        _demand_scope(session, by, organisation)
        found = _by_code(session, account)
        held = [
            membership
            for membership in found.memberships
            if membership.role.name == role
            and (membership.organisation.code if membership.organisation else "") == organisation
        ]
        if not held:
            raise NotFound
        for membership in held:
            session.delete(membership)
        found.fs_uniquifier = new_token()
        journal.note(
            session,
            at=at,
            by=by,
            event="role_revoked",
            subject="account",
            code=account,
            details={"role": str(role), "organisation": organisation},
        )


# -- Inner steps -------------------------------------------------------------------------------------

_TOO_MANY = Problem(
    "too_many",
    N_(
        "Too many attempts in a short time. Wait %(minutes)s minutes and try again, or call your union's office.",
        minutes=int(WINDOW.total_seconds() // 60),
    ),
)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _keyed(text: str) -> str:
    """A digest that says nothing without the house's key: six digits alone would be guessed in no time."""
    return hmac.new(_settings().secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _key(what: str, whose: str) -> str:
    return _keyed(f"throttle|{what}|{whose}")


def _counted(session: Session, at: datetime, *limits: tuple[str, int]) -> bool:
    """Count an attempt under each key, unless one of them is used up: then False, and nothing is counted."""
    for key, limit in limits:
        seen = session.scalar(
            select(func.count())
            .select_from(SigninAttempt)
            .where(SigninAttempt.key == key, SigninAttempt.at > at - WINDOW)
        )
        if (seen or 0) >= limit:
            return False
    session.add_all(SigninAttempt(key=key, at=at) for key, _limit in limits)
    return True


def _tidy(session: Session, at: datetime) -> None:
    session.execute(delete(SigninAttempt).where(SigninAttempt.at < at - _KEPT))
    session.execute(delete(SigninLink).where(SigninLink.expires_at < at - _KEPT))


def _normal(identifier: str) -> str:
    """An address or a number in the one form it is kept in."""
    text = identifier.strip()
    kept = normal_email(text) if "@" in text else normal_phone(text)
    return (kept or text).lower()


def _find(session: Session, identifier: str) -> Account | None:
    known = _normal(identifier)
    column = Account.email if "@" in known else Account.phone
    return session.scalar(
        select(Account).where(column == known, Account.active).order_by(Account.id).limit(1)
    )


def _known(session: Session, draft: AccountDraft) -> Account | None:
    """The account that has the draft's address or number already, active or not."""
    for column, value in (
        (Account.email, _normal(draft.email) if draft.email else ""),
        (Account.phone, normal_phone(draft.phone)),
    ):
        found = session.scalar(select(Account).where(column == value).limit(1)) if value else None
        if found is not None:
            return found
    return None


def _first_of(session: Session, role: Role) -> Account | None:
    return session.scalar(
        select(Account)
        .join(Membership)
        .join(AccountRole, Membership.role_id == AccountRole.id)
        .where(AccountRole.name == str(role), Account.active)
        .order_by(Account.id)
        .limit(1)
    )


def _account(session: Session, account_id: int) -> Account:
    found = session.get(Account, account_id)
    if found is None:
        raise NotFound
    return found


def _by_code(session: Session, code: str) -> Account:
    found = session.scalar(select(Account).where(Account.code == code))
    if found is None:
        raise NotFound
    return found


def _new_link(
    session: Session, account: Account, *, at: datetime, lasts: timedelta, code: str | None = None
) -> str:
    """The token of a new link, which ``code`` uses up as well; only digests of both are kept."""
    token = new_token()
    session.add(
        SigninLink(
            account_id=account.id,
            token_digest=token_digest(token),
            code_digest=_code_digest(account, code) if code else None,
            created_at=at,
            expires_at=at + lasts,
        )
    )
    return token


def _code_digest(account: Account, code: str) -> str:
    return _keyed(f"code|{account.id}|{code}")


def _link_of_code(session: Session, account: Account, code: str, *, at: datetime) -> int | None:
    """Count a try against the account's living links and use up the one whose code this is."""
    living = session.execute(
        update(SigninLink)
        .where(
            SigninLink.account_id == account.id,
            SigninLink.used_at.is_(None),
            SigninLink.expires_at > at,
            SigninLink.code_digest.is_not(None),
            SigninLink.tries < CODE_TRIES,
        )
        .values(tries=SigninLink.tries + 1)
        .returning(SigninLink.id, SigninLink.code_digest)
    ).all()
    digest = _code_digest(account, code)
    fitting = [link_id for link_id, kept in living if kept and hmac.compare_digest(kept, digest)]
    if not fitting:
        return None
    return session.scalar(
        update(SigninLink)
        .where(SigninLink.id == fitting[0], SigninLink.used_at.is_(None))
        .values(used_at=at)
        .returning(SigninLink.id)
    )


def _come_in(session: Session, account_id: int, *, at: datetime) -> SignedIn | None:
    account = _account(session, account_id)
    if not account.active:
        return None
    account.confirmed_at = account.confirmed_at or at
    account.last_login_at = account.current_login_at
    account.current_login_at = at
    account.login_count += 1
    journal.note(
        session, at=at, by=actor_of(account), event="signed_in", subject="account", code=account.code
    )
    return SignedIn(account.id, account.locale)


def _address(token: str, onward: str = "") -> str:
    link = f"{_settings().base_url}/sign-in/{token}"
    return f"{link}?next={quote(onward, safe='/')}" if onward else link


def _send_link(session: Session, account: Account, *, at: datetime, onward: str) -> None:
    """A letter with the link; an account without an address gets it by hand, from the union's office."""
    if account.email is None:
        return
    code = f"{secrets.randbelow(1_000_000):06}"
    token = _new_link(session, account, at=at, lasts=LINK_LASTS, code=code)
    content = SignInLetter(
        greeting=account.name,
        url=_address(token, onward),
        code=code,
        minutes=int(LINK_LASTS.total_seconds() // 60),
    )
    letters.queue(session, content, to=_recipient(account), at=at)


def _send_invitation(
    session: Session, account: Account, role: Role, organisation: str, *, by: Actor, at: datetime
) -> None:
    token = _new_link(session, account, at=at, lasts=INVITATION_LASTS)
    unit = session.scalars(select(Organisation).where(Organisation.code == organisation)).one()
    content = InvitedColleagueLetter(
        greeting=account.name,
        url=_address(token),
        invited_by=by.name,
        role=word(role),
        organisation=Bilingual(unit.name_zh, unit.name_en),
        expires=f"{(at + INVITATION_LASTS).astimezone(ZONE):%Y-%m-%d %H:%M}",
    )
    letters.queue(session, content, to=_recipient(account), at=at)


def _recipient(account: Account) -> letters.Recipient:
    return letters.Recipient(account.name, account.email, account.locale, account.id)


def _made(session: Session, draft: AccountDraft, *, at: datetime) -> Account:
    refuse(_problems(session, draft))
    if _known(session, draft) is not None:
        raise Conflict(_TAKEN)
    account = Account(
        code=new_code("A"),
        name=str(clean_name(draft.name)),
        email=_normal(draft.email) if draft.email.strip() else None,
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


_TAKEN = Problem("account_exists", N_("There is an account with this address or number already."), "email")


def _problems(session: Session, draft: AccountDraft) -> list[Problem]:
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


def _demand_command(session: Session, by: Actor, account: Account) -> None:
    """As :func:`_demand_scope`, for every organisation the account stands in."""
    if by.account_id == HOUSE.account_id:
        return
    codes = [membership.organisation.code for membership in account.memberships if membership.organisation]
    if not codes:
        raise NotFound
    for code in codes:
        _demand_scope(session, by, code)
