"""What a problem is refused for beyond its keys and ranges: first whether anything is wrong, then what and where."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType

from solvers.arrays import UNLIMITED, Ints
from solvers.columns import ABSENT, Columns
from solvers.source import CarrierSource, ChoiceSource, Doubt, GroupSource, ProblemError, ProblemSource

SURE = 2.0**61
"""Sums taken with rounding are trusted up to here; 2^62 is what no sum may reach."""


def numbered(items: Sequence[Any], key: str) -> dict[str, int]:
    """The number of each id in code-point order."""
    seen: dict[str, int] = {}
    for place, item in enumerate(items):
        if item.id in seen:
            raise ProblemError(f'{key}[{place}].id: "{item.id}" stands at {key}[{seen[item.id]}] already')
        seen[item.id] = place
    return {id_: number for number, id_ in enumerate(sorted(seen))}


def most_of(carrier: CarrierSource) -> int:
    return UNLIMITED if carrier.most is None else carrier.most


# -- whether anything is wrong, all groups at once -----------------------------------------------------


def doubt_groups(columns: Columns) -> None:
    """Doubt if a lot stands twice, an option twice in a group, or a group with ``piece`` is not as it must be."""
    lots = np.sort(columns.lot[columns.lot < UNLIMITED])
    group = np.repeat(np.arange(len(columns.ids)), np.diff(columns.first))
    listed = np.sort(group * (int(columns.option.max(initial=0)) + 1) + columns.option)
    split = columns.piece > 0
    wrong = (columns.piece > columns.size) | (columns.weight % columns.size > 0) | columns.required
    if (
        (lots[1:] == lots[:-1]).any()
        or (listed[1:] == listed[:-1]).any()
        or (split & wrong).any()
        or (split[group] & (columns.heads != ABSENT)).any()
    ):
        raise Doubt


def doubt_sums(raw: ProblemSource, columns: Columns) -> None:
    """Doubt if a sum comes near what 64 bits hold, taking sums where the exact look takes the largest."""
    group = np.repeat(np.arange(len(columns.ids)), np.diff(columns.first))
    units = np.where(columns.piece > 0, columns.size, 1)[group].astype(float)
    heads = _sum(columns.size) + _sum(np.maximum(columns.heads, 0))
    money = float(columns.cost @ units)
    used = float(columns.uses.amount @ units[columns.uses.rows]) if len(columns.uses.amount) else 0.0
    head_cost = max((o.head_cost for o in raw.options), default=0)
    head_use = max((max(o.head_uses.values(), default=0) for o in raw.options), default=0)
    pieces, fixed = _of_options(raw, int(min(heads, SURE)))
    if (
        max(
            _sum(columns.weight) * int(columns.rank.max(initial=1)),
            heads,
            _sum(columns.tags.amount),
            money + heads * head_cost + pieces,
            used + heads * head_use + fixed,
        )
        > SURE
    ):
        raise Doubt


def _sum(values: Ints) -> float:
    return float(values.sum(dtype=np.float64))


def _of_options(raw: ProblemSource, heads: int) -> tuple[int, int]:
    """What all options cost at most beside their heads, and what they use at most of one resource."""
    pieces = sum(o.cost + sum(c.cost * min(most_of(c), heads) for c in o.carriers) for o in raw.options)
    fixed = sum(
        max(o.uses.values(), default=0)
        + sum(max(c.uses.values(), default=0) * min(most_of(c), heads) for c in o.carriers)
        for o in raw.options
    )
    return pieces, fixed


# -- what is wrong and where, one thing after another --------------------------------------------------


def refuse(raw: ProblemSource) -> None:
    """ProblemError for the first thing wrong with the groups, in a sentence that names its place."""
    resources = numbered(raw.resources, "resources")
    options = numbered(raw.options, "options")
    groups = numbered(raw.groups, "groups")
    refuse_sums(raw)
    for id_, listed in raw.banned.items():
        _known(groups, id_, f"banned.{id_}", "group")
        for place, option in enumerate(listed):
            _known(options, option, f"banned.{id_}[{place}]", "option")
    lots: dict[int, int] = {}
    for place, group in sorted(enumerate(raw.groups), key=lambda pair: pair[1].id):
        _refuse_group(place, group, lots)
        _refuse_choices(place, group, options, resources)


def refuse_sums(raw: ProblemSource) -> None:
    """Adds up all amounts, so that no engine can ever pass 64 bits."""
    heads = sum(max([size(g), *(c.heads or 0 for c in g.choices)]) for g in raw.groups)
    weight = sum(g.weight if isinstance(g.weight, int) else size(g) for g in raw.groups)
    rank = max((c.rank for g in raw.groups for c in g.choices), default=1)
    if weight * rank >= 2**62:
        raise ProblemError("groups: the sum of weight x rank could pass 2^63")
    if heads >= 2**62:
        raise ProblemError("groups: the sum of heads could pass 2^63")
    if sum(sum(g.tags.values()) for g in raw.groups if g.tags is not UNSET) >= 2**62:
        raise ProblemError("groups: the sum of tagged heads could pass 2^63")
    money = sum(max((c.cost or 0 for c in g.choices), default=0) * _units(g) for g in raw.groups)
    head_cost = max((o.head_cost for o in raw.options), default=0)
    pieces, fixed = _of_options(raw, heads)
    if money + heads * head_cost + pieces >= 2**62:
        raise ProblemError("options: the sum of all costs could pass 2^63")
    used = sum(max((_largest(c) for c in g.choices), default=0) * _units(g) for g in raw.groups)
    head_use = max((max(o.head_uses.values(), default=0) for o in raw.options), default=0)
    if used + heads * head_use + fixed >= 2**62:
        raise ProblemError("resources: the sum of all uses could pass 2^63")


def size(group: GroupSource) -> int:
    return 1 if isinstance(group.size, UnsetType) else group.size


def _units(group: GroupSource) -> int:
    return size(group) if group.piece else 1


def _largest(choice: ChoiceSource) -> int:
    return 0 if isinstance(choice.uses, UnsetType) else max(choice.uses.values(), default=0)


def _known(known: Mapping[str, int], id_: str, place: str, what: str) -> None:
    if id_ not in known:
        raise ProblemError(f'{place}: no {what} "{id_}"')


def _refuse_group(place: int, group: GroupSource, lots: dict[int, int]) -> None:
    where = f"groups[{place}]"
    if isinstance(group.lot, int):
        if group.lot in lots:
            raise ProblemError(f"{where}.lot: {group.lot} is the lot of groups[{lots[group.lot]}] already")
        lots[group.lot] = place
    people = group.people or []
    if len(set(people)) < len(people):
        raise ProblemError(f"{where}.people: somebody stands there twice")
    if not group.piece:
        return
    if group.piece > size(group):
        raise ProblemError(f"{where}.piece: a part of {group.piece} is more than the size {size(group)}")
    if isinstance(group.weight, int) and group.weight % size(group):
        raise ProblemError(f"{where}.weight: must be a multiple of the size where the group may be split")
    if group.required:
        raise ProblemError(f'{where}.required: a group with "piece" may be partly left out')
    for at, choice in enumerate(group.choices):
        if isinstance(choice.heads, int):
            raise ProblemError(f'{where}.choices[{at}].heads: a group with "piece" counts head by head')


def _refuse_choices(
    place: int, group: GroupSource, options: Mapping[str, int], resources: Mapping[str, int]
) -> None:
    for at, choice in enumerate(group.choices):
        _known(options, choice.option, f"groups[{place}].choices[{at}].option", "option")
    by_rank = sorted(enumerate(group.choices), key=lambda one: (one[1].rank, one[1].option))
    for one, other in pairwise(sorted(by_rank, key=lambda one: one[1].option)):
        if one[1].option == other[1].option:
            twice = max(one[0], other[0])
            raise ProblemError(
                f'groups[{place}].choices[{twice}].option: "{other[1].option}" is listed twice'
            )
    for at, choice in by_rank:
        for id_ in {} if isinstance(choice.uses, UnsetType) else choice.uses:
            _known(resources, id_, f"groups[{place}].choices[{at}].uses.{id_}", "resource")
