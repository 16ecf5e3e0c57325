"""Why a group did not get a choice dearer than the one it has: the first thing in the way, with its numbers."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

import numpy as np

from solvers.crowd import asked, common
from solvers.ledger import Ledger, read_placements
from solvers.outcome import Outcome, Placement
from solvers.problem import UNLIMITED, Problem
from solvers.rest import collector_at_rest
from solvers.whatif import Numbers, WhatIf

UNLISTED = 20
"""How many options with room an unplaced group is told of at most."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What became of one group: its place, why not a dearer one, and the same in a paragraph."""

    group: str
    placed: Placement | None
    why_not: tuple[Mapping[str, Any], ...]
    paragraph: str


def explain(problem: Problem, outcome: Outcome, group: str) -> Reason:
    """Tell one group's result; KeyError if there is no such group."""
    number = problem.group_number[group]
    if not outcome.answered:
        return Reason(
            group, None, (), f'Group "{group}": nothing was placed, for the result is "{outcome.status}".'
        )
    why = outcome.reasons.get(group)
    if why is None:
        taken, _ = read_placements(problem, outcome.placements)
        pieces = {problem.option_number[option]: taken_ for option, taken_ in outcome.carriers.items()}
        why = tuple(_Teller(Ledger(problem, taken, pieces), outcome).of(number))
    place = outcome.placements.get(group)
    return Reason(group, place, why, _paragraph(problem, number, place, why))


@collector_at_rest()
def reasons(problem: Problem, outcome: Outcome) -> dict[str, tuple[Numbers, ...]]:
    """For every group that has something dearer to ask about, its reasons."""
    taken, _ = read_placements(problem, outcome.placements)
    pieces = {problem.option_number[option]: taken_ for option, taken_ in outcome.carriers.items()}
    ledger = Ledger(problem, taken, pieces)
    choices = asked(ledger)
    told, teller = common(ledger, choices), _Teller(ledger, outcome)
    asking = problem.choices.group[choices]
    ids = problem.options.ids
    for at in [number for number, reason in enumerate(told) if reason is None]:
        choice = int(choices[at])
        told[at] = {"option": ids[ledger.option[choice]], **teller.why(int(asking[at]), choice)}
    starts = np.flatnonzero(np.diff(asking, prepend=-1))
    cuts = [*starts.tolist(), len(choices)]
    each: dict[int, tuple[Any, ...]] = {
        group: tuple(told[low:high])
        for group, (low, high) in zip(asking[starts].tolist(), pairwise(cuts), strict=True)
    }
    out = np.ones(len(problem.groups.ids), np.bool_)
    out[ledger.place_group] = False
    for group in np.flatnonzero(out).tolist():
        unlisted = teller.unlisted(group)
        if unlisted:
            each[group] = (*each.get(group, ()), *unlisted)
    return {problem.groups.ids[group]: each[group] for group in sorted(each)}


def tell_each(ledger: Ledger, outcome: Outcome) -> dict[str, tuple[Numbers, ...]]:
    """The same, told group by group with nothing settled at a glance: slow, and what the quick way must equal."""
    teller = _Teller(ledger, outcome)
    told = {id_: tuple(teller.of(group)) for group, id_ in enumerate(ledger.problem.groups.ids)}
    return {id_: each for id_, each in told.items() if each}


def dearer(ledger: Ledger, group: int) -> list[int]:
    """The choices a group would rather have: of smaller rank than its place; all while heads of it are out."""
    problem = ledger.problem
    mine = range(int(problem.groups.first[group]), int(problem.groups.first[group + 1]))
    at = ledger.at.get(group, [])
    whole = int(problem.groups.size[group]) if problem.groups.piece[group] else 1
    rank = problem.choices.rank
    if sum(ledger.taken[choice] for choice in at) < whole:
        return [choice for choice in mine if choice not in at]
    worst = max(int(rank[choice]) for choice in at)
    return [choice for choice in mine if rank[choice] < worst and choice not in at]


class _Teller:
    """Finds reasons against one ledger; each method is one code and gives its numbers or None."""

    def __init__(self, ledger: Ledger, outcome: Outcome) -> None:
        self.ledger, self.problem, self.what_if = ledger, ledger.problem, WhatIf(ledger)
        self.reached = [stage.best for stage in outcome.stages]
        self._rooms: dict[int, list[int]] = {}
        self.foes: dict[int, list[int]] = {}
        for one, other in self.problem.apart:
            self.foes.setdefault(one, []).append(other)
            self.foes.setdefault(other, []).append(one)

    @cached_property
    def tier(self) -> list[int]:
        return list(map(int, self.problem.groups.tier))

    @cached_property
    def lot(self) -> list[int]:
        return list(map(int, self.problem.groups.lot))

    @cached_property
    def listed(self) -> Counter[int]:
        """Heads that listed each option."""
        found: Counter[int] = Counter()
        choices = self.problem.choices
        for option, heads in zip(self.ledger.option, (choices.heads * choices.units).tolist(), strict=True):
            found[option] += heads
        return found

    @cached_property
    def inside(self) -> dict[int, list[int]]:
        """The choices taken at each option."""
        found: dict[int, list[int]] = {}
        for choice in self.ledger.taken:
            found.setdefault(self.ledger.option[choice], []).append(choice)
        return found

    @cached_property
    def line(self) -> dict[int, list[tuple[int, int]]]:
        """Tier and lot of the groups at each option, in their order."""
        group = self.ledger.group
        return {
            option: sorted((self.tier[group[c]], self.lot[group[c]]) for c in choices)
            for option, choices in self.inside.items()
        }

    def last(self, option: int) -> tuple[int, int, int]:
        """Tier, rank and lot of the last one in."""
        rank, group = self.problem.choices.rank, self.ledger.group
        return max((self.tier[group[c]], int(rank[c]), self.lot[group[c]]) for c in self.inside[option])

    def of(self, group: int) -> Iterator[Numbers]:
        """One reason per dearer choice, dearest first; for the unplaced also what they did not list."""
        for choice in dearer(self.ledger, group):
            yield {"option": self.problem.options.ids[self.ledger.option[choice]], **self.why(group, choice)}
        if group not in self.ledger.at:
            yield from self.unlisted(group)

    def unlisted(self, group: int) -> list[Numbers]:
        """What an unplaced group did not list, if there is anything."""
        fitting = self._unlisted(group)
        return [{"code": "not-listed", "options": fitting}] if fitting else []

    def why(self, group: int, choice: int) -> Numbers:
        for code in (
            self._banned,
            self._pinned,
            self._idle,
            self._apart,
            self._clash,
            self._seats,
            self._weighed,
        ):
            found = code(group, choice)
            if found is not None:
                return found
        return {"code": "room"}

    def _units(self, group: int) -> int:
        return int(self.problem.groups.size[group]) if self.problem.groups.piece[group] else 1

    def _banned(self, _group: int, choice: int) -> Numbers | None:
        return {"code": "banned"} if self.problem.choices.banned[choice] else None

    def _pinned(self, group: int, _choice: int) -> Numbers | None:
        return {"code": "pinned"} if group in self.problem.pinned else None

    def _idle(self, group: int, choice: int) -> Numbers | None:
        option = self.ledger.option[choice]
        minimum = int(self.problem.options.minimum[option])
        if self.ledger.runs[option] or self.ledger.heads[choice] * self._units(group) >= minimum:
            return None
        return {"code": "did-not-run", "listed": self.listed[option], "minimum": minimum}

    def _apart(self, group: int, choice: int) -> Numbers | None:
        option = self.ledger.option[choice]
        for foe in sorted(self.foes.get(group, ())):
            if any(self.ledger.option[c] == option for c in self.ledger.at.get(foe, ())):
                return {"code": "apart", "group": self.problem.groups.ids[foe]}
        return None

    def _clash(self, group: int, choice: int) -> Numbers | None:
        ledger, option = self.ledger, self.ledger.option[choice]
        people = self.problem.groups.people
        clashes = set(ledger.clashing[option])
        for person in people.column[people.start[group] : people.start[group + 1]].tolist():
            for other, held in ledger.days.get(person, ()):
                if other != group and (held == option or clashes & set(ledger.clashing[held])):
                    return {
                        "code": "clash",
                        "person": self.problem.people[person],
                        "with": self.problem.options.ids[held],
                    }
        return None

    def _seats(self, group: int, choice: int) -> Numbers | None:
        option = self.ledger.option[choice]
        size = self.ledger.heads[choice] * self._units(group)
        left = self.what_if.seats_left(option, group)
        if left >= size:
            return None
        if left > 0 or option not in self.inside:
            return {"code": "too-large", "size": size, "left": max(0, left)}
        tier, rank, lot = self.last(option)
        mine = (self.tier[group], self.lot[group])
        passed = sum(other > mine for other in self.line[option])
        return {
            "code": "full",
            "tier": tier,
            "rank": rank,
            "lot": None if lot == UNLIMITED else lot,
            "passed": passed,
        }

    def _weighed(self, group: int, choice: int) -> Numbers | None:
        """Resources, limits, changes and aims, each after the move."""
        units = self._units(group)
        after = self.what_if.after(group, choice, units)
        change = self.what_if.spending(group, choice, units, after)
        short = self.what_if.short_resource(change)
        if short is not None:
            return {"code": "resource", **short}
        return (
            self._limit(group, after)
            or self._changes(group, choice, units)
            or self._aim(group, choice, units, change)
        )

    def _limit(self, group: int, after: dict[int, Counter[int]]) -> Numbers | None:
        problem = self.problem
        for old, new in self.what_if.quotas(group, after, soft=False):
            if new.missed > old.missed:
                found: Numbers = {"code": "limit", "limit": new.limit.id, "heads": new.heads}
                return found | ({"tag": problem.tags[new.tag]} if new.tag >= 0 else {})
        for option, tagged in sorted(after.items()):
            minimum = int(problem.options.minimum[option])
            if tagged[-1] < minimum and self.what_if.runs_after(option, tagged, group):
                return {"code": "limit", "minimum_of": problem.options.ids[option], "heads": tagged[-1]}
        return None

    def _changes(self, group: int, choice: int, units: int) -> Numbers | None:
        most = self.problem.max_changes
        if most is None:
            return None
        moved = self.what_if.moved_after(group, choice, units)
        return (
            {"code": "changes", "moved": moved, "most": most}
            if moved > max(most, self.ledger.moved)
            else None
        )

    def _aim(self, group: int, choice: int, units: int, change: Counter[int]) -> Numbers | None:
        for stage, reached in zip(self.problem.stages, self.reached, strict=False):
            if stage.stage == "lot":
                break
            value = self.what_if.value_after(stage, group, choice, units, change)
            sign = -1 if stage.maximise else 1
            worse = sign * (value - stage.allowed(reached))
            if worse > 0:
                found: Numbers = {
                    "code": "aim",
                    "stage": stage.stage,
                    "by": sign * (value - self.what_if.values[stage]),
                }
                extra = {"tier": stage.tier, "tag": stage.tag, "rank": stage.rank}
                return found | {key: number for key, number in extra.items() if number is not None}
            if sign * (value - self.what_if.values[stage]) < 0:
                return None
        return None

    def _unlisted(self, group: int) -> list[str]:
        problem = self.problem
        mine = slice(int(problem.groups.first[group]), int(problem.groups.first[group + 1]))
        listed = set(problem.choices.option[mine].tolist())
        size = int(problem.groups.piece[group]) or int(problem.groups.size[group])
        fitting = (problem.options.ids[option] for option in self._room_for(size) if option not in listed)
        return list(islice(fitting, UNLISTED))

    def _room_for(self, size: int) -> list[int]:
        """The options that run and have room for so many heads."""
        if size not in self._rooms:
            capacity = self.problem.options.capacity.tolist()
            running = [option for option, runs in enumerate(self.ledger.runs) if runs]
            self._rooms[size] = [o for o in running if capacity[o] - self.ledger.load[o] >= size]
        return self._rooms[size]


def _paragraph(
    problem: Problem, group: int, place: Placement | None, why: tuple[Mapping[str, Any], ...]
) -> str:
    sentences = [f'Group "{problem.groups.ids[group]}" {_where(place, int(problem.groups.size[group]))}.']
    sentences += [_spoken(one) for one in why]
    return " ".join(sentences)


def _where(place: Placement | None, size: int) -> str:
    """Where a group is; of a split one, how many heads are in each option and how many are left out."""
    if place is None:
        return "has no place"
    if isinstance(place, str):
        return f'has "{place}"'
    parts = [f'{heads} of {size} heads in "{option}"' for option, heads in sorted(place.items())]
    out = size - sum(place.values())
    return f"has {' and '.join(parts)}" + (f"; {out} left out" if out > 0 else "")


def _spoken(reason: Mapping[str, Any]) -> str:
    code = "minimum-of" if "minimum_of" in reason else reason["code"]
    return SENTENCES.get(code, UNKNOWN).format_map(_Spoken(reason))


class _Spoken(dict[str, Any]):
    """Numbers that are not there are read as a dash."""

    def __missing__(self, key: str) -> str:
        return "-"


SENTENCES = {
    "banned": '"{option}": it is banned for this group.',
    "pinned": '"{option}": its place was fixed by hand.',
    "did-not-run": '"{option}" does not run: it needs {minimum} heads, and {listed} in all had listed it.',
    "apart": '"{option}": group "{group}" is there, and the two must be apart.',
    "clash": '"{option}": a person of the group holds "{with}", and the two clash.',
    "too-large": '"{option}": {left} seats were left, the group has {size} heads.',
    "full": '"{option}" is full; the last one in had tier {tier}, rank {rank}, lot {lot} (after this group in line: {passed}).',
    "resource": '"{option}": of "{resource}" {left} was left, {needed} more would be needed.',
    "limit": '"{option}": limit "{limit}" would be broken with {heads} heads.',
    "minimum-of": '"{option}": "{minimum_of}" would be left with {heads} heads, fewer than its minimum.',
    "changes": '"{option}": {moved} heads would have moved, {most} may.',
    "aim": '"{option}": the aim "{stage}" would be worse by {by}.',
    "room": '"{option}": nothing stands in the way; this answer is not proved to be the best.',
    "not-listed": "Room was left in {options}, which it did not list.",
}
UNKNOWN = '"{option}": "{code}", a reason that is not known here.'
