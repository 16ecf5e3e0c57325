"""Find options among hundreds: by any words of title, place or date, in either language."""

from __future__ import annotations

from collections.abc import Iterable

from eventhub.domain.facts import OptionFacts
from eventhub.web.formats import date_range


def matching(options: Iterable[OptionFacts], find: str) -> tuple[OptionFacts, ...]:
    """The options in which every word of ``find`` stands; all of them where nothing is looked for."""
    words = find.casefold().split()
    return tuple(option for option in options if all(word in _said(option) for word in words))


def _said(option: OptionFacts) -> str:
    parts = [option.code, option.title.zh, option.title.en]
    for occasion in option.occasions:
        parts += [occasion.place.zh, occasion.place.en, date_range(occasion.starts, occasion.ends)]
        parts.append(occasion.first_day.isoformat())
    return " ".join(parts).casefold()
