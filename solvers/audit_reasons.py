"""Derive every reason of an answer anew from its placements, all groups at once, and compare with what it tells."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from solvers.arrays import UNLIMITED, Flags, Ints
from solvers.audit_moves import Numbers, obstacles
from solvers.ledger import Ledger
from solvers.outcome import Outcome

TOLD_AT_MOST = 20
"""Options with room that an unplaced group is told of at most."""


def false_reasons(ledger: Ledger, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """(group id, sentence) for each reason that does not hold, is missing, or is given without need."""
    known = ledger.problem.group_number
    asking: set[str] = set()
    for id_, true in _Derived(ledger, [stage.best for stage in outcome.stages]).each():
        asking.add(id_)
        told = outcome.reasons.get(id_)
        if told is None:
            yield id_, f'group "{id_}": the reasons are missing'
        elif list(told) != true:
            yield id_, _difference(id_, told, true)
    for id_ in outcome.reasons:
        if id_ not in known:
            yield id_, f'reasons are given for "{id_}", but there is no such group'
        elif id_ not in asking:
            yield id_, f'group "{id_}": reasons are given, but it has nothing dearer to ask about'


def _difference(id_: str, told: Sequence[Mapping[str, Any]], derived: Sequence[Numbers]) -> str:
    if [one.get("option") for one in told] != [one.get("option") for one in derived]:
        return f'group "{id_}": the reasons are not one for each dearer choice'
    wrong = next(one for one, other in zip(told, derived, strict=True) if one != other)
    return f'group "{id_}": the reason {dict(wrong)} does not hold'


def derive(ledger: Ledger, reached: Sequence[int]) -> dict[str, tuple[Numbers, ...]]:
    """For every group with something dearer to ask about, its reasons; ``reached`` is what each stage came to."""
    return {id_: tuple(told) for id_, told in _Derived(ledger, reached).each()}


class _Derived:
    """The choices to ask about, and for each the first code that fits."""

    def __init__(self, ledger: Ledger, reached: Sequence[int]) -> None:
        self.ledger, self.problem, self.reached = ledger, ledger.problem, reached
        choices = self.problem.choices
        self.choice = self._dearer()
        self.group, self.option = choices.group[self.choice], choices.option[self.choice]
        self.heads = choices.heads[self.choice] * choices.units[self.choice]
        self.told: dict[int, Numbers] = {}
        """What is told of a choice, by its place among those to ask about; of full options only as it is read out."""
        self.open = np.ones(len(self.choice), np.bool_)
        """Of which nothing is told yet."""
        self.passed = np.zeros(len(self.choice), np.int64)
        self.last: list[tuple[int, int, int | None]] = []
        """Tier, rank and lot of the last one in, by option; ``passed`` is how many inside come after the one who asks."""

    def _dearer(self) -> Ints:
        """Choices of smaller rank than the place a group has; all others while heads of it are out."""
        groups, choices, ledger = self.problem.groups, self.problem.choices, self.ledger
        inside, worst = np.zeros((2, len(groups.ids)), np.int64)
        np.add.at(inside, ledger.place_group, ledger.units)
        np.maximum.at(worst, ledger.place_group, choices.rank[ledger.places])
        whole = np.where(groups.piece > 0, groups.size, 1)
        wanted = (inside < whole)[choices.group] | (choices.rank < worst[choices.group])
        wanted[ledger.places] = False
        return np.flatnonzero(wanted)

    def each(self) -> Iterator[tuple[str, list[Numbers]]]:
        """Group after group with its reasons: hundreds of thousands that need not all be there at one time."""
        self._tell(self.problem.choices.banned[self.choice], {"code": "banned"})
        self._tell(np.isin(self.group, list(self.problem.pinned)), {"code": "pinned"})
        self._idle()
        self._beside_others()
        self._seats()
        left = np.flatnonzero(self.open)
        for at, numbers in zip(
            left.tolist(), obstacles(self.ledger, self.reached, self.choice[left]), strict=True
        ):
            self._say(at, numbers)
        yield from self._by_group()

    def _tell(self, where: Flags, numbers: Numbers) -> None:
        for at in np.flatnonzero(where & self.open).tolist():
            self._say(at, numbers)
        self.open &= ~where

    def _say(self, at: int, numbers: Numbers) -> None:
        self.told[at] = {"option": self.ids[self.option[at]], **numbers}

    def _say_each(self, where: Ints, code: str, first: tuple[str, Ints], second: tuple[str, Ints]) -> None:
        """The same code with two numbers of each one's own."""
        (one, ones), (other, others), ids = first, second, self.ids
        rows = (where, self.option[where], ones, others)
        for at, option, value, another in zip(*(row.tolist() for row in rows), strict=True):
            self.told[at] = {"option": ids[option], "code": code, one: value, other: another}

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return self.problem.options.ids

    def _idle(self) -> None:
        """Options that do not run, and would not with this group alone."""
        choices, minimum = self.problem.choices, self.problem.options.minimum
        listed = np.zeros(len(self.ids), np.int64)
        np.add.at(listed, choices.option, choices.heads * choices.units)
        closed = ~np.array(self.ledger.runs, np.bool_)[self.option] & (self.heads < minimum[self.option])
        where = np.flatnonzero(closed & self.open)
        option = self.option[where]
        self._say_each(where, "did-not-run", ("listed", listed[option]), ("minimum", minimum[option]))
        self.open &= ~closed

    # -- those who may not be together, or not at one time ---------------------------------------------

    def _beside_others(self) -> None:
        apart = np.array(self.problem.apart, np.int64).ravel()
        people = self.problem.groups.people
        busy = np.bincount(people.column, minlength=len(self.problem.people)) > 1
        asked = np.union1d(apart, people.rows[busy[people.column]])
        for at in np.flatnonzero(self.open & np.isin(self.group, asked)).tolist():
            numbers = self._foe(at) or self._clash(at)
            if numbers is not None:
                self._say(at, numbers)
                self.open[at] = False

    @cached_property
    def _foes(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for one, other in self.problem.apart:
            found.setdefault(one, []).append(other)
            found.setdefault(other, []).append(one)
        return found

    @cached_property
    def _options_of(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        places = zip(self.ledger.place_group.tolist(), self.ledger.place_option.tolist(), strict=True)
        for group, option in places:
            found.setdefault(group, []).append(option)
        return found

    def _foe(self, at: int) -> Numbers | None:
        """The first group, by id, that must be apart from this one and is there."""
        option = int(self.option[at])
        foes = self._foes.get(int(self.group[at]), [])
        there = [foe for foe in foes if option in self._options_of.get(foe, ())]
        return {"code": "apart", "group": self.problem.groups.ids[min(there)]} if there else None

    def _clash(self, at: int) -> Numbers | None:
        """The first person of the group with a place, in another group, at the same time."""
        group, option = int(self.group[at]), int(self.option[at])
        for person, _ in self.problem.groups.people.row(group):
            for other in self._groups_of[person]:
                for held in self._options_of.get(other, ()) if other != group else ():
                    if held == option or held in self._clashing(option):
                        return {
                            "code": "clash",
                            "person": self.problem.people[person],
                            "with": self.ids[held],
                        }
        return None

    @cached_property
    def _groups_of(self) -> list[list[int]]:
        people = self.problem.groups.people
        found: list[list[int]] = [[] for _ in self.problem.people]
        for person, group in zip(people.column.tolist(), people.rows.tolist(), strict=True):
            found[person].append(group)
        return found

    def _clashing(self, option: int) -> set[int]:
        if option not in self._clash_sets:
            together = [clash for clash in self.problem.clashes if option in clash]
            self._clash_sets[option] = set().union(*together)
        return self._clash_sets[option]

    @cached_property
    def _clash_sets(self) -> dict[int, set[int]]:
        return {}

    # -- seats ---------------------------------------------------------------------------------------

    def _seats(self) -> None:
        left = self._left()
        short = self.open & (left < self.heads)
        empty = np.bincount(self.ledger.place_option, minlength=len(self.ids))[self.option] == 0
        large = short & ((left > 0) | empty)
        where = np.flatnonzero(large)
        self._say_each(where, "too-large", ("size", self.heads[where]), ("left", np.maximum(0, left[where])))
        self._full(np.flatnonzero(short & ~large))
        self.open &= ~short

    def _left(self) -> Ints:
        """Seats left for the group, in the option and in carriers of which there are only so many."""
        options, ledger = self.problem.options, self.ledger
        left = (options.capacity - ledger.loads)[self.option]
        tags = self.problem.groups.tags
        for option, carriers in enumerate(options.carriers):
            for tag in {carrier.tag for carrier in carriers}:
                entries = [carrier for carrier in carriers if carrier.tag == tag]
                if any(carrier.most >= UNLIMITED for carrier in entries):
                    continue
                seats = sum(carrier.seats * carrier.most for carrier in entries)
                mine = self._asking(option)
                if tag >= 0:
                    mine = mine[np.isin(self.group[mine], tags.rows[tags.column == tag])]
                spare = min(seats - int(ledger.heads_by_option(tag)[option]), UNLIMITED)
                left[mine] = np.minimum(left[mine], spare)
        return left

    def _asking(self, option: int) -> Ints:
        order, start = self._by_option
        return order[start[option] : start[option + 1]]

    @cached_property
    def _by_option(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.option, kind="stable")
        return order, np.searchsorted(self.option[order], np.arange(len(self.ids) + 1))

    def _full(self, where: Ints) -> None:
        """Who came in last, and how many inside come after the group by tier and lot."""
        if not len(where):
            return
        groups, choices, ledger = self.problem.groups, self.problem.choices, self.ledger
        tier, lot = groups.tier[ledger.place_group], groups.lot[ledger.place_group]
        rank = choices.rank[ledger.places]
        order = np.lexsort((lot, rank, tier, ledger.place_option))
        last = np.zeros(len(self.ids), np.int64)
        last[ledger.place_option[order]] = order  # the last one written stays
        turn = _turn(groups.tier, groups.lot)
        span = len(groups.ids) + 2
        line = np.sort(ledger.place_option * span + turn[ledger.place_group])
        ends = np.searchsorted(line, (np.arange(len(self.ids)) + 1) * span)
        mine = self.option[where] * span + turn[self.group[where]]
        # Looked up in their own order each is found near the one before, which is several times as quick.
        by_line = np.argsort(mine)
        before = np.empty(len(where), np.int64)
        before[by_line] = np.searchsorted(line, mine[by_line], "right")
        self.passed[where] = ends[self.option[where]] - before
        entered = zip(tier[last].tolist(), rank[last].tolist(), lot[last].tolist(), strict=True)
        self.last = [(one, at, None if drawn == UNLIMITED else drawn) for one, at, drawn in entered]

    # -- by group ------------------------------------------------------------------------------------

    def _by_group(self) -> Iterator[tuple[str, list[Numbers]]]:
        groups, option, passed = self.problem.groups, self.option.tolist(), self.passed.tolist()
        cuts = np.searchsorted(self.group, np.arange(len(groups.ids) + 1))
        placed = np.zeros(len(groups.ids), np.bool_)
        placed[self.ledger.place_group] = True
        asking = np.flatnonzero((np.diff(cuts) > 0) | ~placed)
        rows = (asking, cuts[asking], cuts[asking + 1], placed[asking])
        for number, low, high, is_placed in zip(*(row.tolist() for row in rows), strict=True):
            mine = [self.told.get(at) or self._filled(option[at], passed[at]) for at in range(low, high)]
            unlisted = [] if is_placed else list(islice(self._unlisted(number), TOLD_AT_MOST))
            if unlisted:
                mine.append({"code": "not-listed", "options": unlisted})
            if mine:
                yield groups.ids[number], mine

    def _filled(self, option: int, passed: int) -> Numbers:
        tier, rank, lot = self.last[option]
        return {
            "option": self.ids[option],
            "code": "full",
            "tier": tier,
            "rank": rank,
            "lot": lot,
            "passed": passed,
        }

    def _unlisted(self, group: int) -> Iterable[str]:
        """Options with room for the group, or for its smallest part, that it did not list."""
        groups = self.problem.groups
        size = int(groups.piece[group] or groups.size[group])
        if size not in self._fitting:
            seats = self.problem.options.capacity - self.ledger.loads
            self._fitting[size] = np.flatnonzero(
                (seats >= size) & np.array(self.ledger.runs, np.bool_)
            ).tolist()
        mine = slice(int(groups.first[group]), int(groups.first[group + 1]))
        listed = set(self.problem.choices.option[mine].tolist())
        return (self.ids[option] for option in self._fitting[size] if option not in listed)

    @cached_property
    def _fitting(self) -> dict[int, list[int]]:
        return {}


def _turn(tier: Ints, lot: Ints) -> Ints:
    """The place in line of each group by tier and lot; equal ones share a place."""
    order = np.lexsort((lot, tier))
    later = np.ones(len(order), np.int64)
    later[1:] = (tier[order[1:]] != tier[order[:-1]]) | (lot[order[1:]] != lot[order[:-1]])
    turn = np.zeros(len(order), np.int64)
    turn[order] = np.cumsum(later)
    return turn
