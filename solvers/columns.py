"""The groups of a problem, read by the thousand into columns: few of them ever stand in memory as objects."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
from msgspec import UNSET

from solvers.arrays import UNLIMITED, Choices, Flags, Groups, Ints, Sparse
from solvers.source import ChoiceSource, Doubt, GroupSource, Opened, canonical_groups, groups_of

AT_ONCE = 2_000
"""Groups that stand in memory as objects at one time."""
ABSENT = -1
"""Stands for heads that were not written."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """All groups in the order of their ids, their choices dearest first, then by option."""

    sha256: str
    ids: tuple[str, ...]
    size: Ints
    tier: Ints
    weight: Ints
    lot: Ints
    required: Flags
    piece: Ints
    people: Sparse
    tags: Sparse
    first: Ints
    option: Ints
    rank: Ints
    cost: Ints
    heads: Ints
    uses: Sparse
    names: tuple[str, ...]
    """The people, in code-point order."""
    tag_names: tuple[str, ...]


def read_columns(opened: Opened, option: Mapping[str, int], resource: Mapping[str, int]) -> Columns:
    """Read every group; Doubt if a value, an option, a resource or an id is not as it should be."""
    order = _in_order_of(opened.ids)
    digest = hashlib.sha256(opened.head)
    gathered = _Gathered(option, resource)
    for start in range(0, len(order), AT_ONCE):
        groups = groups_of([opened.groups[place] for place in order[start : start + AT_ONCE]])
        gathered.add(groups)
        digest.update(b"," * (start > 0) + canonical_groups(groups))
    digest.update(opened.tail)
    return gathered.columns(digest.hexdigest(), tuple(opened.ids[place] for place in order))


def _in_order_of(ids: list[str]) -> list[int]:
    """The places of these ids in code-point order; Doubt if one stands there twice."""
    try:
        if len(set(ids)) < len(ids):
            raise Doubt
        return sorted(range(len(ids)), key=ids.__getitem__)
    except TypeError as error:
        raise Doubt from error


_OPTION, _RANK, _COST, _HEADS, _USES = map(attrgetter, ("option", "rank", "cost", "heads", "uses"))


class _Gathered:
    """The columns while they grow, a few thousand groups at a time."""

    def __init__(self, option: Mapping[str, int], resource: Mapping[str, int]) -> None:
        self.parts: dict[str, list[Ints]] = {}
        self.option, self.resource = option, resource
        self.tag: dict[str, int] = {}
        self.person: dict[str, int] = {}

    def add(self, groups: list[GroupSource]) -> None:
        choices = self.keep_filled_in(groups)
        self.keep("size", _ints([group.size for group in groups], 1))
        self.keep("tier", _ints([group.tier for group in groups], 1))
        self.keep("weight", _ints([group.weight for group in groups], ABSENT))
        self.keep("lot", _ints([group.lot for group in groups], UNLIMITED))
        self.keep("required", _ints([group.required for group in groups], 0))
        self.keep("piece", _ints([group.piece for group in groups], 0))
        self.keep("cost", _ints(list(map(_COST, choices)), 0))
        self.keep("heads", _ints(list(map(_HEADS, choices)), ABSENT))
        self.keep_pairs("uses", list(map(_USES, choices)), self.resource)
        self.keep_pairs("tags", [group.tags for group in groups], _seen(self.tag, groups, "tags"))
        people = [UNSET if not group.people else dict.fromkeys(group.people, 1) for group in groups]
        if sum(map(len, _given(people))) < sum(len(group.people or ()) for group in groups):
            raise Doubt
        self.keep_pairs("people", people, _seen(self.person, groups, "people"))

    def keep_filled_in(self, groups: list[GroupSource]) -> list[ChoiceSource]:
        """Keep whose choices, of what rank and for which options they are; the choices, dearest first."""
        choices = [choice for group in groups for choice in group.choices]
        lengths = _ints([len(group.choices) for group in groups], 0)
        try:
            numbers = map(self.option.__getitem__, map(_OPTION, choices))
            option = np.fromiter(numbers, np.int64, len(choices))
        except KeyError as error:
            raise Doubt from error
        rank = _ints(list(map(_RANK, choices)), 1)
        order = _by_rank(np.repeat(np.arange(len(groups)), lengths), rank, option)
        if order is not None:
            choices = [choices[at] for at in order.tolist()]
            option, rank = option[order], rank[order]
        self.keep("choices", lengths)
        self.keep("option", option)
        self.keep("rank", rank)
        return choices

    def keep(self, name: str, values: Ints) -> None:
        self.parts.setdefault(name, []).append(values)

    def keep_pairs(self, name: str, rows: Sequence[Any], number: Mapping[str, int]) -> None:
        """For each row a mapping of names to amounts, or UNSET."""
        given = _given(rows)
        lengths = map(len, rows) if len(given) == len(rows) else (0 if r is UNSET else len(r) for r in rows)
        self.keep(f"{name}.length", np.fromiter(lengths, np.int64, len(rows)))
        try:
            numbers = map(number.__getitem__, chain.from_iterable(given))
            self.keep(f"{name}.column", np.fromiter(numbers, np.int64))
        except KeyError as error:
            raise Doubt from error
        amounts = chain.from_iterable(map(dict.values, given))
        self.keep(f"{name}.amount", np.fromiter(amounts, np.int64))

    def columns(self, sha256: str, ids: tuple[str, ...]) -> Columns:
        weight, size = self.column("weight"), self.column("size")
        names, people = self.renamed("people", self.person)
        tag_names, tags = self.renamed("tags", self.tag)
        return Columns(
            sha256=sha256,
            ids=ids,
            size=size,
            tier=self.column("tier"),
            weight=np.where(weight == ABSENT, size, weight),
            lot=self.column("lot"),
            required=self.column("required") > 0,
            piece=self.column("piece"),
            people=people,
            tags=tags,
            first=_starts(self.column("choices")),
            option=self.column("option"),
            rank=self.column("rank"),
            cost=self.column("cost"),
            heads=self.column("heads"),
            uses=self.sparse("uses"),
            names=names,
            tag_names=tag_names,
        )

    def column(self, name: str) -> Ints:
        return np.concatenate([np.zeros(0, np.int64), *self.parts.pop(name, [])])

    def sparse(self, name: str) -> Sparse:
        start, column = _starts(self.column(f"{name}.length")), self.column(f"{name}.column")
        return _by_row(start, column, self.column(f"{name}.amount"))

    def renamed(self, name: str, seen: Mapping[str, int]) -> tuple[tuple[str, ...], Sparse]:
        """Numbers given at first sight become those of the names in code-point order."""
        names = sorted(seen)
        number = np.zeros(len(names), np.int64)
        number[[seen[one] for one in names]] = np.arange(len(names))
        self.parts[f"{name}.column"] = [number[self.column(f"{name}.column")]]
        return tuple(names), self.sparse(name)


def filled_in(columns: Columns) -> tuple[Groups, Choices]:
    """Groups and choices as the problem keeps them, with what was not written filled in; none banned yet."""
    whole = columns.piece == 0
    group = np.repeat(np.arange(len(columns.ids)), np.diff(columns.first))
    units = np.where(whole, 1, columns.size)[group]
    heads = np.where(whole, columns.size, 1)[group]
    np.copyto(heads, columns.heads, where=columns.heads != ABSENT)
    weight = columns.weight[group]
    weight //= units
    groups = Groups(
        ids=columns.ids,
        size=columns.size,
        tier=columns.tier,
        weight=columns.weight,
        lot=columns.lot,
        required=columns.required,
        piece=columns.piece,
        tags=columns.tags.without_nothing(),
        people=columns.people,
        first=columns.first,
    )
    return groups, Choices(
        group=group,
        option=columns.option,
        rank=columns.rank,
        cost=columns.cost,
        heads=heads,
        weight=weight,
        units=units,
        banned=np.zeros(len(group), np.bool_),
        uses=columns.uses,
    )


def _by_rank(group: Ints, rank: Ints, option: Ints) -> Ints | None:
    """The order of choices by group, rank and option; None if that is how they stand already."""
    same = group[1:] == group[:-1]
    falls = (rank[1:] < rank[:-1]) | ((rank[1:] == rank[:-1]) & (option[1:] < option[:-1]))
    if not (same & falls).any():
        return None
    return np.lexsort((option, rank, group))


def _by_row(start: Ints, column: Ints, amount: Ints) -> Sparse:
    """Pairs of one row in the order of their columns."""
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    if ((row[1:] == row[:-1]) & (column[1:] < column[:-1])).any():
        order = np.lexsort((column, row))
        return Sparse(start, column[order], amount[order])
    return Sparse(start, column, amount)


def _starts(lengths: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _given(rows: Iterable[Any]) -> list[Any]:
    return [row for row in rows if row is not UNSET]


def _seen(number: dict[str, int], groups: list[GroupSource], key: str) -> dict[str, int]:
    for name in _names(groups, key):
        number.setdefault(name, len(number))
    return number


def _names(groups: list[GroupSource], key: str) -> Iterator[str]:
    return chain.from_iterable(_given(getattr(group, key) for group in groups))


def _ints(values: list[Any], absent: int) -> Ints:
    """Whole numbers; what is null or was not written becomes ``absent``."""
    missing = values.count(UNSET) + values.count(None)
    if missing == len(values):
        return np.full(len(values), absent, np.int64)
    if missing:
        values = [absent if value is UNSET or value is None else value for value in values]
    return np.fromiter(values, np.int64, len(values))
