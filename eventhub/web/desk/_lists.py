"""Long lists that are in memory already, shown a part at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import Request, url_for

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


def slice_of(rows: Sequence[Row], asked: Request, *, size: int, name: str = "from") -> Slice[Row]:
    """The part of the rows that the address asks for by ``?from=``."""
    start = max(0, asked.args.get(name, 0, type=int))
    shown = tuple(rows[start : start + size])
    return Slice(
        rows=shown,
        total=len(rows),
        first=start + 1 if shown else 0,
        previous_url=_url(asked, name, max(0, start - size)) if start else None,
        next_url=_url(asked, name, start + size) if start + size < len(rows) else None,
    )


def _url(asked: Request, name: str, start: int) -> str:
    kept = {key: value for key, value in asked.args.items() if key != name}
    return url_for(
        asked.endpoint or "", **(asked.view_args or {}), **kept, **({name: start} if start else {})
    )
