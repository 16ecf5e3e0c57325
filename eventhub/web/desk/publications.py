"""Make a result public: see beforehand who will hear what, and afterwards what each version changed."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain.problems import Conflict, NotFound, Refused
from eventhub.i18n import N_, Text, _
from eventhub.queries import publications as versions_of
from eventhub.queries.publications import ChangeRow, PublicationRow, Reached
from eventhub.services import publications
from eventhub.services.publications import Preview
from eventhub.web.access import ORGANISER, permission, require_actor
from eventhub.web.desk._frame import Frame, organised
from eventhub.web.desk._lists import Slice, slice_of
from eventhub.web.errors import show_on, status_of
from eventhub.web.forms.allocation import PublishForm
from eventhub.web.pages import now, page, row_number

pages = Blueprint("publications", __name__)

HERE = "publications.listing"


@dataclass(frozen=True)
class Effect:
    """So many people, and what happens to them."""

    count: int
    label: Text


@dataclass(frozen=True)
class Versions:
    """The history of a programme's result."""

    frame: Frame
    rows: tuple[PublicationRow, ...]


@dataclass(frozen=True)
class Version:
    """One version: its counts, and everybody whom it moved."""

    frame: Frame
    row: PublicationRow
    effects: tuple[Effect, ...]
    changes: Slice[ChangeRow]
    newest: bool
    now: Reached | None = None
    """How it stands today, where that is another number than when the newest version was published."""


@dataclass(frozen=True)
class Confirm:
    """What publishing would do, before it is done."""

    frame: Frame
    run: int
    preview: Preview | None
    effects: tuple[Effect, ...]
    refusal: str


@pages.get("/programmes/<code>/publications")
@permission(ORGANISER)
def listing(code: str) -> ResponseReturnValue:
    """Every version, the newest first."""
    frame = organised(code, HERE)
    return page("desk/publications.html", Versions(frame, versions_of.listing(code)))


@pages.get("/programmes/<code>/publications/new")
@permission(ORGANISER)
def confirm(code: str) -> ResponseReturnValue:
    """Say what will happen to how many people, and ask."""
    run = request.args.get("run", 0, type=row_number)
    return _confirm(code, run, PublishForm(formdata=None))


@pages.post("/programmes/<code>/publications")
@permission(ORGANISER)
def create(code: str) -> ResponseReturnValue:
    """Publish; pressed twice, it is done once."""
    organised(code, HERE)
    form = PublishForm()
    run, number = _whole(form.run.data), _whole(form.number.data)
    if _is_there(code, run, number):
        return redirect(url_for("desk.publications.show", code=code, number=number), 303)
    if number > 1 and not (form.reason.data or "").strip():
        form.validate()
        form.reason.errors = [_("From the second version on, say what changed and why.")]
        return _confirm(code, run, form, status=422)
    if not form.validate():
        return _confirm(code, run, form, status=422)
    try:
        published = publications.publish(
            code, run, expected=number, reason=form.reason.data or "", by=require_actor(), at=now()
        )
    except Refused as refused:
        show_on(form, refused)
        return _confirm(code, run, form, status=status_of(refused))
    except Conflict:
        # Two presses at one moment: the second waited for the first and finds its work done.
        if _is_there(code, run, number):
            return redirect(url_for("desk.publications.show", code=code, number=number), 303)
        raise
    flash(_("Published as no. %(number)s. Letters and invitations go out now.", number=published), "success")
    return redirect(url_for("desk.publications.show", code=code, number=published), 303)


@pages.get("/programmes/<code>/publications/<int:number>")
@permission(ORGANISER)
def show(code: str, number: int) -> ResponseReturnValue:
    """One version, and what it changed against the one before."""
    frame = organised(code, HERE)
    row = next((each for each in versions_of.listing(code) if each.number == number), None)
    if row is None:
        raise NotFound
    newest = number == frame.programme.published
    reached = versions_of.reached(code) if newest else None
    value = Version(
        frame=frame,
        row=row,
        effects=_counted(row),
        changes=slice_of(versions_of.difference(code, number), size=100),
        newest=newest,
        now=reached if reached and _as_published(row) != reached else None,
    )
    return page("desk/publication.html", value)


def _confirm(code: str, run: int, form: PublishForm, status: int = 200) -> ResponseReturnValue:
    frame = organised(code, HERE)
    preview, refusal = None, ""
    try:
        preview = publications.preview(code, run, by=require_actor(), at=now())
    except (Conflict, Refused) as error:
        refusal, status = str(error), status_of(error)
    if preview is not None:
        form.run.data, form.number.data = str(run), str(preview.number)
    value = Confirm(
        frame=frame, run=run, preview=preview, effects=_effects(preview) if preview else (), refusal=refusal
    )
    return page("desk/publish.html", value, status, form=form)


def _effects(preview: Preview) -> tuple[Effect, ...]:
    told = (
        Effect(preview.placed, N_("have a place in this version")),
        Effect(preview.invited, N_("are invited: a letter and a calendar invitation")),
        Effect(preview.moved, N_("are moved: the invitation in their calendar changes")),
        Effect(preview.changed, N_("stay, but time, place or address changes: the invitation is updated")),
        Effect(preview.withdrawn, N_("lose their place: the invitation is withdrawn")),
        Effect(preview.no_address, N_("have no address: their slips are to be printed")),
        Effect(preview.kept, N_("keep what they have and hear nothing")),
        Effect(preview.waitlisted, N_("come onto the waiting list: a letter")),
        Effect(preview.not_selected, N_("are not selected: a letter")),
        Effect(preview.slips, N_("have neither a place nor an address: their slips are to be printed")),
        Effect(preview.still_without, N_("stay without a place and hear nothing")),
        Effect(preview.left_out, N_("gave up since the run and are left out")),
    )
    return tuple(effect for effect in told if effect.count)


_COUNTS: tuple[tuple[str, Text], ...] = (
    ("placed", N_("placed")),
    ("invited", N_("of them with an invitation")),
    ("no_address", N_("of them without an address")),
    ("new", N_("newly placed")),
    ("moved", N_("moved")),
    ("changed", N_("with changed details")),
    ("kept", N_("unchanged")),
    ("withdrawn", N_("lost their place")),
    ("waitlisted", N_("on the waiting list")),
    ("not_selected", N_("not selected")),
    ("letters", N_("letters")),
    ("slips", N_("slips to print")),
    ("left_out", N_("gave up before and left out")),
)


def _counted(row: PublicationRow) -> tuple[Effect, ...]:
    return tuple(Effect(row.counts[key], label) for key, label in _COUNTS if row.counts.get(key))


def _as_published(row: PublicationRow) -> Reached:
    return Reached(**{name: row.counts.get(name, 0) for name in ("placed", "invited", "no_address")})


def _is_there(code: str, run: int, number: int) -> bool:
    return any(row.number == number and row.run == run for row in versions_of.listing(code))


def _whole(typed: str | None) -> int:
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 10 else 0  # noqa: PLR2004
