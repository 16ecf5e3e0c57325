"""Who goes where by the published result: on paper, and as a workbook."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from statistics import median_low
from urllib.parse import quote

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.delivery.workbooks import Column, Sheet, Value, workbook
from eventhub.domain.facts import OptionFacts
from eventhub.domain.identity import dialled
from eventhub.domain.problems import NotFound
from eventhub.domain.questions import Answer, Question
from eventhub.domain.terms import PartyRole, word
from eventhub.domain.when import When
from eventhub.domain.wording import Listing
from eventhub.i18n import N_, Text, _
from eventhub.queries import contacts, publications
from eventhub.queries.publications import RosterRow
from eventhub.services import lists
from eventhub.web.access import OFFICER, ORGANISER, permission, require_actor
from eventhub.web.desk._frame import Frame, shared
from eventhub.web.desk._lists import Slice, slice_of
from eventhub.web.pages import now, page
from eventhub.web.public._finding import matching

pages = Blueprint("rosters", __name__)

HERE = "rosters.show"
ROWS = 100
"""Options on one page of the list."""
SHEETS = 20
"""Options printed at once."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FOR_WHOM = N_(
    "For the leaders of the group and the union office alone. It holds names and telephone numbers: keep it closed, hand"
    " it to nobody else, destroy it when the programme is settled."
)


@dataclass(frozen=True)
class Group:
    """The people of one option."""

    option: OptionFacts
    rows: tuple[RosterRow, ...]

    def reached_at(self, row: RosterRow) -> tuple[str, str]:
        """Where somebody is called, and, where that is whoever signed them up, that person's name."""
        return (dialled(row.phone), "") if row.phone else (dialled(row.signed_up_by_phone), row.signed_up_by)


@dataclass(frozen=True)
class Roster:
    """Which options have people, to choose from."""

    frame: Frame
    number: int
    options: int
    found: Slice[tuple[OptionFacts, int]]
    text: str
    people: int
    for_whom: Text


@dataclass(frozen=True)
class Paper:
    """The roster as it is printed."""

    frame: Frame
    number: int
    sheets: Slice[OptionFacts]
    groups: tuple[Group, ...]
    stations: bool
    for_whom: Text
    printed_at: datetime
    url: str


@pages.get("/programmes/<code>/roster")
@permission(ORGANISER, OFFICER)
def show(code: str) -> ResponseReturnValue:
    """Options with their people counted, and the ways to take the roster along."""
    frame = shared(code, HERE)
    counted = _counted(frame)
    text = _text()
    found = [(option, counted[option.code]) for option in _looked_for(frame, counted, text)]
    return page(
        "desk/roster.html",
        Roster(
            frame=frame,
            number=frame.programme.published,
            options=len(counted),
            found=slice_of(found, size=ROWS),
            text=text,
            people=sum(counted.values()),
            for_whom=FOR_WHOM,
        ),
    )


@pages.get("/programmes/<code>/roster/paper")
@permission(ORGANISER, OFFICER)
def paper(code: str) -> ResponseReturnValue:
    """The roster for printing, an option after another, so many at a time."""
    frame = shared(code, HERE)
    sheets = slice_of(_looked_for(frame, _counted(frame), _text()), size=SHEETS)
    groups = _groups(frame, [option.code for option in sheets.rows])
    _note(frame, groups, event=lists.PRINTED)
    return page(
        "desk/roster_paper.html",
        Paper(
            frame=frame,
            number=frame.programme.published,
            sheets=sheets,
            groups=groups,
            stations=_stations(groups),
            for_whom=FOR_WHOM,
            printed_at=now(),
            url=url_for(f"desk.{HERE}", code=code),
        ),
    )


@pages.get("/programmes/<code>/roster.xlsx")
@permission(ORGANISER, OFFICER)
def sheet(code: str) -> ResponseReturnValue:
    """The same as a workbook."""
    frame = shared(code, HERE)
    option = request.args.get("option", "")
    if option and option not in frame.programme.option_by_code:
        raise NotFound
    groups = _groups(frame, [option] if option else None)
    _note(frame, groups, event=lists.DOWNLOADED)
    octets = workbook([_sheet(frame, groups), *_counts(frame, groups)])
    name = quote(f"{code}-{frame.programme.published}.xlsx")
    return Response(
        octets,
        mimetype=XLSX,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Cache-Control": "private, no-store",
        },
    )


def _note(frame: Frame, groups: Sequence[Group], *, event: str) -> None:
    """Write down who takes a list of people along, before it is handed over; who only asks after it gets none."""
    if groups and request.method != "HEAD":
        lists.note(
            frame.programme.code,
            event,
            option=groups[0].option.code if len(groups) == 1 else "",
            people=sum(len(group.rows) for group in groups),
            by=require_actor(),
            at=now(),
        )


def _text() -> str:
    return request.args.get("q", "").strip()[:60]


def _counted(frame: Frame) -> Mapping[str, int]:
    """Option -> how many go there; for an officer the people of his units alone. Without people it is left out."""
    if not frame.programme.published:
        return {}
    if frame.organises:
        return publications.placed_by_option(frame.programme.code)
    return {group.option.code: len(group.rows) for group in _groups(frame)}


def _looked_for(frame: Frame, counted: Mapping[str, int], text: str) -> list[OptionFacts]:
    """The options with people, by day: the one the address names, or those in which every word stands."""
    known = frame.programme.option_by_code
    wanted = request.args.get("option", "")
    if wanted and wanted not in known:
        raise NotFound
    options = [known[code] for code in counted if not wanted or code == wanted]
    return sorted(matching(options, text), key=lambda option: (option.first_day, option.code))


def _groups(frame: Frame, options: Collection[str] | None = None) -> tuple[Group, ...]:
    """Those who go, by option; for an officer the people of his units alone."""
    if not frame.programme.published:
        return ()
    rows: Iterable[RosterRow] = publications.roster(frame.programme.code, options=options)
    if not frame.organises:
        ours = contacts.registrations_within(frame.programme.code, frame.within)
        rows = [row for row in rows if row.registration in ours]
    found = [Group(key, tuple(group)) for key, group in groupby(rows, key=lambda row: row.option)]
    return tuple(sorted(found, key=lambda group: (group.option.first_day, group.option.code)))


def _stations(groups: Iterable[Group]) -> bool:
    """Whether anybody has a station or seat; where nobody has, no column is kept for it."""
    return any(row.station for group in groups for row in group.rows)


def _sheet(frame: Frame, groups: Sequence[Group]) -> Sheet:
    words = frame.kind.words
    questions = [
        question
        for question in frame.kind.questions
        if question.answer is not Answer.LONG_TEXT and not question.only_counted
    ]
    stations = _stations(groups)
    columns = [
        Column(str(words.option).capitalize(), 28),
        Column(_("When"), 34),
        *([Column(_("Station or seat"), 10)] if stations else []),
        Column(_("Name"), 16),
        Column(_("Role"), 10),
        Column(_("Sex"), 6),
        Column(_("Birth date"), 12),
        Column(_("Age"), 6),
        Column(_("Unit"), 28),
        Column(_("Mobile number"), 16),
        Column(_("Signed up by"), 16),
        Column(_("Their mobile number"), 16),
        Column(_("Personal number"), 14),
        *([Column(_("To pay, in yuan"), 12)] if frame.kind.to_pay else []),
        *(Column(str(question.label), 20) for question in questions),
    ]
    return Sheet(
        name=str(frame.programme.title),
        title=_(
            "%(title)s: roster, version %(number)s",
            title=frame.programme.title,
            number=frame.programme.published,
        ),
        note=str(FOR_WHOM),
        columns=columns,
        rows=(_cells(frame, row, questions, stations=stations) for group in groups for row in group.rows),
    )


def _counts(frame: Frame, groups: Sequence[Group]) -> Iterable[Sheet]:
    """For each question whose answers stand beside no name, how many gave each answer, by option."""
    for question in frame.kind.questions:
        if question.only_counted:
            yield Sheet(
                name=str(question.label),
                title=_("%(question)s: how many", question=question.label)
                if question.choices
                else str(question.label),
                note=_("How many of each sort, by option. Whose they are is not said.")
                if question.choices
                else _("By option. Whose they are is not said."),
                columns=[
                    Column(str(frame.kind.words.option).capitalize(), 28),
                    Column(_("When"), 34),
                    *(Column(str(said), 16) for said in _counted_as(question)),
                    Column(_("Not answered"), 12),
                ],
                rows=[_counted_cells(group, question) for group in groups],
            )


def _counted_as(question: Question) -> Iterable[Text]:
    """What is told of the answers: how many gave each, or of numbers how they lie."""
    if question.choices:
        return tuple(said for _key, said in question.choices)
    return (N_("Least"), N_("Median"), N_("Most"))


def _counted_cells(group: Group, question: Question) -> list[Value]:
    told = [answer for row in group.rows if (answer := str(row.answers.get(question.key, "")))]
    counted: list[Value]
    if question.choices:
        given = Counter(told)
        counted = [given[key] for key, _said in question.choices]
        told = [answer for answer in told if answer in dict(question.choices)]
    else:
        numbers = sorted(int(answer) for answer in told if re.fullmatch(r"\d{1,9}", answer))
        counted = [numbers[0], median_low(numbers), numbers[-1]] if numbers else [None, None, None]
    return [
        str(group.option.title),
        _when(group.option),
        *counted,
        len(group.rows) - len(told),
    ]


def _when(option: OptionFacts) -> str:
    return str(When(option.occasions[0].starts, option.occasions[-1].ends))


def _cells(
    frame: Frame, row: RosterRow, questions: Iterable[Question], *, stations: bool = True
) -> list[Value]:
    return [
        str(row.option.title),
        _when(row.option),
        *([row.station] if stations else []),
        row.name,
        str(word(row.role)) if row.role is not PartyRole.PARTICIPANT else "",
        str(word(row.sex)) if row.sex else "",
        row.birth_date,
        row.age,
        str(row.unit),
        dialled(row.phone),
        row.signed_up_by,
        dialled(row.signed_up_by_phone),
        row.registration,
        *_to_pay(frame, row),
        *(_answered(question, row.answers) for question in questions),
    ]


def _to_pay(frame: Frame, row: RosterRow) -> list[Value]:
    """A cell where the kind has people pay, empty where it is not known how much; else no cell."""
    if frame.kind.to_pay is None:
        return []
    fen = frame.kind.to_pay(frame.programme, row.option, row.role, row.age)
    return [None if fen is None else Decimal(fen) / 100]


def _answered(question: Question, answers: Mapping[str, object]) -> Value:
    """An answer as a cell holds it: a number is one to reckon and sort by."""
    told = answer_text(question, answers)
    return int(told) if question.answer is Answer.NUMBER and re.fullmatch(r"\d{1,9}", told) else told


def answer_text(question: Question, answers: Mapping[str, object]) -> str:
    """An answer in the words of its question, "" where nothing was answered."""
    if question.key not in answers:
        return ""
    value = answers[question.key]
    words = dict(question.choices)
    if question.answer is Answer.YES_NO:
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return str(Listing(tuple(words.get(each, each) for each in value)))
    if question.answer is Answer.PHONE:
        return dialled(str(value))
    return str(words.get(str(value), value))
