"""A person's calendar behind its secret address, as calendar programs fetch it: no cookie, no redirect, no page."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from eventhub.domain.problems import NotFound
from eventhub.queries import invites
from eventhub.web.access import PUBLIC, permission

pages = Blueprint("calendar", __name__)


@pages.get("/calendar/<token>.ics")
@permission(PUBLIC)
def feed(token: str) -> ResponseReturnValue:
    """The calendar; a plain 404 for a token that is not, or no longer, anybody's: a client would keep a page."""
    try:
        file = invites.feed(token)
    except NotFound:
        return Response("", HTTPStatus.NOT_FOUND, content_type="text/plain; charset=utf-8")
    response = Response(file.octets, content_type="text/calendar; charset=utf-8")
    response.set_etag(file.etag)
    response.last_modified = file.changed
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Disposition"] = f'inline; filename="{file.filename}"'
    return response.make_conditional(request)
