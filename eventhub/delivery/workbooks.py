"""A table as an XLSX file that any office suite opens, and in which nothing that was typed can act.

Every text is written as text: a name that begins with ``=`` stays a name and is never calculated, and an address is
never made a link. Rows are written one after another and not kept, so that a hundred thousand cost no memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO

import xlsxwriter

Value = str | int | Decimal | date | None
"""A decimal is money in yuan and shows its fen."""
MOST_CHARACTERS = 32_767
"""What one cell holds."""
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f']")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LONGEST_NAME = 31


@dataclass(frozen=True)
class Column:
    """A column's heading and its width in characters."""

    heading: str
    width: int = 14


@dataclass(frozen=True)
class Sheet:
    """One sheet: a line that says what it is and for whom, headings, rows."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]
    note: str = ""


def workbook(sheets: Iterable[Sheet]) -> bytes:
    """The octets of a workbook with these sheets, headings frozen and ready to filter by, to be printed on A4 across."""
    octets = BytesIO()
    book = xlsxwriter.Workbook(
        octets,
        {
            "constant_memory": True,
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    bold = book.add_format({"bold": True})
    heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    text = book.add_format({"num_format": "@"})
    money = book.add_format({"num_format": "#,##0.00"})
    taken: set[str] = set()
    for sheet in sheets:
        page = book.add_worksheet(_name(sheet.name, taken))
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, column.width)
        page.write_string(0, 0, _clean(sheet.title), bold)
        page.write_string(1, 0, _clean(sheet.note))
        for place, column in enumerate(sheet.columns):
            page.write_string(2, place, _clean(column.heading), heading)
        page.freeze_panes(3, 1)
        page.repeat_rows(2)
        last = 2
        for last, row in enumerate(sheet.rows, start=3):
            for place, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(last, place, value, day)
                elif isinstance(value, Decimal):
                    page.write_number(last, place, float(value), money)
                elif isinstance(value, int):
                    page.write_number(last, place, value)
                elif value:
                    page.write_string(last, place, _clean(value), text)
        page.autofilter(2, 0, last, max(len(sheet.columns) - 1, 0))
    book.close()
    return octets.getvalue()


def _clean(value: str) -> str:
    return _NOT_IN_XML.sub("", value)[:MOST_CHARACTERS]


def _name(wanted: str, taken: set[str]) -> str:
    """A name as sheets may have it: short, without signs that are not allowed, each once."""
    base = _NOT_IN_A_NAME.sub(" ", wanted).strip()[:_LONGEST_NAME] or "1"
    name, number = base, 1
    while name.casefold() in taken or name.casefold() == "history":
        number += 1
        tail = f" {number}"
        name = base[: _LONGEST_NAME - len(tail)] + tail
    taken.add(name.casefold())
    return name
