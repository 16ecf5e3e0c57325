"""Form fields from a kind's questions, and problems put beside the fields they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    BooleanField,
    Field,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.widgets import CheckboxInput, ListWidget

from eventhub.domain.problems import Problem
from eventhub.domain.questions import Answer, Question
from eventhub.i18n import N_, Text, current_locale

NOT_LISTED = N_("Choose one of the answers listed.")
MOST_IN_A_ROW = 4
"""Up to so many answers stand as radio buttons, where all can be seen; more become a list to open."""


def later(text: object) -> str:
    """A text for a form's label or hint: WTForms only ever says it, which it does in the reader's language."""
    return cast("str", text)


def choices(pairs: Iterable[tuple[str, object]]) -> list[Any]:
    """Values and their words, as WTForms wants them."""
    return [SelectChoice(value=value, label=later(label)) for value, label in pairs]


class Ticks(SelectMultipleField):
    """Several of a list, each by a tick of its own."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """What was sent and is not on the list is left out by whoever reads the form."""


def field_of(question: Question, *, name: str = "") -> Any:
    """The field a question is answered in. Nothing is checked here: the same rules check forms and rosters."""
    build = _FIELDS[question.answer]
    told = {
        "label": later(question.label),
        "description": later(_Help(question)),
        **({"name": name} if name else {}),
    }
    return build(question, told)


class _Help:
    """Hint and purpose of a question as one text."""

    def __init__(self, question: Question) -> None:
        self._parts = [part for part in (question.hint, question.purpose) if part is not None]

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __str__(self) -> str:
        return ("" if current_locale() == "zh" else " ").join(str(part) for part in self._parts)

    def __html__(self) -> str:
        from markupsafe import escape  # noqa: PLC0415 - only pages need it

        return str(escape(str(self)))


def _text(question: Question, told: Mapping[str, Any]) -> Any:
    return StringField(**told, render_kw={"maxlength": question.limit, **_autocomplete(question)})


def _long_text(question: Question, told: Mapping[str, Any]) -> Any:
    return TextAreaField(**told, render_kw={"maxlength": question.limit, "rows": 4})


def _yes_no(question: Question, told: Mapping[str, Any]) -> Any:
    if question.required:
        return RadioField(
            **told, choices=choices((("yes", N_("Yes")), ("no", N_("No")))), validate_choice=False
        )
    return BooleanField(**told)


def _choice(question: Question, told: Mapping[str, Any]) -> Any:
    if len(question.choices) <= MOST_IN_A_ROW:
        return RadioField(**told, choices=choices(question.choices), validate_choice=False)
    none: tuple[tuple[str, Text], ...] = (("", N_("Please choose")),)
    return SelectField(**told, choices=choices(none + question.choices), validate_choice=False)


def _choices(question: Question, told: Mapping[str, Any]) -> Any:
    return Ticks(**told, choices=choices(question.choices))


def _number(question: Question, told: Mapping[str, Any]) -> Any:
    # Not type="number": browsers then swallow what is no number, and nobody sees what was typed.
    return StringField(**told, render_kw={"inputmode": "numeric", "maxlength": len(str(question.limit)) + 2})


def _date(_question: Question, told: Mapping[str, Any]) -> Any:
    return StringField(**told, render_kw={"type": "date"})


def _phone(_question: Question, told: Mapping[str, Any]) -> Any:
    return StringField(
        **told, render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "off", "maxlength": 20}
    )


def _autocomplete(_question: Question) -> Mapping[str, str]:
    # A browser would fill in the reader's own name, and these are questions about others.
    return {"autocomplete": "off"}


_FIELDS: dict[Answer, Any] = {
    Answer.TEXT: _text,
    Answer.LONG_TEXT: _long_text,
    Answer.YES_NO: _yes_no,
    Answer.CHOICE: _choice,
    Answer.CHOICES: _choices,
    Answer.NUMBER: _number,
    Answer.DATE: _date,
    Answer.PHONE: _phone,
}


def not_listed(form: FlaskForm, *names: str) -> list[Problem]:
    """What was sent for these fields and stands on no list of theirs: only a form made by hand sends that.

    The fields do not complain themselves, since their words would be those of the library.
    """
    return [
        Problem("not_listed", NOT_LISTED, name)
        for name in names
        if form[name].data and form[name].data not in {choice.value for choice in form[name].choices}
    ]


def mark_required(field: Field) -> None:
    """Show a field as one that must be filled in; the rules of the trade do the checking."""
    field.flags.required = True


def name_owner(field: Field, name: object) -> None:
    """Say whom a field is about: the summary of what is wrong names them, where several are asked the same."""
    field.whose = name  # type: ignore[attr-defined] # only pages read it


def put_beside(form: FlaskForm, problems: Iterable[Problem], *, otherwise: str = "") -> None:
    """Put each problem beside its field; where the form has none of that name, beside ``otherwise`` or on top."""
    for problem in problems:
        field = form._fields.get(problem.field) or form._fields.get(otherwise)
        if field is None:
            form.form_errors.append(problem.message)
        else:
            field.errors = [*field.errors, without_label(str(problem.message), str(field.label.text))]


def without_label(said: str, label: str) -> str:
    """The sentence without the name of its field in front, which the form shows anyway: “Name: please ...”."""
    rest = said.removeprefix(label)
    if rest == said or rest[:1] not in {":", "："}:
        return said
    rest = rest[1:].lstrip()
    return rest[:1].upper() + rest[1:]
