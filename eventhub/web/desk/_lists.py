"""Long lists that are in memory already, shown a part at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from flask import request

from eventhub.web.pages import row_number

Row = TypeVar("Row")


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """Some rows of a list, how long it is, and where the neighbouring parts are."""

    rows: tuple[Row, ...]
    total: int
    first: int
    previous_url: str | None
    next_url: str | None

    @property
    def whole(self) -> bool:
        """Whether everything is shown."""
        return len(self.rows) == self.total


def slice_of(rows: Sequence[Row], *, size: int, name: str = "from") -> Slice[Row]:
    """The part of the rows that the address asks for by ``?from=``."""
    start = max(0, request.args.get(name, 0, type=row_number))
    shown = tuple(rows[start : start + size])
    return Slice(
        rows=shown,
        total=len(rows),
        first=start + 1 if shown else 0,
        previous_url=here_with(**{name: max(0, start - size)}) if start else None,
        next_url=here_with(**{name: start + size}) if start + size < len(rows) else None,
    )


def here_with(**changes: object) -> str:
    """The address of this page with some of its query changed; what is empty or 0 is left out."""
    kept: list[tuple[str, object]] = [
        (key, value) for key, value in request.args.items(multi=True) if value and key not in changes
    ]
    query = urlencode([*kept, *((key, value) for key, value in changes.items() if value)])
    return f"{request.path}?{query}" if query else request.path
