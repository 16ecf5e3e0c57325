"""The outbox of a programme: what went out, what failed, what waits, and slips for those who cannot be written to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.delivery.letters import Row
from eventhub.domain.identity import mask_name
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import LetterState, Method
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.queries import outbox
from eventhub.queries.outbox import LetterPage, Slip
from eventhub.services import outbox as sending
from eventhub.services.letters import CONTENTS
from eventhub.web.access import ORGANISER, permission, require_actor
from eventhub.web.desk._frame import Frame, organised
from eventhub.web.desk._lists import Slice, here_with, slice_of
from eventhub.web.pages import now, page, row_number

pages = Blueprint("letters", __name__)

HERE = "letters.listing"
LONGEST_CODE = 40
LONGEST_TEXT = 100
SLIPS = 100
"""Slips printed at once."""
NAMES: dict[str, Text] = {
    "received": N_("Sign-up received"),
    "changed": N_("Sign-up changed"),
    "allotted": N_("Place given"),
    "moved": N_("Place changed"),
    "withdrawn": N_("Place ended"),
    "readdressed": N_("Address changed"),
    "waitlisted": N_("Waiting list"),
    "not_selected": N_("Not selected"),
    "returned": N_("To be changed"),
    "cancelled": N_("Cancelled by the organiser"),
    "invited_colleague": N_("Invitation of a colleague"),
    "signin": N_("Sign-in link"),
    "person_decided": N_("Answer about a person"),
}
"""Which letter it is, in a word."""
METHODS: dict[Method, Text] = {
    Method.REQUEST: N_("with calendar invitation"),
    Method.CANCEL: N_("takes the calendar entry back"),
}


@dataclass(frozen=True)
class Letters:
    """A page of the outbox, and how many letters there are of each state."""

    frame: Frame
    found: LetterPage
    state: LetterState | None
    registration: str
    """The sign-up whose letters alone are shown, if one was asked for."""
    text: str
    """Part of a name or address that was searched for, or a number."""
    tabs: tuple[tuple[LetterState | None, int, str], ...]
    names: dict[str, Text]
    methods: dict[Method, Text]
    next_url: str | None
    first_url: str | None


@dataclass(frozen=True)
class PrintedSlip:
    """One slip as it is printed."""

    name: str
    number: str
    unit: Bilingual
    title: Text
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Slips:
    """Slips of a programme, by unit, so many at a time."""

    frame: Frame
    slips: tuple[PrintedSlip, ...]
    sheets: Slice[Slip]


@pages.get("/programmes/<code>/letters")
@permission(ORGANISER)
def listing(code: str) -> ResponseReturnValue:
    """Letters, the newest first, of one state or all."""
    frame = organised(code, HERE)
    given = request.args.get("state", "")
    state = LetterState(given) if given in set(LetterState) else None
    before = request.args.get("before", type=row_number)
    registration = request.args.get("registration", "")[:LONGEST_CODE]
    text = request.args.get("q", "").strip()[:LONGEST_TEXT]
    found = outbox.letters(code, state=state, registration=registration, text=text, before=before)
    here = f"desk.{HERE}"
    counts = found.by_state or {}
    tabs: list[tuple[LetterState | None, int, str]] = [
        (each, counts.get(each, 0), url_for(here, code=code, q=text or None, state=str(each)))
        for each in LetterState
    ]
    everything = (None, sum(counts.values()), url_for(here, code=code, q=text or None))
    return page(
        "desk/letters.html",
        Letters(
            frame=frame,
            found=found,
            state=state,
            registration=registration,
            text=text,
            tabs=(everything, *tabs),
            names=NAMES,
            methods=METHODS,
            next_url=here_with(before=found.next_before) if found.next_before else None,
            first_url=here_with(before=0) if before else None,
        ),
    )


@pages.post("/programmes/<code>/letters/<int:letter>/again")
@permission(ORGANISER)
def send_again(code: str, letter: int) -> ResponseReturnValue:
    """Put one letter back into the outbox."""
    organised(code, HERE)
    if outbox.programme_of_letter(letter) != code:
        raise NotFound
    if sending.send_again(letter, by=require_actor(), at=now()):
        flash(_("The letter waits in the outbox again and goes out shortly."), "success")
    else:
        flash(
            _(
                "The address has changed since. The entry at the former one is withdrawn, and the invitation goes to the new one."
            ),
            "success",
        )
    kept: dict[str, Any] = {name: request.args.get(name) or None for name in ("state", "registration", "q")}
    return redirect(url_for(f"desk.{HERE}", code=code, **kept), 303)


@pages.get("/programmes/<code>/slips")
@permission(ORGANISER)
def slips(code: str) -> ResponseReturnValue:
    """What is handed over on paper, one slip a person, ready to be cut."""
    frame = organised(code, HERE)
    sheets = slice_of(outbox.slips(code), size=SLIPS)
    return page("desk/slips.html", Slips(frame, tuple(_printed(sheets.rows)), sheets))


def _printed(found: Iterable[Slip]) -> Iterable[PrintedSlip]:
    for slip in found:
        yield PrintedSlip(
            # A slip passes through other hands: a child is not named in full on it.
            name=str(slip.words.get("who") or mask_name(slip.name)),
            number=slip.registration,
            unit=slip.unit,
            title=NAMES.get(slip.kind_of_letter, N_("Notice")),
            rows=_rows(slip.kind_of_letter, slip.words),
        )


def _rows(letter: str, words: Mapping[str, Any]) -> tuple[Row, ...]:
    """The facts of a letter in its own order, from the words it was written with."""
    shape = CONTENTS[letter]
    known = {field.name for field in fields(shape)}
    return shape(**{name: _value(value) for name, value in words.items() if name in known}).rows


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Row(value["label"], value["value"])
    return tuple(_value(each) for each in value) if isinstance(value, list) else value
