"""Problems become a status and a page, once, in the reader's language."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError
from wtforms import Field, Form

from eventhub.domain.problems import Conflict, EventHubError, NotAllowed, NotFound, Problem, Refused
from eventhub.i18n import N_, Text
from eventhub.web.access import local_path
from eventhub.web.forms.fields import without_label

log = structlog.get_logger("eventhub.web")

STATUS: dict[type[EventHubError], int] = {Refused: 422, NotFound: 404, NotAllowed: 403, Conflict: 409}
STATUS_OF_CODE = {"too_many": 429, "too_large": 413}
"""Problems that have a status of their own, whatever raised them."""

_SERVER = 500
_PAGES = {401, 403, 404, 409, 413, 500}
_STALE_FORM = N_(
    "This page was open for too long, or the browser accepts no cookies from here. Nothing was changed. Go back, load"
    " the page again and send it once more."
)
_BROKEN = (
    "EventHub: 系统出现故障，请稍后再试。 Something went wrong on our side. Please try again later. [{}]"
)
_ELSEWHERE = "EventHub: 此地址不可用。 EventHub is not reached by this host name."


def init_app(app: Flask) -> None:
    """Answer every problem with its page."""
    app.register_error_handler(EventHubError, _problem)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(SecurityError, _elsewhere)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def status_of(error: EventHubError) -> int:
    """The HTTP status of a problem; 400 for a sort of problem that nobody gave one."""
    for problem in error.problems:
        if problem.code in STATUS_OF_CODE:
            return STATUS_OF_CODE[problem.code]
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def show_on(form: Form, error: EventHubError | tuple[Problem, ...]) -> None:
    """Put each problem at the field it belongs to, or over the form where it belongs to none.

    The form then shows them beside what was typed; answer with :func:`status_of`.
    """
    if isinstance(error, Conflict):
        form.reopen_url = _page_of(request.path)  # type: ignore[attr-defined] # the summary links to it
    for problem in error.problems if isinstance(error, EventHubError) else error:
        field = _field_of(form, problem.field)
        if field is None:
            form.form_errors.append(problem.message)  # type: ignore[arg-type] # said when the page is
        else:
            field.errors = [*field.errors, without_label(str(problem.message), str(field.label.text))]


def _field_of(form: Form, name: str) -> Field | None:
    """The field of this name, also deep inside lists and parts (``participants-1-birth_date``)."""
    if not name:
        return None
    waiting: list[Any] = list(form)
    while waiting:
        field = waiting.pop(0)
        if name in {field.name, field.short_name}:
            return None if field.type in {"FormField", "FieldList"} else field
        if field.type in {"FormField", "FieldList"}:
            waiting += list(field)
    return None


def _problem(error: EventHubError) -> Response:
    said = None if isinstance(error, NotFound | NotAllowed) else str(error)
    return _page(status_of(error), problem=said, back_url=_back())


def _stale_form(_error: CSRFError) -> Response:
    return _page(400, problem=_STALE_FORM, back_url=_back())


def _elsewhere(_error: SecurityError) -> Response:
    # Under a forged host name no address can be made, so no page either.
    return _plain(_ELSEWHERE, 400)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.response is not None:
        return make_response(error.get_response())
    if error.code < 400:  # noqa: PLR2004 - a redirect is no error
        return make_response(error.get_response())
    if isinstance(error, InternalServerError):
        return _unforeseen(error.original_exception or error)
    onward = url_for("accounts.sign_in", next=request.full_path.rstrip("?")) if error.code == 401 else None  # noqa: PLR2004 - as in its page
    response = _page(error.code, back_url=_back(), sign_in_url=onward)
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after", "www-authenticate"}:
            response.headers[name] = value
    return response


def _unforeseen(error: BaseException) -> Response:
    """Something nobody foresaw: the reader gets a number, and the log has the story under it."""
    reference = secrets.token_hex(4).upper()
    log.error("unforeseen", reference=reference, exc_info=error)
    return _page(500, reference=reference)


def _page(status: int, problem: str | Text | None = None, **parts: Any) -> Response:
    template = f"errors/{_template_of(status)}.html"
    if status >= _SERVER:
        g.setdefault("actor", None)  # the database may be what failed
    most = int(current_app.config["MAX_CONTENT_LENGTH"])
    try:
        shown = render_template(template, page=None, problem=problem, most_bytes=most, **parts)
        response = make_response(shown, status)
    except Exception:  # the last wall: whatever breaks a page must not break this one
        log.exception("error_page_failed")
        response = _plain(_BROKEN.format(parts.get("reference", status)), status)
    return response


def _plain(text: str, status: int) -> Response:
    return make_response(text, status, {"Content-Type": "text/plain; charset=utf-8"})


def _template_of(status: int) -> int:
    if status in _PAGES:
        return status
    if status >= _SERVER:
        return 500
    return 404 if status in {405, 410} else 400


def _back() -> str | None:
    """Where the reader came from: the page before in this house, else, after a form, its own address."""
    before = urlsplit(request.referrer or "")
    if before.netloc == request.host and before.path:
        path = f"{before.path}?{before.query}" if before.query else before.path
        if local_path(path) and path != request.path:
            return path
    return _page_of(request.path) if request.method == "POST" else None


def _page_of(path: str) -> str | None:
    """The page a form stands on: its own address, or the nearest above it that can be looked at."""
    while local_path(path) and path != "/":
        if _can_be_read(path):
            return path
        path = path.rpartition("/")[0]
    return None


def _can_be_read(path: str) -> bool:
    try:
        current_app.url_map.bind("", "/").match(path, method="GET")
    except HTTPException:
        return False
    return True
