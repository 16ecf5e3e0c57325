"""Have places given out: ask the solver, watch it work, look at what it found, fix a place by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain.facts import OptionFacts, ProgrammeFacts
from eventhub.domain.problems import EventHubError, NotFound, Refused
from eventhub.domain.terms import RUN_ENDED, Phase, RunState
from eventhub.i18n import N_, Text
from eventhub.queries import allocations as runs_of
from eventhub.queries import programmes, registrations, results
from eventhub.queries.allocations import OptionRow, PinRow, Progress, RunPage, RunRow, StageRow
from eventhub.queries.registrations import PartyRow
from eventhub.queries.results import Hindrance, PersonPage
from eventhub.services import allocations
from eventhub.web import formats
from eventhub.web.access import ORGANISER, permission, require_actor
from eventhub.web.desk._aims import Line, aims, limits
from eventhub.web.desk._frame import Frame, organised, today
from eventhub.web.desk._lists import Slice, here_with, slice_of
from eventhub.web.errors import show_on, status_of
from eventhub.web.forms.allocation import NOWHERE, PinForm, RunForm
from eventhub.web.pages import now, page, row_number
from eventhub.web.public._finding import matching

pages = Blueprint("allocations", __name__)

HERE = "allocations.listing"
MOST_IN_A_MENU = 12
"""Options beside a party's own choices up to which all stand in the menu of a place fixed by hand."""
READY = frozenset({Phase.CLOSED, Phase.ALLOTTING, Phase.PUBLISHED})
"""Phases in which places may be given out."""
MILLION = 1_000_000
LONGEST_KEY = 200
COST = N_("Cost")


@dataclass(frozen=True)
class Wanted:
    """How much one option is wanted before anything is given out."""

    option: OptionFacts
    first: int
    listed: int


@dataclass(frozen=True)
class Workbench:
    """Everything to look at before asking the solver, and what it said before."""

    frame: Frame
    ready: bool
    busy: int | None
    """The run under way, if there is one."""
    waiting: int
    aims: tuple[Line, ...]
    limits: tuple[Line, ...]
    wanted: Slice[Wanted]
    wished: int
    seats: int
    runs: tuple[RunRow, ...]
    pins: tuple[PinRow, ...]


@dataclass(frozen=True)
class Reached:
    """One aim, what was reached of it and what no result can pass, as people read it."""

    name: Text
    value: str
    bound: str
    proved: bool


@dataclass(frozen=True)
class Result:
    """One run: how far it is, or what it found."""

    frame: Frame
    run: RunPage
    doing: Text
    done: int | None
    whole: int | None
    left: Text | None
    rows: tuple[dict[str, object], ...]
    quality: Text | None
    options: Slice[OptionRow]
    stages: tuple[Reached, ...]
    took: int | None
    newest: bool
    hindrances: tuple[Hindrance, ...]
    """Why people have no place, the most people first."""


@dataclass(frozen=True)
class People:
    """The people behind a number of a result, each with the reason."""

    frame: Frame
    number: int
    title: Text
    option: OptionFacts | None
    found: PersonPage
    next_url: str | None
    first_url: str | None


@dataclass(frozen=True)
class PinPage:
    """The form in which a party's place is fixed."""

    frame: Frame
    party: PartyRow
    pinned: PinRow | None
    crowded: bool = False
    """Beside the party's choices there are too many for a menu: they are looked for, and ``found`` of them fit."""
    find: str = ""
    found: int = 0
    others: int = 0


@pages.get("/programmes/<code>/allocations")
@permission(ORGANISER)
def listing(code: str) -> ResponseReturnValue:
    """The workbench: aims, limits, demand, the form, earlier runs."""
    return _workbench(code, RunForm())


@pages.post("/programmes/<code>/allocations")
@permission(ORGANISER)
def create(code: str) -> ResponseReturnValue:
    """Ask for a run; the worker takes it."""
    organised(code)
    form = RunForm()
    if not form.validate_on_submit():
        return _workbench(code, form, status=422)
    try:
        number = allocations.request(
            code, seconds=form.seconds.data or 0, seed=form.seed.data, by=require_actor(), at=now()
        )
    except EventHubError as error:
        if isinstance(error, NotFound):
            raise
        show_on(form, error)
        return _workbench(code, form, status=status_of(error))
    return redirect(url_for("desk.allocations.show", code=code, number=number), 303)


@pages.get("/programmes/<code>/allocations/<int:number>")
@permission(ORGANISER)
def show(code: str, number: int) -> ResponseReturnValue:
    """One run: its progress, or its result."""
    frame = organised(code, HERE)
    return page("desk/run.html", _result(frame, number))


@pages.get("/programmes/<code>/allocations/<int:number>/progress")
@permission(ORGANISER)
def progress(code: str, number: int) -> ResponseReturnValue:
    """The progress panel alone; once the run has ended, the whole page is to be loaded anew."""
    frame = organised(code, HERE)
    state, _far = runs_of.progress(code, number)
    if state in RUN_ENDED:
        return Response(status=204, headers={"HX-Refresh": "true"})
    return page("desk/_run_progress.html", _result(frame, number))


@pages.post("/programmes/<code>/allocations/<int:number>/stop")
@permission(ORGANISER)
def stop(code: str, number: int) -> ResponseReturnValue:
    """End a run early; what it found so far is kept."""
    organised(code)
    allocations.stop(code, number, by=require_actor(), at=now())
    return redirect(url_for("desk.allocations.show", code=code, number=number), 303)


@pages.get("/programmes/<code>/allocations/<int:number>/people")
@permission(ORGANISER)
def people(code: str, number: int) -> ResponseReturnValue:
    """The people behind a number: all, placed, not placed, of one option."""
    frame = organised(code, HERE)
    placed = {"yes": True, "no": False}.get(request.args.get("placed", ""))
    wanted = request.args.get("option", "")
    if wanted and wanted not in frame.programme.option_by_code:
        raise NotFound
    after = request.args.get("after", 0, type=row_number)
    kept_out = request.args.get("hindrance", "")[:LONGEST_KEY]
    found = results.people_of(code, number, placed=placed, option=wanted, hindrance=kept_out, after=after)
    return page(
        "desk/run_people.html",
        People(
            frame=frame,
            number=number,
            title=_PEOPLE[placed],
            option=frame.programme.option_by_code.get(wanted),
            found=found,
            next_url=here_with(after=found.next_after) if found.next_after else None,
            first_url=here_with(after=0) if after else None,
        ),
    )


@pages.get("/programmes/<code>/pins/new")
@permission(ORGANISER)
def pin_form(code: str) -> ResponseReturnValue:
    """Choose where a party is to go."""
    return _pin_page(code, request.args.get("party", ""), PinForm())


@pages.post("/programmes/<code>/pins")
@permission(ORGANISER)
def pin(code: str) -> ResponseReturnValue:
    """Fix a party's place; the next run keeps to it."""
    frame = organised(code)
    form = PinForm().offer(frame.programme.options)
    party = form.party.data or ""
    if not form.validate_on_submit():
        return _pin_page(code, party, form, status=422)
    chosen = None if form.option.data == NOWHERE else form.option.data
    try:
        allocations.pin(code, party, chosen, reason=form.reason.data or "", by=require_actor(), at=now())
    except Refused as refused:
        show_on(form, refused)
        return _pin_page(code, party, form, status=status_of(refused))
    return redirect(url_for("desk.allocations.listing", code=code, _anchor="pins"), 303)


@pages.post("/programmes/<code>/pins/<party>/release")
@permission(ORGANISER)
def unpin(code: str, party: str) -> ResponseReturnValue:
    """Let the next run decide again."""
    organised(code)
    allocations.unpin(code, party, by=require_actor(), at=now())
    return redirect(url_for("desk.allocations.listing", code=code, _anchor="pins"), 303)


# -- What the pages show -----------------------------------------------------------------------------

_PEOPLE: dict[bool | None, Text] = {
    True: N_("Placed people"),
    False: N_("People without a place"),
    None: N_("All people of this run"),
}


def _workbench(code: str, form: RunForm, status: int = 200) -> ResponseReturnValue:
    frame = organised(code, HERE)
    demand = programmes.demand(code)
    runs = runs_of.runs(code)
    pinned = runs_of.pins(code)
    wanted = [
        Wanted(option, *demand.get(option.code, (0, 0)))
        for option in sorted(frame.programme.options, key=lambda each: -demand.get(each.code, (0, 0))[0])
    ]
    value = Workbench(
        frame=frame,
        ready=frame.phase in READY,
        busy=next((row.number for row in runs if row.state not in RUN_ENDED), None),
        waiting=sum(first for first, _listed in demand.values()),
        aims=aims(frame.programme),
        limits=limits(frame.programme, pinned=len(pinned)),
        wanted=slice_of(wanted, size=15),
        wished=sum(each.first > 0 for each in wanted),
        seats=sum(option.capacity or 0 for option in frame.programme.options),
        runs=runs,
        pins=pinned,
    )
    return page("desk/allocations.html", value, status, form=form)


def _result(frame: Frame, number: int) -> Result:
    run = runs_of.run(frame.programme.code, number)
    at = now()
    spent = _spent(run, at)
    return Result(
        frame=frame,
        run=run,
        doing=_doing(run),
        done=min(spent, run.seconds) if run.state is RunState.RUNNING else None,
        whole=run.seconds if run.state is RunState.RUNNING else None,
        left=N_("at most %(seconds)s seconds left", seconds=max(0, run.seconds - spent))
        if run.state is RunState.RUNNING
        else None,
        rows=tuple(_far(run.progress)),
        quality=quality(run.state, run.gap),
        options=slice_of(_in_order(run), size=60),
        stages=tuple(_reached(row) for row in run.stages),
        took=spent if run.ended and run.started_at else None,
        newest=runs_of.runs(frame.programme.code)[0].number == number,
        hindrances=results.hindrances(frame.programme.code, number) if run.usable else (),
    )


def _reached(row: StageRow) -> Reached:
    # Of all aims only the cost is counted in fen.
    say = formats.money if row.name == COST else formats.number
    return Reached(row.name, say(row.value), "–" if row.bound is None else say(row.bound), row.proved)


def _in_order(run: RunPage) -> Sequence[OptionRow]:
    return sorted(run.options, key=lambda row: (row.option.item, row.option.first_day, row.option.code))


def _spent(run: RunPage, at: datetime) -> int:
    if run.started_at is None:
        return 0
    return max(0, round(((run.ended_at or at) - run.started_at) / timedelta(seconds=1)))


def _doing(run: RunPage) -> Text:
    if run.state is RunState.QUEUED:
        return N_("Waiting for the worker. You may close this page; the run goes on.")
    if run.stop_requested:
        return N_("Stopping: the best result so far is being kept.")
    if run.progress.stage is not None:
        return N_("Working on: %(stage)s", stage=run.progress.stage)
    return N_("Preparing. You may close this page; the run goes on.")


def _far(far: Progress) -> list[dict[str, object]]:
    if far.stage is None:
        return []
    rows: list[dict[str, object]] = [
        {"label": N_("Aim"), "value": N_("%(done)s of %(total)s", done=far.done, total=far.total)}
    ]
    if far.value is not None:
        rows.append({"label": N_("Best so far"), "value": formats.number(far.value)})
    if far.bound is not None:
        rows.append({"label": N_("No result can pass"), "value": formats.number(far.bound)})
    return rows


def quality(state: RunState, gap: int | None) -> Text | None:
    """How good a result is, in words. ``gap`` in millionths of the best possible."""
    if state is RunState.OPTIMAL:
        return N_("Proved: under these rules no result is better.")
    if state is not RunState.FEASIBLE:
        return None
    if gap == 0:
        return N_("Every aim is proved; only the draw among equals was not followed to its end.")
    if gap is None:
        return N_("Good, but it is not known how far from the best.")
    if gap < MILLION // 1000:
        return N_("Less than 0.1 % from the best possible.")
    return N_("At most %(gap)s %% from the best possible.", gap=f"{gap * 100 / MILLION:.1f}")


def _pin_page(code: str, party: str, form: PinForm, status: int = 200) -> ResponseReturnValue:
    frame = organised(code, HERE)
    row = _party(frame.programme, party)
    pinned = next((each for each in runs_of.pins(code) if each.party == row.code), None)
    ranked = [option.code for option in row.ranking]
    options = frame.programme.options_of(row.item) or frame.programme.options
    others = [option for option in options if option.code not in ranked]
    crowded = len(others) > MOST_IN_A_MENU
    find = request.values.get("find", "").strip()[:60] if crowded else ""
    found = () if crowded and not find else matching(others, find)
    shown = {*ranked, *(option.code for option in found), form.option.data}
    form.offer([option for option in options if option.code in shown], ranked=ranked)
    form.party.data = row.code
    value = PinPage(
        frame=frame,
        party=row,
        pinned=pinned,
        crowded=crowded,
        find=find,
        found=len(found),
        others=len(others),
    )
    return page("desk/pin.html", value, status, form=form)


def _party(programme: ProgrammeFacts, code: str) -> PartyRow:
    row, _code = registrations.of_desk(code, on=today())
    if row.programme.code != programme.code:
        raise NotFound
    return row
