"""Sign up in steps: who goes, what the kind asks, which options in which order, check and send.

A new sign-up is kept as a draft after each step, so that it can be left and continued. A change of one that was sent
is not: what stands is valid until the last step is sent, and the pages carry the unfinished change along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from eventhub import kinds
from eventhub.domain import phases
from eventhub.domain.applicants import FULL_AGE
from eventhub.domain.facts import (
    Actor,
    Applicant,
    Application,
    ConsentText,
    OptionFacts,
    Person,
    ProgrammeFacts,
)
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused
from eventhub.domain.questions import Answer, Asked, Question
from eventhub.domain.terms import RegistrationState
from eventhub.i18n import N_, Text, _
from eventhub.kinds import Kind
from eventhub.queries import people as people_queries
from eventhub.queries import programmes as programme_queries
from eventhub.queries import registrations as queries
from eventhub.services import registrations as services
from eventhub.web.access import SIGNED_IN, permission, require_actor
from eventhub.web.forms import registration as forms
from eventhub.web.forms.fields import put_beside
from eventhub.web.forms.registration import STEP_NAMES, Asking, Step
from eventhub.web.pages import now, page
from eventhub.web.public._contacts import children_officer, contact_of
from eventhub.web.public._finding import matching

pages = Blueprint("sign_up", __name__)

MOST_SHOWN = 12
"""Further options shown at once; the others are found by looking for them."""
LONGEST_FIND = 60
CHANGEABLE = frozenset({RegistrationState.SUBMITTED, RegistrationState.RETURNED})
STEPS = "any(people, questions, choices, review)"

# -- What a page shows -------------------------------------------------------------------------------


@dataclass(frozen=True)
class PersonChoice:
    """Somebody the reader may sign up; with a refusal the tick is greyed and the rule stands beside it."""

    code: str
    note: str
    refusals: tuple[Problem, ...]
    url: str


@dataclass(frozen=True)
class ReviewRow:
    """One line of “check your answers”."""

    label: object
    value: object
    change_url: str = ""


@dataclass(frozen=True)
class StepPage:
    """One step of a sign-up, or of a change to one (``is_change``)."""

    programme: ProgrammeFacts
    kind: Kind
    step: Step
    steps: tuple[Text, ...]
    current: int
    action: str
    back_url: str
    is_change: bool = False
    item: object = ""
    people: tuple[PersonChoice, ...] = ()
    add_url: str = ""
    draft_url: str = ""
    groups: tuple[Asking, ...] = ()
    chosen: tuple[Mapping[str, Any], ...] = ()
    find: str = ""
    found: int = 0
    crowded: bool = False
    """There are more options than are shown at once; ``found`` of them fit what is looked for."""
    available: tuple[Mapping[str, Any], ...] = ()
    answers: tuple[ReviewRow, ...] = ()
    ranking: tuple[OptionFacts, ...] = ()
    flexible: bool = False
    texts: tuple[ConsentText, ...] = ()
    carried: tuple[tuple[str, str], ...] = ()
    stamp: str = ""
    key: str = ""
    urls: Mapping[str, str] | None = None
    children_officer: str = ""


@dataclass(frozen=True)
class ItemPage:
    """Which item of a programme, before anybody is named."""

    programme: ProgrammeFacts
    kind: Kind
    action: str
    back_url: str


@dataclass(frozen=True)
class ClosedPage:
    """Sign-up is not open: why, and whom to call."""

    programme: ProgrammeFacts
    problem: Problem
    back_url: str


@dataclass(frozen=True)
class Moment:
    """Who asks, when, and for what."""

    actor: Actor
    at: datetime
    programme: ProgrammeFacts
    kind: Kind
    people: tuple[people_queries.PersonRow, ...]

    @property
    def today(self) -> date:
        return self.at.astimezone(ZONE).date()

    @property
    def persons(self) -> tuple[Person, ...]:
        return tuple(row.person for row in self.people)


# -- A new sign-up -----------------------------------------------------------------------------------


@pages.route("/registrations/new/<programme>", methods=["GET", "POST"])
@permission(SIGNED_IN)
def begin(programme: str) -> ResponseReturnValue:
    """Who goes: the first step, from which a draft is made."""
    here = _moment(programme)
    closed = phases.not_open(here.programme, here.at)
    if closed is not None:
        return _closed(here, closed)
    item = request.values.get(
        "item", "" if here.kind.choose_item else here.programme.items[0][0] if here.programme.options else ""
    )
    if here.kind.choose_item and item not in dict(here.programme.items):
        return _choose_item(here)
    start = Application(
        programme=programme, applicants=(), item=item, flexible=here.kind.flexible, on=here.today
    )
    if request.method != "POST":
        return _show(here, start, Step.PEOPLE)
    application = forms.read(here.kind, start, request.form, here.persons, step=Step.PEOPLE)
    problems = _problems(here, application, Step.PEOPLE)
    if problems:
        return _show(here, application, Step.PEOPLE, problems=problems, sent=True)
    code = services.save_draft(application, by=here.actor, at=here.at, party=_same_draft(here, application))
    return redirect(_step_url(code, _after(here.kind, Step.PEOPLE)), 303)


@pages.route(f"/registrations/<code>/<{STEPS}:step>", methods=["GET", "POST"])
@permission(SIGNED_IN)
def continue_(code: str, step: str) -> ResponseReturnValue:
    """One step of a draft; each is kept before the next is shown."""
    row, here = _mine(code)
    if row.state is not RegistrationState.DRAFT:
        # Sent already, from here or another window: the same form twice counts once.
        return redirect(_url("my.registrations.show", code), 303)
    closed = phases.not_open(here.programme, here.at)
    if closed is not None:
        return _closed(here, closed)
    now_at = Step(step)
    base = replace(queries.application_of(row), on=here.today)
    if request.method != "POST":
        return _show(here, base, now_at, code=code)
    if now_at is Step.REVIEW:
        return _send(here, base, code)
    application = forms.read(here.kind, base, request.form, here.persons, step=now_at)
    if request.form.get("move"):
        services.save_draft(application, by=here.actor, at=here.at, party=code)
        return redirect(_step_url(code, now_at, find=_find() or None), 303)
    problems = _problems(here, application, now_at)
    if problems:
        return _show(here, application, now_at, code=code, problems=problems, sent=True)
    services.save_draft(application, by=here.actor, at=here.at, party=code)
    return redirect(_step_url(code, _after(here.kind, now_at)), 303)


def _same_draft(here: Moment, application: Application) -> str | None:
    """The draft that the same first page has made before: sent twice, it still is one."""
    code = queries.draft_of(here.programme.code, here.actor)
    if code is None:
        return None
    row = queries.party(code, here.actor, on=here.today, steps=False)
    wanted = {each.person.code for each in application.applicants if each.person}
    return code if row.item == application.item and _people_of(row) == wanted else None


def _send(here: Moment, base: Application, code: str) -> ResponseReturnValue:
    application = replace(base, consents=forms.agreed(request.form))
    _demand_same(request.form.get("stamp", ""), base)
    try:
        services.submit(code, key=_key(), by=here.actor, at=here.at, application=application)
    except Refused as refused:
        return _show(here, application, Step.REVIEW, code=code, problems=refused.problems, sent=True)
    return redirect(_url("my.registrations.show", code, sent=1), 303)


# -- A change ----------------------------------------------------------------------------------------


@pages.route("/registrations/<code>/change", methods=["GET", "POST"])
@permission(SIGNED_IN)
def change(code: str) -> ResponseReturnValue:
    """Change a sign-up that was sent, in the same steps; nothing is changed before the last."""
    row, here = _mine(code)
    if row.state is RegistrationState.DRAFT:
        return redirect(_step_url(code, Step.PEOPLE), 303)
    closed = phases.not_open(here.programme, here.at)
    if closed is not None:
        return _closed(here, closed)
    _demand_changeable(row)
    standing = replace(queries.application_of(row), on=here.today)
    if request.method != "POST":
        return _show(here, standing, Step.PEOPLE, changes=row)
    application = forms.read(here.kind, standing, request.form, here.persons, step=None)
    if _step_sent() is Step.REVIEW and not request.form.get("goto"):
        return _send_change(here, standing, application, row)
    return _change_on(here, application, row)


def _change_on(here: Moment, application: Application, row: queries.PartyRow) -> ResponseReturnValue:
    """The page that follows one step of a change, or the same with what is wrong in it."""
    step = _step_sent()
    goal = request.form.get("goto", "")
    if goal in set(Step):
        return _show(here, application, Step(goal), changes=row)
    if request.form.get("move"):
        return _show(here, application, step, changes=row)
    problems = _problems(here, application, step, ours=_people_of(row))
    if problems:
        return _show(here, application, step, changes=row, problems=problems, sent=True)
    return _show(here, application, _after(here.kind, step), changes=row)


def _send_change(
    here: Moment, standing: Application, application: Application, row: queries.PartyRow
) -> ResponseReturnValue:
    shown = _url("my.registrations.show", row.code)
    if forms.stamp(application) == forms.stamp(standing) != request.form.get("stamp", ""):
        return redirect(shown, 303)  # the same form twice: what it says stands already
    _demand_same(request.form.get("stamp", ""), standing)
    try:
        services.change(row.code, application, key=_key(), by=here.actor, at=here.at)
    except Refused as refused:
        return _show(here, application, Step.REVIEW, changes=row, problems=refused.problems, sent=True)
    flash(_("Your change is kept."), "success")
    return redirect(shown, 303)


# -- Inner steps -------------------------------------------------------------------------------------


def _moment(programme: str) -> Moment:
    actor, at = require_actor(), now()
    facts = programme_queries.facts(programme)
    if not programme_queries.may_see(actor, facts, at):
        raise NotFound
    people = people_queries.of_account(actor, on=at.astimezone(ZONE).date())
    return Moment(actor, at, facts, kinds.of(facts), people)


def _mine(code: str) -> tuple[queries.PartyRow, Moment]:
    actor, at = require_actor(), now()
    row = queries.party(code, actor, on=at.astimezone(ZONE).date(), steps=False)
    people = people_queries.of_account(actor, on=at.astimezone(ZONE).date())
    return row, Moment(actor, at, row.programme, kinds.of(row.programme), people)


def _after(kind: Kind, step: Step) -> Step:
    steps = forms.steps_of(kind)
    return steps[min(steps.index(step) + 1, len(steps) - 1)] if step in steps else Step.REVIEW


def _before(kind: Kind, step: Step) -> Step | None:
    steps = forms.steps_of(kind)
    place = steps.index(step) if step in steps else 0
    return steps[place - 1] if place else None


def _step_sent() -> Step:
    sent = request.form.get("step", "")
    return Step(sent) if sent in set(Step) else Step.PEOPLE


def _key() -> str:
    return request.form.get("idempotency_key", "")[:40] or str(uuid4())


def _demand_changeable(row: queries.PartyRow) -> None:
    if row.state not in CHANGEABLE:
        raise Conflict(
            Problem(
                "not_changeable",
                N_("This sign-up can no longer be changed. Reload the page to see how it stands."),
            )
        )


def _demand_same(stamp: str, standing: Application) -> None:
    if stamp != forms.stamp(standing):
        raise Conflict(
            Problem(
                "changed_meanwhile",
                N_(
                    "This sign-up was changed in another window after you opened this page. Nothing was sent from here."
                    " Load it again and look at what stands now."
                ),
            )
        )


def _problems(
    here: Moment, application: Application, step: Step, *, ours: frozenset[str] = frozenset()
) -> list[Problem]:
    """What must be mended before the next step: the rest is said when its own step comes.

    ``ours`` are the people of the sign-up that is being changed: that they are signed up is no problem.
    """
    found = services.check(application, by=here.actor, at=here.at)
    return [
        problem
        for problem in found
        if _belongs_to(problem, here.kind, step) and not _stands_here(problem, application, ours)
    ]


def _belongs_to(problem: Problem, kind: Kind, step: Step) -> bool:
    """Whether a problem is to be mended in a step; a party too large for what it chose, where it chooses."""
    if problem.code == "party_too_large":
        return step is Step.CHOICES
    return forms.step_of(problem, kind) is step


def _stands_here(problem: Problem, application: Application, ours: frozenset[str]) -> bool:
    return problem.code == "registered_already" and any(
        forms.is_about(problem, number) and each.person is not None and each.person.code in ours
        for number, each in enumerate(application.applicants)
    )


def _people_of(row: queries.PartyRow) -> frozenset[str]:
    return frozenset(each.person.code for each in queries.application_of(row).applicants if each.person)


def _closed(here: Moment, problem: Problem) -> ResponseReturnValue:
    value = ClosedPage(here.programme, problem, url_for("public.programmes.show", code=here.programme.code))
    return page("my/closed.html", value, status=200 if request.method != "POST" else 422)


def _choose_item(here: Moment) -> ResponseReturnValue:
    value = ItemPage(
        here.programme,
        here.kind,
        url_for("my.sign_up.begin", programme=here.programme.code),
        url_for("public.programmes.show", code=here.programme.code),
    )
    return page("my/item.html", value, form=forms.item_form(here.kind, here.programme, ""))


def _show(
    here: Moment,
    application: Application,
    step: Step,
    *,
    code: str = "",
    changes: queries.PartyRow | None = None,
    problems: Iterable[Problem] = (),
    sent: bool = False,
) -> ResponseReturnValue:
    """The page of a step, with what is wrong beside what was typed."""
    problems = tuple(problems)
    form = _form(here, application, step, sent=sent)
    put_beside(form, problems, otherwise="participants" if step is Step.PEOPLE else "")
    value = _value(here, application, step, code=code, changes=changes)
    status = 422 if problems else 200
    return page("my/sign_up.html", value, form=form, contact=contact_of(here.programme), status=status)


def _form(here: Moment, application: Application, step: Step, *, sent: bool) -> FlaskForm:
    data = request.form if sent else None
    if step is Step.PEOPLE:
        return forms.people_form(here.kind, here.persons, application, data)
    if step is Step.QUESTIONS:
        return forms.questions_form(here.kind, application, data)
    if step is Step.CHOICES:
        return forms.choices_form(here.kind, application, data)
    return forms.review_form(here.kind.consents(here.programme, application), data)


def _value(
    here: Moment, application: Application, step: Step, *, code: str, changes: queries.PartyRow | None
) -> StepPage:
    steps = forms.steps_of(here.kind)
    before = _before(here.kind, step)
    party = changes.code if changes else code
    home = url_for("public.programmes.show", code=here.programme.code)
    if changes is not None:
        back = _url("my.registrations.show", changes.code)
    elif before is not None and code:
        back = _step_url(code, before)
    else:
        back = home
    value = StepPage(
        programme=here.programme,
        kind=here.kind,
        step=step,
        steps=tuple(STEP_NAMES[each] for each in steps),
        current=steps.index(step) + 1 if step in steps else 1,
        action=_action(here, application, step, code, changes),
        back_url=back,
        is_change=changes is not None,
        item=dict(here.programme.items).get(application.item, "") if here.kind.choose_item else "",
        carried=tuple(forms.carried(here.kind, application, but=step)) if changes else (),
        stamp=forms.stamp(queries.application_of(changes)) if changes else forms.stamp(application),
        key=request.form.get("idempotency_key", "")[:40] or str(uuid4()),
        urls={each: _step_url(party, each) for each in steps} if party and not changes else None,
        children_officer=_children_officer(here, application),
    )
    if step is Step.PEOPLE:
        return _people_step(
            here, application, value, code, ours=_people_of(changes) if changes else frozenset()
        )
    if step is Step.QUESTIONS:
        return replace(value, groups=forms.groups_of(here.kind, application))
    if step is Step.CHOICES:
        return _choices_step(here, application, value)
    return _review_step(here, application, value)


def _action(
    here: Moment, application: Application, step: Step, code: str, changes: queries.PartyRow | None
) -> str:
    if changes is not None:
        return _url("my.sign_up.change", changes.code)
    if code:
        return _step_url(code, step)
    return url_for("my.sign_up.begin", programme=here.programme.code, item=application.item or None)


def _people_step(
    here: Moment, application: Application, value: StepPage, code: str, *, ours: frozenset[str]
) -> StepPage:
    draft = None if code or value.is_change else queries.draft_of(here.programme.code, here.actor)
    return replace(
        value,
        people=tuple(
            PersonChoice(
                code=row.person.code,
                note=_note(row),
                refusals=_refusals(here, application, row.person, ours),
                url=url_for("my.people.show", code=row.person.code, next=value.action),
            )
            for row in here.people
        ),
        add_url=url_for(
            "my.people.add",
            next=value.action,
            relation="child" if here.kind.for_guardians else None,
        ),
        draft_url=_step_url(draft, Step.PEOPLE) if draft else "",
    )


def _refusals(
    here: Moment, application: Application, person: Person, ours: frozenset[str]
) -> tuple[Problem, ...]:
    """Why this person alone could not be signed up here, whatever is answered and chosen."""
    alone = replace(application, applicants=(Applicant(person=person),), ranking=(), consents=())
    found = services.check(alone, by=here.actor, at=here.at)
    return tuple(
        problem
        for problem in found
        if forms.step_of(problem, here.kind) is Step.PEOPLE
        and forms.is_about(problem, 0)
        and not _stands_here(problem, alone, ours)
    )


def _note(row: people_queries.PersonRow) -> str:
    born = row.person.birth_date
    parts = [_("born %(day)s", day=born.isoformat()) if born else "", str(row.unit)]
    return " · ".join(part for part in parts if part)


def _choices_step(here: Moment, application: Application, value: StepPage) -> StepPage:
    demand = programme_queries.demand(here.programme.code)
    options = here.programme.options_of(application.item)
    known = {option.code: option for option in options}
    ranking = [code for code in application.ranking if code in known]
    others = [option for option in options if option.code not in ranking]
    find = _find() if len(others) > MOST_SHOWN else ""
    found = sorted(matching(others, find), key=lambda option: _bar(here, application, option) is not None)

    def card(option: OptionFacts) -> Mapping[str, Any]:
        return _card(here, application, option, demand.get(option.code, (0, 0))[1])

    return replace(
        value,
        chosen=tuple(card(known[code]) for code in ranking),
        available=tuple(card(option) for option in found[:MOST_SHOWN]),
        find=find,
        found=len(found),
        crowded=len(others) > MOST_SHOWN,
    )


def _find() -> str:
    return request.values.get("find", "").strip()[:LONGEST_FIND]


def _card(here: Moment, application: Application, option: OptionFacts, ranked_by: int) -> Mapping[str, Any]:
    facts = here.kind.facts(here.programme, option)[:2]
    occasion = option.occasions[0]
    return {
        "id": option.code,
        "title": option.title,
        "start": occasion.starts,
        "end": option.occasions[-1].ends,
        "place": str(occasion.place) or None,
        "seats": option.capacity,
        "ranked_by": ranked_by,
        "note": " · ".join(
            _("%(label)s: %(value)s", label=fact.label, value=str(fact.value)) for fact in facts
        ),
        "reason": _bar(here, application, option),
    }


def _bar(here: Moment, application: Application, option: OptionFacts) -> Text | None:
    size = len(application.applicants)
    if option.capacity is not None and size > option.capacity:
        return N_(
            "It has %(seats)s places, fewer than the %(size)s of you.", seats=option.capacity, size=size
        )
    for applicant in application.applicants:
        if applicant.person is not None:
            answers = {**application.answers, **applicant.answers}
            bar = here.kind.bars(here.programme, option, applicant.person, answers)
            if bar is not None:
                return bar.message
    return None


def _review_step(here: Moment, application: Application, value: StepPage) -> StepPage:
    urls = value.urls or {}
    rows = [
        ReviewRow(
            here.kind.words.participant,
            "、".join(each.name for each in application.applicants),
            urls.get(Step.PEOPLE, ""),
        )
    ]
    questions = urls.get(Step.QUESTIONS, "")
    for asking, applicant in [
        *((Asked.PERSON, each) for each in application.applicants),
        (Asked.PARTY, None),
    ]:
        source = applicant.answers if applicant else application.answers
        for question in here.kind.questions:
            if question.asked is asking and question.key in source:
                label = (
                    _("%(name)s: %(question)s", name=applicant.name, question=question.label)
                    if applicant and len(application.applicants) > 1
                    else question.label
                )
                rows.append(ReviewRow(label, said(question, source[question.key]), questions))
    known = here.programme.option_by_code
    return replace(
        value,
        answers=tuple(rows),
        ranking=tuple(known[code] for code in application.ranking if code in known),
        flexible=application.flexible,
        texts=tuple(here.kind.consents(here.programme, application)),
    )


def said(question: Question, value: Any) -> object:
    """An answer as people read it."""
    if question.answer is Answer.YES_NO:
        return _("Yes") if value in {True, "yes"} else _("No")
    words = dict(question.choices)
    if isinstance(value, list | tuple):
        return "、".join(str(words.get(each, each)) for each in value)
    if question.answer is Answer.PHONE:
        return str(value).removeprefix("+86")
    return words.get(value, value)


def _children_officer(here: Moment, application: Application) -> str:
    """Who answers for children's data, wherever a child is or may be named."""
    day = here.today
    child = any(
        (age := each.person.age_on(day)) is not None and age < FULL_AGE
        for each in application.applicants
        if each.person
    )
    if not (here.kind.for_guardians or child):
        return ""
    return children_officer(here.programme)


def _step_url(code: str, step: Step, **more: Any) -> str:
    return url_for("my.sign_up.continue_", code=code, step=step.value, **more)


def _url(endpoint: str, code: str, **more: Any) -> str:
    return url_for(endpoint, code=code, **more)
