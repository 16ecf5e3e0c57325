"""Re-check the reasons of an answer: each claim against the counts of the placements."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

from solvers.ledger import Ledger
from solvers.outcome import Outcome
from solvers.problem import UNLIMITED

RECOUNTED = 400_000
"""How many placements may be counted again in all to check claims about resources, limits and aims: each such
claim costs a whole count, so of a large answer only the first few are checked."""


def false_reasons(ledger: Ledger, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """(group id, sentence) for each reason that does not hold, is missing, or is given without need."""
    checker = _Checker(ledger)
    known = ledger.problem.group_number
    for id_ in outcome.reasons:
        if id_ not in known:
            yield id_, f'reasons are given for "{id_}", but there is no such group'
    for group, id_ in enumerate(ledger.problem.groups.ids):
        told = outcome.reasons.get(id_, ())
        wanted = [ledger.problem.options.ids[ledger.option[choice]] for choice in checker.dearer(group)]
        if [reason.get("option") for reason in told if reason.get("code") != "not-listed"] != wanted:
            yield id_, f'group "{id_}": the reasons are not one for each dearer choice'
            continue
        for reason in told:
            if not checker.holds(group, reason):
                yield id_, f'group "{id_}": the reason {dict(reason)} does not hold'


class _Checker:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.problem = ledger, ledger.problem
        self.recounted = 0
        self.inside: dict[int, list[int]] = {}
        for choice in ledger.taken:
            self.inside.setdefault(ledger.option[choice], []).append(choice)
        self.lines: dict[int, tuple[tuple[int, int, int], list[tuple[int, int]]]] = {}
        self.listed = [0] * len(self.problem.options.ids)
        for option, heads in zip(
            ledger.option, (self.problem.choices.heads * self.problem.choices.units).tolist(), strict=True
        ):
            self.listed[option] += heads

    def dearer(self, group: int) -> list[int]:
        groups, choices = self.problem.groups, self.problem.choices
        held = self.ledger.at.get(group, [])
        size = int(groups.size[group]) if groups.piece[group] else 1
        inside = sum(self.ledger.taken[choice] for choice in held)
        worst = max((int(choices.rank[choice]) for choice in held), default=0)
        return [
            choice
            for choice in range(int(groups.first[group]), int(groups.first[group + 1]))
            if choice not in held and (inside < size or choices.rank[choice] < worst)
        ]

    def holds(self, group: int, reason: Mapping[str, Any]) -> bool:
        code = reason.get("code")
        if code == "not-listed":
            return self._not_listed(group, reason)
        option = self.problem.option_number[reason["option"]]
        choice = next(c for c in self.dearer(group) if self.ledger.option[c] == option)
        banned, pinned = bool(self.problem.choices.banned[choice]), group in self.problem.pinned
        if banned or pinned:
            return bool(code == ("banned" if banned else "pinned"))
        units = int(self.problem.groups.size[group]) if self.problem.groups.piece[group] else 1
        heads = self.ledger.heads[choice] * units
        minimum = int(self.problem.options.minimum[option])
        idle = not self.ledger.runs[option] and heads < minimum
        if idle or code == "did-not-run":
            claims = (code, reason.get("listed"), reason.get("minimum"))
            return idle and claims == ("did-not-run", self.listed[option], minimum)
        if code in {"too-large", "full"}:
            return self._seats(group, option, heads, reason)
        return self._beyond_seats(group, choice, units, reason)

    def _seats(self, group: int, option: int, heads: int, reason: Mapping[str, Any]) -> bool:
        own = sum(
            self.ledger.heads[c] * self.ledger.taken[c]
            for c in self.ledger.at.get(group, ())
            if self.ledger.option[c] == option
        )
        left = int(self.problem.options.capacity[option]) - self.ledger.load[option] + own
        tags = {-1, *(tag for tag, _ in self.ledger.tags_of(group))}
        limited = any(c.most < UNLIMITED and c.tag in tags for c in self.problem.options.carriers[option])
        if left >= heads and not limited:
            return False
        if reason["code"] == "too-large":
            fits = reason["size"] == heads and reason["left"] < heads
            return bool(fits and (limited or reason["left"] == max(0, left)))
        if option not in self.inside:
            return False
        groups = self.problem.groups
        (tier, rank, lot), line = self._line(option)
        passed = len(line) - bisect_right(line, (int(groups.tier[group]), int(groups.lot[group])))
        claims = (reason["tier"], reason["rank"], reason["lot"], reason["passed"])
        return claims == (tier, rank, None if lot == UNLIMITED else lot, passed)

    def _line(self, option: int) -> tuple[tuple[int, int, int], list[tuple[int, int]]]:
        """Of the groups inside an option: tier, rank and lot of the last one, and tier and lot of each in order."""
        if option not in self.lines:
            groups, choices = self.problem.groups, self.problem.choices
            held = [(choice, self.ledger.group[choice]) for choice in self.inside[option]]
            stand = [(int(groups.tier[g]), int(choices.rank[c]), int(groups.lot[g])) for c, g in held]
            self.lines[option] = max(stand), sorted((tier, lot) for tier, _rank, lot in stand)
        return self.lines[option]

    def _beyond_seats(self, group: int, choice: int, units: int, reason: Mapping[str, Any]) -> bool:
        """Apart and clash are looked up; resources, limits, changes and aims recounted, up to a number."""
        code, option = reason["code"], self.ledger.option[choice]
        if code == "apart":
            foe = self.problem.group_number.get(reason["group"], -1)
            pair = (min(group, foe), max(group, foe))
            return pair in self.problem.apart and option in {
                self.ledger.option[c] for c in self.ledger.at.get(foe, ())
            }
        if code == "clash":
            held = self.problem.option_number.get(reason["with"], -1)
            clashing = held == option or any(option in c and held in c for c in self.problem.clashes)
            return clashing and any(
                self.problem.people[person] == reason["person"] and (other != group and at == held)
                for person, places in self.ledger.days.items()
                if self.problem.people[person] == reason["person"]
                for other, at in places
            )
        if code not in {"resource", "limit", "changes", "aim", "room"}:
            return False
        self.recounted += len(self.ledger.taken)
        if self.recounted > RECOUNTED or code == "room":
            return True
        return self._recounted(group, choice, units, reason)

    def _recounted(self, group: int, choice: int, units: int, reason: Mapping[str, Any]) -> bool:
        gone = set(self.ledger.at.get(group, ()))
        taken = {c: n for c, n in self.ledger.taken.items() if c not in gone} | {choice: units}
        after = Ledger(self.problem, taken, self.ledger.pieces)
        match reason["code"]:
            case "limit" if "limit" in reason:
                return any(
                    q.missed and q.heads == reason["heads"]
                    for q in after.quotas()
                    if q.limit.id == reason["limit"]
                )
            case "limit":
                option = self.problem.option_number[reason["minimum_of"]]
                return bool(after.load[option] == reason["heads"] < self.problem.options.minimum[option])
            case "changes":
                return bool(after.moved == reason["moved"] and reason["most"] == self.problem.max_changes)
            case "resource":
                return reason["resource"] in self.problem.resources.ids and reason["needed"] > reason["left"]
        named = (reason["stage"], reason.get("tier"), reason.get("tag"), reason.get("rank"))
        for stage in self.problem.stages:
            if (stage.stage, stage.tier, stage.tag, stage.rank) == named:
                if stage.stage == "cost":
                    return True  # its carriers would change too; the sum is not this plain
                sign = -1 if stage.maximise else 1
                return bool(sign * (after.value(stage) - self.ledger.value(stage)) == reason["by"])
        return False

    def _not_listed(self, group: int, reason: Mapping[str, Any]) -> bool:
        groups, options = self.problem.groups, self.problem.options
        first, last = int(groups.first[group]), int(groups.first[group + 1])
        listed = {options.ids[self.ledger.option[choice]] for choice in range(first, last)}
        size = int(groups.piece[group]) or int(groups.size[group])
        for id_ in reason.get("options", ()):
            number = self.problem.option_number.get(id_)
            if number is None or id_ in listed or not self.ledger.runs[number]:
                return False
            if options.capacity[number] - self.ledger.load[number] < size:
                return False
        return group not in self.ledger.at
