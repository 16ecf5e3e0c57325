"""The flat arrays a problem is made of, one small table for each list of the format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
UNLIMITED = 2**62
"""Stands for no capacity, no most, and the lot of those who drew none."""
SHORT = 2**16
"""Numbers below this are sorted digit by digit."""


@dataclass(frozen=True, eq=False)
class Sparse:
    """For each row a few (column, amount) pairs, one row after another."""

    start: Ints
    column: Ints
    amount: Ints

    def row(self, number: int) -> list[tuple[int, int]]:
        start, column, amount = self._listed
        cut = slice(start[number], start[number + 1])
        return list(zip(column[cut], amount[cut], strict=True))

    @cached_property
    def _listed(self) -> tuple[list[int], list[int], list[int]]:
        # Rows are asked for one at a time and by the ten thousand, which plain lists answer ten times as fast.
        return self.start.tolist(), self.column.tolist(), self.amount.tolist()

    @property
    def rows(self) -> Ints:
        """The row of each entry."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def entries(self, rows: Ints) -> tuple[Ints, Ints]:
        """Where the entries of these rows stand, and beside each the place of its row among ``rows``."""
        lengths = self.start[rows + 1] - self.start[rows]
        before = np.cumsum(lengths) - lengths
        at = np.arange(int(lengths.sum())) + np.repeat(self.start[rows] - before, lengths)
        return at, np.repeat(np.arange(len(rows)), lengths)

    def without_nothing(self) -> "Sparse":
        """The same, without entries whose amount is 0."""
        kept = self.amount != 0
        if kept.all():
            return self
        running = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
        return Sparse(running[self.start], self.column[kept], self.amount[kept])

    @classmethod
    def of(cls, rows: Iterable[Sequence[tuple[int, int]]]) -> "Sparse":
        lengths, columns, amounts = [0], [], []
        for row in rows:
            lengths.append(len(row))
            for column, amount in row:
                columns.append(column)
                amounts.append(amount)
        return cls(
            np.cumsum(lengths, dtype=np.int64), np.array(columns, np.int64), np.array(amounts, np.int64)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Resources:
    ids: tuple[str, ...]
    capacity: Ints
    spill: Ints
    """The resource that bears what exceeds the capacity, or -1."""
    step: Ints


@dataclass(frozen=True, slots=True)
class Carrier:
    """Something taken by the piece: ``tag`` -1 seats everybody; ``most`` UNLIMITED is any number."""

    seats: int
    tag: int
    cost: int
    uses: tuple[tuple[int, int], ...]
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    ids: tuple[str, ...]
    capacity: Ints
    minimum: Ints
    must_run: Flags
    cost: Ints
    head_cost: Ints
    uses: Sparse
    head_uses: Sparse
    carriers: tuple[tuple[Carrier, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    ids: tuple[str, ...]
    size: Ints
    tier: Ints
    weight: Ints
    lot: Ints
    required: Flags
    piece: Ints
    """Fewest heads of a part; 0 where the group stays whole."""
    tags: Sparse
    people: Sparse
    first: Ints
    """Choices first[g] to first[g + 1] are group g's, dearest first, then by option id."""


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """One row per choice; a *unit* is the whole group, or one head of a group that may be split."""

    group: Ints
    option: Ints
    rank: Ints
    cost: Ints
    heads: Ints
    """Heads per unit."""
    weight: Ints
    """Weight per unit."""
    units: Ints
    """Most units: 1, or the size of a group that may be split."""
    banned: Flags
    uses: Sparse


@dataclass(frozen=True, slots=True)
class Limit:
    """``options`` None means all; ``tag`` may end in ``*``: a limit for each such tag."""

    id: str
    options: tuple[int, ...] | None
    each: bool
    tag: str | None
    minimum: int | None
    maximum: int | None
    share: tuple[int, int] | None
    soft: bool


def order_of(keys: NDArray[Any], below: int) -> Ints:
    """The stable order of whole numbers from 0 to less than ``below``; short ones take a tenth of the time."""
    return np.argsort(keys.astype(np.uint16) if below <= SHORT else keys, kind="stable")
