"""A first answer within the rules at any size: place where the flow points, then close what stays too empty."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

import numpy as np

from solvers.engines import flow
from solvers.engines.search import Search
from solvers.ledger import spill_order
from solvers.problem import UNLIMITED, Ints
from solvers.rules.form import Form, pack

PACKING = ("capacity", "apart", "clash", "limit", "changes")
"""Rules that placing one more group may fill up."""


class Fitter:
    """Groups placed one by one, each only where no rule is passed; rules still short of a floor are left so."""

    def __init__(self, form: Form) -> None:
        self.form, problem = form, form.problem
        self.option = problem.choices.option.tolist()
        self.heads = problem.choices.heads.tolist()
        self.capacity = problem.options.capacity.tolist()
        self.minimum = problem.options.minimum.tolist()
        self.first = problem.groups.first.tolist()
        self.piece = problem.groups.piece.tolist()
        self.size = problem.groups.size.tolist()
        self.group = problem.choices.group.tolist()
        self.open = (~problem.choices.banned).tolist()
        self.load = [0] * len(problem.options.ids)
        self.seated: list[Counter[int]] = [Counter() for _ in problem.options.ids]
        self.units: dict[int, int] = {}
        self.inside: list[set[int]] = [set() for _ in problem.options.ids]
        self.place: dict[int, set[int]] = {}
        self.used = [0] * len(problem.resources.ids)
        self.room = problem.resources.capacity.tolist()
        self.spill = problem.resources.spill.tolist()
        bearing = {to for to in self.spill if to >= 0}
        self.bearing = [r for r in spill_order(problem) if self.spill[r] >= 0 or r in bearing]
        """Resources that spill or bear what others spill, each before the one it spills into."""
        self.tied = set(self.bearing)
        self._read_rows()
        self._read_uses()
        for option in np.flatnonzero(problem.options.must_run).tolist():
            for resource, amount in problem.options.uses.row(option):
                self.used[resource] += amount

    def _read_rows(self) -> None:
        form = self.form
        hard = np.array([limit.soft for limit in form.problem.limits] or [False])
        kept = np.zeros(len(form.low), np.bool_)
        for rule in PACKING:
            kept |= form.is_of(rule)
        limits = form.is_of("limit")
        kept[limits] &= ~hard[form.subject[limits]] & (form.high[limits] < UNLIMITED)
        run = set(form.sheet.names["run"].tolist())
        self.high = form.high.tolist()
        self.sums = [0] * len(self.high)
        self.rows: list[list[tuple[int, int]]] = [[] for _ in self.option]
        self.once: list[list[tuple[int, int]]] = [[] for _ in self.option]
        """Rows that count a choice once however many heads take it."""
        choice_of = {int(variable): choice for choice, variable in enumerate(form.sheet.used)}
        entries = np.flatnonzero(kept[form.row])
        for row, column, amount in zip(
            form.row[entries].tolist(),
            form.column[entries].tolist(),
            form.amount[entries].tolist(),
            strict=True,
        ):
            if column in run:
                self.high[row] = UNLIMITED
            elif column < len(self.option):
                self.rows[column].append((row, amount))
            elif column in choice_of:
                self.once[choice_of[column]].append((row, amount))
        self._read_shares()

    def _read_shares(self) -> None:
        """A share counts against the seats an option has, not those filled so far, or nobody could be the first."""
        problem = self.form.problem
        self.share: dict[int, tuple[int, int]] = {}
        for row in np.flatnonzero(self.form.is_of("limit")).tolist():
            limit = problem.limits[int(self.form.subject[row])]
            if limit.share is None or limit.soft:
                continue
            columns = self.form.column[self.form.start[row] : self.form.start[row + 1]]
            amounts = self.form.amount[self.form.start[row] : self.form.start[row + 1]]
            if (amounts < 0).any() and limit.each:
                self.share[row] = (self.option[int(columns[0])], limit.share[0])
            else:
                self.high[row] = UNLIMITED

    def _read_uses(self) -> None:
        problem = self.form.problem
        self.head_uses = [problem.options.head_uses.row(option) for option in range(len(problem.options.ids))]
        self.choice_uses = [problem.choices.uses.row(choice) for choice in range(len(self.option))]
        self.option_uses = [problem.options.uses.row(option) for option in range(len(problem.options.ids))]
        tags = problem.groups.tags
        self.tags = [tags.row(group) for group in range(len(problem.groups.ids))]

    def add(self, choice: int, units: int, *, force: bool = False) -> bool:
        """Place so many units if every rule has room; ``force`` for pins."""
        option, heads = self.option[choice], self.heads[choice] * units
        if not force and (not self.open[choice] or not self._rows_fit(choice, units)):
            return False
        tagged = self._tagged(choice, units)
        change = self._change(option, heads, tagged, running=bool(self.inside[option]), opens=True)
        if change is None or not self._resources_fit(choice, units, change):
            if not force:
                return False
            change = change or Counter()
        self._apply(choice, units, change, tagged)
        self.inside[option].add(choice)
        self.units[choice] = self.units.get(choice, 0) + units
        self.place.setdefault(self.group[choice], set()).add(choice)
        return True

    def remove(self, choice: int) -> int:
        """Take a group (or its part) out again; the units it had."""
        units = self.units.pop(choice)
        option = self.option[choice]
        self.inside[option].discard(choice)
        self.place[self.group[choice]].discard(choice)
        tagged = self._tagged(choice, -units)
        change = self._change(
            option, -self.heads[choice] * units, tagged, running=True, opens=bool(self.inside[option])
        )
        self._apply(choice, -units, change or Counter(), tagged)
        return units

    def _tagged(self, choice: int, units: int) -> Counter[int]:
        if not self.form.problem.options.carriers[self.option[choice]]:
            return Counter()
        group = self.group[choice]
        found = Counter({tag: (1 if self.piece[group] else n) * units for tag, n in self.tags[group]})
        found[-1] = self.heads[choice] * units
        return found

    def _rows_fit(self, choice: int, units: int) -> bool:
        sums, high = self.sums, self.high
        for row, amount in self.rows[choice]:
            if amount > 0 and sums[row] + amount * units > high[row]:
                option, p = self.share.get(row, (-1, 0))
                spare = (
                    self.capacity[option] - self.load[option] - self.heads[choice] * units
                    if option >= 0
                    else 0
                )
                if option < 0 or sums[row] + amount * units > p * max(0, spare):
                    return False
        return all(sums[row] + amount <= high[row] for row, amount in self.once[choice])

    def _change(
        self, option: int, heads: int, tagged: Counter[int], *, running: bool, opens: bool
    ) -> Counter[int] | None:
        """What more of each resource an option uses; None if its carriers cannot seat so many."""
        change: Counter[int] = Counter()
        for resource, amount in self.head_uses[option]:
            change[resource] += amount * heads
        if running != opens and not self.form.problem.options.must_run[option]:
            for resource, amount in self.option_uses[option]:
                change[resource] += amount if opens else -amount
        carriers = self.form.problem.options.carriers[option]
        for tag in {carrier.tag for carrier in carriers}:
            mine = [(c.seats, c.cost, c.most) for c in carriers if c.tag == tag]
            before = pack(self.seated[option][tag], mine)
            after = pack(self.seated[option][tag] + tagged[tag], mine)
            if sum(mine[entry][0] * taken for entry, taken in after) < self.seated[option][tag] + tagged[tag]:
                return None
            entries = [c for c in carriers if c.tag == tag]
            for (entry, was), (_, taken) in zip(before, after, strict=True):
                for resource, amount in entries[entry].uses:
                    change[resource] += amount * (taken - was)
        return change

    def _resources_fit(self, choice: int, units: int, change: Counter[int]) -> bool:
        for resource, amount in self.choice_uses[choice]:
            change[resource] += amount * units
        touched = {resource for resource, amount in change.items() if amount > 0}
        try:
            if any(r not in self.tied and self.used[r] + change[r] > self.room[r] for r in touched):
                return False
            return self.tied.isdisjoint(touched) or self._borne_fit(change)
        finally:
            for resource, amount in self.choice_uses[choice]:
                change[resource] -= amount * units

    def _borne_fit(self, change: Counter[int]) -> bool:
        borne = {resource: self.used[resource] + change.get(resource, 0) for resource in self.bearing}
        for resource in self.bearing:
            beyond = borne[resource] - self.room[resource]
            if beyond > 0:
                if self.spill[resource] < 0:
                    return False
                borne[self.spill[resource]] += beyond
        return True

    def _apply(self, choice: int, units: int, change: Counter[int], tagged: Counter[int]) -> None:
        option = self.option[choice]
        self.load[option] += self.heads[choice] * units
        self.seated[option].update(tagged)
        for row, amount in self.rows[choice]:
            self.sums[row] += amount * units
        for row, amount in self.once[choice]:
            self.sums[row] += amount if units > 0 else -amount
        for resource, amount in change.items():
            self.used[resource] += amount
        for resource, amount in self.choice_uses[choice]:
            self.used[resource] += amount * units

    def missing(self, group: int) -> int:
        """Units of a group not placed yet."""
        whole = self.size[group] if self.piece[group] else 1
        return whole - sum(self.units[choice] for choice in self.place.get(group, ()))

    def insert(self, group: int, choices: Iterable[int]) -> bool:
        """Place a group at the first of these choices that has room; a split group fills one after another."""
        for choice in choices:
            units = self.missing(group)
            if not units or choice in self.units:
                continue
            piece = self.piece[group]
            if self.add(choice, units):
                return True
            if piece:
                free = min(units - 1, self.capacity[self.option[choice]] - self.load[self.option[choice]])
                if free >= piece:
                    self.add(choice, free)
        return False

    def choices_of(self, group: int) -> range:
        return range(self.first[group], self.first[group + 1])

    def values(self) -> Ints:
        units = np.zeros(len(self.option), np.int64)
        for choice, taken in self.units.items():
            units[choice] = taken
        return self.form.complete(units)


def first_answer(search: Search) -> Ints:
    """An answer within all rules but perhaps some floors, found in one pass and a few corrections."""
    form = search.form
    fitter = Fitter(form)
    points = _pointed(form, flow.target(search))
    turn = form.problem.turn.tolist()
    for placed in form.problem.pinned.values():
        for choice, units in placed.items():
            fitter.add(choice, units, force=True)
    free = [group for group in turn if group not in form.problem.pinned]
    ordered = sorted(free, key=lambda group: not form.problem.groups.required[group])
    _meet_floors(fitter, form, set(free), points)
    # Who is served earlier looks everywhere before anybody of a later tier takes what is left.
    for _, tier in groupby(ordered, key=lambda group: _served(form, group)):
        mine = list(tier)
        for group in sorted(mine, key=lambda group: len(points[group]) != 1):
            fitter.insert(group, points[group])
        for group in mine:
            fitter.insert(group, fitter.choices_of(group))
    _close_the_empty(search, fitter, ordered)
    _meet_floors(fitter, form, set(free), points)
    return fitter.values()


def _served(form: Form, group: int) -> tuple[bool, int]:
    return not form.problem.groups.required[group], int(form.problem.groups.tier[group])


def _pointed(form: Form, heads: Ints | None) -> list[list[int]]:
    """The choices to which a flow sends each group, those with most heads first."""
    points: list[list[int]] = [[] for _ in form.problem.groups.ids]
    if heads is None:
        return points
    group = form.problem.choices.group.tolist()
    for choice in np.flatnonzero(heads).tolist():
        points[group[choice]].append(choice)
    for choices in points:
        choices.sort(key=lambda choice: (-int(heads[choice]), choice))
    return points


def _meet_floors(fitter: Fitter, form: Form, free: set[int], points: list[list[int]]) -> None:
    """Place those whom a quota promises seats before everybody else."""
    hard = [row for row in np.flatnonzero(form.is_of("limit")).tolist() if 0 < form.low[row] < UNLIMITED]
    rank = {group: place for place, group in enumerate(form.problem.turn.tolist())}
    size = len(fitter.option)
    for row in hard:
        cut = slice(int(form.start[row]), int(form.start[row + 1]))
        columns, amounts = form.column[cut].tolist(), form.amount[cut].tolist()
        if any(column >= size for column in columns):
            continue
        have = sum(
            amount * fitter.units.get(column, 0) for column, amount in zip(columns, amounts, strict=True)
        )
        members = sorted(
            {fitter.group[column] for column in columns} & free,
            key=lambda group: (not points[group], rank[group]),
        )
        inside = dict(zip(columns, amounts, strict=True))
        for group in members:
            if have >= form.low[row]:
                break
            if fitter.missing(group):
                listed = [c for c in (*points[group], *fitter.choices_of(group)) if c in inside]
                before = {choice: fitter.units.get(choice, 0) for choice in listed}
                fitter.insert(group, listed)
                have += sum(inside[c] * (fitter.units.get(c, 0) - had) for c, had in before.items())


def _close_the_empty(search: Search, fitter: Fitter, ordered: list[int]) -> None:
    """Close options short of their minimum, the emptiest first, and place their groups elsewhere."""
    pinned = search.form.problem.pinned
    must = search.form.problem.options.must_run
    while True:
        short = [
            o
            for o, load in enumerate(fitter.load)
            if fitter.inside[o] and load < fitter.minimum[o] and not must[o]
        ]
        short = [o for o in short if not any(fitter.group[choice] in pinned for choice in fitter.inside[o])]
        if not short:
            break
        # Half of them at a time: their groups may fill the others.
        short.sort(key=lambda option: (fitter.load[option] / fitter.minimum[option], option))
        evicted = []
        for option in short[: max(1, len(short) // 2)]:
            for choice in sorted(fitter.inside[option]):
                fitter.remove(choice)
                evicted.append(fitter.group[choice])
            for choice in np.flatnonzero(search.form.problem.choices.option == option).tolist():
                fitter.open[choice] = False
        for group in evicted:
            fitter.insert(group, fitter.choices_of(group))
    for group in ordered:
        running = [c for c in fitter.choices_of(group) if fitter.inside[fitter.option[c]]]
        fitter.insert(group, running)


def refill(search: Search) -> bool:
    """Give seats left free to whoever waits and fits, in the order of the draw; whether that made the answer better.

    A run that is stopped while one priority group is served has not looked at the seats of the others.
    """
    form = search.form
    if search.best is None:
        return False
    waiting = _who_might_fit(form, search.best)
    if not len(waiting):
        return False
    units = search.best[: len(form.problem.choices.group)]
    fitter = Fitter(form)
    for choice in np.flatnonzero(units).tolist():
        fitter.add(choice, int(units[choice]), force=True)
    rank = {group: place for place, group in enumerate(form.problem.turn.tolist())}
    for group in sorted(waiting.tolist(), key=lambda group: rank[group]):
        fitter.insert(group, [c for c in fitter.choices_of(group) if fitter.inside[fitter.option[c]]])
    return search.offer(fitter.values())


def _who_might_fit(form: Form, values: Ints) -> Ints:
    """Groups out of place, or partly so, that list a running option with seats enough."""
    problem = form.problem
    choices, groups = problem.choices, problem.groups
    units = values[: len(choices.group)]
    load = np.zeros(len(problem.options.ids), np.int64)
    np.add.at(load, choices.option, units * choices.heads)
    placed = np.zeros(len(groups.ids), np.int64)
    np.add.at(placed, choices.group, units)
    lacks = placed < np.where(groups.piece > 0, groups.size, 1)
    lacks[list(problem.pinned)] = False
    needs = np.where(groups.piece[choices.group] > 0, groups.piece[choices.group], choices.heads)
    fits = lacks[choices.group] & ~choices.banned & (units == 0) & (load[choices.option] > 0)
    fits &= load[choices.option] + needs <= problem.options.capacity[choices.option]
    found: Ints = np.unique(choices.group[fits])
    return found
