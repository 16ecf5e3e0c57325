"""Register many people from a list: an officer's sheet, one transaction a unit, all of it or nothing."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from eventhub import kinds
from eventhub.domain.facts import Actor, Applicant, Application, ProgrammeFacts
from eventhub.domain.problems import Problem, Refused, refuse
from eventhub.domain.questions import Asked
from eventhub.domain.wording import Listing
from eventhub.extensions import transaction
from eventhub.i18n import N_, Text
from eventhub.services import applications as applying
from eventhub.services import intake, journal
from eventhub.services.cells import COLUMNS, ITEM, NAME, PARTY, ROLE, Line, said
from eventhub.services.intake import Entry

MOST_ROWS = 5_000
MOST_UNPACKED = 50_000_000
MOST_PROBLEMS = 50
_OF_PERSON = re.compile(r"participants-(\d+)-")

_EMPTY = Problem(
    "empty_sheet", N_("The list is empty. Fill in one line for each person below the headings."), "file"
)


@dataclass(frozen=True)
class Sheet:
    """A list as read: a row a person, by column key; ``line`` of the file comes along for the sentences."""

    rows: tuple[Mapping[str, str], ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class RosterReceipt:
    """How many parties and people were signed up; ``replayed`` if this very list had been handed in before."""

    parties: int
    people: int
    replayed: bool = False


def columns(programme: ProgrammeFacts) -> list[tuple[str, Text]]:
    """The columns of a programme's list: who, with whom, which choices, and what the kind asks of each person.

    What a party must answer is asked too: its first line answers for all.
    """
    kind = kinds.of(programme)
    skipped = {ROLE} if not kind.companions else set()
    skipped |= {ITEM} if not kind.choose_item else set()
    asked = [
        (question.key, question.label)
        for question in kind.questions
        if question.asked is Asked.PERSON or question.required
    ]
    return [(key, label) for key, label in COLUMNS.items() if key not in skipped] + asked


def read_sheet(content: bytes, programme: ProgrammeFacts) -> Sheet:
    """Read an .xlsx or a .csv file (UTF-8 or GB18030); columns are known by their heading in either language."""
    table = _xlsx(content) if content[:2] == b"PK" else _csv(content)
    if not table:
        raise Refused(_EMPTY)
    headings = _headings(programme)
    keys = [headings.get(_heading(cell)) for cell in table[0]]
    if NAME not in keys:
        raise Refused(
            Problem(
                "no_name_column",
                N_(
                    "The first line must hold the headings, “%(name)s” among them. Take the empty list offered on this page.",
                    name=COLUMNS[NAME],
                ),
                "file",
            )
        )
    rows, lines = [], []
    for line, cells in enumerate(table[1:], start=2):
        row = {key: cell for key, cell in zip(keys, cells, strict=False) if key and cell}
        if row:
            rows.append(row)
            lines.append(line)
    if not rows:
        raise Refused(_EMPTY)
    if len(rows) > MOST_ROWS:
        raise Refused(
            Problem(
                "too_many_rows", N_("At most %(most)s people in one list. Divide it.", most=MOST_ROWS), "file"
            )
        )
    return Sheet(tuple(rows), tuple(lines))


def applications(
    sheet: Sheet, programme: ProgrammeFacts, *, unit: str, at: datetime | None = None
) -> list[Application]:
    """The list as applications: lines with the same mark go together, all others alone.

    :class:`Refused` names every cell that cannot be understood, by line and column. With ``at`` the people themselves
    are looked at too (a name, a telephone, an identity number that is none); without it that is left to
    :func:`register_all`.
    """
    lines = [Line(number, row) for number, row in zip(sheet.lines, sheet.rows, strict=True)]
    together: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        together[line.typed(PARTY) or f"line {line.number}"].append(line)
    found = [_application(members, programme, unit, at=at) for members in together.values()]
    refuse(at_most([problem for line in lines for problem in line.problems]))
    return found


def at_most(problems: Sequence[Problem]) -> list[Problem]:
    """The first problems, and how many more there are: nobody reads a thousand."""
    left = len(problems) - MOST_PROBLEMS
    if left <= 0:
        return list(problems)
    more = Problem("more", N_("And %(count)s more. Mend these first.", count=left), "file")
    return [*problems[:MOST_PROBLEMS], more]


def register_all(
    programme: str,
    wanted: Iterable[Application],
    *,
    unit: str,
    key: str,
    by: Actor,
    at: datetime,
    channel: str = "roster",
) -> RosterReceipt:
    """Sign up a unit's whole list in one transaction.

    Everything or nothing: where any line is wrong all of them are named and no one is signed up. The same list
    under the same key counts once.
    """
    entries = [Entry(application, f"{key}/{number}") for number, application in enumerate(wanted, start=1)]
    if not entries:
        raise Refused(_EMPTY)
    with transaction() as session:
        try:
            receipts = intake.take(session, programme, entries, by=by, at=at, channel=channel)
        except intake.Wrong as wrong:
            named = [
                _of_line(problem, entries[place].application, place + 1)
                for place, problems in wrong.by_place.items()
                for problem in problems
            ]
            raise Refused(*at_most(named)) from wrong
        found = RosterReceipt(
            parties=len(receipts),
            people=sum(len(receipt.registrations) for receipt in receipts),
            replayed=all(receipt.replayed for receipt in receipts),
        )
        if not found.replayed:
            journal.note(
                session,
                at=at,
                by=by,
                event="roster registered",
                subject="programme",
                code=programme,
                details={"unit": unit, "parties": found.parties, "people": found.people},
            )
        return found


def _of_line(problem: Problem, application: Application, number: int) -> Problem:
    names = Listing(tuple(applicant.name for applicant in application.applicants))
    return Problem(
        problem.code,
        N_("Entry %(number)s (%(names)s): %(why)s", number=number, names=names, why=problem.message),
        "file",
    )


def _application(
    lines: Sequence[Line], programme: ProgrammeFacts, unit: str, *, at: datetime | None
) -> Application:
    kind = kinds.of(programme)
    first = lines[0]
    item = first.item(programme)
    party_answers = {
        question.key: first.cells[question.key]
        for question in kind.questions
        if question.asked is Asked.PARTY and question.key in first.cells
    }
    listed = Application(
        programme=programme.code,
        applicants=tuple(_applicant(line, kind, unit, at=at) for line in lines),
        ranking=first.ranking(programme, item),
        item=item,
        flexible=kind.flexible,
        answers=party_answers,
    )
    # The officer answers for it that everybody on the list has agreed; the signed papers stay with the unit.
    answered, wrong = applying.with_answers(kind, listed)
    if at is not None:
        _note_answers(lines, wrong)
    return replace(listed, consents=tuple(text.key for text in kind.consents(programme, answered)))


def _applicant(line: Line, kind: kinds.Kind, unit: str, *, at: datetime | None) -> Applicant:
    asked = {question.key for question in kind.questions if question.asked is Asked.PERSON}
    draft = line.person(kind, unit)
    if at is not None:
        line.check(draft, at=at)
    return Applicant(
        draft=draft,
        role=line.role(),
        answers={key: value for key, value in line.cells.items() if key in asked},
    )


def _note_answers(lines: Sequence[Line], wrong: Iterable[Problem]) -> None:
    """Note at its line what cannot be understood of an answer that the list has a column for."""
    for problem in wrong:
        found = _OF_PERSON.match(problem.field)
        if found is not None:
            lines[int(found[1])].note(problem)


def _headings(programme: ProgrammeFacts) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, label in columns(programme):
        found |= {_heading(said): key for said in said(key, label)}
    return found


def _heading(cell: str) -> str:
    return "".join(cell.lower().split()).strip("*")


def _xlsx(content: bytes) -> list[list[str]]:
    """The first sheet as text. What unpacks to more than a list could hold is refused before it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                raise Refused(
                    Problem("too_large_file", N_("The file is too large. Divide the list."), "file")
                )
        table = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    except (CalamineError, zipfile.BadZipFile, KeyError, OSError) as error:
        raise Refused(
            Problem(
                "unreadable_file",
                N_("This file cannot be read. Save the list as .xlsx or .csv and try again."),
                "file",
            )
        ) from error
    return [[_cell(cell) for cell in row] for row in table]


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        # A number typed into a text column: beyond 15 digits its tail is lost already, and the check digit tells.
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value).strip()


def _csv(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    raise Refused(
        Problem(
            "unreadable_file",
            N_("This file cannot be read. Save the list as .xlsx or .csv and try again."),
            "file",
        )
    )
