"""Make and spend the links and codes that let somebody in once; only digests of them are kept."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import quote

from flask import current_app
from sqlalchemy import update
from sqlalchemy.orm import Session

from eventhub.config import Settings
from eventhub.models.accounts import Account, SigninLink
from eventhub.models.base import new_token
from eventhub.queries.accounts import token_digest

LINK_LASTS = timedelta(minutes=15)


INVITATION_LASTS = timedelta(days=7)


CODE_TRIES = 5
"""Wrong codes a link bears before only the link itself still works."""


def new(
    session: Session, account: Account, *, at: datetime, lasts: timedelta, code: str | None = None
) -> str:
    """The token of a new link, which ``code`` uses up as well; only digests of both are kept."""
    token = new_token()
    session.add(
        SigninLink(
            account_id=account.id,
            token_digest=token_digest(token),
            code_digest=_digest(account, code) if code else None,
            created_at=at,
            expires_at=at + lasts,
        )
    )
    return token


def spent_by_code(session: Session, account: Account, code: str, *, at: datetime) -> int | None:
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
    digest = _digest(account, code)
    fitting = [link_id for link_id, kept in living if kept and hmac.compare_digest(kept, digest)]
    if not fitting:
        return None
    return session.scalar(
        update(SigninLink)
        .where(SigninLink.id == fitting[0], SigninLink.used_at.is_(None))
        .values(used_at=at)
        .returning(SigninLink.id)
    )


def address(token: str, onward: str = "") -> str:
    link = f"{_settings().base_url}/sign-in/{token}"
    return f"{link}?next={quote(onward, safe='/')}" if onward else link


def keyed(text: str) -> str:
    """A digest that says nothing without the house's key: six digits alone would be guessed in no time."""
    return hmac.new(_settings().secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _digest(account: Account, code: str) -> str:
    return keyed(f"code|{account.id}|{code}")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
