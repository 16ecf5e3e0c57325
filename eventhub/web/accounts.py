"""Sign people in and out: a link or a code that works once, and nothing else.

A link is opened by GET, which changes nothing (mail scanners open links too), and used by the button on its page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Flask, current_app, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_security import login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    HiddenField,
    RadioField,
    SelectChoice,
    StringField,
)
from wtforms.validators import DataRequired

from eventhub.domain.problems import Refused
from eventhub.domain.terms import Role
from eventhub.i18n import N_, Text, _, current_locale
from eventhub.queries import accounts as accounts_queries
from eventhub.services import links, signin
from eventhub.services.accounts import AccountDraft
from eventhub.web import access, locale
from eventhub.web.access import PUBLIC, SIGNED_IN, current_actor, local_path, permission, require_actor
from eventhub.web.errors import show_on, status_of
from eventhub.web.pages import now, page

pages = Blueprint("accounts", __name__)


def _later(text: Text) -> str:
    """A text for a form's label or message: WTForms only ever says it, which it does in the reader's language."""
    return cast("str", text)


_FILL_IN = _later(N_("Please fill this in."))


def init_app(app: Flask) -> None:
    """Hang the sign-in pages, and stand at the door of all others."""
    access.init_app(app)
    app.register_blueprint(pages)


# -- Forms -------------------------------------------------------------------------------------------


class AskForm(FlaskForm):  # type: ignore[misc]
    """Whose account."""

    identifier = StringField(
        _later(N_("E-mail address or mobile number")),
        validators=[DataRequired(message=_FILL_IN)],
        description=_later(N_("The one your union knows you by.")),
        filters=[lambda text: text.strip() if text else text],
        render_kw={
            "autocomplete": "username",
            "inputmode": "email",
            "maxlength": 254,
            "autocapitalize": "none",
        },
    )
    next = HiddenField()


class CodeForm(FlaskForm):  # type: ignore[misc]
    """The six digits of the letter."""

    code = StringField(
        _later(N_("Code")),
        validators=[DataRequired(message=_FILL_IN)],
        description=_later(N_("Six digits, from the message.")),
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 12},
    )
    next = HiddenField()


class SignUpForm(FlaskForm):  # type: ignore[misc]
    """A new account."""

    name = StringField(
        _later(N_("Name")),
        description=_later(N_("As on your identity card.")),
        render_kw={"autocomplete": "name", "maxlength": 60},
    )
    email = StringField(
        _later(N_("E-mail address")),
        description=_later(N_("The sign-in link and your invitations go there.")),
        filters=[lambda text: text.strip() if text else ""],
        render_kw={"type": "email", "autocomplete": "email", "inputmode": "email", "maxlength": 254},
    )
    phone = StringField(
        _later(N_("Mobile number")),
        description=_later(N_("Without an e-mail address, your union's office gives you the sign-in link.")),
        filters=[lambda text: text.strip() if text else ""],
        render_kw={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "maxlength": 20},
    )
    role = RadioField(
        _later(N_("I sign up")),
        choices=[
            SelectChoice(str(Role.MEMBER), _later(N_("myself, as a union member"))),
            SelectChoice(str(Role.GUARDIAN), _later(N_("a child, as parent or guardian"))),
        ],
        default=str(Role.MEMBER),
        validators=[DataRequired(message=_FILL_IN)],
    )
    organisation = StringField(
        _later(N_("Unit")),
        description=_later(N_("Your primary union. Start typing and choose from the list.")),
        filters=[lambda text: text.strip() if text else ""],
        render_kw={"list": "units", "autocomplete": "organization", "maxlength": 100},
    )
    next = HiddenField()


# -- Pages -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AskedPage:
    """A message is on its way, if there is such an account."""

    identifier: str
    minutes: int


@dataclass(frozen=True)
class LinkPage:
    """The link of a message: one button away from being signed in."""

    works: bool
    next: str


@dataclass(frozen=True)
class SignUpPage:
    """Units to choose from."""

    units: tuple[accounts_queries.Unit, ...]


@pages.get("/sign-in")
@permission(PUBLIC)
def sign_in() -> ResponseReturnValue:
    """Ask for a link."""
    if current_actor() is not None:
        return redirect(_onward(request.args.get("next")), 303)
    form = AskForm(formdata=None)
    form.next.data = local_path(request.args.get("next")) or ""
    return page("accounts/sign_in.html", form=form)


@pages.post("/sign-in")
@permission(PUBLIC)
def ask() -> ResponseReturnValue:
    """Send the link; the answer is the same whether there is an account or not."""
    form = AskForm()
    if not form.validate():
        return page("accounts/sign_in.html", form=form, status=422)
    onward = local_path(form.next.data) or ""
    try:
        with _in_even_time():
            signin.ask(form.identifier.data or "", network=_network(), at=now(), onward=onward)
    except Refused as error:
        show_on(form, error)
        return page("accounts/sign_in.html", form=form, status=status_of(error))
    return _asked(form.identifier.data or "", onward)


@pages.get("/sign-in/code")
@permission(PUBLIC)
def code() -> ResponseReturnValue:
    """Wait for the message, and type its code."""
    if not session.get("asked"):
        return redirect(url_for("accounts.sign_in"), 303)
    form = CodeForm(formdata=None)
    form.next.data = local_path(request.args.get("next")) or ""
    return _code_page(form)


@pages.post("/sign-in/code")
@permission(PUBLIC)
def redeem_code() -> ResponseReturnValue:
    """Come in by the code."""
    identifier = session.get("asked")
    if not identifier:
        return redirect(url_for("accounts.sign_in"), 303)
    form = CodeForm()
    if not form.validate():
        return _code_page(form, status=422)
    try:
        with _in_even_time():
            signed_in = signin.redeem_code(identifier, form.code.data or "", network=_network(), at=now())
    except Refused as error:
        show_on(form, error)
        return _code_page(form, status=status_of(error))
    return _enter(signed_in, form.next.data)


@pages.get("/sign-in/<token>")
@permission(PUBLIC)
def link(token: str) -> ResponseReturnValue:
    """Show the button. Opening the link uses nothing up, however often and by whomever it is opened."""
    works = accounts_queries.link_works(token, at=now())
    if not works and current_actor() is not None:
        return redirect(_onward(request.args.get("next")), 303)
    value = LinkPage(works=works, next=local_path(request.args.get("next")) or "")
    return page("accounts/link.html", value, status=200 if works else 410)


@pages.post("/sign-in/<token>")
@permission(PUBLIC)
def redeem(token: str) -> ResponseReturnValue:
    """Use the link up and come in."""
    onward = request.form.get("next")
    try:
        signed_in = signin.redeem(token, at=now())
    except Refused:
        return page("accounts/link.html", LinkPage(works=False, next=local_path(onward) or ""), status=410)
    return _enter(signed_in, onward)


@pages.route("/sign-up", methods=["GET", "POST"])
@permission(PUBLIC)
def sign_up() -> ResponseReturnValue:
    """Make an account; the answer is the same whether there was one already or not."""
    if request.method != "POST":
        form = SignUpForm(formdata=None)
        form.next.data = local_path(request.args.get("next")) or ""
        return page("accounts/sign_up.html", SignUpPage(accounts_queries.units()), form=form)
    form = SignUpForm()
    units = accounts_queries.units()
    status = 422
    if form.validate():
        draft = AccountDraft(
            name=form.name.data or "",
            email=form.email.data or "",
            phone=form.phone.data or "",
            role=Role(form.role.data),
            organisation=_unit_code(form.organisation.data or "", units),
            locale=current_locale(),
        )
        onward = local_path(form.next.data) or ""
        try:
            with _in_even_time():
                signin.sign_up(draft, network=_network(), at=now(), onward=onward)
        except Refused as error:
            show_on(form, error)
            status = status_of(error)
        else:
            return _asked(draft.email or draft.phone, onward)
    return page("accounts/sign_up.html", SignUpPage(units), form=form, status=status)


@pages.get("/sign-out")
@permission(SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """Ask once more: it ends the stay on every device."""
    return page("accounts/sign_out.html")


@pages.post("/sign-out")
@permission(SIGNED_IN)
def leave() -> ResponseReturnValue:
    """Go; no cookie given out so far lets anybody in again."""
    signin.leave(require_actor().account_id, at=now())
    logout_user()
    session.clear()
    flash(_("You are signed out, on every device."), "success")
    response = redirect("/", 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


# -- Inner steps -------------------------------------------------------------------------------------

EVEN_SECONDS = 0.08
"""Longer than looking up an account and writing a letter takes, shorter than anybody notices."""


@contextmanager
def _in_even_time() -> Iterator[None]:
    """Take equally long whether there is such an account or not: a clock is not to tell what the page does not."""
    began = time.monotonic()
    try:
        yield
    finally:
        time.sleep(max(0.0, EVEN_SECONDS - (time.monotonic() - began)))


def _asked(identifier: str, onward: str) -> ResponseReturnValue:
    session["asked"] = identifier
    return redirect(url_for("accounts.code", next=onward or None), 303)


def _code_page(form: CodeForm, status: int = 200) -> ResponseReturnValue:
    minutes = int(links.LINK_LASTS.total_seconds() // 60)
    return page(
        "accounts/asked.html",
        AskedPage(identifier=session["asked"], minutes=minutes),
        form=form,
        status=status,
    )


def _enter(signed_in: signin.SignedIn, onward: str | None) -> ResponseReturnValue:
    """Begin a stay with nothing left of what the visitor had before: no borrowed cookie turns into a key."""
    session.clear()
    user = current_app.extensions["security"].datastore.find_user(id=signed_in.account_id)
    login_user(user, authn_via=["email"])
    session["since"] = int(now().timestamp())
    response = redirect(local_path(onward) or _home(signed_in.account_id), 303)
    if not locale.was_chosen():
        locale.remember(response, signed_in.locale)
    return response


def _onward(target: str | None) -> str:
    """Where they were going, else the first page."""
    return local_path(target) or "/"


def _home(account_id: int) -> str:
    """Where somebody begins who was going nowhere in particular: an organiser at the desk."""
    actor = accounts_queries.actor(account_id)
    return locale.page_to_return_to("/desk" if actor.is_a(Role.ORGANISER) else "/")


def _network() -> str:
    return request.remote_addr or ""


def _unit_code(typed: str, units: tuple[accounts_queries.Unit, ...]) -> str:
    """The code of the unit somebody chose by name, in either language; what is not in the list stays as typed."""
    for unit in units:
        if typed and typed in {unit.code, unit.name.zh, unit.name.en}:
            return unit.code
    return typed
