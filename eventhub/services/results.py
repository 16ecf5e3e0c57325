"""Read what the solver gave back as what it means to people: who has which place, why, and what it all comes to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eventhub.domain.facts import PartyFacts
from eventhub.domain.terms import RegistrationState
from eventhub.kinds import fund
from solvers.ledger import Ledger, read_placements
from solvers.outcome import Outcome
from solvers.problem import Problem

SEEN = 4
"""Reasons kept for one party: those of its dearest choices. Nobody reads a twentieth."""


MOST_BINDING = 200


@dataclass(frozen=True)
class Given:
    """What a party got: an option for each member in turn (None: no place), and why not a dearer one."""

    options: tuple[str | None, ...]
    rank: int | None
    tier: int
    lot: int | None
    position: int | None
    """Place in line of those without a place: by item, then tier, then lot. A party has one."""
    reason: dict[str, Any]


@dataclass(frozen=True)
class Results:
    """Everything that is to be stored of an outcome with placements."""

    given: Mapping[str, Given]
    """Party code -> what it got."""
    summary: dict[str, Any]


def read(problem: Problem, outcome: Outcome, parties: Sequence[PartyFacts]) -> Results:
    """Spell out an audited outcome; without placements only the summary says something."""
    if not outcome.answered:
        return Results({}, _bare_summary(outcome, parties))
    taken, _wrong = read_placements(problem, outcome.placements)
    numbers = problem.option_number
    ledger = Ledger(problem, taken, {numbers[option]: pieces for option, pieces in outcome.carriers.items()})
    given = _given(ledger, outcome, parties)
    return Results(given, _bare_summary(outcome, parties) | _summary(ledger, outcome, parties, given))


def _given(ledger: Ledger, outcome: Outcome, parties: Sequence[PartyFacts]) -> dict[str, Given]:
    problem = ledger.problem
    tiers, ranks = problem.groups.tier.tolist(), problem.choices.rank.tolist()
    listed = _listed(problem, parties)
    options = problem.options
    capacity = dict(zip(options.ids, options.capacity.tolist(), strict=True))
    loads = dict(zip(options.ids, ledger.load, strict=True))
    waiting = _in_line(problem, ledger, parties)
    found: dict[str, Given] = {}
    for party in parties:
        group = problem.group_number[party.code]
        held = sorted(ledger.at.get(group, ()), key=lambda choice: (ranks[choice], ledger.option[choice]))
        seats = [options.ids[ledger.option[choice]] for choice in held for _ in range(_heads(ledger, choice))]
        tier = int(tiers[group])
        why = [
            dict(one)
            | {
                "asked": listed[tier, one["option"]],
                "seats": _open_end(capacity.get(one["option"])),
                "filled": loads.get(one["option"], 0),
            }
            for one in outcome.reasons.get(party.code, ())
            if one.get("option") in loads
        ]
        rest = [dict(one) for one in outcome.reasons.get(party.code, ()) if one.get("option") not in loads]
        found[party.code] = Given(
            options=tuple([*seats, *[None] * party.size][: party.size]),
            rank=ranks[held[0]] if held else None,
            tier=tier,
            lot=party.lot,
            position=waiting.get(party.code),
            reason={
                "tier": tier,
                "lot": party.lot,
                **({"rank": ranks[held[0]]} if held else {}),
                **({"pinned": True} if party.pinned is not None else {}),
                "why": [*why[:SEEN], *rest],
            },
        )
    return found


def _heads(ledger: Ledger, choice: int) -> int:
    return int(ledger.heads[choice] * ledger.taken[choice])


def _open_end(capacity: int | None) -> int | None:
    """Seats of an option; None where it takes any number."""
    return None if capacity is None or capacity < 0 or capacity >= 2**53 else int(capacity)


def _listed(problem: Problem, parties: Sequence[PartyFacts]) -> Counter[tuple[int, str]]:
    """Heads of each tier that would go to an option."""
    sizes = {party.code: party.size for party in parties}
    heads = [sizes.get(code, 0) for code in problem.groups.ids]
    tiers = problem.groups.tier.tolist()
    found: Counter[tuple[int, str]] = Counter()
    for group, option in zip(problem.choices.group.tolist(), problem.choices.option.tolist(), strict=True):
        found[tiers[group], problem.options.ids[option]] += heads[group]
    return found


def _in_line(problem: Problem, ledger: Ledger, parties: Sequence[PartyFacts]) -> dict[str, int]:
    """Party code -> place in its item's line, of those who could still be placed somewhere that runs."""
    runs_for = set()
    for group, option in zip(problem.choices.group.tolist(), problem.choices.option.tolist(), strict=True):
        if ledger.runs[option]:
            runs_for.add(group)
    lines: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for party in parties:
        group = problem.group_number[party.code]
        if group not in ledger.at and group in runs_for and party.pinned != "":
            lines[party.item].append((int(problem.groups.tier[group]), party.lot or 0, party.code))
    return {
        code: position
        for line in lines.values()
        for position, (_tier, _lot, code) in enumerate(sorted(line), start=1)
    }


def state_of(option: str | None, position: int | None) -> RegistrationState:
    """What a result makes of a registration: a place, one in line, or neither."""
    if option is not None:
        return RegistrationState.ALLOTTED
    return RegistrationState.NOT_SELECTED if position is None else RegistrationState.WAITLISTED


def _bare_summary(outcome: Outcome, parties: Sequence[PartyFacts]) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "parties": len(parties),
        "applied": sum(party.size for party in parties),
        "placed": 0,
        "stages": [stage.to_dict() for stage in outcome.stages],
        "gap": outcome.gap,
        "seconds": outcome.run.get("seconds"),
    }
    if outcome.conflict is not None:
        summary["conflict"] = dict(outcome.conflict)
    return summary


def _summary(
    ledger: Ledger, outcome: Outcome, parties: Sequence[PartyFacts], given: Mapping[str, Given]
) -> dict[str, Any]:
    ranks: Counter[int] = Counter()
    applied: Counter[int] = Counter()
    placed: Counter[int] = Counter()
    for party in parties:
        got = given[party.code]
        heads = sum(option is not None for option in got.options)
        applied[got.tier] += party.size
        placed[got.tier] += heads
        if heads and got.rank is not None:
            ranks[got.rank] += heads
    options = ledger.problem.options.ids
    money = _money(ledger)
    return {
        "placed": sum(placed.values()),
        "ranks": {str(rank): ranks[rank] for rank in sorted(ranks)},
        "tiers": [
            {"tier": tier, "applied": applied[tier], "placed": placed[tier]} for tier in sorted(applied)
        ],
        "options": dict(zip(options, ledger.load, strict=True)),
        "running": list(outcome.running),
        "not_running": [option for option in options if option not in set(outcome.running)],
        "carriers": {option: list(pieces) for option, pieces in outcome.carriers.items() if any(pieces)},
        "money": money,
        "money_used": sum(each["used"] for each in money),
        "money_granted": sum(each["granted"] for each in money),
        "binding": _binding(ledger),
    }


def _binding(ledger: Ledger) -> list[dict[str, Any]]:
    """Firm limits over several options that are just met: one head more, or one less, would break them."""
    found = []
    for quota in ledger.quotas(limit for limit in ledger.problem.limits if not (limit.soft or limit.each)):
        low, high = quota.limit.minimum, quota.limit.maximum
        if quota.heads in {low, high} and (quota.heads or high == 0):
            found.append({"limit": quota.limit.id, "heads": quota.heads, "minimum": low, "maximum": high})
    return found[:MOST_BINDING]


def _money(ledger: Ledger) -> list[dict[str, Any]]:
    """What each fund bears in fen: what exceeds it is borne by the fund it spills into."""
    resources = ledger.problem.resources
    capacity, spill = resources.capacity.tolist(), resources.spill.tolist()
    prefix = fund("")
    return [
        {
            "source": id_.removeprefix(prefix),
            "used": int(min(borne, capacity[number]) if spill[number] >= 0 else borne),
            "granted": int(capacity[number]),
        }
        for number, (id_, borne) in enumerate(zip(resources.ids, ledger.borne, strict=True))
        if id_.startswith(prefix)
    ]
