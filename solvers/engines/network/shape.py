"""Shape: which problems a network says wholly, and the network each becomes.

A unit is a whole group, or a head of one that may be split head by head. It stands at one of its options or *out*.
Seats, quotas and resources are each a most (and a least) on a set of places. Where these sets nest they are nodes of a
tree above the places, and the rules of the tree and of the units together are a network (J. Edmonds, Submodular Functions,
Matroids, and Certain Polyhedra, 1970: two nested families). A quota on groups over all they listed is the same as one on
how many of them are *out*, so it nests there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from solvers.arrays import order_of
from solvers.engines.network.tables import Crowd, Rows, Tree
from solvers.problem import UNLIMITED, Flags, Ints, Problem
from solvers.rules import limits
from solvers.rules.form import Form

MOST_UNITS = 5_000_000
"""Heads of groups that may be split stand one by one; beyond this there are too many."""
TYING = {"apart", "clash", "changes", "carriers", "moved"}
"""Rules that tie groups together in ways no network keeps."""

NOWHERE: Ints = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Quota:
    """At least ``low`` and at most ``high`` of some units' places; ``rule`` and ``subject`` say which rule it is.

    ``per`` is how much one unit counts in the rule's own measure. ``turned`` tells that it is kept by counting who is out.
    """

    rule: str
    subject: int
    places: Ints
    low: int
    high: int
    per: int
    turned: bool = False
    whole: bool = True
    """Whether high (and low) in the rule's own measure are just so many units, nothing rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The network of one problem: ``quotas[v]`` is node v's; the last node is the root."""

    rows: Rows
    crowd: Crowd
    tree: Tree
    quotas: tuple[Quota | None, ...]
    group: Ints
    """The group of each unit."""
    heads: int
    """Heads of a unit."""
    possible: bool

    def without_tables(self) -> "Shape":
        """The same for whoever has taken rows and crowd over: kept twice they would be a good part of all there is."""
        small = np.zeros(0, np.int32)
        return replace(
            self,
            rows=Rows(NOWHERE, small, small, NOWHERE, small),
            crowd=Crowd(NOWHERE, small, NOWHERE, NOWHERE),
        )

    @property
    def plain(self) -> bool:
        """Seats alone, heads one by one: what a chain can be checked on."""
        return self.heads == 1 and all(
            quota is None or (quota.rule in {"capacity", "out"} and not quota.low) for quota in self.quotas
        )


def of(form: Form) -> Shape | None:
    """The network that says this problem wholly, or None if there is none."""
    problem = form.problem
    heads = _heads(problem)
    if heads is None or not _counts(form) or not _separate(form, heads):
        return None
    if np.where(problem.groups.piece > 0, problem.groups.size, 1).sum() > MOST_UNITS:
        return None
    rows, group = _rows(problem)
    quotas = _quotas(problem, rows, heads)
    return None if quotas is None else _built(problem, rows, group, heads, quotas)


def relaxed(problem: Problem, open_: Flags, out: Flags, seats: Ints) -> Shape | None:
    """The network of seats alone, every group a single unit; ``out`` tells who may stay out."""
    choice, first = _listed(problem, open_, out)
    rows = _waiting(choice, first)
    option = np.where(choice >= 0, problem.choices.option[choice], len(seats))
    order = order_of(option, len(seats) + 1)
    edge = np.searchsorted(option[order], np.arange(len(seats) + 2))
    most = [*seats.tolist(), UNLIMITED]
    quotas = [
        Quota("capacity", number, order[edge[number] : edge[number + 1]], 0, most[number], 1)
        for number in range(len(most))
    ]
    return _built(problem, rows, np.arange(len(out)), 1, quotas)


def _heads(problem: Problem) -> int | None:
    """Heads of every unit, if they are the same for all."""
    open_ = ~problem.choices.banned
    piece = problem.groups.piece
    if (piece > 1).any() or (open_.any() and len(np.unique(problem.choices.heads[open_])) > 1):
        return None
    return max(1, int(problem.choices.heads[open_].max(initial=1)))


def _counts(form: Form) -> bool:
    """Whether every stage counts who stands where and nothing else."""
    problem = form.problem
    if any(stage.tolerance[0] for stage in problem.stages):
        return False
    many, run = len(problem.choices.group), form.sheet.names["run"]
    always = np.zeros(len(form.upper), np.bool_)
    always[:many] = True
    always[run[problem.options.must_run]] = True
    return all(bool(always[aim.column].all()) for aim in form.aims)


def _separate(form: Form, heads: int) -> bool:
    """Whether no rule ties groups together but by counting heads."""
    problem = form.problem
    options = problem.options
    rules = {form.rule[block] for block in np.unique(form.block).tolist()}
    if rules & TYING or any(options.carriers):
        return False
    free = options.must_run | ((options.minimum <= heads) & (np.diff(options.uses.start) == 0))
    return bool(free.all())


def _rows(problem: Problem) -> tuple[Rows, Ints]:
    """Units and their open places in the order of the choices, *out* last; nodes are not told yet (-1: out)."""
    groups, choices = problem.groups, problem.choices
    open_, out = ~choices.banned, ~groups.required
    for one, placed in problem.pinned.items():
        if groups.piece[one]:
            continue
        mine = slice(int(groups.first[one]), int(groups.first[one + 1]))
        open_[mine] = [number in placed and open_[number] for number in range(mine.start, mine.stop)]
        out[one] = not placed and out[one]
    choice, first = _listed(problem, open_, out)
    units = np.where(groups.piece > 0, groups.size, 1)
    group: Ints = np.arange(len(units), dtype=np.int64)
    if (units > 1).any():
        group = np.repeat(group, units)
        length = np.diff(first)[group]
        start = first[:-1][group]
        first = np.concatenate([[0], np.cumsum(length)])
        within = np.arange(int(first[-1])) - np.repeat(first[:-1], length)
        choice = choice[np.repeat(start, length) + within]
    choice, first = _pinned_heads(problem, group, choice, first)
    return _waiting(choice, first), group


def _listed(problem: Problem, open_: Flags, out: Flags) -> tuple[Ints, Ints]:
    """The open choices of each group in their order, -1 for *out* last, and where each group's begin."""
    listed = np.flatnonzero(open_)
    owner = np.concatenate([problem.choices.group[listed], np.flatnonzero(out)])
    choice = np.concatenate([listed, np.full(int(out.sum()), -1)])
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], np.arange(len(out) + 1))
    return choice[order].astype(np.int64), first.astype(np.int64)


def _waiting(choice: Ints, first: Ints) -> Rows:
    units = len(first) - 1
    return Rows(
        first=first.astype(np.int64),
        node=np.full(len(choice), -1, np.int32),
        choice=choice.astype(np.int32),
        place=np.full(units, -1, np.int64),
        unit=np.arange(units, dtype=np.int32),
    )


def _pinned_heads(problem: Problem, group: Ints, choice: Ints, first: Ints) -> tuple[Ints, Ints]:
    """Of a split group that is pinned, so many heads may stand at each place of the pin and the others are out."""
    keep = np.ones(len(choice), np.bool_)
    for pinned, placed in problem.pinned.items():
        if not problem.groups.piece[pinned]:
            continue
        begin, end = np.searchsorted(group, [pinned, pinned + 1])
        wanted = [number for number, heads in sorted(placed.items()) for _ in range(heads)]
        wanted += [-1] * (int(end - begin) - len(wanted))
        for unit, place in zip(range(int(begin), int(end)), wanted, strict=True):
            mine = slice(int(first[unit]), int(first[unit + 1]))
            keep[mine] = choice[mine] == place
    if keep.all():
        return choice, first
    owner = np.repeat(np.arange(len(group)), np.diff(first))[keep]
    return choice[keep], np.searchsorted(owner, np.arange(len(group) + 1))


def _quotas(problem: Problem, rows: Rows, heads: int) -> list[Quota] | None:
    """Every option's seats, then what limits and resources ask; None if one of them is no such count."""
    option = (
        np.where(rows.choice >= 0, problem.choices.option[rows.choice], len(problem.options.ids))
        if len(problem.choices.option)
        else np.full(len(rows.choice), len(problem.options.ids))
    )
    order = order_of(option, len(problem.options.ids) + 1)
    edge = np.searchsorted(option[order], np.arange(len(problem.options.ids) + 2))
    found = []
    for number in range(len(problem.options.ids)):
        capacity = int(problem.options.capacity[number])
        minimum = int(problem.options.minimum[number]) if problem.options.must_run[number] else 0
        found.append(
            Quota(
                "capacity",
                number,
                order[edge[number] : edge[number + 1]],
                -(-minimum // heads),
                UNLIMITED if capacity >= UNLIMITED else capacity // heads,
                heads,
                whole=(capacity >= UNLIMITED or capacity % heads == 0) and minimum % heads == 0,
            )
        )
    found.append(Quota("out", -1, order[edge[-2] : edge[-1]], 0, UNLIMITED, heads))
    for quota in (*_limits(problem, rows), *_resources(problem, rows)):
        if quota is None:
            return None
        found.append(_turned(quota, rows, option))
    return found


def _limits(problem: Problem, rows: Rows) -> Iterator[Quota | None]:
    place = rows.choice.astype(np.int64)
    for number, instance in enumerate(limits.instances(problem) if problem.limits else ()):
        limit = problem.limits[instance.limit]
        if limit.soft:
            continue
        inside = ~problem.choices.banned[instance.choices] & (instance.heads > 0)
        counted = np.unique(instance.heads[inside])
        if limit.share is not None or len(counted) > 1:
            yield None
            return
        per = int(counted[0]) if len(counted) else 1
        low, high = limit.minimum or 0, UNLIMITED if limit.maximum is None else limit.maximum
        if limit.each and low and not problem.options.must_run[instance.option]:
            yield None
            return
        if high < UNLIMITED or low > 0:
            yield Quota(
                "limit",
                number,
                np.flatnonzero(np.isin(place, instance.choices[inside])),
                -(-low // per),
                high if high >= UNLIMITED else high // per,
                per,
                whole=low % per == 0 and (high >= UNLIMITED or high % per == 0),
            )


def _resources(problem: Problem, rows: Rows) -> Iterator[Quota | None]:
    resources = problem.resources
    if not len(resources.ids):
        return
    used = _used(problem)
    place = rows.choice.astype(np.int64)
    fixed = np.zeros(len(resources.ids), np.int64)
    uses = problem.options.uses
    np.add.at(fixed, uses.column, np.where(problem.options.must_run[uses.rows], uses.amount, 0))
    for resource in range(len(resources.ids)):
        choice, amount = used[resource]
        left = int(resources.capacity[resource] - fixed[resource])
        most = int((amount * problem.choices.units[choice]).sum())
        if most <= left and not (resources.spill == resource).any():
            continue
        open_ = ~problem.choices.banned[choice] & (amount > 0)
        each = np.unique(amount[open_])
        if len(each) > 1 or resources.spill[resource] >= 0 or (resources.spill == resource).any() or left < 0:
            yield None
            return
        if not len(each):
            continue
        per = int(each[0])
        inside = np.flatnonzero(np.isin(place, choice[open_]))
        yield Quota("resource", resource, inside, 0, left // per, per, whole=left % per == 0)


def _used(problem: Problem) -> list[tuple[Ints, Ints]]:
    """For each resource the choices that use it by the unit, and how much."""
    choices, options = problem.choices, problem.options
    per_head = np.diff(options.head_uses.start)[choices.option]
    choice = np.repeat(np.arange(len(choices.option)), per_head)
    within = np.arange(len(choice)) - np.repeat(np.cumsum(per_head) - per_head, per_head)
    entry = options.head_uses.start[choices.option[choice]] + within
    resource = np.concatenate([choices.uses.column, options.head_uses.column[entry]])
    user = np.concatenate([choices.uses.rows, choice])
    amount = np.concatenate([choices.uses.amount, options.head_uses.amount[entry] * choices.heads[choice]])
    found = []
    for number in range(len(problem.resources.ids)):
        mine = resource == number
        total = np.bincount(user[mine], amount[mine], len(choices.option)).astype(np.int64)
        if amount[mine].max(initial=0) >= 2**50:
            np.add.at(total := np.zeros(len(choices.option), np.int64), user[mine], amount[mine])
        users = np.flatnonzero(total)
        found.append((users, total[users]))
    return found


def _turned(quota: Quota, rows: Rows, option: Ints) -> Quota:
    """A quota on all that some units listed, told as one on how many of them are out."""
    owner = np.repeat(np.arange(len(rows.place)), np.diff(rows.first))
    units = np.unique(owner[quota.places])
    if len(np.unique(option[quota.places])) == 1 or not len(units):
        return quota
    theirs = np.flatnonzero(np.isin(owner, units))
    out = rows.choice[theirs] < 0
    if int((~out).sum()) != len(quota.places):
        return quota
    low = 0 if quota.high >= UNLIMITED else max(0, len(units) - quota.high)
    return replace(quota, places=theirs[out], low=low, high=len(units) - quota.low, turned=True)


def _built(problem: Problem, rows: Rows, group: Ints, heads: int, quotas: list[Quota]) -> Shape | None:
    """The tree of the quotas, the widest at the root; None if two of them cross."""
    options = len(problem.options.ids)
    ordered: list[Quota] = sorted(quotas, key=lambda quota: -len(quota.places))
    possible = bool((np.diff(rows.first) > 0).all())
    if len(quotas) == options + 1:
        node = np.append(problem.choices.option, options)[rows.choice]
        parent = np.full(options + 1, -1, np.int64)
        ordered = quotas
    else:
        node = np.full(len(rows.node), -1, np.int64)
        parent = np.empty(len(ordered), np.int64)
        for number, quota in enumerate(ordered):
            above = np.unique(node[quota.places])
            if len(above) > 1:
                return None
            parent[number] = above[0] if len(above) else -1
            node[quota.places] = number
    count = len(ordered)
    parent[parent < 0] = count
    low = np.array([min(quota.low, UNLIMITED) for quota in ordered] + [0], np.int64)
    # What more would fit than could ever come must not look full, for then it would have a price.
    high = np.array(
        [min(quota.high, len(quota.places) + 1) for quota in ordered] + [len(rows.place)], np.int64
    )
    need = np.zeros(count + 1, np.int64)
    for number in range(count - 1, -1, -1):
        low[number] = max(low[number], need[number])
        need[parent[number]] += low[number]
        possible &= bool(low[number] <= high[number])
    possible &= bool(need[count] <= len(rows.place))
    return Shape(
        rows=rows._replace(node=node.astype(np.int32)),
        crowd=_crowd(node, count + 1, len(rows.place)),
        tree=_tree(np.append(parent, -1), low, high),
        # Where a quota's places are is told by the nodes of the rows now; all together they are as many again.
        quotas=(*(replace(quota, places=NOWHERE) for quota in ordered), None),
        group=group,
        heads=heads,
        possible=possible,
    )


def _crowd(node: Ints, nodes: int, rows: int) -> Crowd:
    size = np.bincount(node, minlength=nodes)
    return Crowd(
        base=(np.cumsum(size) - size).astype(np.int64),
        member=np.zeros(max(1, len(node)), np.int32),
        size=np.zeros(nodes, np.int64),
        where=np.zeros(rows, np.int64),
    )


def _tree(parent: Ints, low: Ints, high: Ints) -> Tree:
    below = parent[:-1]
    child = np.argsort(below, kind="stable")
    return Tree(
        parent=parent,
        low=low,
        high=high,
        flow=low.copy(),
        start=np.searchsorted(below[child], np.arange(len(parent) + 1)).astype(np.int64),
        child=child.astype(np.int64),
    )


def needs(tree: Tree, rows: int) -> Ints:
    """How many units each node wants before anybody stands anywhere: what its floor asks beyond those below it."""
    need = tree.flow.copy()
    need[-1] = rows
    np.subtract.at(need, tree.parent[:-1], tree.flow[:-1])
    return need


def common_measure(quotas: list[Quota]) -> int:
    """The least scale in which the prices of all these are whole numbers."""
    found = 1
    for quota in quotas:
        found = found // gcd(found, quota.per) * quota.per
    return found
