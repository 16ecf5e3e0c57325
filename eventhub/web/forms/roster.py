"""Forms of a union officer: a list as a file, or a few people typed in one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

import xlsxwriter
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField

from eventhub.domain.facts import Applicant, Application, OrganisationFacts, PersonDraft, ProgrammeFacts
from eventhub.domain.problems import Problem
from eventhub.domain.questions import Asked, Question
from eventhub.domain.terms import Sex, word
from eventhub.i18n import N_
from eventhub.kinds import Kind
from eventhub.web.forms.fields import choices, field_of, later, mark_required, name_owner, not_listed
from eventhub.web.forms.people import read_date

MOST_TYPED = 20
"""People typed in at once; more come as a list."""
FIRST_ROWS = 4
_WIDTH = 24


class RosterForm(FlaskForm):  # type: ignore[misc]
    """Which unit, and the file."""

    unit = SelectField(
        later(N_("Unit")),
        description=later(N_("Everybody on the list belongs to it.")),
        validate_choice=False,
    )
    file = FileField(
        later(N_("List")),
        description=later(N_("An .xlsx or .csv file with the headings of the empty list.")),
        render_kw={"accept": ".xlsx,.csv"},
    )

    def offer(self, units: Iterable[OrganisationFacts]) -> None:
        """The units this officer answers for."""
        self.unit.choices = choices((unit.code, unit.name) for unit in units)
        mark_required(self.unit)
        mark_required(self.file)


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    """The list that was read, sealed, on its way back to be kept."""

    sheet = HiddenField()
    agreed = BooleanField(
        later(
            N_(
                "Everybody on the list, for children their guardian, knows of it and has agreed in writing; the unit"
                " keeps the papers."
            )
        )
    )


def empty_list(columns: Iterable[tuple[str, object]], *, name: str) -> bytes:
    """The list to be filled in: headings in the reader's language, every cell text, so that no number loses its tail."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet(name)
    text, heading = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bold": True})
    labels = [str(label) for _key, label in columns]
    sheet.set_column(0, max(0, len(labels) - 1), _WIDTH, text)
    for place, label in enumerate(labels):
        sheet.write_string(0, place, label, heading)
    sheet.freeze_panes(1, 1)
    book.close()
    return out.getvalue()


# -- A few people typed in ---------------------------------------------------------------------------


def typed_form(
    kind: Kind,
    programme: ProgrammeFacts,
    units: Iterable[OrganisationFacts],
    *,
    item: str,
    rows: int,
    sent: Any,
) -> FlaskForm:
    """A form with so many rows of people, and what is asked of all of them."""
    body: dict[str, Any] = {
        "unit": SelectField(
            later(N_("Unit")),
            choices=choices((unit.code, unit.name) for unit in units),
            validate_choice=False,
        )
    }
    for number in range(rows):
        body |= _row(kind, number)
    options = programme.options_of(item)
    body["first"] = SelectField(
        later(N_("First choice")), choices=_options(kind, options), validate_choice=False
    )
    if len(options) > 1:
        body["second"] = SelectField(
            later(N_("Second choice")), choices=_options(kind, options), validate_choice=False
        )
    if kind.party_sizes[1] > 1:
        body["together"] = RadioField(
            later(N_("How do they go?")),
            choices=choices(
                (("apart", N_("Each for themselves")), ("together", N_("All together, as one party or team")))
            ),
            default="apart",
            validate_choice=False,
        )
    for question in _needed(kind, Asked.PARTY):
        body[question.key] = field_of(question, name=question.key)
    body["agreed"] = BooleanField(
        later(
            N_(
                "Everybody named here, for children their guardian, knows of it and has agreed in writing; the unit"
                " keeps the papers."
            )
        )
    )
    form: FlaskForm = type("TypedForm", (FlaskForm,), body)(formdata=sent)
    for number in range(rows):
        whose = form[f"participants-{number}-name"].data or N_("Person %(number)s", number=number + 1)
        for name in row_names(kind, number):
            name_owner(form[name], whose)
    mark_required(form["unit"])
    return form


def _options(kind: Kind, options: Iterable[Any]) -> list[Any]:
    nothing = N_("Any") if kind.flexible else N_("Please choose")
    return choices([("", nothing), *((option.code, option.title) for option in options)])


def _needed(kind: Kind, asked: Asked) -> list[Question]:
    return [question for question in kind.questions if question.asked is asked and question.required]


def row_names(kind: Kind, number: int) -> tuple[str, ...]:
    """The fields of one row, in their order."""
    return tuple(_row(kind, number))


def _row(kind: Kind, number: int) -> Mapping[str, Any]:
    prefix = f"participants-{number}-"
    quiet = {"autocomplete": "off"}
    fields: dict[str, Any] = {
        "name": StringField(later(N_("Name")), render_kw={"maxlength": 60, **quiet}),
        "birth_date": StringField(later(N_("Date of birth")), render_kw={"type": "date", **quiet}),
        "sex": RadioField(
            later(N_("Sex")), choices=choices((str(sex), word(sex)) for sex in Sex), validate_choice=False
        ),
        "phone": StringField(
            later(N_("Mobile number")),
            render_kw={"type": "tel", "inputmode": "tel", "maxlength": 20, **quiet},
        ),
    }
    fields |= {question.key: field_of(question) for question in _needed(kind, Asked.PERSON)}
    return {prefix + key: field for key, field in fields.items()}


def typed_applications(
    form: FlaskForm, kind: Kind, programme: ProgrammeFacts, *, item: str, rows: int
) -> tuple[list[Application], list[Problem], bool]:
    """The applications that were typed, what cannot be read, and whether it is one party. Empty rows are skipped."""
    problems: list[Problem] = []
    applicants = [
        applicant
        for number in range(rows)
        if (applicant := _applicant(form, kind, number, problems)) is not None
    ]
    wanted = [form[name].data for name in ("first", "second") if name in form]
    ranking = tuple(dict.fromkeys(code for code in wanted if code))
    answers = {
        question.key: form[question.key].data
        for question in _needed(kind, Asked.PARTY)
        if form[question.key].data
    }

    def whole(*people: Applicant) -> Application:
        application = Application(
            programme=programme.code,
            applicants=people,
            ranking=ranking,
            item=item,
            flexible=kind.flexible,
            answers=answers,
        )
        agreed = tuple(text.key for text in kind.consents(programme, application))
        return Application(**{**vars(application), "consents": agreed})

    problems += not_listed(form, *(name for name in ("together", "first", "second") if name in form))
    together = "together" in form and form["together"].data == "together"
    if together and applicants:
        return [whole(*applicants)], problems, True
    return [whole(applicant) for applicant in applicants], problems, False


def _applicant(form: FlaskForm, kind: Kind, number: int, problems: list[Problem]) -> Applicant | None:
    prefix = f"participants-{number}-"
    typed = {key.removeprefix(prefix): form[key].data for key in row_names(kind, number)}
    if not any(typed[key] for key in ("name", "birth_date", "phone")):
        return None
    born = read_date(typed["birth_date"] or "")
    if isinstance(born, Problem):
        problems.append(born.at(f"{prefix}birth_date"))
        born = None
    problems += not_listed(form, f"{prefix}sex")
    return Applicant(
        draft=PersonDraft(
            name=typed["name"] or "",
            birth_date=born,
            sex=Sex(typed["sex"]) if typed["sex"] in set(Sex) else None,
            organisation=form["unit"].data or "",
            phone=typed["phone"] or "",
            relation="unit",
        ),
        answers={
            question.key: typed[question.key]
            for question in _needed(kind, Asked.PERSON)
            if typed[question.key]
        },
    )
