"""Say days, money and rule numbers inside a sentence, in the language the sentence is then said in.

They go into a :class:`~eventhub.i18n.Text` as parameters and are turned into words only when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from eventhub.i18n import _, babel_locale, current_locale

_FEN = 100
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Day:
    """A date: 2026年7月13日, 13 July 2026."""

    date: date

    def __str__(self) -> str:
        return format_date(self.date, "long", locale=babel_locale())


@dataclass(frozen=True)
class Money:
    """An amount in fen, said in yuan: 1,280 元, CNY 1,280; the fen only where there are any."""

    fen: int

    def __str__(self) -> str:
        yuan, fen = divmod(self.fen, _FEN)
        return _("CNY %(amount)s", amount=f"{yuan:,}.{fen:02}" if fen else f"{yuan:,}")


@dataclass(frozen=True)
class Clause:
    """The number of a rule as it is cited: 第三条, rule 3."""

    number: int

    def __str__(self) -> str:
        return _chinese_number(self.number) if current_locale() == "zh" else str(self.number)


@dataclass(frozen=True)
class Listing:
    """Several things in a row: 银川市、吴忠市; Yinchuan, Wuzhong."""

    parts: tuple[object, ...]

    def __str__(self) -> str:
        said = [str(part) for part in self.parts]
        between = ("、", "；") if current_locale() == "zh" else (", ", "; ")
        return between[any(comma in part for part in said for comma in _COMMAS)].join(said)


_COMMAS = ("，", "、", "；", ", ", "; ")
"""What parts a single thing already: between things that have it stands the stronger sign."""


def _chinese_number(number: int) -> str:
    """1 to 99 as they stand in 第…条."""
    tens, ones = divmod(number, 10)
    if not 1 <= number <= 99:  # noqa: PLR2004 - as said above
        return str(number)
    return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones else "")  # noqa: PLR2004
