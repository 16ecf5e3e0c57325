"""Let people in by a link or code that works once, and not too many tries at it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from eventhub.delivery.letters import SignInLetter
from eventhub.domain.facts import HOUSE
from eventhub.domain.problems import NotAllowed, NotFound, Problem, Refused, refuse
from eventhub.domain.terms import Role
from eventhub.extensions import transaction
from eventhub.i18n import N_
from eventhub.models.accounts import Account, AccountRole, Membership, SigninAttempt, SigninLink
from eventhub.models.base import new_token
from eventhub.queries.accounts import STAFF, actor_of, token_digest
from eventhub.services import accounts, journal, letters, links
from eventhub.services.accounts import AccountDraft

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
            (_key("ask", accounts.normal(identifier)), ASKED_FOR_ONE_ACCOUNT),
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

    Every try counts against the link (:data:`links.CODE_TRIES`) and the network; after that only the link itself works.
    """
    typed = "".join(code.split())
    with transaction() as session:
        allowed = _counted(session, at, (_key("code from", network), WRONG_FROM_ONE_NETWORK))
        account = _find(session, identifier)
        link_id = (
            links.spent_by_code(session, account, typed, at=at) if allowed and account is not None else None
        )
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
        account = accounts.by_id(session, account_id)
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
        token = links.new(session, found, at=at, lasts=links.LINK_LASTS)
        journal.note(session, at=at, by=HOUSE, event="link_made", subject="account", code=found.code)
        return links.address(token)


def sign_up(draft: AccountDraft, *, network: str, at: datetime, onward: str = "") -> None:
    """Make somebody's own account and send the link that lets them in.

    Whoever has one already is sent a link to it instead; the answer is the same. :class:`Refused` for what is not
    well formed, and when too much came from one network.
    """
    if draft.role in STAFF:
        raise NotAllowed
    with transaction() as session:
        _tidy(session, at)
        refuse(accounts.problems_of(session, draft))
        allowed = _counted(
            session,
            at,
            (_key("sign up from", network), SIGN_UPS_FROM_ONE_NETWORK),
            (_key("ask", accounts.normal(draft.email or draft.phone)), ASKED_FOR_ONE_ACCOUNT),
        )
        if allowed:
            account = accounts.standing(session, draft)
            if account is None:
                account = accounts.made(session, draft, at=at)
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


_TOO_MANY = Problem(
    "too_many",
    N_(
        "Too many attempts in a short time. Wait %(minutes)s minutes and try again, or call your union's office.",
        minutes=int(WINDOW.total_seconds() // 60),
    ),
)


def _key(what: str, whose: str) -> str:
    return links.keyed(f"throttle|{what}|{whose}")


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


def _find(session: Session, identifier: str) -> Account | None:
    known = accounts.normal(identifier)
    column = Account.email if "@" in known else Account.phone
    return session.scalar(
        select(Account).where(column == known, Account.active).order_by(Account.id).limit(1)
    )


def _first_of(session: Session, role: Role) -> Account | None:
    return session.scalar(
        select(Account)
        .join(Membership)
        .join(AccountRole, Membership.role_id == AccountRole.id)
        .where(AccountRole.name == str(role), Account.active)
        .order_by(Account.id)
        .limit(1)
    )


def _come_in(session: Session, account_id: int, *, at: datetime) -> SignedIn | None:
    account = accounts.by_id(session, account_id)
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


def _send_link(session: Session, account: Account, *, at: datetime, onward: str) -> None:
    """A letter with the link; an account without an address gets it by hand, from the union's office."""
    if account.email is None:
        return
    code = f"{secrets.randbelow(1_000_000):06}"
    token = links.new(session, account, at=at, lasts=links.LINK_LASTS, code=code)
    content = SignInLetter(
        greeting=account.name,
        url=links.address(token, onward),
        code=code,
        minutes=int(links.LINK_LASTS.total_seconds() // 60),
    )
    letters.queue(session, content, to=accounts.recipient(account), at=at)
