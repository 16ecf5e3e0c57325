"""What would follow if one group alone had another choice, for many groups at once: the auditor's own account.

It says for each such move which resource, limit, change or aim stands in its way, and with which numbers. The one
who tells reasons counts move by move (``whatif``); here they are counted side by side, and neither asks the other.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from solvers.arrays import UNLIMITED, Carrier, Flags, Ints
from solvers.ledger import Ledger, spill_order
from solvers.problem import Limit
from solvers.stages import Stage

CELLS = 4_000_000
"""Numbers of a table of moves and resources, or of moves and tags, that are worth having at one time."""
EXACT = 2**52
"""Up to here a thousandfold still fits 64 bits."""

Numbers = dict[str, Any]


def obstacles(ledger: Ledger, reached: Sequence[int], choices: Ints) -> list[Numbers]:
    """For each of these choices, what stands in the way of its group having it, all others left in place.

    ``reached`` is what each stage came to before the later ones. The codes are ``resource``, ``limit``,
    ``changes``, ``aim`` and, where nothing stands in the way, ``room``.
    """
    wide = len(ledger.problem.resources.ids) + len(ledger.problem.tags) + 1
    at_once = max(1, CELLS // wide)
    found: list[Numbers] = []
    for start in range(0, len(choices), at_once):
        found += _Moves(ledger, choices[start : start + at_once]).obstacles(reached)
    return found


class _Moves:
    """Each move leaves its group's places and enters one choice: one *event* for each option that it touches.

    Events are in the order of their moves, then of their options.
    """

    def __init__(self, ledger: Ledger, choice: Ints) -> None:
        self.ledger, self.problem, self.choice = ledger, ledger.problem, choice
        choices, options = self.problem.choices, self.problem.options
        self.count = len(choice)
        self.open = np.ones(self.count, np.bool_)
        """The moves in whose way nothing is found yet."""
        self.group = choices.group[choice]
        first = np.searchsorted(ledger.place_group, self.group, "left")
        lengths = np.searchsorted(ledger.place_group, self.group, "right") - first
        place = np.arange(int(lengths.sum())) + np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
        move = np.concatenate([np.repeat(np.arange(self.count), lengths), np.arange(self.count)])
        chosen = np.concatenate([ledger.places[place], choice])
        units = np.concatenate([-ledger.units[place], choices.units[choice]])
        order = np.lexsort((choices.option[chosen], move))
        self.move, self.chosen, self.units = move[order], chosen[order], units[order]
        self.placed_before = lengths > 0
        self.option = choices.option[self.chosen]
        self.heads = choices.heads[self.chosen] * self.units
        self.load_before = ledger.loads[self.option]
        self.load = self.load_before + self.heads
        self.runs_before = np.array(ledger.runs, np.bool_)[self.option]
        others = np.bincount(ledger.place_option, minlength=len(options.ids))[self.option] > 1
        self.runs = options.must_run[self.option] | (self.load > 0) | (self.units > 0) | others

    def summed(self, values: Ints) -> Ints:
        """For each move the sum over its events."""
        total = np.zeros(self.count, np.int64)
        np.add.at(total, self.move, values)
        return total

    @cached_property
    def tags(self) -> tuple[Ints, Ints, Ints]:
        """(tag, event, heads with that tag that come or go), by tag."""
        tags, group = self.problem.groups.tags, self.group[self.move]
        at, event = tags.entries(group)
        amount = np.where(self.problem.groups.piece[group[event]] > 0, 1, tags.amount[at])
        order = np.argsort(tags.column[at], kind="stable")
        return tags.column[at][order], event[order], (amount * self.units[event])[order]

    def tagged(self, tag: int) -> Ints:
        """Heads with a tag that come or go at each event; -1 is everybody."""
        if tag == -1:
            everybody: Ints = self.heads
            return everybody
        tags, events, heads = self.tags
        mine = slice(*np.searchsorted(tags, [tag, tag + 1]))
        found = np.zeros(len(self.move), np.int64)
        found[events[mine]] = heads[mine]
        return found

    # -- in order ------------------------------------------------------------------------------------

    def obstacles(self, reached: Sequence[int]) -> list[Numbers]:
        """The first thing in the way of each move."""
        found: list[Numbers | None] = [None] * self.count
        for check in (self._resources, self._limits, self._minima, self._changes):
            for move, numbers in check():
                if self.open[move]:
                    found[move], self.open[move] = numbers, False
        aims = self._aims(reached)
        return [aims[move] if numbers is None else numbers for move, numbers in enumerate(found)]

    # -- money and things ----------------------------------------------------------------------------

    @cached_property
    def carriers(self) -> tuple[Ints, list[tuple[int, int, int]]]:
        """How much dearer the carriers of each move become, and (move, resource, more of it used)."""
        costs = np.zeros(self.count, np.int64)
        uses: list[tuple[int, int, int]] = []
        listed, known = self.problem.options.carriers, dict[tuple[int, ...], tuple[int, ...]]()
        for event in np.flatnonzero(np.array([bool(one) for one in listed], np.bool_)[self.option]).tolist():
            option, move = int(self.option[event]), int(self.move[event])
            carriers = listed[option]
            before = self.ledger.pieces.get(option, ()) if self.runs_before[event] else ()
            before = before or (0,) * len(carriers)
            tags = sorted({carrier.tag for carrier in carriers})
            heads = tuple(self.ledger.tagged[option][tag] + int(self._tagged[tag][event]) for tag in tags)
            key = (option, int(self.load[event]), *heads)
            if key not in known:
                had = self.ledger.pieces.get(option, (0,) * len(carriers))
                known[key] = _pieces(carriers, had, dict(zip(tags, heads, strict=True)))
            after = known[key] if self.runs[event] and self.load[event] else (0,) * len(carriers)
            for carrier, old, new in zip(carriers, before, after, strict=True):
                costs[move] += carrier.cost * (new - old)
                uses += [(move, resource, each * (new - old)) for resource, each in carrier.uses]
        return costs, uses

    @cached_property
    def _tagged(self) -> dict[int, Ints]:
        wanted = {carrier.tag for carriers in self.problem.options.carriers for carrier in carriers}
        return {tag: self.tagged(tag) for tag in wanted}

    @cached_property
    def dearer(self) -> Ints:
        """How much more each move would cost."""
        options = self.problem.options
        fixed, each = options.cost[self.option], options.head_cost[self.option]
        now = np.where(self.runs, fixed + each * self.load, 0)
        was = np.where(self.runs_before, fixed + each * self.load_before, 0)
        own = self.problem.choices.cost[self.chosen] * self.units
        return self.summed(now - was + own) + self.carriers[0]

    @cached_property
    def used(self) -> Ints:
        """How much more of each resource each move would use: a row a resource."""
        options, choices = self.problem.options, self.problem.choices
        more = np.zeros((len(self.problem.resources.ids), self.count), np.int64)
        starts = self.runs.astype(np.int64) - self.runs_before
        heads = self.runs * self.load - self.runs_before * self.load_before
        for uses, rows, times in (
            (options.uses, self.option, starts),
            (options.head_uses, self.option, heads),
            (choices.uses, self.chosen, self.units),
        ):
            at, event = uses.entries(rows)
            np.add.at(more, (uses.column[at], self.move[event]), uses.amount[at] * times[event])
        for move, resource, amount in self.carriers[1]:
            more[resource, move] += amount
        return more

    def _resources(self) -> Iterator[tuple[int, Numbers]]:
        resources, before = self.problem.resources, self.ledger.borne
        borne = self.used + np.array(self.ledger.used, np.int64)[:, None]
        for resource in spill_order(self.problem):
            capacity, spill = int(resources.capacity[resource]), int(resources.spill[resource])
            beyond = np.maximum(0, borne[resource] - capacity)
            if spill >= 0:
                borne[spill] += beyond
                continue
            for move in np.flatnonzero((beyond > 0) & self.open).tolist():
                yield (
                    move,
                    {
                        "code": "resource",
                        "resource": resources.ids[resource],
                        "left": capacity - before[resource],
                        "needed": int(borne[resource, move]) - before[resource],
                    },
                )

    # -- limits --------------------------------------------------------------------------------------

    def _limits(self) -> Iterator[tuple[int, Numbers]]:
        for limit in self.problem.limits:
            if limit.soft:
                continue
            for tag, move, heads, _before, worse in self._quotas(limit):
                named = {"tag": self.problem.tags[tag]} if tag >= 0 else {}
                for at in np.flatnonzero((worse > 0) & self.open[move]).tolist():
                    told = {"code": "limit", "limit": limit.id, "heads": int(heads[at])}
                    yield int(move[at]), told | named

    def _quotas(self, limit: Limit) -> Iterator[tuple[int, Ints, Ints, Ints, Ints]]:
        """For each tag: the moves (each option in turn) it touches, heads after, heads before, by how much worse."""
        touched = np.ones(len(self.move), np.bool_)
        if limit.options is not None:
            touched = np.isin(self.option, limit.options)
        events = np.flatnonzero(touched)
        if not len(events):
            return
        moves = np.flatnonzero(np.bincount(self.move[events], minlength=self.count))
        for tag in [-1] if limit.tag is None else self.problem.matching(limit.tag):
            more, by_option = self.tagged(tag), self.ledger.heads_by_option(tag)
            if limit.each:
                before = by_option[self.option[events]]
                after = before + more[events]
                was = _missed(limit, before, self.load_before[events], self.runs_before[events])
                now = _missed(limit, after, self.load[events], self.runs[events])
                yield tag, self.move[events], after, before, now - was
                continue
            options = slice(None) if limit.options is None else list(limit.options)
            before = np.full(len(moves), int(by_option[options].sum()))
            everybody = np.full(len(moves), int(self.ledger.loads[options].sum()))
            after = before + self.summed(np.where(touched, more, 0))[moves]
            grown = everybody + self.summed(np.where(touched, self.heads, 0))[moves]
            always = np.ones(len(moves), np.bool_)
            worse = _missed(limit, after, grown, always) - _missed(limit, before, everybody, always)
            yield tag, moves, after, before, worse

    def _minima(self) -> Iterator[tuple[int, Numbers]]:
        options = self.problem.options
        short = self.runs & (self.load < options.minimum[self.option])
        for event in np.flatnonzero(short & self.open[self.move]).tolist():
            option = options.ids[self.option[event]]
            told = {"code": "limit", "minimum_of": option, "heads": int(self.load[event])}
            yield int(self.move[event]), told

    # -- changes -------------------------------------------------------------------------------------

    @cached_property
    def moved(self) -> Ints:
        """Heads moved in all after each move."""
        choices = self.problem.choices
        held, had = self.problem.held
        kept = ~choices.banned[held]
        before, now = np.zeros((2, len(choices.group)), np.int64)
        before[held[kept]] = had[kept]
        now[self.ledger.places] = self.ledger.units
        lost = choices.heads * np.maximum(0, before - now)
        entered = self.units > 0
        after = np.where(entered, self.units, 0)
        lost_after = choices.heads[self.chosen] * np.maximum(0, before[self.chosen] - after)
        return int(lost.sum()) + self.summed(lost_after - lost[self.chosen])

    def _changes(self) -> Iterator[tuple[int, Numbers]]:
        most = self.problem.max_changes
        if most is None:
            return
        for move in np.flatnonzero(self.open & (self.moved > max(most, self.ledger.moved))).tolist():
            yield move, {"code": "changes", "moved": int(self.moved[move]), "most": most}

    # -- aims ----------------------------------------------------------------------------------------

    def _aims(self, reached: Sequence[int]) -> list[Numbers]:
        """The first stage each move makes worse than later ones may leave it, unless an earlier one gets better."""
        told: list[Numbers] = [{"code": "room"} for _ in range(self.count)]
        still = self.open.copy()
        for stage, best in zip(self.problem.stages, reached, strict=False):
            if stage.stage == "lot" or not still.any():
                break
            sign, value = -1 if stage.maximise else 1, self._value(stage)
            by = sign * (value - self.ledger.value(stage))
            worse = still & (sign * (value - stage.allowed(best)) > 0)
            named = {"tier": stage.tier, "tag": stage.tag, "rank": stage.rank}
            extra = {key: name for key, name in named.items() if name is not None}
            for move in np.flatnonzero(worse).tolist():
                told[move] = {"code": "aim", "stage": stage.stage, "by": int(by[move])} | extra
            still &= ~worse & (by >= 0)
        return told

    def _value(self, stage: Stage) -> Ints:
        was = self.ledger.value(stage)
        match stage.stage:
            case "required":
                return was + (self.problem.groups.required[self.group] & ~self.placed_before)
            case "placed":
                return was + self.summed(self._weights(stage))
            case "rank":
                return self._rank(stage, was)
            case "spread":
                return self._spread(stage.prefix or "")
            case "soft":
                asked = [limit for limit in self.problem.limits if limit.soft and _asks(stage, limit)]
                return was + sum((self._softly(limit) for limit in asked), np.zeros(self.count, np.int64))
            case "cost":
                return was + self.dearer
            case "running":
                return was + self.summed(self.runs.astype(np.int64) - self.runs_before)
        return self.moved

    def _weights(self, stage: Stage) -> Ints:
        """Weight, or tagged heads, that come or go at each event, of the groups a stage speaks of."""
        weights: Ints = self.problem.choices.weight[self.chosen] * self.units
        if stage.tag is not None:
            weights = np.zeros(len(self.move), np.int64)
            for tag in self.problem.matching(stage.tag):
                weights += self.tagged(tag)
        if stage.tier is None:
            return weights
        return np.where(self.problem.groups.tier[self.group[self.move]] == stage.tier, weights, 0)

    def _rank(self, stage: Stage, was: int) -> Ints:
        ranks, weights = self.problem.choices.rank[self.chosen], self._weights(stage)
        if stage.measure == "sum":
            return was + self.summed(ranks * weights)
        if stage.measure == "at":
            return was + self.summed(np.where(ranks == stage.rank, weights, 0))
        return self._worst(stage, np.where(weights > 0, ranks, 0))

    def _worst(self, stage: Stage, entered: Ints) -> Ints:
        """The worst rank: the largest of the others', and the new one."""
        problem, ledger = self.problem, self.ledger
        counted = np.ones(len(ledger.places), np.bool_)
        if stage.tag is not None:
            tags = problem.groups.tags
            wanted = np.isin(tags.column, problem.matching(stage.tag)) & (tags.amount > 0)
            counted = np.isin(ledger.place_group, tags.rows[wanted])
        elif stage.tier is not None:
            entered = np.where(self._of_tier(stage), self._entering(), 0)
        else:
            entered = self._entering()
        if stage.tier is not None:
            counted &= problem.groups.tier[ledger.place_group] == stage.tier
        ranks = np.where(counted, problem.choices.rank[ledger.places], 0)
        largest = int(ranks.max(initial=0))
        holders = np.unique(ledger.place_group[ranks == largest])
        second = largest
        if len(holders) == 1:
            second = int(ranks[ledger.place_group != holders[0]].max(initial=0))
        others = np.where(np.isin(self.group, holders), second, largest)
        found = np.zeros(self.count, np.int64)
        np.maximum.at(found, self.move, entered)
        return np.maximum(others, found)

    def _entering(self) -> Ints:
        return np.where(self.units > 0, self.problem.choices.rank[self.chosen], 0)

    def _of_tier(self, stage: Stage) -> Flags:
        mine: Flags = self.problem.groups.tier[self.group[self.move]] == stage.tier
        return mine

    def _softly(self, limit: Limit) -> Ints:
        worse = np.zeros(self.count, np.int64)
        for _tag, move, _heads, _before, more in self._quotas(limit):
            np.add.at(worse, move, more)
        return worse

    def _spread(self, prefix: str) -> Ints:
        """The smallest share of heads placed, in thousandths, among the tags with this prefix."""
        groups, tags = self.problem.groups, self.problem.groups.tags
        heads = np.where((groups.piece > 0)[tags.rows], groups.size[tags.rows], tags.amount)
        total = np.bincount(tags.column, minlength=len(self.problem.tags)).astype(np.int64) * 0
        np.add.at(total, tags.column, heads)
        smallest = np.full(self.count, 1000)
        for tag in self.problem.matching(f"{prefix}*"):
            if total[tag]:
                placed = int(self.ledger.heads_by_option(tag).sum()) + self.summed(self.tagged(tag))
                if total[tag] > EXACT:
                    placed = placed.astype(object)
                smallest = np.minimum(smallest, (1000 * placed // int(total[tag])).astype(np.int64))
        return smallest


def _asks(stage: Stage, limit: Limit) -> bool:
    return stage.limits is None or limit.id in stage.limits


def _missed(limit: Limit, heads: Ints, everybody: Ints, runs: Flags) -> Ints:
    """Heads by which a limit is missed, at each of many places."""
    missed: Ints = np.zeros(len(heads), np.int64)
    if limit.minimum is not None:
        missed += np.where(runs, np.maximum(0, limit.minimum - heads), 0)
    if limit.maximum is not None:
        missed += np.maximum(0, heads - limit.maximum)
    if limit.share is not None:
        p, q = limit.share
        if p * int(everybody.max(initial=0)) >= EXACT:
            most = np.array([min(p * one // q, UNLIMITED) for one in everybody.tolist()], np.int64)
            missed += np.maximum(0, heads - most)
            return missed
        missed += np.maximum(0, heads - p * everybody // q)
    return missed


def _pieces(carriers: Sequence[Carrier], had: Sequence[int], heads: dict[int, int]) -> tuple[int, ...]:
    """What an option takes for so many heads: the pieces it had, more in order where seats lack, fewer where idle."""
    pieces = list(had)
    for tag, load in heads.items():
        mine = [(entry, carrier) for entry, carrier in enumerate(carriers) if carrier.tag == tag]
        spare = sum(carrier.seats * pieces[entry] for entry, carrier in mine) - load
        for entry, carrier in mine:
            if spare < 0:
                more = min(carrier.most - pieces[entry], -(spare // carrier.seats))
                pieces[entry] += more
                spare += more * carrier.seats
        for entry, carrier in mine:
            fewer = min(pieces[entry], max(0, spare) // carrier.seats)
            pieces[entry] -= fewer
            spare -= fewer * carrier.seats
    return tuple(pieces)
