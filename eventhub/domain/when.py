"""Say days and hours as people read them: “2027年7月6日 周二 - 7月11日 周日（5晚）”, “Tue 6 - Sun 11 July 2027 (5 nights)”."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from babel.dates import format_date

from eventhub.i18n import babel_locale, current_locale, ngettext


@dataclass(frozen=True)
class When:
    """A span from ``starts`` to ``ends`` (of days, the last one included), said in the reader's language by ``str``.

    Hours are those of the place where it happens, as its clocks show them.
    """

    starts: datetime | date
    ends: datetime | date

    @property
    def nights(self) -> int:
        """How many nights lie in it."""
        return (_day(self.ends) - _day(self.starts)).days

    def __str__(self) -> str:
        return _chinese(self) if current_locale() == "zh" else _english(self)


def _chinese(span: When) -> str:
    first, last = _day(span.starts), _day(span.ends)
    begins = _join(_said(first, "y年M月d日 EEE"), _hour(span.starts))
    if first == last:
        return begins + (f"-{_hour(span.ends)}" if isinstance(span.ends, datetime) else "")
    ends = _said(last, "M月d日 EEE" if first.year == last.year else "y年M月d日 EEE")
    return f"{begins} - {_join(ends, _hour(span.ends))}（{_nights(span)}）"


def _english(span: When) -> str:
    first, last = _day(span.starts), _day(span.ends)
    if first == last:
        hours = f", {_hour(span.starts)}-{_hour(span.ends)}" if isinstance(span.ends, datetime) else ""
        return _said(first, "EEE d MMMM y") + hours
    if isinstance(span.starts, datetime) or first.year != last.year:
        pattern = "EEE d MMMM y"
    else:
        pattern = "EEE d" if first.month == last.month else "EEE d MMMM"
    begins = _join(_said(first, pattern), _hour(span.starts), ", ")
    ends = _join(_said(last, "EEE d MMMM y"), _hour(span.ends), ", ")
    return f"{begins} - {ends} ({_nights(span)})"


def _nights(span: When) -> str:
    return ngettext("%(num)d night", "%(num)d nights", span.nights)


def _said(day: date, pattern: str) -> str:
    return _formatted(day, pattern, babel_locale())


@lru_cache(maxsize=2048)  # thousands of letters of one publication name the same few days
def _formatted(day: date, pattern: str, locale: str) -> str:
    return format_date(day, pattern, locale=locale)


def _hour(moment: datetime | date) -> str:
    return f"{moment:%H:%M}" if isinstance(moment, datetime) else ""


def _join(day: str, hour: str, comma: str = " ") -> str:
    return f"{day}{comma}{hour}" if hour else day


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
