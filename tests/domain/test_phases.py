"""Where a programme stands at a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.domain.phases import ZONE, not_open, phase_of
from eventhub.domain.terms import Phase
from eventhub.i18n import use_locale
from tests.kinds.stories import OPENS, batch, programme

ANNOUNCED = OPENS - timedelta(days=7)
CLOSES = OPENS + timedelta(days=20)
ORDER = [Phase.DRAFT, Phase.ANNOUNCED, Phase.OPEN, Phase.CLOSED, Phase.OVER]
CAMP = programme("camp", [batch("B1", date(2026, 7, 13))])


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        (ANNOUNCED - timedelta(seconds=1), Phase.DRAFT),
        (ANNOUNCED, Phase.ANNOUNCED),
        (OPENS - timedelta(seconds=1), Phase.ANNOUNCED),
        (OPENS, Phase.OPEN),
        (CLOSES - timedelta(seconds=1), Phase.OPEN),
        (CLOSES, Phase.CLOSED),
    ],
)
def test_each_date_opens_its_own_phase(at, phase):
    assert phase_of(CAMP, at) is phase


def test_the_last_day_still_counts_where_people_read_it():
    """The batch ends on 18 July; at 23:59 in Yinchuan it is 15:59 in UTC."""
    published = programme("camp", [batch("B1", date(2026, 7, 13))], published=1)
    assert phase_of(published, datetime(2026, 7, 18, 23, 59, tzinfo=ZONE)) is Phase.PUBLISHED
    assert phase_of(published, datetime(2026, 7, 19, 0, 0, tzinfo=ZONE)) is Phase.OVER
    assert phase_of(published, datetime(2026, 7, 18, 15, 59, tzinfo=UTC)) is Phase.PUBLISHED


def test_a_run_under_way_shows_after_the_close_only():
    allotting = programme("camp", [batch("B1")], allotting=True)
    assert phase_of(allotting, OPENS) is Phase.OPEN
    assert phase_of(allotting, CLOSES) is Phase.ALLOTTING


def test_a_programme_without_dates_is_a_draft_and_one_without_a_close_stays_open():
    assert phase_of(programme("camp", [batch("B1")], announced_at=None), OPENS) is Phase.DRAFT
    endless = programme("camp", [batch("B1")], closes_at=None)
    assert phase_of(endless, OPENS + timedelta(days=60)) is Phase.OPEN
    assert phase_of(programme("camp", [], opens_at=None), OPENS) is Phase.ANNOUNCED


@given(st.integers(0, 400 * 24), st.integers(0, 400 * 24))
def test_time_never_leads_back_to_an_earlier_phase(hours, later):
    at = ANNOUNCED - timedelta(days=30) + timedelta(hours=hours)
    assert ORDER.index(phase_of(CAMP, at)) <= ORDER.index(phase_of(CAMP, at + timedelta(hours=later)))


def test_nobody_signs_up_outside_the_open_phase_and_is_told_whom_to_call():
    assert not_open(CAMP, OPENS) is None
    before, after = not_open(CAMP, OPENS - timedelta(days=1)), not_open(CAMP, CLOSES)
    assert (before.code, after.code) == ("not_open_yet", "closed")
    with use_locale("zh"):
        assert str(after) == "报名已截止。如有特殊情况，请联系杨老师，电话12900000001。"
        assert str(before) == "报名尚未开始。请在开始后再来，或咨询杨老师，电话12900000001。"
