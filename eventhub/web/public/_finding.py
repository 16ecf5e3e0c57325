"""Find options among hundreds: by any words of title, place or date, in either language."""

from __future__ import annotations

from collections.abc import Iterable

from eventhub.domain.facts import OptionFacts
from eventhub.web.formats import date_range, month


def matching(options: Iterable[OptionFacts], find: str) -> tuple[OptionFacts, ...]:
    """The options in which every word of ``find`` stands; all of them where nothing is looked for."""
    words = find.casefold().split()
    return tuple(option for option in options if all(word in _said(option) for word in words))


def months(options: Iterable[OptionFacts]) -> tuple[str, ...]:
    """The months in which the options begin, in order, each said so that :func:`matching` finds it."""
    begin = {(option.first_day.year, option.first_day.month): option.first_day for option in options}
    return tuple(month(begin[key]) for key in sorted(begin))


def _said(option: OptionFacts) -> str:
    parts = [option.code, option.title.zh, option.title.en]
    for occasion in option.occasions:
        parts += [occasion.place.zh, occasion.place.en, date_range(occasion.starts, occasion.ends)]
        parts += [occasion.first_day.isoformat(), month(occasion.first_day)]
    return " ".join(parts).casefold()
