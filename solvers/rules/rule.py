"""Sheet: the one form in which rules are told to engines, linear rows over whole-number variables."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from solvers.arrays import order_of
from solvers.problem import UNLIMITED, Flags, Ints, Problem

NO_BOUND = UNLIMITED
"""A side of a row that does not bind."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of one rule: ``low <= sum of amount x variable <= high``; ``subject`` numbers what each is about."""

    rule: str
    subject: Ints
    start: Ints
    column: Ints
    amount: Ints
    low: Ints
    high: Ints


@dataclass(slots=True, eq=False)
class Sheet:
    """Variables and rows of one problem.

    Variables 0 .. choices-1 are units placed; then one per option, whether it runs; then whatever rules add.
    ``used`` names, for each choice, the variable that is 1 if anybody is placed there.
    """

    problem: Problem
    upper: list[Ints] = field(default_factory=list)
    blocks: list[Rows] = field(default_factory=list)
    names: dict[str, Ints] = field(default_factory=dict)
    matters: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))
    """Options for which it matters whether they run."""
    used: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    size: int = 0

    def variables(self, name: str, upper: Ints) -> Ints:
        """Add variables between 0 and ``upper``; they are found again by ``name``."""
        numbers = np.arange(self.size, self.size + len(upper))
        self.size += len(upper)
        self.upper.append(np.asarray(upper, np.int64))
        self.names[name] = numbers
        return numbers

    def rows(
        self,
        rule: str,
        subject: Ints | Sequence[int],
        entries: Sequence[tuple[Ints, Ints, Ints | int]],
        *,
        low: Ints | int = -NO_BOUND,
        high: Ints | int = NO_BOUND,
    ) -> None:
        """Add one row per subject; each entry is (row, variable, amount), arrays of one length."""
        subject = np.asarray(subject, np.int64)
        count = len(subject)
        if not count:
            return
        row = np.concatenate([np.asarray(entry[0], np.int64) for entry in entries])
        column = np.concatenate([np.asarray(entry[1], np.int64) for entry in entries])
        amount = np.concatenate(
            [np.broadcast_to(np.asarray(entry[2], np.int64), np.shape(entry[0])) for entry in entries]
        )
        # Copies of what is millions long are made only where something changes.
        kept = amount != 0
        if not kept.all():
            row, column, amount = row[kept], column[kept], amount[kept]
        start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=count))]).astype(np.int64)
        if (row[1:] < row[:-1]).any():
            order = order_of(row, count)
            column, amount = column[order], amount[order]
        self.blocks.append(
            Rows(
                rule=rule,
                subject=subject,
                start=start,
                column=column,
                amount=amount,
                low=np.broadcast_to(np.asarray(low, np.int64), count),
                high=np.broadcast_to(np.asarray(high, np.int64), count),
            )
        )

    @property
    def uppers(self) -> Ints:
        if len(self.upper) == 1:
            return self.upper[0]
        return np.concatenate(self.upper) if self.upper else np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """What one stage counts: ``constant + sum of amount x variable``."""

    column: Ints
    amount: Ints
    constant: int
    maximise: bool

    def value(self, values: Ints) -> int:
        return self.constant + int(values[self.column] @ self.amount)
