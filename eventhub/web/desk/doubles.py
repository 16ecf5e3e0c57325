"""People who may be kept twice: the primary union, or the organiser, says whether two records are one person."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain.problems import NotFound
from eventhub.i18n import _
from eventhub.queries import doubles as queries
from eventhub.queries.doubles import DoublePage
from eventhub.services import doubles
from eventhub.web.access import OFFICER, ORGANISER, permission, require_actor
from eventhub.web.desk._frame import Frame, shared
from eventhub.web.pages import now, page

pages = Blueprint("doubles", __name__)

HERE = "doubles.listing"


@dataclass(frozen=True)
class Doubles:
    """Pairs that wait for a decision."""

    frame: Frame
    found: DoublePage


@pages.get("/programmes/<code>/doubles")
@permission(ORGANISER, OFFICER)
def listing(code: str) -> ResponseReturnValue:
    """Everybody of a programme who may be kept twice."""
    frame = shared(code, HERE)
    return page("desk/doubles.html", Doubles(frame, queries.waiting(code, within=frame.within)))


@pages.post("/programmes/<code>/doubles")
@permission(ORGANISER, OFFICER)
def answer(code: str) -> ResponseReturnValue:
    """One person, two people, or a record that somebody had no right to make."""
    frame = shared(code, HERE)
    given = request.form
    codes = (given.get("first", ""), given.get("second", ""))
    actor, at, verdict = require_actor(), now(), given.get("verdict", "")
    if verdict == "one":
        doubles.join(frame.programme.code, codes, by=actor, at=at)
        flash(_("The two records are one now."), "success")
    elif verdict == "two":
        doubles.keep_apart(frame.programme.code, codes, by=actor, at=at)
        flash(_("They stay two people."), "success")
    elif verdict in codes and verdict:
        doubles.refuse(frame.programme.code, codes, verdict, by=actor, at=at)
        flash(_("The record is refused; its sign-ups have ended."), "success")
    else:
        raise NotFound
    return redirect(url_for("desk.doubles.listing", code=code), 303)
