"""My account: what it says of me, and the language it speaks."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from eventhub.queries import accounts as queries
from eventhub.web.access import SIGNED_IN, permission, require_actor
from eventhub.web.pages import page

pages = Blueprint("account", __name__)


@pages.get("/account")
@permission(SIGNED_IN)
def show() -> ResponseReturnValue:
    """What is kept of the account."""
    return page("my/account.html", queries.account(require_actor().account_id))
