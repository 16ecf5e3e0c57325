"""Claims to check: the primary union, or the organiser, says yes or no, and until when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue

from eventhub.domain.problems import NotFound
from eventhub.i18n import _
from eventhub.queries import claims
from eventhub.queries.claims import ClaimPage, ClaimRow
from eventhub.services import participants
from eventhub.web.access import OFFICER, ORGANISER, permission, require_actor
from eventhub.web.desk._frame import Frame, shared
from eventhub.web.desk._lists import here_with
from eventhub.web.pages import now, page, row_number

pages = Blueprint("claims", __name__)

HERE = "claims.listing"


@dataclass(frozen=True)
class Wrong:
    """The answer that could not be taken: whose, about what, and what was typed."""

    participant: str
    claim: str
    valid_until: str


@dataclass(frozen=True)
class Claims:
    """People with something to check."""

    frame: Frame
    found: ClaimPage
    any_kind: bool
    wrong: Wrong | None
    next_url: str | None
    first_url: str | None


@pages.get("/programmes/<code>/claims")
@permission(ORGANISER, OFFICER)
def listing(code: str) -> ResponseReturnValue:
    """Everybody with a claim that nobody has checked."""
    return _listing(code)


@pages.post("/programmes/<code>/claims")
@permission(ORGANISER, OFFICER)
def answer(code: str) -> ResponseReturnValue:
    """Say yes or no to one claim."""
    frame = shared(code, HERE)
    given = request.form
    row = _claimant(frame, given.get("participant", ""), given.get("kind", ""))
    typed = given.get("valid_until", "").strip()
    until = _day(typed)
    if given.get("verdict") not in {"yes", "no"} or (typed and until is None):
        return _listing(code, Wrong(row.participant, given.get("kind", ""), typed), status=422)
    participants.check_claim(
        row.participant,
        given.get("kind", ""),
        checked=given["verdict"] == "yes",
        valid_until=until,
        by=require_actor(),
        at=now(),
    )
    said = (
        _("%(name)s: confirmed.", name=row.name)
        if given["verdict"] == "yes"
        else _("%(name)s: refused.", name=row.name)
    )
    flash(said, "success")
    return redirect(here_with(), 303)


def _claimant(frame: Frame, participant: str, kind: str) -> ClaimRow:
    """Somebody of this programme, within reach, of whom this claim waits."""
    found = claims.one_waiting(frame.programme.code, participant, within=frame.within)
    if found is None or kind not in {key for key, _label in found.waiting}:
        raise NotFound
    return found


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _listing(code: str, wrong: Wrong | None = None, status: int = 200) -> ResponseReturnValue:
    frame = shared(code, HERE)
    after = request.args.get("after", 0, type=row_number)
    found = claims.waiting(code, within=frame.within, after=after)
    value = Claims(
        frame=frame,
        found=found,
        any_kind=bool(frame.kind.claims),
        wrong=wrong,
        next_url=here_with(after=found.next_after) if found.next_after else None,
        first_url=here_with(after=0) if after else None,
    )
    return page("desk/claims.html", value, status)
