"""Register many people from a list: an officer's sheet, one transaction a unit, all of it or nothing."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from eventhub import kinds
from eventhub.domain.facts import Actor, Applicant, Application, PersonDraft, ProgrammeFacts
from eventhub.domain.problems import Problem, Refused, refuse
from eventhub.domain.questions import Asked
from eventhub.domain.terms import PartyRole, Sex, word
from eventhub.extensions import transaction
from eventhub.i18n import LOCALES, N_, Text, use_locale
from eventhub.services import applications as applying
from eventhub.services import intake, journal
from eventhub.services.intake import Entry

MOST_ROWS = 5_000
MOST_UNPACKED = 50_000_000
MOST_PROBLEMS = 50

_EMPTY = Problem(
    "empty_sheet", N_("The list is empty. Fill in one line for each person below the headings."), "file"
)

NAME, BIRTH, SEX, PHONE, EMAIL, IDENTITY, PARTY, ROLE, ITEM, CHOICES, CLAIMS = (
    "name",
    "birth_date",
    "sex",
    "phone",
    "email",
    "identity_number",
    "party",
    "role",
    "item",
    "choices",
    "claims",
)

COLUMNS: dict[str, Text] = {
    NAME: N_("Name"),
    BIRTH: N_("Birth date"),
    SEX: N_("Sex"),
    PHONE: N_("Telephone"),
    EMAIL: N_("E-mail"),
    IDENTITY: N_("Identity number"),
    PARTY: N_("Goes together with (same mark)"),
    ROLE: N_("Participant or companion"),
    ITEM: N_("Contest item"),
    CHOICES: N_("Choices, dearest first"),
    CLAIMS: N_("Priority checked by the primary union"),
}


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
    """The columns of a programme's list: who, with whom, which choices, and what the kind asks of each person."""
    kind = kinds.of(programme)
    skipped = {ROLE} if not kind.companions else set()
    skipped |= {ITEM} if not kind.choose_item else set()
    asked = [(question.key, question.label) for question in kind.questions if question.asked is Asked.PERSON]
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


def applications(sheet: Sheet, programme: ProgrammeFacts, *, unit: str) -> list[Application]:
    """The list as applications: lines with the same mark go together, all others alone."""
    together: dict[str, list[tuple[int, Mapping[str, str]]]] = defaultdict(list)
    for line, row in zip(sheet.lines, sheet.rows, strict=True):
        together[row.get(PARTY) or f"line {line}"].append((line, row))
    problems: list[Problem] = []
    found = []
    for members in together.values():
        try:
            found.append(_application(members, programme, unit))
        except Refused as refused:
            problems += refused.problems
    refuse(problems[:MOST_PROBLEMS])
    return found


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
            raise Refused(*named[:MOST_PROBLEMS]) from wrong
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
    names = "、".join(applicant.name for applicant in application.applicants)
    return Problem(
        problem.code,
        N_("Entry %(number)s (%(names)s): %(why)s", number=number, names=names, why=problem.message),
        "file",
    )


def _application(
    members: Sequence[tuple[int, Mapping[str, str]]], programme: ProgrammeFacts, unit: str
) -> Application:
    kind = kinds.of(programme)
    line, first = members[0]
    item = _item(first.get(ITEM, ""), programme, line)
    party_answers = {
        question.key: first[question.key]
        for question in kind.questions
        if question.asked is Asked.PARTY and question.key in first
    }
    listed = Application(
        programme=programme.code,
        applicants=tuple(_applicant(row, line, kind, unit) for line, row in members),
        ranking=_choices(first.get(CHOICES, ""), programme, item, line),
        item=item,
        flexible=kind.flexible,
        answers=party_answers,
    )
    # The officer answers for it that everybody on the list has agreed; the signed papers stay with the unit.
    answered, _ = applying.with_answers(kind, listed)
    return replace(listed, consents=tuple(text.key for text in kind.consents(programme, answered)))


def _applicant(row: Mapping[str, str], line: int, kind: kinds.Kind, unit: str) -> Applicant:
    asked = {question.key for question in kind.questions if question.asked is Asked.PERSON}
    return Applicant(
        draft=PersonDraft(
            name=row.get(NAME, ""),
            birth_date=_date(row.get(BIRTH, ""), line),
            sex=_term(Sex, row.get(SEX, ""), line, COLUMNS[SEX]),
            organisation=unit,
            phone=row.get(PHONE, ""),
            email=row.get(EMAIL, ""),
            identity_number=row.get(IDENTITY, ""),
            relation="unit",
            claims=_claims(row.get(CLAIMS, ""), kind, line),
        ),
        role=_term(PartyRole, row.get(ROLE, ""), line, COLUMNS[ROLE]) or PartyRole.PARTICIPANT,
        answers={key: value for key, value in row.items() if key in asked},
    )


def _item(typed: str, programme: ProgrammeFacts, line: int) -> str:
    for code, title in programme.items:
        if typed.strip() in {code, title.zh, title.en}:
            return code
    raise Refused(
        Problem(
            "no_item",
            N_("Line %(line)s: there is no contest item “%(typed)s”.", line=line, typed=typed),
            "file",
        )
    )


def _choices(typed: str, programme: ProgrammeFacts, item: str, line: int) -> tuple[str, ...]:
    known = {
        name: option.code
        for option in programme.options_of(item)
        for name in (option.code, option.title.zh, option.title.en)
        if name
    }
    if typed.strip() in known:
        return (known[typed.strip()],)
    found = []
    for part in re.split(r"[,;，；、\n]", typed):
        name = part.strip()
        if not name:
            continue
        if name not in known:
            raise Refused(
                Problem(
                    "no_such_option",
                    N_("Line %(line)s: there is no choice “%(typed)s”.", line=line, typed=name),
                    "file",
                )
            )
        found.append(known[name])
    return tuple(found)


def _claims(typed: str, kind: kinds.Kind, line: int) -> tuple[str, ...]:
    found = []
    for part in typed.replace("，", ",").replace("、", ",").split(","):
        name = part.strip()
        if not name:
            continue
        key = next((key for key, label in kind.claims if name in _said(key, label)), None)
        if key is None:
            raise Refused(
                Problem(
                    "no_such_claim",
                    N_("Line %(line)s: “%(typed)s” is no priority of this programme.", line=line, typed=name),
                    "file",
                )
            )
        found.append(key)
    return tuple(found)


def _term(enum: type[Any], typed: str, line: int, column: Text) -> Any:
    """The term meant: its word in either language, or the beginning of one, as people shorten it (女, 随行, comp)."""
    wanted = typed.strip().casefold()
    if not wanted:
        return None
    meant = [
        term
        for term in enum
        if any(said.casefold().startswith(wanted) for said in _said(str(term), word(term)))
    ]
    if len(meant) == 1:
        return meant[0]
    raise Refused(
        Problem(
            "no_such_term",
            N_(
                "Line %(line)s, %(column)s: “%(typed)s” is not understood.",
                line=line,
                column=column,
                typed=typed,
            ),
            "file",
        )
    )


def _date(typed: str, line: int) -> date | None:
    text = (
        typed.strip()
        .replace("/", "-")
        .replace(".", "-")
        .replace("年", "-")
        .replace("月", "-")
        .replace("日", "")
    )
    if not text:
        return None
    try:
        year, month, day = (int(part) for part in text.split("T")[0].split(" ")[0].split("-"))
        return date(year, month, day)
    except ValueError:
        raise Refused(
            Problem(
                "not_a_date",
                N_(
                    "Line %(line)s: “%(typed)s” is not a date. Write it as 1985-06-12.",
                    line=line,
                    typed=typed,
                ),
                "file",
            )
        ) from None


def _said(key: str, text: Text) -> set[str]:
    """A term's key and its words in every language."""
    found = {key}
    for locale in LOCALES:
        with use_locale(locale):
            found.add(str(text))
    return found


def _headings(programme: ProgrammeFacts) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, label in columns(programme):
        found |= {_heading(said): key for said in _said(key, label)}
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
