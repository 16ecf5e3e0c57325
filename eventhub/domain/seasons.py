"""Move a season's days by whole weeks, so that weekdays stay what they are: last season becomes the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from eventhub.domain.phases import ZONE

WEEK = timedelta(weeks=1)
_DAYS_A_YEAR = 365.2425


def into_next_season(first_day: date, today: date, *, notice: timedelta = 2 * WEEK) -> timedelta:
    """By how many whole weeks a season that began on ``first_day`` moves to be the next one after ``today``.

    The season keeps its time of the year to within three days and its weekdays exactly. It begins no sooner than
    ``notice`` after today; the move may be negative, for a day before the season it is shaped on.
    """
    earliest = today + notice
    years = earliest.year - first_day.year - 1
    while True:
        move = WEEK * round(years * _DAYS_A_YEAR / 7)
        if first_day + move >= earliest:
            return move
        years += 1


def birthday_aged(age: int, on: date, *, days_ago: int = 0) -> date:
    """A date of birth of somebody who is exactly ``age`` years and ``days_ago`` days old on a day."""
    day = on - timedelta(days=days_ago)
    # Nobody here is born on 29 February: its birthdays are counted elsewhere, and tested there.
    return date(day.year - age, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


@dataclass(frozen=True)
class SignUpTimes:
    """When a programme is announced, opens, closes, and is to have its result."""

    announced_at: datetime
    opens_at: datetime
    closes_at: datetime
    result_at: datetime


def sign_up_before(today: date) -> SignUpTimes:
    """A sign-up of three weeks that is over by today, so that the result can be out on it."""
    return SignUpTimes(
        announced_at=_at(today - 5 * WEEK, 9),
        opens_at=_at(today - 4 * WEEK, 9),
        closes_at=_at(today - WEEK, 18),
        result_at=_at(today - timedelta(days=3), 12),
    )


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), ZONE)
