"""Dates, hours, money, numbers and masks as people read them; offered to every template by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from eventhub.domain import terms
from eventhub.domain.identity import mask_identity_number, mask_name, mask_phone
from eventhub.domain.phases import ZONE
from eventhub.domain.when import When
from eventhub.domain.wording import Listing, Money
from eventhub.i18n import Text, babel_locale, current_locale

_NOWRAP = Markup('<span class="eh-nowrap">{}</span>')


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


def month(when: date) -> str:
    """A month: “2026年7月”, “July 2026”."""
    return format_date(when, "y年M月" if current_locale() == "zh" else "MMMM y", locale=babel_locale())


def moment(when: datetime) -> str:
    """A moment as clocks in China show it, 24 hours: “2026年7月6日 周一 18:00”, “Mon 6 July 2026, 18:00”."""
    local = when.astimezone(ZONE)
    return f"{day(when)}{' ' if current_locale() == 'zh' else ', '}{local:%H:%M}"


_TOGETHER = re.compile(
    r"(?:\d{4}年)?\d{1,2}月\d{1,2}日(?: 周[一二三四五六日])?(?: \d\d:\d\d(?:-\d\d:\d\d)?)?"
    r"|\d{4}年"
    r"|“[^”]{1,12}”"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2}(?: [A-Z][a-z]+)?(?: \d{4})?(?:, \d\d:\d\d(?:-\d\d:\d\d)?)?"
)
"""What no line may break: a date with its weekday and hour, a year, a name in quotes."""


def kept(text: object) -> Markup:
    """The text for a page, its dates and quoted names each whole on one line."""
    said = escape(text)
    if "<" in said:
        return said  # made of tags already: whoever made them keeps together what belongs together
    return Markup(_TOGETHER.sub(lambda found: _NOWRAP.format(Markup(found[0])), str(said)))  # noqa: S704 - escaped above


def money(fen: int) -> str:
    """An amount in fen: “500 元”, “CNY 500”; with the fen only where there are any."""
    return f"-{Money(-fen)}" if fen < 0 else str(Money(fen))


def listed(parts: Iterable[object]) -> str:
    """Several things in a row as the reader writes them: “第1、2版”, “nos 1, 2”."""
    return str(Listing(tuple(parts)))


def headed(label: object) -> str:
    """A label as it stands over a column: the kinds' words open with a small letter, a heading does not."""
    said = str(label)
    return said[:1].upper() + said[1:]


def number(value: float) -> str:
    """A number with its thousands set apart."""
    return format_decimal(value, locale=babel_locale())


def word(term: StrEnum) -> Text:
    """What people read for a term of the trade."""
    return terms.word(term)


GLOBALS: dict[str, Any] = {
    "date_range": lambda starts, ends=None: kept(date_range(starts, ends)),
    "datetime": lambda when: kept(moment(when)),
    "day": lambda when: kept(day(when)),
    "headed": headed,
    "kept": kept,
    "listed": listed,
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
