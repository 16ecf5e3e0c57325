"""What an organiser fills in of an option besides what all kinds ask: prices, beds, coaches, ages.

A kind lists its :class:`Particular` values; the desk builds its form from them, and what is filled in lies in the
option's ``details``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from eventhub.domain.terms import OrganisationKind
from eventhub.i18n import Text

Sort = Literal[
    "number",
    "money",
    "yes_no",
    "choice",
    "choices",
    "text",
    "texts",
    "day",
    "unit",
    "group",
    "lines",
    "table",
]
"""What sort of value is filled in, and how it lies in the details:

=============  ===============================================================================================
``number``     a whole number
``money``      an amount, typed in yuan and kept in fen
``yes_no``     a tick; ``default`` holds where nothing was ever filled in
``choice``     one of ``choices``; ``choices``: several of them, a list in their order
``text``       a short text; ``texts``: several, one a line, a list
``day``        a date, as ``2027-05-01``
``unit``       an organisation, by its code
``group``      the ``parts`` as one object, such as what is known of the coaches; left out where nothing is filled in
``lines``      any number of lines of ``parts``, a list of objects
``table``      lines of two parts, an object that leads from the first to the second
=============  ===============================================================================================
"""
COMPOSED = frozenset({"group", "lines", "table"})
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_OF_A_TABLE = 2


@dataclass(frozen=True)
class Particular:
    """One thing to fill in of an option.

    ``minimum`` and ``maximum`` bound a number, or an amount in fen; ``limit`` is the longest text in characters. A
    ``bilingual`` text is asked in Chinese and in English and lies under two keys, ``key_zh`` and ``key_en``.
    ``required`` within a group or a line holds once anything of it is filled in. ``heading`` begins a part of the form.
    """

    key: str
    label: Text
    answer: Sort = "text"
    hint: Text | None = None
    unit: Text | None = None
    """What the number counts, said behind the field: “minutes”."""
    required: bool = False
    default: Any = None
    choices: tuple[tuple[str | int, Text], ...] = ()
    """Values as they are kept, and their words."""
    minimum: int = 0
    maximum: int = 1_000_000
    limit: int = 200
    bilingual: bool = False
    parts: tuple[Particular, ...] = ()
    units: tuple[OrganisationKind, ...] = ()
    """Which organisations a ``unit`` is chosen among; none: all that may host a programme."""
    heading: Text | None = None

    def __post_init__(self) -> None:
        """Refuse what no form could be built from."""
        if not _KEY.fullmatch(self.key):
            raise ValueError(
                f"{self.key!r} is no key: small letters, digits and underscores, a letter first."
            )
        if self.answer not in get_args(Sort):
            raise ValueError(f"{self.key}: there is no answer of the sort {self.answer!r}.")
        if bool(self.parts) != (self.answer in COMPOSED):
            raise ValueError(f"{self.key}: a group, lines or a table have parts, and nothing else has.")
        if self.answer == "table" and len(self.parts) != _OF_A_TABLE:
            raise ValueError(f"{self.key}: a table leads from one part to another, so it has two.")
        if bool(self.choices) != (self.answer in {"choice", "choices"}):
            raise ValueError(f"{self.key}: a choice has something to choose among, and nothing else has.")
        if self.bilingual and self.answer not in {"text", "texts"}:
            raise ValueError(f"{self.key}: only texts are in two languages.")

    @property
    def keys(self) -> tuple[str, ...]:
        """Under which keys of the details it lies."""
        return (f"{self.key}_zh", f"{self.key}_en") if self.bilingual else (self.key,)


def changed(
    details: Mapping[str, Any], particulars: Iterable[Particular], filled: Mapping[str, Any]
) -> dict[str, Any]:
    """The details with what was filled in, by key; what no particular describes is kept as it is.

    Nothing (None, an empty text or list) takes a key away. A default is not written where nothing stood: an option
    is the same before and after its form was looked at and kept.
    """
    found = dict(details)
    for particular in particulars:
        for key in particular.keys:
            value = filled.get(key)
            if particular.answer == "group":
                before = details.get(key)
                value = changed(before if isinstance(before, Mapping) else {}, particular.parts, value or {})
            if value is None or value in ("", [], {}):
                found.pop(key, None)
            elif key in details or particular.default is None or value != particular.default:
                found[key] = value
    return found
