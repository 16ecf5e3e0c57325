"""The roster as a workbook: a row says at what hour its heat is."""

from __future__ import annotations

from eventhub.domain.facts import OptionFacts
from eventhub.domain.terms import PartyRole
from eventhub.i18n import Bilingual, use_locale
from eventhub.queries.publications import RosterRow
from eventhub.web.desk.rosters import _cells
from tests.kinds.stories import batch, heat


def when(option: OptionFacts) -> object:
    row = RosterRow(
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
        answers={},
    )
    with use_locale("en"):
        return _cells(row, ())[1]


def test_heats_of_one_day_are_told_apart_by_their_hours() -> None:
    assert when(heat("H1")) == "Tue 8 September 2026, 09:00-09:30"


def test_a_batch_of_whole_days_has_none() -> None:
    assert when(batch("B1")) == "Mon 13 - Sat 18 July 2026 (5 nights)"
