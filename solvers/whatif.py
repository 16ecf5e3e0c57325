"""What if one group had another of its choices, all others left in place: which rule or aim would stand in the way."""

import heapq
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from solvers.ledger import Ledger, Quota, spill_order
from solvers.problem import UNLIMITED, Limit
from solvers.stages import Stage

Numbers = dict[str, Any]


class WhatIf:
    """Small differences to one ledger, counted without counting everything anew."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.problem = ledger, ledger.problem
        self.downstream = spill_order(self.problem)
        self._stage_tags: dict[Stage, frozenset[int]] = {}

    def seats_left(self, option: int, group: int) -> int:
        """Heads that still find a seat, in the option and in its carriers, when this group is taken out."""
        own = self._own(option, group)
        options = self.problem.options
        left = int(options.capacity[option]) - self.ledger.load[option] + own[-1]
        tags = {tag for tag, _ in self.ledger.tags_of(group)} | {-1}
        for tag in {c.tag for c in options.carriers[option]} & tags:
            listed = [c for c in options.carriers[option] if c.tag == tag]
            if all(c.most < UNLIMITED for c in listed):
                seats = sum(c.seats * c.most for c in listed)
                left = min(left, seats - self.ledger.tagged[option][tag] + own[tag])
        return left

    def _own(self, option: int, group: int) -> Counter[int]:
        found: Counter[int] = Counter()
        for choice in self.ledger.at.get(group, ()):
            if self.ledger.option[choice] == option:
                units = self.ledger.taken[choice]
                found[-1] += self.ledger.heads[choice] * units
                for tag, heads in self.ledger.tags_of(group):
                    found[tag] += heads * units
        return found

    # -- after the move ------------------------------------------------------------------------------

    def pieces_after(self, option: int, tagged: Counter[int]) -> tuple[int, ...]:
        """The carriers of an option when so many heads sit there: those it has, and more where they lack seats."""
        carriers = self.problem.options.carriers[option]
        pieces = list(self.ledger.pieces.get(option, (0,) * len(carriers)))
        if not tagged[-1]:
            return (0,) * len(carriers)
        for tag in {c.tag for c in carriers}:
            mine = [n for n, c in enumerate(carriers) if c.tag == tag]
            for entry in mine:
                lack = tagged[tag] - sum(carriers[n].seats * pieces[n] for n in mine)
                if lack > 0:
                    more = min(-(-lack // carriers[entry].seats), carriers[entry].most - pieces[entry])
                    pieces[entry] += more
            for entry in mine:
                spare = sum(carriers[n].seats * pieces[n] for n in mine) - tagged[tag]
                pieces[entry] -= min(pieces[entry], max(0, spare // carriers[entry].seats))
        return tuple(pieces)

    def after(self, group: int, choice: int, units: int) -> dict[int, Counter[int]]:
        """Heads by tag at the options that change when the group has just this choice."""
        ledger = self.ledger
        options = {ledger.option[c] for c in ledger.at.get(group, ())} | {ledger.option[choice]}
        found = {option: Counter(ledger.tagged[option]) for option in sorted(options)}
        for option, tagged in found.items():
            tagged.subtract(self._own(option, group))
        here = found[ledger.option[choice]]
        here[-1] += ledger.heads[choice] * units
        for tag, heads in ledger.tags_of(group):
            here[tag] += heads * units
        return found

    def runs_after(self, option: int, tagged: Counter[int], group: int) -> bool:
        """Whether an option still runs: somebody else is there, or it must, or it is the new place."""
        others = any(
            self.ledger.option[c] == option for c in self.ledger.at.get(group, ())
        ) and self._others_at(option, group)
        staying = option not in {self.ledger.option[c] for c in self.ledger.at.get(group, ())}
        return bool(self.problem.options.must_run[option] or tagged[-1] > 0 or others or staying)

    def _others_at(self, option: int, group: int) -> bool:
        own = sum(self.ledger.option[c] == option for c in self.ledger.at.get(group, ()))
        return bool(self.inside[option] > own)

    @cached_property
    def inside(self) -> Counter[int]:
        """How many groups are in each option."""
        return Counter(self.ledger.option[choice] for choice in self.ledger.taken)

    def spending(self, group: int, choice: int, units: int, after: dict[int, Counter[int]]) -> Counter[int]:
        """How much more of each resource would be used; ``cost`` is counted beside it as resource -1."""
        problem, ledger = self.problem, self.ledger
        change: Counter[int] = Counter()
        for option, tagged in after.items():
            old, new = ledger.runs[option], self.runs_after(option, tagged, group)
            for runs, load, pieces, sign in (
                (old, ledger.load[option], ledger.pieces.get(option, ()), -1),
                (new, tagged[-1], self.pieces_after(option, tagged), 1),
            ):
                if not runs:
                    continue
                for resource, amount in problem.options.uses.row(option):
                    change[resource] += sign * amount
                for resource, amount in problem.options.head_uses.row(option):
                    change[resource] += sign * amount * load
                change[-1] += sign * (
                    int(problem.options.cost[option]) + int(problem.options.head_cost[option]) * load
                )
                for carrier, taken in zip(problem.options.carriers[option], pieces, strict=False):
                    change[-1] += sign * carrier.cost * taken
                    for resource, amount in carrier.uses:
                        change[resource] += sign * amount * taken
        for one, many in [(c, -ledger.taken[c]) for c in ledger.at.get(group, ())] + [(choice, units)]:
            change[-1] += int(problem.choices.cost[one]) * many
            for resource, amount in problem.choices.uses.row(one):
                change[resource] += amount * many
        return change

    def short_resource(self, change: Counter[int]) -> Numbers | None:
        """The first resource that could not bear the change: which, left, needed."""
        resources, before = self.problem.resources, self.ledger.borne
        more = {number: amount for number, amount in change.items() if number >= 0 and amount}
        turns = [self.downstream_turn[number] for number in more]
        heapq.heapify(turns)
        while turns:
            number = self.downstream[heapq.heappop(turns)]
            capacity, spill = int(resources.capacity[number]), int(resources.spill[number])
            after = before[number] + more[number]
            if spill < 0:
                if after > capacity:
                    left, needed = capacity - before[number], more[number]
                    return {"resource": resources.ids[number], "left": left, "needed": needed}
                continue
            spilt = max(0, after - capacity) - max(0, before[number] - capacity)
            if spill not in more:
                heapq.heappush(turns, self.downstream_turn[spill])
            more[spill] = more.get(spill, 0) + spilt
        return None

    @cached_property
    def downstream_turn(self) -> dict[int, int]:
        """The turn of each resource, before that of the one it spills into."""
        return {resource: turn for turn, resource in enumerate(self.downstream)}

    # -- limits --------------------------------------------------------------------------------------

    @cached_property
    def totals(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Heads and everybody of each limit that counts its options together, by (limit, tag)."""
        number = {limit.id: n for n, limit in enumerate(self.problem.limits)}
        together = [limit for limit in self.problem.limits if not limit.each]
        return {(number[q.limit.id], q.tag): (q.heads, q.everybody) for q in self.ledger.quotas(together)}

    def quotas(
        self, group: int, after: dict[int, Counter[int]], *, soft: bool
    ) -> Iterator[tuple[Quota, Quota]]:
        """(before, after) of every limit that the move could touch."""
        tags = {tag for tag, _ in self.ledger.tags_of(group)} | {-1}
        always, by_tag = self._listed[soft]
        for turn in sorted({*always, *(turn for tag in tags for turn in by_tag.get(tag, ()))}):
            number, tag = self._instances[turn]
            limit = self.problem.limits[number]
            touched = [option for option in after if limit.options is None or option in self._options[number]]
            if limit.each:
                for option in touched:
                    yield self._quota(limit, tag, option, group, after)
            elif touched:
                yield self._together(number, tag, touched, after)

    @cached_property
    def _instances(self) -> list[tuple[int, int]]:
        """(limit, tag) of every limit spelt out for its tags."""
        return [
            (number, tag)
            for number, limit in enumerate(self.problem.limits)
            for tag in ([-1] if limit.tag is None else self.problem.matching(limit.tag))
        ]

    @cached_property
    def _options(self) -> list[frozenset[int]]:
        return [frozenset(limit.options or ()) for limit in self.problem.limits]

    @cached_property
    def _listed(self) -> dict[bool, tuple[list[int], dict[int, list[int]]]]:
        """For hard limits and for soft: the turns of those any move could touch, and by tag of those that only
        heads with that tag could.

        Whoever comes may make a share larger, or an option run that then needs so many of each.
        """
        found: dict[bool, tuple[list[int], dict[int, list[int]]]] = {False: ([], {}), True: ([], {})}
        for turn, (number, tag) in enumerate(self._instances):
            limit = self.problem.limits[number]
            always, by_tag = found[limit.soft]
            if limit.share is not None or (limit.each and limit.minimum is not None):
                always.append(turn)
            else:
                by_tag.setdefault(tag, []).append(turn)
        return found

    def _quota(
        self, limit: Limit, tag: int, option: int, group: int, after: dict[int, Counter[int]]
    ) -> tuple[Quota, Quota]:
        old, new = self.ledger.tagged[option], after[option]
        return (
            Quota(limit, tag, option, old[tag], old[-1], self.ledger.runs[option]),
            Quota(limit, tag, option, new[tag], new[-1], self.runs_after(option, new, group)),
        )

    def _together(
        self, number: int, tag: int, touched: list[int], after: dict[int, Counter[int]]
    ) -> tuple[Quota, Quota]:
        limit = self.problem.limits[number]
        heads, everybody = self.totals[number, tag]
        more = sum(after[o][tag] - self.ledger.tagged[o][tag] for o in touched)
        grown = sum(after[o][-1] - self.ledger.tagged[o][-1] for o in touched) if limit.share else 0
        return (
            Quota(limit, tag, -1, heads, everybody, True),
            Quota(limit, tag, -1, heads + more, everybody + grown, True),
        )

    # -- aims ----------------------------------------------------------------------------------------

    def value_after(self, stage: Stage, group: int, choice: int, units: int, change: Counter[int]) -> int:
        """A stage's value after the move."""
        ledger = self.ledger
        was = self.values[stage]
        old = {c: ledger.taken[c] for c in ledger.at.get(group, ())}
        if stage.stage in {"placed", "required"} or stage.measure in {"sum", "at"}:
            return was + self._counted(stage, group, {choice: units}) - self._counted(stage, group, old)
        if stage.stage == "cost":
            return was + change[-1]
        if stage.stage == "changes":
            return self.moved_after(group, choice, units)
        after = self.after(group, choice, units)
        if stage.stage == "running":
            return was + sum(self.runs_after(o, t, group) - ledger.runs[o] for o, t in after.items())
        if stage.stage == "soft":
            ids = stage.limits
            pairs = self.quotas(group, after, soft=True)
            return was + sum(
                new.missed - old_.missed for old_, new in pairs if ids is None or old_.limit.id in ids
            )
        if stage.stage == "spread":
            return self._spread_after(stage, group, units - sum(old.values()))
        return self._worst_after(stage, group, choice)

    @cached_property
    def values(self) -> dict[Stage, int]:
        return {stage: self.ledger.value(stage) for stage in self.problem.stages if stage.stage != "lot"}

    def _spread_after(self, stage: Stage, group: int, more: int) -> int:
        """The smallest share in thousandths, when so many more units of a group are placed."""
        shares, counts = self._shares[stage]
        changed = {tag: heads * more for tag, heads in self.ledger.tags_of(group) if tag in counts}
        others = next((share for share, tag in shares if tag not in changed), 1000)
        mine = (1000 * (counts[tag][0] + heads) // counts[tag][1] for tag, heads in changed.items())
        return min([others, *mine])

    @cached_property
    def _shares(self) -> dict[Stage, tuple[list[tuple[int, int]], dict[int, tuple[int, int]]]]:
        """For each stage ``spread``: (share, tag), smallest first, and by tag the heads placed and in all."""
        groups, found = self.problem.groups, {}
        total: Counter[int] = Counter()
        for group, (size, piece) in enumerate(zip(groups.size.tolist(), groups.piece.tolist(), strict=True)):
            for tag, heads in self.ledger.tags_of(group):
                total[tag] += heads * (size if piece else 1)
        for stage in self.problem.stages:
            if stage.stage == "spread":
                tags = [tag for tag in self.problem.matching(f"{stage.prefix}*") if total[tag]]
                counts = {tag: (int(self.ledger.heads_by_option(tag).sum()), total[tag]) for tag in tags}
                shares = sorted((1000 * placed // every, tag) for tag, (placed, every) in counts.items())
                found[stage] = (shares, counts)
        return found

    def _worst_after(self, stage: Stage, group: int, choice: int) -> int:
        """The worst rank: the largest that others have, and the new one if the stage speaks of this group."""
        rank = self.problem.choices.rank
        others = self._ranks[stage]
        if not self._speaks_of(stage, group):
            return max(others, default=0)
        own = Counter(int(rank[c]) for c in self.ledger.at.get(group, ()))
        left = (one for one in sorted(others, reverse=True) if others[one] > own[one])
        return max(next(left, 0), int(rank[choice]))

    @cached_property
    def _ranks(self) -> dict[Stage, Counter[int]]:
        """For each stage ``worst``: how many places there are at each rank."""
        rank = self.problem.choices.rank
        return {
            stage: Counter(
                int(rank[choice])
                for choice in self.ledger.taken
                if self._speaks_of(stage, self.ledger.group[choice])
            )
            for stage in self.problem.stages
            if stage.measure == "worst"
        }

    def _speaks_of(self, stage: Stage, group: int) -> bool:
        if stage.tier is not None and self.problem.groups.tier[group] != stage.tier:
            return False
        if stage.tag is None:
            return True
        return not self._tags_of_stage(stage).isdisjoint(tag for tag, _ in self.ledger.tags_of(group))

    def _tags_of_stage(self, stage: Stage) -> frozenset[int]:
        if stage not in self._stage_tags:
            self._stage_tags[stage] = frozenset(self.problem.matching(stage.tag or ""))
        return self._stage_tags[stage]

    def _counted(self, stage: Stage, group: int, taken: dict[int, int]) -> int:
        problem = self.problem
        if stage.stage == "required":
            return int(bool(taken) and bool(problem.groups.required[group]))
        if stage.tier is not None and problem.groups.tier[group] != stage.tier:
            return 0
        tags = self._tags_of_stage(stage)
        total = 0
        for choice, units in taken.items():
            rank = int(problem.choices.rank[choice])
            if stage.tag is None:
                weight = int(problem.choices.weight[choice]) * units
            else:
                weight = units * sum(heads for tag, heads in self.ledger.tags_of(group) if tag in tags)
            total += {"": 1, "sum": rank, "at": int(rank == stage.rank)}[stage.measure] * weight
        return total

    def moved_after(self, group: int, choice: int, units: int) -> int:
        """Heads moved in all after the move."""
        held = self.problem.previous.get(group, {})
        banned = self.problem.choices.banned

        def lost(taken: dict[int, int]) -> int:
            return sum(
                self.ledger.heads[c] * max(0, had - taken.get(c, 0))
                for c, had in held.items()
                if not banned[c]
            )

        old = {c: self.ledger.taken[c] for c in self.ledger.at.get(group, ())}
        return self.ledger.moved - lost(old) + lost({choice: units})
