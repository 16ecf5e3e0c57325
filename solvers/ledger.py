"""Ledger: what one answer comes to, counted plainly from the placements: seats, money, quotas, every stage's value.

The auditor and the reasons count with it; engines do not, so that a mistake there cannot hide here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from solvers.problem import Limit, Placed, Problem
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
    """Counts of one answer: units at each choice, pieces of each option's carriers."""

    def __init__(
        self, problem: Problem, taken: Mapping[int, int], pieces: Mapping[int, tuple[int, ...]]
    ) -> None:
        self.problem, self.pieces = problem, pieces
        self.taken = {choice: units for choice, units in taken.items() if units}
        self.option = problem.choices.option.tolist()
        self.group = problem.choices.group.tolist()
        self.heads = problem.choices.heads.tolist()
        self.load = [0] * len(problem.options.ids)
        self.runs = [bool(must) for must in problem.options.must_run]
        self.at: dict[int, list[int]] = {}
        """The choices taken by each group."""
        for choice, units in self.taken.items():
            self.load[self.option[choice]] += self.heads[choice] * units
            self.runs[self.option[choice]] = True
            self.at.setdefault(self.group[choice], []).append(choice)

    @cached_property
    def tagged(self) -> list[Counter[int]]:
        """For each option, heads by tag; -1 is everybody."""
        found = [Counter({-1: load}) for load in self.load]
        for choice, units in self.taken.items():
            for tag, heads in self.tags_of(self.group[choice]):
                found[self.option[choice]][tag] += heads * units
        return found

    def tags_of(self, group: int) -> list[tuple[int, int]]:
        """Tags and tagged heads of one unit of a group."""
        listed = self._tags[group]
        return [(tag, 1) for tag, _ in listed] if self.problem.groups.piece[group] else listed

    @cached_property
    def _tags(self) -> list[list[tuple[int, int]]]:
        return [self.problem.groups.tags.row(group) for group in range(len(self.problem.groups.ids))]

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
        if len(problem.choices.uses.column):
            for choice, units in self.taken.items():
                for resource, amount in problem.choices.uses.row(choice):
                    total[resource] += amount * units
        return total

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
        problem = self.problem
        for limit in problem.limits if only is None else only:
            options = range(len(problem.options.ids)) if limit.options is None else limit.options
            tags = [-1] if limit.tag is None else problem.matching(limit.tag)
            if not tags and limit.tag is not None and not limit.tag.endswith("*"):
                tags = [-2]  # nobody has it, and a floor for it is missed all the same
            for tag in tags:
                if limit.each:
                    for option in options:
                        here = self.tagged[option]
                        yield Quota(limit, tag, option, here[tag], here[-1], self.runs[option])
                else:
                    heads = sum(self.tagged[option][tag] for option in options)
                    everybody = sum(self.load[option] for option in options) if limit.share else 0
                    yield Quota(limit, tag, -1, heads, everybody, True)

    # -- stages --------------------------------------------------------------------------------------

    def value(self, stage: Stage) -> int:
        """The value of one stage before the lot."""
        problem = self.problem
        match stage.stage:
            case "required":
                return sum(bool(problem.groups.required[group]) for group in self.at)
            case "placed":
                return sum(weight for _, weight in self._weights(stage))
            case "rank":
                return self._rank(stage)
            case "spread":
                return self._spread(stage.prefix or "")
            case "soft":
                ids = None if stage.limits is None else set(stage.limits)
                asked = [limit for limit in problem.limits if limit.soft and (ids is None or limit.id in ids)]
                return sum(quota.missed for quota in self.quotas(asked))
            case "cost":
                return self.cost
            case "running":
                return sum(self.runs)
            case "changes":
                return self.moved
        raise ValueError(f"no value for a stage {stage.stage}")

    def _weights(self, stage: Stage) -> Iterator[tuple[int, int]]:
        """(choice, weight or tagged heads) of those a stage speaks of."""
        problem = self.problem
        tier, weight = problem.groups.tier, problem.choices.weight
        tags = None if stage.tag is None else set(problem.matching(stage.tag))
        for choice, units in self.taken.items():
            group = self.group[choice]
            if stage.tier is not None and tier[group] != stage.tier:
                continue
            if tags is None:
                yield choice, int(weight[choice]) * units
            else:
                yield choice, units * sum(heads for tag, heads in self.tags_of(group) if tag in tags)

    def _rank(self, stage: Stage) -> int:
        rank = self.problem.choices.rank
        counted = list(self._weights(stage))
        if stage.measure == "sum":
            return sum(int(rank[choice]) * weight for choice, weight in counted)
        if stage.measure == "at":
            return sum(weight for choice, weight in counted if rank[choice] == stage.rank)
        return max(
            (int(rank[choice]) for choice, weight in counted if weight or stage.tag is None), default=0
        )

    def _spread(self, prefix: str) -> int:
        problem = self.problem
        tags = problem.matching(f"{prefix}*")
        total, placed = Counter[int](), Counter[int]()
        for group in range(len(problem.groups.ids)):
            units = int(problem.groups.size[group]) if problem.groups.piece[group] else 1
            for tag, heads in self.tags_of(group):
                total[tag] += heads * units
        for choice, units in self.taken.items():
            for tag, heads in self.tags_of(self.group[choice]):
                placed[tag] += heads * units
        return min((1000 * placed[tag] // total[tag] for tag in tags if total[tag]), default=1000)

    @cached_property
    def cost(self) -> int:
        problem = self.problem
        options = problem.options
        total = sum(int(problem.choices.cost[choice]) * units for choice, units in self.taken.items())
        for option, runs in enumerate(self.runs):
            if runs:
                total += int(options.cost[option]) + int(options.head_cost[option]) * self.load[option]
                pieces = self.pieces.get(option, ())
                total += sum(c.cost * n for c, n in zip(options.carriers[option], pieces, strict=False))
        return total

    @cached_property
    def moved(self) -> int:
        """Heads that lost a place they could still have."""
        banned = self.problem.choices.banned
        return sum(
            self.heads[choice] * max(0, units - self.taken.get(choice, 0))
            for held in self.problem.previous.values()
            for choice, units in held.items()
            if not banned[choice]
        )

    # -- people --------------------------------------------------------------------------------------

    @cached_property
    def days(self) -> dict[int, list[tuple[int, int]]]:
        """For each person, (group, option) of every place held."""
        found: dict[int, list[tuple[int, int]]] = {}
        people = self.problem.groups.people
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
    at: dict[tuple[int, int], int] = {
        pair: choice
        for choice, pair in enumerate(
            zip(problem.choices.group.tolist(), problem.choices.option.tolist(), strict=True)
        )
    }
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
        for option, heads in parts.items():
            choice = at.get((group, problem.option_number.get(option, -1)))
            if choice is None:
                wrong.append((id_, f'group "{id_}" is placed in "{option}", which is none of its choices'))
            elif type(heads) is not int or heads < (int(problem.groups.piece[group]) if split else 1):
                wrong.append((id_, f'group "{id_}" has a part in "{option}" smaller than it may be'))
            else:
                taken[choice] = heads
        if split and sum(parts.values()) > size:
            wrong.append((id_, f'group "{id_}" has more heads placed than its {size}'))
    return taken, wrong


def pinned_kept(taken: Mapping[int, int], held: Iterable[int], pin: Placed) -> bool:
    """Whether a group has exactly the places it is pinned to."""
    return {choice: taken[choice] for choice in held} == dict(pin)
