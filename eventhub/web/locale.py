"""In which language a request is answered: the reader's choice, else their browser's, else Chinese."""

from __future__ import annotations

from flask import Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from eventhub.i18n import DEFAULT_LOCALE, LOCALES, set_locale
from eventhub.services import accounts as accounts_service
from eventhub.web.access import PUBLIC, current_actor, local_path, permission

COOKIE = "language"
_YEAR_SECONDS = 365 * 24 * 60 * 60


def init_app(app: Flask) -> None:
    """Choose the language before anything else is said, also before a refusal."""
    app.before_request(lambda: set_locale(locale_of_request()))
    app.teardown_request(lambda _error: set_locale(DEFAULT_LOCALE))


def locale_of_request() -> str:
    """The language of the reader's last choice on this device, else the first their browser names that we speak."""
    if was_chosen():
        return request.cookies[COOKIE]
    for language, _quality in request.accept_languages:
        spoken = language.replace("_", "-").split("-")[0].lower()
        if spoken in LOCALES:
            return spoken
    return DEFAULT_LOCALE


def was_chosen() -> bool:
    """Whether the reader chose a language on this device before."""
    return request.cookies.get(COOKIE) in LOCALES


def remember(response: Response, locale: str) -> None:
    """Keep the language on this device."""
    response.set_cookie(
        COOKIE,
        locale,
        max_age=_YEAR_SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )


@permission(PUBLIC)
def switch() -> ResponseReturnValue:
    """Speak the other language from now on, and go back to the page."""
    asked = request.values.get("locale", "")
    locale = asked if asked in LOCALES else DEFAULT_LOCALE
    actor = current_actor()
    if actor is not None:
        accounts_service.speak(actor.account_id, locale)
    response = redirect(page_to_return_to(request.form.get("next")), 303)
    remember(response, locale)
    return response


def page_to_return_to(target: str | None) -> str:
    """A path of ours that can be read; the first page where the given one is not."""
    path = local_path(target)
    if path is None:
        return "/"
    try:
        current_app.url_map.bind("", "/").match(path.partition("?")[0], method="GET")
    except HTTPException:
        return "/"
    return path
