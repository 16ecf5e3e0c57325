"""The roster as a workbook: a row says at what hour its heat is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from eventhub import kinds
from eventhub.domain.facts import OptionFacts
from eventhub.domain.questions import Answer, Question
from eventhub.domain.terms import PartyRole
from eventhub.i18n import N_, Bilingual, use_locale
from eventhub.queries.publications import RosterRow
from eventhub.web.desk.rosters import Group, _answered, _cells, _counts, _sheet
from tests.kinds.stories import batch, departure, heat


def person(option: OptionFacts, **answers: str) -> RosterRow:
    return RosterRow(
        registration="R-1",
        party="T-1",
        name="马大",
        shown_as="马大",
        sex=None,
        birth_date=None,
        age=None,
        unit=Bilingual("王记圈村"),
        role=PartyRole.PARTICIPANT,
        option=option,
        station="3",
        phone="",
        signed_up_by="",
        signed_up_by_phone="",
        answers=answers,
    )


def when(option: OptionFacts) -> object:
    with use_locale("en"):
        return _cells(_frame("contest"), person(option), ())[1]


def _frame(kind: str) -> Any:
    programme = SimpleNamespace(title=Bilingual("营"), published=1, settings={})
    return cast("Any", SimpleNamespace(kind=kinds.named(kind), programme=programme))


def test_heats_of_one_day_are_told_apart_by_their_hours() -> None:
    assert when(heat("H1")) == "Tue 8 September 2026, 09:00-09:30"


def test_a_batch_of_whole_days_has_none() -> None:
    assert when(batch("B1")) == "Mon 13 - Sat 18 July 2026 (5 nights)"


@pytest.mark.parametrize("kind", sorted(key for key in kinds.every() if key != "checkup"))
def test_meals_are_counted_for_the_kitchen_and_stand_beside_no_name(kind: str) -> None:
    option = batch("B1")
    eaters = (person(option, meals="halal"), person(option, meals="halal"), person(option))
    groups = [Group(option, eaters)]
    frame = _frame(kind)
    with use_locale("en"):
        people = _sheet(frame, groups)
        meals = next(sheet for sheet in _counts(frame, groups) if sheet.name == "Meals")
        assert "Meals" not in [column.heading for column in people.columns]
        assert not any("Halal" in row for row in people.rows)
        headings = [column.heading for column in meals.columns]
        (row,) = meals.rows
    told = dict(zip(headings, row, strict=True))
    assert (told["Halal"], told["Ordinary"], told["Not answered"]) == (2, 0, 1)
    assert "马大" not in row


def test_years_at_work_are_counted_and_stand_beside_no_name_as_the_form_promises() -> None:
    option = heat("H1")
    people = tuple(person(option, experience=years) for years in ("20", "3", "0", "11", ""))
    with use_locale("en"):
        sheet = _sheet(_frame("contest"), [Group(option, people)])
        years = next(
            each for each in _counts(_frame("contest"), [Group(option, people)]) if "Years" in each.name
        )
        (row,) = years.rows
    assert not any("Years" in column.heading for column in sheet.columns)
    told = dict(zip((column.heading for column in years.columns), row, strict=True))
    assert (told["Least"], told["Median"], told["Most"], told["Not answered"]) == (0, 3, 20, 1)


def test_a_number_is_one_to_sort_by() -> None:
    question = Question("n", N_("Number"), Answer.NUMBER)
    assert [_answered(question, {"n": each}) for each in ("20", "", "x")] == [20, "", "x"]


def test_a_station_has_a_column_where_there_is_one() -> None:
    option = heat("H1")
    there = replace(person(option), station="7")
    with use_locale("en"):
        sheet = _sheet(_frame("contest"), [Group(option, (there,))])
        (row,) = sheet.rows
        nowhere = _sheet(_frame("contest"), [Group(option, (replace(there, station=""),))])
    told = dict(zip((column.heading for column in sheet.columns), row, strict=True))
    assert told["Station or seat"] == "7"
    assert "Station or seat" not in [column.heading for column in nowhere.columns]
    assert {len(row) for row in nowhere.rows} == {len(nowhere.columns)}


def test_a_retreats_list_says_what_each_pays_and_other_lists_have_no_such_column() -> None:
    option = departure("D1", details={"child_companion_price_fen": 41_050})
    along = replace(person(option), role=PartyRole.COMPANION)
    going = (person(option), replace(along, age=40), replace(along, age=11), along)
    with use_locale("en"):
        sheet = _sheet(_frame("retreat"), [Group(option, going)])
        headings = [column.heading for column in sheet.columns]
        rows = list(sheet.rows)
        others = [_sheet(_frame(kind), [Group(batch("B1"), ())]) for kind in ("camp", "contest")]
    paid = [row[headings.index("To pay, in yuan")] for row in rows]
    assert paid == [Decimal(280), Decimal(780), Decimal("410.5"), None]
    assert {len(row) for row in rows} == {len(headings)}
    assert not any("To pay, in yuan" in column.heading for other in others for column in other.columns)
