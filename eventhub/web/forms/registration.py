"""The forms of a sign-up, built from the kind's questions, and the application they add up to.

A sign-up is asked in steps. Each step is a form of its own; :func:`read` turns what one of them says into the
application so far with that part replaced.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField

from eventhub.domain.facts import Applicant, Application, ConsentText, Person, ProgrammeFacts
from eventhub.domain.identity import dialled
from eventhub.domain.problems import Problem
from eventhub.domain.questions import Answer, Asked, Question, confirmed_answers
from eventhub.domain.terms import PartyRole
from eventhub.i18n import N_, Text
from eventhub.kinds import Kind
from eventhub.web.forms.fields import Ticks, choices, field_of, later, mark_required, name_owner

Sent = MultiDict[str, str]


class Step(StrEnum):
    """The steps of a sign-up, in their order."""

    PEOPLE = "people"
    QUESTIONS = "questions"
    """Before the choices, since answers can close options (a kitchen that does not cook halal meals)."""
    CHOICES = "choices"
    REVIEW = "review"


STEP_NAMES: dict[Step, Text] = {
    Step.PEOPLE: N_("Who goes"),
    Step.QUESTIONS: N_("Questions"),
    Step.CHOICES: N_("Choices"),
    Step.REVIEW: N_("Check and send"),
}


def steps_of(kind: Kind) -> tuple[Step, ...]:
    """The steps of a kind: one that asks nothing has no questions."""
    return tuple(step for step in Step if step is not Step.QUESTIONS or kind.questions)


_OF_PERSON = re.compile(r"participants-(\d+)-(.+)")


def step_of(problem: Problem, kind: Kind) -> Step:
    """The step in which a problem can be mended."""
    asked = {question.key for question in kind.questions}
    found = _OF_PERSON.fullmatch(problem.field)
    if found:
        return Step.QUESTIONS if found[2] in asked else Step.PEOPLE
    if problem.field in {"participants", "companions"}:
        return Step.PEOPLE
    if problem.field in {"options", "item"}:
        return Step.CHOICES
    return Step.QUESTIONS if problem.field in asked else Step.REVIEW


def is_about(problem: Problem, number: int) -> bool:
    """Whether a problem is about the person of this number himself, whatever was answered."""
    found = _OF_PERSON.fullmatch(problem.field)
    return found is not None and int(found[1]) == number


# -- Who goes ----------------------------------------------------------------------------------------


class PeopleForm(FlaskForm):  # type: ignore[misc]
    """Who goes, and who comes along."""

    participants = Ticks(later(N_("Who goes?")), name="participants")
    companions = Ticks(
        later(N_("Who comes along at their own cost?")),
        name="companions",
        description=later(N_("Companions are placed together with you or not at all.")),
    )


def people_form(
    kind: Kind, people: Sequence[Person], application: Application, sent: Sent | None
) -> PeopleForm:
    """The form of the first step, filled with what was sent or, without that, with the application so far."""
    chosen = {
        role: [each.person.code for each in application.applicants if each.role is role and each.person]
        for role in PartyRole
    }
    form = PeopleForm(
        formdata=sent,
        data={"participants": chosen[PartyRole.PARTICIPANT], "companions": chosen[PartyRole.COMPANION]},
    )
    named = choices((person.code, person.name) for person in people)
    form.participants.choices, form.companions.choices = named, list(named)
    mark_required(form.participants)
    if not kind.companions:
        del form.companions
    return form


def with_people(application: Application, sent: Sent, people: Sequence[Person]) -> Application:
    """The application with these people, each keeping the answers given before."""
    known = {person.code: person for person in people}
    answered = {each.person.code: each.answers for each in application.applicants if each.person}
    wanted = [(code, PartyRole.PARTICIPANT) for code in dict.fromkeys(sent.getlist("participants"))]
    wanted += [(code, PartyRole.COMPANION) for code in dict.fromkeys(sent.getlist("companions"))]
    return replace(
        application,
        applicants=tuple(
            Applicant(person=known[code], role=role, answers=answered.get(code, {}))
            for code, role in wanted
            if code in known
        ),
    )


def strangers(sent: Sent, people: Sequence[Person]) -> list[Problem]:
    """What is wrong where somebody is named who is not among one's people: nobody goes without them unsaid."""
    known = {person.code for person in people}
    return [
        Problem(
            "not_yours",
            N_("Somebody named here is not (any more) among your people. Choose again who goes."),
            role,
        )
        for role in ("participants", "companions")
        if set(sent.getlist(role)) - known
    ]


# -- Which options, in which order -------------------------------------------------------------------


class ChoicesForm(FlaskForm):  # type: ignore[misc]
    """Whether any other option will do; the ranking itself is sent beside it, as repeated ``options``."""

    flexible = BooleanField(
        later(N_("If none of my choices is free, any other will do")),
        description=later(
            N_(
                "With this tick you are also considered for options that you did not rank, after those who did."
            )
        ),
    )


def choices_form(kind: Kind, application: Application, sent: Sent | None) -> ChoicesForm:
    """The form around the ranking."""
    form = ChoicesForm(formdata=sent, data={"flexible": application.flexible})
    if not kind.flexible:
        del form.flexible
    return form


def with_choices(application: Application, sent: Sent, kind: Kind) -> Application:
    """The application with this ranking; a pressed button has moved what it moves."""
    ranking = moved(sent.getlist("options"), sent.get("move", ""))
    return replace(
        application,
        ranking=tuple(ranking),
        flexible=kind.flexible and "flexible" in sent,
    )


def moved(ranking: Iterable[str], move: str) -> list[str]:
    """The ranking after one press of a button: ``up:CODE``, ``down:CODE``, ``remove:CODE`` or ``add:CODE``."""
    order = list(dict.fromkeys(ranking))
    way, _, code = move.partition(":")
    if way == "add" and code and code not in order:
        return [*order, code]
    if code not in order:
        return order
    place = order.index(code)
    order.remove(code)
    if way != "remove":
        order.insert(max(0, place + {"up": -1, "down": 1}.get(way, 0)), code)
    return order


# -- What the kind asks ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A question that is not asked, since the primary union has confirmed the answer."""

    label: Text
    answer: Text


@dataclass(frozen=True)
class Asking:
    """Fields that belong together: those about one person, or about the whole party (no name)."""

    name: str
    fields: tuple[str, ...]
    known: tuple[Known, ...] = ()


def questions_of(kind: Kind, application: Application) -> list[tuple[str, Question]]:
    """Field name and question, in the order they are asked: of each person, then of the party."""
    found = [
        (f"participants-{number}-{question.key}", question)
        for number, applicant in enumerate(application.applicants)
        for question in kind.questions
        if question.asked is Asked.PERSON and question.key not in _confirmed(kind, applicant)
    ]
    return found + [(question.key, question) for question in kind.questions if question.asked is Asked.PARTY]


def _confirmed(kind: Kind, applicant: Applicant) -> dict[str, str]:
    """What is known of somebody without asking."""
    if applicant.person is None:
        return {}
    return confirmed_answers(kind.questions, claims=dict(kind.claims), confirmed=applicant.person.claims)


def _known(kind: Kind, applicant: Applicant) -> tuple[Known, ...]:
    confirmed = _confirmed(kind, applicant)
    return tuple(
        Known(question.label, dict(question.choices)[confirmed[question.key]])
        for question in kind.questions
        if question.key in confirmed
    )


def groups_of(kind: Kind, application: Application) -> tuple[Asking, ...]:
    """The questions as they stand on the page: a block a person, then a block for all."""
    names = [name for name, _question in questions_of(kind, application)]
    found = [
        Asking(
            applicant.name,
            tuple(name for name in names if name.startswith(f"participants-{number}-")),
            _known(kind, applicant),
        )
        for number, applicant in enumerate(application.applicants)
    ]
    found.append(Asking("", tuple(name for name in names if not name.startswith("participants-"))))
    return tuple(group for group in found if group.fields or group.known)


def questions_form(kind: Kind, application: Application, sent: Sent | None) -> FlaskForm:
    """A form with a field for each question, filled with what was sent or answered before."""
    asked = questions_of(kind, application)
    body = {name: field_of(question, name=name) for name, question in asked}
    form = type("QuestionsForm", (FlaskForm,), body)(formdata=sent, data=_given(application, asked))
    for name, question in asked:
        if question.required:
            mark_required(form[name])
        found = _OF_PERSON.fullmatch(name)
        if found and len(application.applicants) > 1:
            name_owner(form[name], application.applicants[int(found[1])].name)
    return form


def with_answers(application: Application, form: FlaskForm, kind: Kind) -> Application:
    """The application with what was typed and what is confirmed; what an untouched field says is no answer."""
    typed = {name: _stripped(form[name].data) for name, _question in questions_of(kind, application)}
    typed = {name: value for name, value in typed.items() if value not in (None, "", [], False)}
    return replace(
        application,
        answers={name: value for name, value in typed.items() if not name.startswith("participants-")},
        applicants=tuple(
            replace(applicant, answers=_of_person(typed, number) | _confirmed(kind, applicant))
            for number, applicant in enumerate(application.applicants)
        ),
    )


def _stripped(value: Any) -> Any:
    """Blanks alone are no answer."""
    return value.strip() if isinstance(value, str) else value


def _of_person(typed: Mapping[str, Any], number: int) -> dict[str, Any]:
    prefix = f"participants-{number}-"
    return {name.removeprefix(prefix): value for name, value in typed.items() if name.startswith(prefix)}


def _given(application: Application, asked: Iterable[tuple[str, Question]]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, question in asked:
        found = _OF_PERSON.fullmatch(name)
        source = application.applicants[int(found[1])].answers if found else application.answers
        value = source.get(question.key)
        if question.answer is Answer.YES_NO and question.required and isinstance(value, bool):
            value = "yes" if value else "no"
        if question.answer is Answer.PHONE and isinstance(value, str):
            value = dialled(value)
        given[name] = value
    return given


# -- Check and send ----------------------------------------------------------------------------------


def review_form(texts: Iterable[ConsentText], sent: Sent | None) -> FlaskForm:
    """A tick of its own for each text, none of them set beforehand."""
    body = {
        f"consent-{text.key}": _Tick(
            later(N_("I agree: %(title)s", title=text.title)),
            name=f"consent-{text.key}",
            version=text.version,
        )
        for text in texts
    }
    return type("ReviewForm", (FlaskForm,), body)(formdata=sent)


def agreed(sent: Sent, texts: Iterable[ConsentText]) -> tuple[str, ...]:
    """The keys of the texts that were ticked in the version that is in force.

    Who ticked an older one, on a page that was open while the text changed, has not read this one.
    """
    return tuple(text.key for text in texts if sent.get(f"consent-{text.key}") == text.version)


class _Tick(BooleanField):
    """A tick that names the version of the text it stands beside."""

    def __init__(self, *args: Any, version: str, **given: Any) -> None:
        super().__init__(*args, **given)
        self._version = version

    def process_formdata(self, valuelist: list[str]) -> None:
        """Ticked is only what names this version."""
        self.data = valuelist[:1] == [self._version]

    def _value(self) -> str:
        return self._version


# -- The whole, carried from step to step ------------------------------------------------------------


def carried(kind: Kind, application: Application, *, but: Step) -> list[tuple[str, str]]:
    """What a page of a change sends along of the steps it does not show, as names and values."""
    people = [(each.role, each.person.code) for each in application.applicants if each.person is not None]
    pairs = [("were", code) for _role, code in people]
    if but is not Step.PEOPLE:
        pairs += [(f"{role}s", code) for role, code in people]
    if but is not Step.CHOICES:
        pairs += [("options", code) for code in application.ranking]
        pairs += [("flexible", "y")] if application.flexible else []
    if but is not Step.QUESTIONS:
        form = questions_form(kind, application, None)
        for name, _question in questions_of(kind, application):
            value = form[name].data
            values = value if isinstance(value, list) else ["y" if value is True else value]
            pairs += [(name, str(each)) for each in values if each not in (None, "", False)]
    return pairs


def read(
    kind: Kind, base: Application, sent: Sent, people: Sequence[Person], *, step: Step | None
) -> Application:
    """The application with the part of one step, or of all, as it was sent."""
    application = base
    if step in {None, Step.PEOPLE}:
        if step is None:
            # Answers come by number, and the numbers are those of the people before this very step changed them.
            application = _answered_before(kind, application, sent, people)
        application = with_people(application, sent, people)
    if step in {None, Step.CHOICES}:
        application = with_choices(application, sent, kind)
    if step is Step.QUESTIONS:
        application = with_answers(application, questions_form(kind, application, sent), kind)
    return application


def _answered_before(kind: Kind, base: Application, sent: Sent, people: Sequence[Person]) -> Application:
    codes = sent.getlist("were")
    known = {person.code: person for person in people}
    whole = replace(base, applicants=tuple(Applicant(person=known[code]) for code in codes if code in known))
    return with_answers(whole, questions_form(kind, whole, sent), kind)


def stamp(application: Application) -> str:
    """What an application says, as a short word: a form carries it, so that nobody overwrites a change unseen."""
    content = [
        application.item,
        application.ranking,
        application.flexible,
        sorted((key, str(value)) for key, value in application.answers.items()),
        [
            (
                each.person.code if each.person else each.name,
                each.role,
                sorted((key, str(v)) for key, v in each.answers.items()),
            )
            for each in application.applicants
        ],
    ]
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


class ItemForm(FlaskForm):  # type: ignore[misc]
    """Which item of a programme that has several."""

    class Meta:
        csrf = False  # it only asks for another page

    item = RadioField(validate_choice=False)


def item_form(kind: Kind, programme: ProgrammeFacts, chosen: str) -> ItemForm:
    """The items to choose from."""
    form = ItemForm(formdata=None, data={"item": chosen})
    form.item.label.text = later(kind.words.item)
    form.item.choices = choices(programme.items)
    mark_required(form.item)
    return form
