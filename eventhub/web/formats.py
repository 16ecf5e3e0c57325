"""Dates, hours, money, numbers and masks as people read them; offered to every template by name."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from eventhub.domain import terms
from eventhub.domain.identity import mask_identity_number, mask_name, mask_phone
from eventhub.domain.phases import ZONE
from eventhub.domain.when import When
from eventhub.domain.wording import Money
from eventhub.i18n import Text, babel_locale, current_locale


def date_range(starts: date | datetime, ends: date | datetime | None = None) -> str:
    """Days from the first to the last, both included: “2026年7月6日 周一 - 7月11日 周六（5晚）”.

    Moments are said with their hour, as clocks in China show it.
    """
    return str(When(_local(starts), _local(starts if ends is None else ends)))


def day(when: date | datetime) -> str:
    """One day with its weekday: “2026年7月6日 周一”, “Mon 6 July 2026”."""
    local = _local(when)
    pattern = "y年M月d日 EEE" if current_locale() == "zh" else "EEE d MMMM y"
    return format_date(local.date() if isinstance(local, datetime) else local, pattern, locale=babel_locale())


def moment(when: datetime) -> str:
    """A moment as clocks in China show it, 24 hours: “2026年7月6日 周一 18:00”, “Mon 6 July 2026, 18:00”."""
    local = when.astimezone(ZONE)
    return f"{day(when)}{' ' if current_locale() == 'zh' else ', '}{local:%H:%M}"


def money(fen: int) -> str:
    """An amount in fen: “500 元”, “CNY 500”; with the fen only where there are any."""
    return f"-{Money(-fen)}" if fen < 0 else str(Money(fen))


def number(value: float) -> str:
    """A number with its thousands set apart."""
    return format_decimal(value, locale=babel_locale())


def word(term: StrEnum) -> Text:
    """What people read for a term of the trade."""
    return terms.word(term)


GLOBALS: dict[str, Any] = {
    "date_range": date_range,
    "datetime": moment,
    "day": day,
    "money": money,
    "number": number,
    "word": word,
    "mask_name": mask_name,
    "mask_phone": mask_phone,
    "mask_identity_number": mask_identity_number,
}
"""What every template may call. ``datetime`` shows a moment, ``day`` a day with its weekday."""


def _local(when: date | datetime) -> date | datetime:
    return when.astimezone(ZONE) if isinstance(when, datetime) and when.tzinfo is not None else when
