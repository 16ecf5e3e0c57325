"""Who may see what: every page says who it is for, and one that does not stops the start.

A view is marked under its route::

    @pages.get("/programmes/<code>")
    @permission(PUBLIC)
    def show(code: str) -> ResponseReturnValue: ...

``PUBLIC`` is for everybody, ``SIGNED_IN`` for whoever has an account, ``ORGANISER``, ``OFFICER``, ``MEMBER`` and
``GUARDIAN`` for those roles (any of several). Nobody else's things: what lies outside one's organisations or belongs
to another account is answered as if it did not exist (:func:`require_scope`, or the query raises ``NotFound``).

Only this module reads the accounts library's signed-in user; everybody else asks :func:`current_actor`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from eventhub.domain.facts import Actor
from eventhub.domain.problems import NotAllowed, NotFound
from eventhub.domain.terms import Role
from eventhub.queries import accounts as accounts_queries
from eventhub.web.pages import now

STAFF_STAYS_SECONDS = 12 * 60 * 60
OTHERS_STAY_SECONDS = 14 * 24 * 60 * 60
"""After so long somebody signs in again, however busy they were."""

_EXTENSION = re.compile(r"\.[a-z]+$")
"""How the address of a file ends: ``.ics``, ``.xlsx``."""


class Permit(StrEnum):
    """Whom a page is for."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    ORGANISER = "organiser"
    OFFICER = "officer"
    MEMBER = "member"
    GUARDIAN = "guardian"


PUBLIC, SIGNED_IN = Permit.PUBLIC, Permit.SIGNED_IN
ORGANISER, OFFICER, MEMBER, GUARDIAN = Permit.ORGANISER, Permit.OFFICER, Permit.MEMBER, Permit.GUARDIAN

LIBRARY_PERMITS: dict[str, frozenset[Permit]] = {"static": frozenset({PUBLIC})}
"""Routes that are not ours and cannot carry a mark."""

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


class UnguardedView(RuntimeError):
    """A page does not say who it is for."""


def permission(*permits: Permit) -> Callable[[View], View]:
    """Mark a view with whom it is for: any of these."""
    if not permits:
        raise UnguardedView("permission() without anybody: say PUBLIC, SIGNED_IN or a role.")

    def mark(view: View) -> View:
        view.permits = frozenset(permits)  # type: ignore[attr-defined]
        return view

    return mark


def permits_of(app: Flask, endpoint: str) -> frozenset[Permit] | None:
    """Whom a route is for, or None where nobody said."""
    marked: frozenset[Permit] | None = getattr(app.view_functions.get(endpoint), "permits", None)
    return marked or LIBRARY_PERMITS.get(endpoint)


def refuse_unguarded(app: Flask) -> None:
    """Stop the start if any route does not say who it is for."""
    missing = sorted(
        {rule.endpoint for rule in app.url_map.iter_rules() if permits_of(app, rule.endpoint) is None}
    )
    if missing:
        raise UnguardedView(f"Mark these views with @permission(...): {', '.join(missing)}")


def init_app(app: Flask) -> None:
    """Ask at the door of every request."""
    app.before_request(lambda: _door(app))
    # The library would also take tokens from headers and addresses; none is ever given out.
    app.extensions["security"].login_manager.request_loader(lambda _request: None)
    app.extensions["security"].principal.skip_static = True


def current_actor() -> Actor | None:
    """Who asks, or None for a visitor who is not signed in."""
    if "actor" not in g:
        g.actor = _signed_in_actor()
    found: Actor | None = g.actor
    return found


def require_actor() -> Actor:
    """Who asks, in a view that is for signed-in people only."""
    actor = current_actor()
    if actor is None:
        raise NotAllowed
    return actor


def may(actor: Actor | None, permits: Iterable[Permit]) -> bool:
    """Whether somebody is among those a page is for."""
    wanted = frozenset(permits)
    if PUBLIC in wanted:
        return True
    return actor is not None and (SIGNED_IN in wanted or bool({str(role) for role in actor.roles} & wanted))


def require_scope(organisation: str) -> Actor:
    """Who asks, if the organisation of this code lies in their scope; otherwise it does not exist for them."""
    actor = require_actor()
    if not accounts_queries.covers(actor, organisation):
        raise NotFound
    return actor


def is_staff(actor: Actor | None) -> bool:
    """Whether somebody works here, as organiser or officer."""
    return actor is not None and bool(actor.roles & {Role.ORGANISER, Role.OFFICER})


def local_path(target: str | None) -> str | None:
    """The address if it is a path of this house, else None: nobody is sent elsewhere by a link of ours.

    Browsers drop tabs and line breaks and read a backslash as a slash, so none of these may stand in it.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(character) <= 0x20 or ord(character) == 0x7F for character in target):  # noqa: PLR2004 - controls
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target


def _signed_in_actor() -> Actor | None:
    if not current_user.is_authenticated:
        return None
    actor = accounts_queries.actor_of(current_user)
    stays = STAFF_STAYS_SECONDS if is_staff(actor) else OTHERS_STAY_SECONDS
    if now().timestamp() - session.get("since", 0) > stays:
        return None
    return actor


def _door(app: Flask) -> ResponseReturnValue | None:
    """Let the request in, send it to the sign-in, or refuse it. A route nobody marked is for nobody."""
    if request.endpoint is None:
        return None
    permits = permits_of(app, request.endpoint)
    if permits is None:
        raise NotFound
    if PUBLIC in permits:
        return None
    actor = current_actor()
    if actor is None:
        if _is_file():
            raise Unauthorized(www_authenticate=WWWAuthenticate("cookie", {"realm": "EventHub"}))
        return _to_sign_in()
    if not may(actor, permits):
        raise NotAllowed
    return None


def _is_file() -> bool:
    """Whether a file is asked for: what fetches it (a calendar, a spreadsheet) must not take a sign-in page for it."""
    return bool(_EXTENSION.search(request.url_rule.rule)) if request.url_rule else False


def _to_sign_in() -> ResponseReturnValue:
    wanted = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None
    url = url_for("accounts.sign_in", next=wanted)
    if request.headers.get("HX-Request"):
        # A part of a page cannot be redirected by itself; this takes the whole page along.
        return Response(status=204, headers={"HX-Redirect": url_for("accounts.sign_in")})
    return redirect(url, 303)
