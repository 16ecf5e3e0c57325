"""The journal of a programme: who did what, when, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain.terms import Sex, word
from eventhub.i18n import N_, Text
from eventhub.queries import journal
from eventhub.queries.journal import JournalPage
from eventhub.web.access import ORGANISER, permission
from eventhub.web.desk._frame import Frame, organised
from eventhub.web.pages import page, row_number

pages = Blueprint("journal", __name__)

HERE = "journal.listing"
EVENTS: dict[str, Text] = {
    "programme created": N_("Programme created"),
    "programme changed": N_("Programme changed"),
    "programme announced": N_("Programme announced"),
    "option changed": N_("Option changed"),
    "roster registered": N_("A unit's list signed up"),
    "draft deleted": N_("Draft deleted"),
    "registration returned": N_("Sign-up returned for change"),
    "registration withdrawn": N_("Sign-up withdrawn"),
    "registration cancelled": N_("Sign-up cancelled"),
    "person corrected": N_("Person corrected"),
    "run requested": N_("Run asked for"),
    "run stopped": N_("Run stopped"),
    "place fixed": N_("Place fixed by hand"),
    "place set free": N_("Fixed place set free"),
    "result published": N_("Result published"),
    "letter sent again": N_("Letter sent again"),
    "roster printed": N_("Roster opened for printing"),
    "roster downloaded": N_("Roster downloaded"),
    "answers erased": N_("Answers erased, their time being over"),
}
"""What the journal notes, as people read it; an event without words here is shown as it was noted."""
DETAILS: dict[str, Text] = {
    "run": N_("run"),
    "seconds": N_("seconds given"),
    "seed": N_("seed"),
    "option": N_("option"),
    "unit": N_("unit"),
    "parties": N_("parties"),
    "people": N_("people"),
    "publication": N_("version"),
    "draft": N_("draft"),
    "name": N_("name"),
    "birth_date": N_("year of birth"),
    "sex": N_("sex"),
    "claims": N_("claims to be confirmed again"),
}


_CHANGE = " → "
"""Between what was and what is, as the journal keeps a correction."""


def worded(name: str, value: object) -> object:
    """A detail as people read it: the terms in a correction of the sex in words, all else as it was noted."""
    if name != "sex":
        return value
    words = {str(sex): str(word(sex)) for sex in Sex}
    return _CHANGE.join(words.get(part, part) for part in str(value).split(_CHANGE))


@dataclass(frozen=True)
class Journal:
    """A page of the journal."""

    frame: Frame
    found: JournalPage
    events: dict[str, Text]
    details: dict[str, Text]
    worded: Callable[[str, object], object]
    """How a detail of this name reads: in words where the journal keeps a term."""
    next_url: str | None
    first_url: str | None


@pages.get("/programmes/<code>/journal")
@permission(ORGANISER)
def listing(code: str) -> ResponseReturnValue:
    """What was done, the newest first."""
    frame = organised(code, HERE)
    before = request.args.get("before", type=row_number)
    found = journal.of_programme(code, before=before)
    here = f"desk.{HERE}"
    return page(
        "desk/journal.html",
        Journal(
            frame=frame,
            found=found,
            events=EVENTS,
            details=DETAILS,
            worded=worded,
            next_url=url_for(here, code=code, before=found.next_before) if found.next_before else None,
            first_url=url_for(here, code=code) if before else None,
        ),
    )
