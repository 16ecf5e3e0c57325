"""Ledger: what one answer comes to, counted plainly from the placements: seats, money, quotas, every stage's value.

The auditor and the reasons count with it; engines do not, so that a mistake there cannot hide here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solvers.problem import Ints, Limit, Placed, Problem
from solvers.stages import Stage


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit for one tag at one option, or at all of its options together (option -1)."""

    limit: Limit
    tag: int
    option: int
    heads: int
    everybody: int
    runs: bool

    @property
    def missed(self) -> int:
        """Heads by which it is missed, on all its sides."""
        low = self.limit.minimum if self.limit.minimum is not None and self.runs else 0
        missed = max(0, low - self.heads)
        if self.limit.maximum is not None:
            missed += max(0, self.heads - self.limit.maximum)
        if self.limit.share is not None:
            p, q = self.limit.share
            missed += max(0, self.heads - p * self.everybody // q)
        return missed


class Ledger:
    """Counts of one answer: units at each choice, pieces of each option's carriers.

    Sums over places are taken in 64 bits: reading refuses problems whose sums could pass them.
    """

    def __init__(
        self, problem: Problem, taken: Mapping[int, int], pieces: Mapping[int, tuple[int, ...]]
    ) -> None:
        self.problem, self.pieces = problem, pieces
        self.taken = {choice: taken[choice] for choice in sorted(taken) if taken[choice]}
        choices = problem.choices
        self.places: Ints = np.fromiter(self.taken, np.int64, len(self.taken))
        """The choices taken, in order, and beside each the units, the group, the option and the heads there."""
        self.units: Ints = np.fromiter(self.taken.values(), np.int64, len(self.taken))
        self.place_group = choices.group[self.places]
        self.place_option = choices.option[self.places]
        self.place_heads = choices.heads[self.places] * self.units
        self.loads = _summed(self.place_option, self.place_heads, len(problem.options.ids))
        """Heads at each option; ``load`` says the same in a list."""
        self.load: list[int] = self.loads.tolist()
        self._values: dict[Stage, int] = {}
        running = problem.options.must_run.copy()
        running[self.place_option] = True
        self.runs: list[bool] = running.tolist()

    @cached_property
    def option(self) -> list[int]:
        listed: list[int] = self.problem.choices.option.tolist()
        return listed

    @cached_property
    def group(self) -> list[int]:
        listed: list[int] = self.problem.choices.group.tolist()
        return listed

    @cached_property
    def heads(self) -> list[int]:
        listed: list[int] = self.problem.choices.heads.tolist()
        return listed

    @cached_property
    def at(self) -> dict[int, list[int]]:
        """The choices taken by each group."""
        found: dict[int, list[int]] = {}
        for choice, group in zip(self.places.tolist(), self.place_group.tolist(), strict=True):
            found.setdefault(group, []).append(choice)
        return found

    # -- tags ----------------------------------------------------------------------------------------

    @cached_property
    def tagged(self) -> list[Counter[int]]:
        """For each option, heads by tag; -1 is everybody."""
        found = [Counter({-1: load}) for load in self.load]
        tags, options, heads = self._by_tag
        for tag, option, many in zip(tags.tolist(), options.tolist(), heads.tolist(), strict=True):
            found[option][tag] = many
        return found

    @cached_property
    def _by_tag(self) -> tuple[Ints, Ints, Ints]:
        """(tag, option, heads) of every tag that is at an option, by tag, then by option."""
        tags, options = self.problem.groups.tags, max(1, len(self.problem.options.ids))
        at, place = tags.entries(self.place_group)
        split = self.problem.groups.piece[self.place_group] > 0
        heads = np.where(split[place], 1, tags.amount[at]) * self.units[place]
        key, where = np.unique(tags.column[at] * options + self.place_option[place], return_inverse=True)
        return key // options, key % options, _summed(where, heads, len(key))

    def heads_by_option(self, tag: int) -> Ints:
        """Heads with a tag at each option; -1 counts everybody, a tag nobody has counts none."""
        if tag == -1:
            return self.loads
        tags, options, heads = self._by_tag
        found = np.zeros(len(self.loads), np.int64)
        mine = slice(*np.searchsorted(tags, [tag, tag + 1]))
        found[options[mine]] = heads[mine]
        return found

    def tags_of(self, group: int) -> list[tuple[int, int]]:
        """Tags and tagged heads of one unit of a group."""
        listed = self.problem.groups.tags.row(group)
        return [(tag, 1) for tag, _ in listed] if self.problem.groups.piece[group] else listed

    # -- resources -----------------------------------------------------------------------------------

    @cached_property
    def used(self) -> list[int]:
        """What is used of each resource, before anything spills."""
        problem = self.problem
        total = [0] * len(problem.resources.ids)
        for option, runs in enumerate(self.runs):
            if not runs:
                continue
            uses = problem.options.uses.row(option)
            uses += [(r, each * self.load[option]) for r, each in problem.options.head_uses.row(option)]
            for carrier, taken in zip(
                problem.options.carriers[option], self.pieces.get(option, ()), strict=False
            ):
                uses += [(resource, each * taken) for resource, each in carrier.uses]
            for resource, amount in uses:
                total[resource] += amount
        own = problem.choices.uses
        at, place = own.entries(self.places)
        by_choice = _summed(own.column[at], own.amount[at] * self.units[place], len(total))
        return [one + other for one, other in zip(total, by_choice.tolist(), strict=True)]

    @cached_property
    def borne(self) -> list[int]:
        """What each resource has to bear, spills included."""
        total = list(self.used)
        for resource in spill_order(self.problem):
            beyond = total[resource] - int(self.problem.resources.capacity[resource])
            to = int(self.problem.resources.spill[resource])
            if beyond > 0 and to >= 0:
                total[to] += beyond
        return total

    # -- limits --------------------------------------------------------------------------------------

    def quotas(self, only: Iterable[Limit] | None = None) -> Iterator[Quota]:
        """Every limit spelt out for its tags and, with ``each``, its options."""
        for limit in self.problem.limits if only is None else only:
            for tag in self._tags_of_limit(limit):
                options, heads, everybody, runs = self._counted(limit, tag)
                for row in zip(options, heads, everybody, runs, strict=True):
                    yield Quota(limit, tag, *row)

    def missed(self, limit: Limit) -> int:
        """Heads by which a limit is missed, for all its tags and options."""
        return sum(self._missed(limit, tag) for tag in self._tags_of_limit(limit))

    def _tags_of_limit(self, limit: Limit) -> list[int]:
        if limit.tag is None:
            return [-1]
        # Nobody may have the tag: a floor for it is missed all the same.
        return self.problem.matching(limit.tag) or ([] if limit.tag.endswith("*") else [-2])

    def _missed(self, limit: Limit, tag: int) -> int:
        if not limit.each or limit.share is not None:
            rows = zip(*self._counted(limit, tag), strict=True)
            return sum(Quota(limit, tag, *row).missed for row in rows)
        options = self._options_of(limit)
        heads, missed = self.heads_by_option(tag)[options], 0
        if limit.minimum is not None:
            runs = np.array(self.runs, np.bool_)[options]
            missed += sum(np.maximum(0, limit.minimum - heads)[runs].tolist())
        if limit.maximum is not None:
            missed += sum(np.maximum(0, heads - limit.maximum).tolist())
        return missed

    def _counted(self, limit: Limit, tag: int) -> tuple[list[int], list[int], list[int], list[bool]]:
        """Options, heads, everybody and whether it runs, for each place where a limit binds on its own."""
        options = self._options_of(limit)
        heads = self.heads_by_option(tag)[options]
        everybody = self.loads[options]
        if limit.each:
            runs = [self.runs[option] for option in options.tolist()]
            return options.tolist(), heads.tolist(), everybody.tolist(), runs
        return [-1], [int(heads.sum())], [int(everybody.sum()) if limit.share else 0], [True]

    def _options_of(self, limit: Limit) -> Ints:
        if limit.options is None:
            return np.arange(len(self.problem.options.ids))
        return np.array(limit.options, np.int64)

    # -- stages --------------------------------------------------------------------------------------

    def value(self, stage: Stage) -> int:
        """The value of one stage before the lot."""
        if stage not in self._values:
            self._values[stage] = self._value(stage)
        return self._values[stage]

    def _value(self, stage: Stage) -> int:
        problem = self.problem
        match stage.stage:
            case "required":
                return int(problem.groups.required[np.unique(self.place_group)].sum())
            case "placed":
                return int(self._weights(stage)[1].sum())
            case "rank":
                return self._rank(stage)
            case "spread":
                return self._spread(stage.prefix or "")
            case "soft":
                ids = None if stage.limits is None else set(stage.limits)
                asked = [limit for limit in problem.limits if limit.soft and (ids is None or limit.id in ids)]
                return sum(self.missed(limit) for limit in asked)
            case "cost":
                return self.cost
            case "running":
                return sum(self.runs)
            case "changes":
                return self.moved
        raise ValueError(f"no value for a stage {stage.stage}")

    def _weights(self, stage: Stage) -> tuple[Ints, Ints]:
        """Ranks, and the weight or tagged heads at each place, of those a stage speaks of."""
        weights = self._weight if stage.tag is None else self._tagged_heads(stage.tag)
        if stage.tier is None:
            return self._place_rank, weights
        mine = self._place_tier == stage.tier
        return self._place_rank[mine], weights[mine]

    @cached_property
    def _weight(self) -> Ints:
        return self.problem.choices.weight[self.places] * self.units

    @cached_property
    def _place_rank(self) -> Ints:
        return self.problem.choices.rank[self.places]

    @cached_property
    def _place_tier(self) -> Ints:
        return self.problem.groups.tier[self.place_group]

    def _tagged_heads(self, pattern: str) -> Ints:
        """Heads with any tag of this pattern, each tag counted, at each place."""
        tags, wanted = self.problem.groups.tags, self.problem.matching(pattern)
        at, place = tags.entries(self.place_group)
        kept = np.isin(tags.column[at], wanted)
        at, place = at[kept], place[kept]
        split = self.problem.groups.piece[self.place_group[place]] > 0
        heads = np.where(split, 1, tags.amount[at]) * self.units[place]
        return _summed(place, heads, len(self.places))

    def _rank(self, stage: Stage) -> int:
        ranks, weights = self._weights(stage)
        if stage.measure == "sum":
            return int(ranks @ weights)
        if stage.measure == "at":
            return int(weights[ranks == stage.rank].sum())
        return int(ranks[(weights > 0) | (stage.tag is None)].max(initial=0))

    def _spread(self, prefix: str) -> int:
        tags, groups = self.problem.groups.tags, self.problem.groups
        split = (groups.piece > 0)[tags.rows]
        heads = np.where(split, groups.size[tags.rows], tags.amount)
        total = _summed(tags.column, heads, len(self.problem.tags)).tolist()
        placed = _summed(self._by_tag[0], self._by_tag[2], len(self.problem.tags)).tolist()
        asked = self.problem.matching(f"{prefix}*")
        return min((1000 * placed[tag] // total[tag] for tag in asked if total[tag]), default=1000)

    @cached_property
    def cost(self) -> int:
        problem = self.problem
        options = problem.options
        total = int(problem.choices.cost[self.places] @ self.units)
        for option, runs in enumerate(self.runs):
            if runs:
                total += int(options.cost[option]) + int(options.head_cost[option]) * self.load[option]
                pieces = self.pieces.get(option, ())
                total += sum(c.cost * n for c, n in zip(options.carriers[option], pieces, strict=False))
        return total

    @cached_property
    def moved(self) -> int:
        """Heads that lost a place they could still have."""
        held, had = self.problem.held
        now = np.zeros(len(self.problem.choices.group), np.int64)
        now[self.places] = self.units
        lost = np.maximum(0, had - now[held])
        counted = ~self.problem.choices.banned[held]
        return int(self.problem.choices.heads[held[counted]] @ lost[counted])

    # -- people --------------------------------------------------------------------------------------

    @cached_property
    def days(self) -> dict[int, list[tuple[int, int]]]:
        """For each person, (group, option) of every place held."""
        found: dict[int, list[tuple[int, int]]] = {}
        people = self.problem.groups.people
        if not len(people.column):
            return found
        for group, choices in self.at.items():
            for person in people.column[people.start[group] : people.start[group + 1]].tolist():
                found.setdefault(person, []).extend((group, self.option[choice]) for choice in choices)
        return found

    @cached_property
    def clashing(self) -> list[list[int]]:
        """For each option, the numbers of the clashes it stands in."""
        found: list[list[int]] = [[] for _ in self.problem.options.ids]
        for number, clash in enumerate(self.problem.clashes):
            for option in clash:
                found[option].append(number)
        return found


def spill_order(problem: Problem) -> list[int]:
    """Resources, each before the one it spills into."""
    order: list[int] = []
    seen: set[int] = set()
    spill = problem.resources.spill.tolist()

    def depth(resource: int) -> int:
        steps = 0
        while spill[resource] >= 0:
            resource, steps = spill[resource], steps + 1
        return steps

    for resource in sorted(range(len(spill)), key=lambda one: (-depth(one), one)):
        if resource not in seen:
            seen.add(resource)
            order.append(resource)
    return order


def read_placements(
    problem: Problem, placements: Mapping[str, object]
) -> tuple[dict[int, int], list[tuple[str, str]]]:
    """Units at each choice, and what cannot be: (group id, sentence)."""
    whole = _read_whole(problem, placements)
    if whole is not None:
        return whole, []
    taken: dict[int, int] = {}
    wrong: list[tuple[str, str]] = []
    for id_, place in placements.items():
        group = problem.group_number.get(id_)
        if group is None:
            wrong.append((id_, f'group "{id_}" is placed, but there is no such group'))
            continue
        split, size = bool(problem.groups.piece[group]), int(problem.groups.size[group])
        if not isinstance(place, Mapping if split else str):
            wrong.append((id_, f'group "{id_}" has a placement of the wrong kind'))
            continue
        parts: Mapping[str, int] = place if isinstance(place, Mapping) else {str(place): 1}
        first, last = int(problem.groups.first[group]), int(problem.groups.first[group + 1])
        at = {problem.options.ids[problem.choices.option[choice]]: choice for choice in range(first, last)}
        for option, heads in parts.items():
            choice = at.get(option)
            if choice is None:
                wrong.append((id_, f'group "{id_}" is placed in "{option}", which is none of its choices'))
            elif type(heads) is not int or heads < (int(problem.groups.piece[group]) if split else 1):
                wrong.append((id_, f'group "{id_}" has a part in "{option}" smaller than it may be'))
            else:
                taken[choice] = heads
        if not parts:
            wrong.append((id_, f'group "{id_}" is placed nowhere; the unplaced are left out'))
        if split and sum(heads for heads in parts.values() if type(heads) is int) > size:
            wrong.append((id_, f'group "{id_}" has more heads placed than its {size}'))
    return taken, wrong


def _read_whole(problem: Problem, placements: Mapping[str, object]) -> dict[int, int] | None:
    """The choices, where every group stays whole and is placed at one of them; None where any does not."""
    count = len(placements)
    try:
        groups = np.fromiter((problem.group_number[id_] for id_ in placements), np.int64, count)
        wanted = (problem.option_number[option] for option in placements.values())  # type: ignore[index]
        options = np.fromiter(wanted, np.int64, count)
    except (KeyError, TypeError):
        return None
    place = np.full(len(problem.groups.ids), -1)
    place[groups] = options
    found = np.flatnonzero(problem.choices.option == place[problem.choices.group])
    if len(found) < count or problem.groups.piece[groups].any():
        return None
    return dict.fromkeys(found.tolist(), 1)


def _summed(where: Ints, amounts: Ints, length: int) -> Ints:
    """The sum of the amounts at each place."""
    total = np.zeros(length, np.int64)
    np.add.at(total, where, amounts)
    return total


def pinned_kept(taken: Mapping[int, int], held: Iterable[int], pin: Placed) -> bool:
    """Whether a group has exactly the places it is pinned to."""
    return {choice: taken[choice] for choice in held} == dict(pin)
