"""Programmes at the desk: see how one stands, set it up, announce it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from eventhub import kinds
from eventhub.domain.facts import OptionFacts, ProgrammeFacts
from eventhub.domain.option_changes import consequences
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused
from eventhub.domain.terms import OrganisationKind, Phase
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.kinds import SettingField
from eventhub.queries import organisations, overview, publications
from eventhub.queries import programmes as queries
from eventhub.queries.overview import Numbers
from eventhub.services import programmes
from eventhub.web.access import ORGANISER, permission, require_actor
from eventhub.web.desk._frame import Frame, organised
from eventhub.web.desk._lists import Slice, slice_of
from eventhub.web.desk.home import Step, next_steps
from eventhub.web.errors import show_on, status_of
from eventhub.web.forms.programme.money import MoneyForm, money_data
from eventhub.web.forms.programme.options import (
    OccasionForm,
    OptionForm,
    blank_data,
    option_data,
    option_form,
)
from eventhub.web.forms.programme.particulars import Section, offer_units, sections, units_named
from eventhub.web.forms.programme.settings import (
    fill_settings,
    order_fields,
    read_settings,
    settings_form,
)
from eventhub.web.forms.programme.words import AnnounceForm, ProgrammeForm
from eventhub.web.pages import now, page

pages = Blueprint("programmes", __name__)

HERE = "programmes.show"
QUOTA_HOLDERS = frozenset(OrganisationKind) - {
    OrganisationKind.REGION,
    OrganisationKind.PRIMARY,
    OrganisationKind.JOINT,
    OrganisationKind.VILLAGE,
}
"""Who may be given a quota here: cities, counties, industrial unions, the organ union, the base."""
HOSTS = QUOTA_HOLDERS | {OrganisationKind.REGION}


@dataclass(frozen=True)
class Overview:
    """How a programme stands."""

    frame: Frame
    numbers: Numbers
    steps: tuple[Step, ...]
    seats: int
    days: tuple[tuple[Text, Any, bool, bool], ...]
    """(what, when, past, next)"""
    rules: tuple[Text, ...]
    announceable: bool
    missing: tuple[Text, ...]


@dataclass(frozen=True)
class New:
    """The form of a new programme."""

    kinds: tuple[kinds.Kind, ...]


@dataclass(frozen=True)
class Edit:
    """The form of a programme's words and dates."""

    frame: Frame


@dataclass(frozen=True)
class Settings:
    """The form of the kind's settings; ordered lists with the fields of their places."""

    frame: Frame
    settings: tuple[tuple[SettingField, tuple[Any, ...]], ...]


@dataclass(frozen=True)
class Options:
    """The list of options."""

    frame: Frame
    options: Slice[OptionFacts]
    demand: dict[str, tuple[int, int]]
    wanted: str


@dataclass(frozen=True)
class Touched:
    """Who has a place in an option that is about to change, and what follows for them: shown once before it is kept."""

    placed: int
    told: tuple[Text, ...]

    @property
    def mark(self) -> str:
        """What the form sends back to say that this was seen; anything else that follows is shown anew."""
        return hashlib.sha256("\n".join(map(str, self.told)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class OptionPage:
    """The form of one option; ``option`` None: a new one."""

    frame: Frame
    option: OptionFacts | None
    like: OptionFacts | None
    """What a new one is copied from."""
    removable: bool
    dates: tuple[OccasionForm, ...]
    spare: tuple[OccasionForm, ...]
    """Free lines for further dates."""
    sections: tuple[Section, ...]
    touched: Touched | None = None


@dataclass(frozen=True)
class Money:
    """The form of funds and quotas."""

    frame: Frame


@pages.get("/programmes/<code>")
@permission(ORGANISER)
def show(code: str) -> ResponseReturnValue:
    """How it stands, and what to do next."""
    frame = organised(code, HERE)
    numbers = overview.numbers([code])[code]
    missing = tuple(_missing(frame.programme))
    return page(
        "desk/programme.html",
        Overview(
            frame=frame,
            numbers=numbers,
            steps=next_steps(frame.programme, frame.phase, numbers),
            seats=sum(option.capacity or 0 for option in frame.programme.options),
            days=_days(frame.programme),
            rules=frame.kind.rule_texts(frame.programme),
            announceable=frame.phase is Phase.DRAFT and not missing,
            missing=missing if frame.phase is Phase.DRAFT else (),
        ),
        form=AnnounceForm(),
    )


@pages.get("/programmes/new")
@permission(ORGANISER)
def new() -> ResponseReturnValue:
    """Begin a programme."""
    return _new(_offered(ProgrammeForm()))


@pages.post("/programmes")
@permission(ORGANISER)
def create() -> ResponseReturnValue:
    """Keep it as a draft."""
    form = _offered(ProgrammeForm())
    if not form.validate_on_submit():
        return _new(form, status=422)
    wanted = form.facts()
    wanted = replace(wanted, code=wanted.code or _code(wanted))
    try:
        code = programmes.create(wanted, by=require_actor(), at=now())
    except Refused as refused:
        show_on(form, refused)
        return _new(form, status=status_of(refused))
    flash(_("Kept as a draft. Add its options, then announce it."), "success")
    return redirect(url_for("desk.programmes.options", code=code), 303)


@pages.post("/programmes/<code>/announcement")
@permission(ORGANISER)
def announce(code: str) -> ResponseReturnValue:
    """Let everybody see it."""
    frame = organised(code, HERE)
    if missing := list(_missing(frame.programme)):
        raise Refused(*(Problem("incomplete", text) for text in missing))
    programmes.announce(code, by=require_actor(), at=now())
    flash(_("Announced. Everybody sees it now."), "success")
    return redirect(url_for("desk.programmes.show", code=code), 303)


@pages.get("/programmes/<code>/edit")
@permission(ORGANISER)
def edit(code: str) -> ResponseReturnValue:
    """Change words, dates and contact."""
    frame = organised(code, HERE)
    form = ProgrammeForm().fill(frame.programme, queries.version_of(code))
    return page("desk/programme_edit.html", Edit(frame), form=form)


@pages.post("/programmes/<code>/edit")
@permission(ORGANISER)
def change(code: str) -> ResponseReturnValue:
    """Keep the changed words, dates and contact."""
    frame = organised(code, HERE)
    form = ProgrammeForm()
    if form.validate_on_submit():
        status = _kept(frame, form.facts(frame.programme), form)
        if status is None:
            return redirect(url_for("desk.programmes.show", code=code), 303)
    else:
        status = 422
    return page("desk/programme_edit.html", Edit(frame), status, form=form)


@pages.get("/programmes/<code>/settings")
@permission(ORGANISER)
def settings(code: str) -> ResponseReturnValue:
    """The kind's settings: who comes first, which aims, which limits."""
    frame = organised(code, HERE)
    form = settings_form(frame.kind)()
    fill_settings(form, frame.kind, frame.programme, queries.version_of(code))
    return _settings(frame, form)


@pages.post("/programmes/<code>/settings")
@permission(ORGANISER)
def change_settings(code: str) -> ResponseReturnValue:
    """Keep the settings."""
    frame = organised(code, HERE)
    form = settings_form(frame.kind)()
    valid = form.validate_on_submit()
    values = read_settings(form, frame.kind)
    if not valid or values is None:
        return _settings(frame, form, 422)
    wanted = replace(frame.programme, settings={**frame.programme.settings, **values})
    status = _kept(frame, wanted, form)
    if status is not None:
        return _settings(frame, form, status)
    return redirect(url_for("desk.programmes.show", code=code), 303)


@pages.get("/programmes/<code>/options")
@permission(ORGANISER)
def options(code: str) -> ResponseReturnValue:
    """All options, searched by word, a page at a time."""
    frame = organised(code, HERE)
    wanted = request.args.get("q", "").strip()
    found = [
        option
        for option in frame.programme.options
        if not wanted
        or wanted.casefold()
        in f"{option.code} {option.title.zh} {option.title.en} {option.item_title.zh}".casefold()
    ]
    found.sort(key=lambda option: (option.item, option.first_day, option.code))
    value = Options(frame, slice_of(found, size=50), queries.demand(code), wanted)
    return page("desk/options.html", value)


@pages.get("/programmes/<code>/options/new")
@permission(ORGANISER)
def new_option(code: str) -> ResponseReturnValue:
    """A new option, empty or like another."""
    frame = organised(code, HERE)
    version = queries.version_of(code)
    data = blank_data(frame.kind, version)
    if like := _like(frame):
        data = option_data(frame.kind, like, version) | {"code": ""}
    return _option(frame, None, _shown_form(frame, data))


@pages.get("/programmes/<code>/options/<option>")
@permission(ORGANISER)
def option(code: str, option: str) -> ResponseReturnValue:
    """One option, to be changed."""
    frame = organised(code, HERE)
    found = _known(frame, option)
    data = option_data(frame.kind, found, queries.version_of(code))
    return _option(frame, found, _shown_form(frame, data))


@pages.post("/programmes/<code>/options")
@permission(ORGANISER)
def add_option(code: str) -> ResponseReturnValue:
    """Keep a new option."""
    frame = organised(code, HERE)
    form = _sent_form(frame)
    if not form.validate_on_submit():
        return _option(frame, None, form, 422)
    added = form.facts(_like(frame))
    wanted = replace(frame.programme, options=(*frame.programme.options, added))
    status = _kept(frame, wanted, form, option=added)
    if status is not None:
        return _option(frame, None, form, status)
    return redirect(url_for("desk.programmes.options", code=code), 303)


@pages.post("/programmes/<code>/options/<option>")
@permission(ORGANISER)
def change_option(code: str, option: str) -> ResponseReturnValue:
    """Keep the changed option, or take it away."""
    frame = organised(code, HERE)
    found = _known(frame, option)
    form = _sent_form(frame)
    form.code.data = found.code
    removing = request.form.get("remove") == "yes"
    if not removing and not form.validate_on_submit():
        return _option(frame, found, form, 422)
    if not removing and (touched := _touched(frame, found, form.facts(found))):
        return _option(frame, found, form, touched=touched)
    kept = () if removing else (form.facts(found),)
    wanted = tuple(
        each for one in frame.programme.options for each in ((one,) if one.code != found.code else kept)
    )
    status = _kept(
        frame,
        replace(frame.programme, options=wanted),
        form,
        option=found,
        reason=form.reason.data or "",
    )
    if status is not None:
        return _option(frame, found, form, status)
    return redirect(url_for("desk.programmes.options", code=code), 303)


@pages.get("/programmes/<code>/money")
@permission(ORGANISER)
def money(code: str) -> ResponseReturnValue:
    """Funds and quotas."""
    frame = organised(code, HERE)
    form = MoneyForm(formdata=None, data=money_data(frame.programme, queries.version_of(code)))
    return page("desk/money.html", Money(frame), form=form.offer(_holders(frame), frame.programme.sources))


@pages.post("/programmes/<code>/money")
@permission(ORGANISER)
def change_money(code: str) -> ResponseReturnValue:
    """Keep funds and quotas."""
    frame = organised(code, HERE)
    units = _holders(frame)
    form = MoneyForm().offer(units, frame.programme.sources)
    if not form.validate_on_submit():
        return page("desk/money.html", Money(frame), 422, form=form)
    wanted = replace(
        frame.programme,
        sources=form.read_sources(),
        quotas=form.read_quotas(dict(units)),
    )
    status = _kept(frame, wanted, form)
    if status is not None:
        return page("desk/money.html", Money(frame), status, form=form)
    return redirect(url_for("desk.programmes.show", code=code), 303)


# -- What is kept, and what the pages show -----------------------------------------------------------


def _kept(
    frame: Frame,
    wanted: ProgrammeFacts,
    form: FlaskForm,
    *,
    option: OptionFacts | None = None,
    reason: str = "",
) -> int | None:
    """Keep the programme as wanted; the status to answer with where that is refused, said at the form.

    ``option`` is the one the form is of: what is wrong with it is said at its fields.
    """
    typed = form.version.data or ""
    try:
        programmes.change(
            frame.programme.code,
            wanted,
            version=int(typed) if typed.isascii() and typed.isdigit() else 0,
            by=require_actor(),
            at=now(),
            reason=reason,
        )
    except (Refused, Conflict) as error:
        mine = f"option-{option.code}-" if option else ""
        show_on(form, tuple(each.at(each.field.removeprefix(mine)) for each in error.problems))
        return status_of(error)
    flash(_("Kept."), "success")
    return None


def _offered(form: ProgrammeForm) -> ProgrammeForm:
    scope = require_actor().scope
    return form.choose_among(kinds.every().values(), organisations.listing(within=scope, kinds=HOSTS))


def _new(form: ProgrammeForm, status: int = 200) -> ResponseReturnValue:
    return page("desk/programme_new.html", New(tuple(kinds.every().values())), status, form=form)


def _code(wanted: ProgrammeFacts) -> str:
    """A code from the kind and the year, made unlike others by what was typed."""
    year = wanted.closes_at.year if wanted.closes_at else now().year
    tail = hashlib.sha256(f"{wanted.title.zh} {now().isoformat()}".encode()).hexdigest()[:4]
    return f"{wanted.kind or 'programme'}-{year}-{tail}"


def _settings(frame: Frame, form: Any, status: int = 200) -> ResponseReturnValue:
    rows = tuple(
        (setting, tuple(order_fields(form, setting)) if setting.answer == "order" else (form[setting.key],))
        for setting in frame.kind.settings
    )
    return page("desk/settings.html", Settings(frame, rows), status, form=form)


def _like(frame: Frame) -> OptionFacts | None:
    """The option that a new one is copied from: what its form does not ask comes along."""
    return frame.programme.option_by_code.get(request.args.get("like", ""))


def _sent_form(frame: Frame) -> OptionForm:
    """The form as it was sent."""
    return _with_units(frame, option_form(frame.kind)())


def _shown_form(frame: Frame, data: dict[str, Any]) -> OptionForm:
    """The form with what is kept."""
    return _with_units(frame, option_form(frame.kind)(formdata=None, data=data))


def _with_units(frame: Frame, form: OptionForm) -> OptionForm:
    """Let the organisations be chosen that there are, and those that an option of the programme names."""
    kept = {
        code
        for option in frame.programme.options
        for code in units_named(frame.kind.particulars, option.details)
    }
    offer_units(form.details.form, _units_of, kept)
    return form


def _units_of(among: tuple[OrganisationKind, ...]) -> Iterable[tuple[str, Bilingual]]:
    return [(unit.code, unit.name) for unit in organisations.listing(kinds=among or HOSTS)]


def _touched(frame: Frame, option: OptionFacts, wanted: OptionFacts) -> Touched | None:
    """What is still to be shown of what follows for people who have a place here."""
    placed = publications.placed_by_option(frame.programme.code).get(option.code, 0)
    told = consequences(option, wanted, placed=placed)
    touched = Touched(placed, told)
    return touched if told and request.form.get("seen") != touched.mark else None


def _option(
    frame: Frame,
    option: OptionFacts | None,
    form: OptionForm,
    status: int = 200,
    *,
    touched: Touched | None = None,
) -> ResponseReturnValue:
    dates = [each.form for each in form.occasions]
    value = OptionPage(
        frame=frame,
        option=option,
        like=_like(frame),
        removable=option is not None and option.code not in queries.demand(frame.programme.code),
        dates=tuple(each for number, each in enumerate(dates) if not (number and each.spare)),
        spare=tuple(each for number, each in enumerate(dates) if number and each.spare),
        sections=sections(frame.kind.particulars, form.details.form),
        touched=touched,
    )
    return page("desk/option.html", value, status, form=form)


def _known(frame: Frame, option: str) -> OptionFacts:
    found = frame.programme.option_by_code.get(option)
    if found is None:
        raise NotFound
    return found


def _holders(frame: Frame) -> tuple[tuple[str, Bilingual], ...]:
    """Units to choose from; one that has a quota or a fund already is among them, whatever it is."""
    known = {unit.code: unit.name for unit in organisations.listing(kinds=QUOTA_HOLDERS)}
    known |= {
        source.holder: Bilingual(source.holder)
        for source in frame.programme.sources
        if source.holder and source.holder not in known
    }
    known |= {quota.organisation: quota.name for quota in frame.programme.quotas}
    return tuple(known.items())


def _missing(programme: ProgrammeFacts) -> list[Text]:
    """What must be there before everybody may see it."""
    found = []
    if not programme.options:
        found.append(N_("Add at least one option."))
    if programme.opens_at is None or programme.closes_at is None:
        found.append(N_("Say when sign-up opens and closes."))
    return found


def _days(programme: ProgrammeFacts) -> tuple[tuple[Text, Any, bool, bool], ...]:
    at = now()
    known = [
        (N_("Sign-up opens"), programme.opens_at),
        (N_("Sign-up closes"), programme.closes_at),
        (N_("Result is due"), programme.result_at),
    ]
    dated = [(label, when) for label, when in known if when is not None]
    coming = next((label for label, when in dated if when > at), None)
    return tuple((label, when, when <= at, label is coming) for label, when in dated)
