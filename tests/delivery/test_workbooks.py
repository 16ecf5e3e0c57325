"""A workbook holds what was typed, as text, and nothing in it acts."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from eventhub.delivery.workbooks import Column, Sheet, Value, workbook

COLUMNS = (Column("Name", 20), Column("Age"), Column("Born"))


def read(octets: bytes) -> list[list[Any]]:
    """The rows of the first sheet, as any office suite would find them."""
    return CalamineWorkbook.from_filelike(io.BytesIO(octets)).get_sheet_by_index(0).to_python()


def one(*rows: tuple[Value, ...]) -> bytes:
    return workbook([Sheet("Roster", "Camp: roster", COLUMNS, rows, "For the office alone")])


def part(octets: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(octets)) as parts:
        return parts.read(name).decode()


def test_rows_are_found_again_under_their_headings():
    assert read(one(("马小雨", 12, date(2014, 3, 2)), ("丁一", None, None))) == [
        ["Camp: roster", "", ""],
        ["For the office alone", "", ""],
        ["Name", "Age", "Born"],
        ["马小雨", 12, date(2014, 3, 2)],
        ["丁一", "", ""],
    ]


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        '=HYPERLINK("http://example.org","x")',
        "+8613800000000",
        "-2",
        "@SUM(A1)",
        "http://example.org/",
        "mailto:a@example.org",
        "{=1+1}",
        "00123",
    ],
)
def test_what_was_typed_stays_text_and_never_acts(name: str):
    octets = one((name, 1, None))
    assert read(octets)[3][0] == name
    sheet = part(octets, "xl/worksheets/sheet1.xml")
    assert re.search(r'<c r="A4"[^>]* t="(s|inlineStr)"', sheet)
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet


@pytest.mark.parametrize("name", ["a\x00b", "a\x1bb", "a\ufffeb"])
def test_characters_no_sheet_may_hold_are_left_out(name: str):
    assert read(one((name, 1, None)))[3][0] == "ab"


def test_a_text_longer_than_a_cell_is_cut_there():
    assert read(one(("长" * 40_000, 1, None)))[3][0] == "长" * 32_767


def test_sheets_get_names_that_office_suites_take_each_once():
    wanted = ("A/B:[C]*?\\'", "x" * 40, "x" * 40, "", "History", "HISTORY")
    octets = workbook([Sheet(name, "", COLUMNS, ()) for name in wanted])
    names = CalamineWorkbook.from_filelike(io.BytesIO(octets)).sheet_names
    assert len(names) == len({name.casefold() for name in names}) == len(wanted)
    assert all(0 < len(name) <= 31 for name in names)
    assert not any(set(name) & set("[]:*?/\\'") for name in names)
    assert "history" not in {name.casefold() for name in names}


def test_many_rows_are_written():
    rows = ((f"n{number}", number, None) for number in range(5000))
    found = read(workbook([Sheet("r", "", COLUMNS, rows)]))
    assert len(found) == 5003
    assert found[-1][:2] == ["n4999", 4999]


def test_rows_can_be_filtered_by_their_headings():
    assert '<autoFilter ref="A3:C5"/>' in part(
        one(("马小雨", 1, None), ("丁一", 2, None)), "xl/worksheets/sheet1.xml"
    )
    assert '<autoFilter ref="A3:C3"/>' in part(one(), "xl/worksheets/sheet1.xml")
