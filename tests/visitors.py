"""Let a test's visitor in, as anybody comes in: by a link that works once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from eventhub.domain.facts import HOUSE, Actor
from eventhub.domain.terms import Role
from eventhub.extensions import db
from eventhub.models.accounts import Account
from eventhub.queries.accounts import actor_by_code
from eventhub.services import accounts, signin


def account_of(actor: Actor) -> str:
    """The public code of an account."""
    return str(db.session.scalars(select(Account.code).where(Account.id == actor.account_id)).one())


def link_for(app: Flask, who: Actor) -> str:
    """The path of a fresh sign-in link."""
    with app.app_context():
        at = app.extensions.get("clock", lambda: datetime.now(UTC))()
        return urlsplit(signin.signin_link(account=account_of(who), at=at)).path


def sign_in(client: FlaskClient, who: Actor) -> FlaskClient:
    """The same visitor, signed in."""
    answer = client.post(link_for(client.application, who))
    assert answer.status_code == 303, answer.text
    return client


def someone(app: Flask, name: str, role: Role, organisation: str = "", *, email: str = "") -> Actor:
    """A new account."""
    with app.app_context():
        at = app.extensions.get("clock", lambda: datetime.now(UTC))()
        code = accounts.create(
            name, email or f"{role}{len(name)}@example.org", "", role, organisation, by=HOUSE, at=at
        )
        return actor_by_code(code)


def without_once(text: str) -> str:
    """A page without what differs from answer to answer."""
    return re.sub(r'nonce="[^"]*"|name="csrf_token" value="[^"]*"', "", text)
