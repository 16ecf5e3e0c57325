"""Seasons move by whole weeks, and sign-up lies before them."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from eventhub.domain.phases import ZONE
from eventhub.domain.seasons import birthday_aged, into_next_season, sign_up_before

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(first=DAYS, today=DAYS)
def test_a_season_keeps_its_weekdays_and_its_time_of_the_year(first: date, today: date):
    move = into_next_season(first, today)
    moved = first + move
    assert move.days % 7 == 0
    assert timedelta(days=14) <= moved - today <= timedelta(days=14 + 374)
    years = round(move.days / 365.2425)
    assert abs(move.days - years * 365.2425) <= 4


@given(age=st.integers(1, 90), on=DAYS)
def test_a_birthday_counts_from_its_own_day_on(age: int, on: date):
    born = birthday_aged(age, on)
    had_it = (on.month, on.day) >= (born.month, born.day)
    assert on.year - born.year - (not had_it) == age


def test_sign_up_is_three_weeks_and_over_by_today():
    today = date(2026, 11, 23)
    times = sign_up_before(today)
    assert times.announced_at < times.opens_at < times.closes_at < times.result_at
    assert times.closes_at - times.opens_at == timedelta(days=21, hours=9)
    assert times.result_at.astimezone(ZONE).date() < today
