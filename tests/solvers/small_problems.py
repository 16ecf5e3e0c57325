"""Small random problems that use every rule of the format, and all their placements, for proofs to be held against."""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

from solvers.audit import RULES
from solvers.ledger import Ledger
from solvers.problem import Problem, read
from solvers.source import FORMAT

OPTIONS = ("a", "b", "c")
STAGES: tuple[dict[str, Any], ...] = (
    {"stage": "placed"},
    {"stage": "placed", "by": "tier"},
    {"stage": "placed", "tag": "v:*"},
    {"stage": "required"},
    {"stage": "rank"},
    {"stage": "rank", "as": "fair"},
    {"stage": "rank", "as": "maximal", "tier": 1},
    {"stage": "rank", "as": "worst"},
    {"stage": "rank", "as": "worst", "tag": "v:1"},
    {"stage": "spread", "prefix": "v:"},
    {"stage": "soft"},
    {"stage": "soft", "limits": ["soft"]},
    {"stage": "cost"},
    {"stage": "running"},
    {"stage": "changes"},
)


def anything(draw: random.Random) -> dict[str, Any]:
    """A problem of at most four groups and three options with a bit of everything."""

    def some(*, most: int = 3) -> int:
        return draw.randint(0, most)

    groups: list[dict[str, Any]] = []
    for number in range(draw.randint(1, 4)):
        wanted = draw.sample(OPTIONS, draw.randint(1, 3))
        size = draw.choice((1, 1, 2, 3))
        split = size > 1 and draw.random() < 0.4
        one: dict[str, Any] = {
            "id": f"g{number}",
            "size": size,
            "tier": draw.randint(1, 2),
            "tags": {f"v:{draw.randint(1, 2)}": size if split else draw.randint(1, size)},
            "choices": [
                {
                    "option": option,
                    "rank": draw.randint(1, 3),
                    "cost": some(),
                    "uses": {"fund": some(most=2)},
                }
                for option in wanted
            ],
        }
        if split:
            one["piece"] = draw.randint(1, size)
        elif draw.random() < 0.2:
            one["required"] = True
        elif draw.random() < 0.2:
            one["choices"][0]["heads"] = draw.randint(0, 3)
        if draw.random() < 0.3:
            one["people"] = [draw.choice("pq")]
        groups.append(one)
    options = []
    for id_ in OPTIONS:
        option = {"id": id_, "minimum": draw.choice((0, 0, 2)), "cost": some(), "head_cost": some(most=1)}
        if draw.random() < 0.8:
            option["capacity"] = draw.randint(1, 4)
        option |= {
            "must_run": draw.random() < 0.1,
            "uses": {"fund": some(most=2)},
            "head_uses": {"fund": some(most=1)},
        }
        options.append(option)
    for option in options[:2]:
        if draw.random() < 0.5:
            carriers: list[dict[str, Any]] = [
                {"seats": draw.randint(1, 3), "cost": some(), "uses": {"fund": some(most=1)}}
                for _ in range(draw.randint(1, 2))
            ]
            if draw.random() < 0.3:
                carriers[0]["tag"] = "v:1"
            for carrier in carriers:
                carrier["most"] = draw.randint(1, 3)
            option["carriers"] = carriers
    limits = [
        {"id": "most", "tag": "v:*", "each": True, "maximum": draw.randint(1, 4)},
        {"id": "soft", "tag": "v:*", "minimum": some(), "soft": True, "each": draw.random() < 0.5},
        {"id": "share", "tag": "v:1", "each": True, "share": [1, 2], "soft": draw.random() < 0.7},
        {"id": "least", "options": ["a", "b"], "minimum": some(), "soft": draw.random() < 0.8},
        {"id": "none", "tag": "w", "options": ["a"], "minimum": 1, "maximum": 2, "soft": True},
    ]
    problem: dict[str, Any] = {
        "format": FORMAT,
        "resources": [
            {"id": "fund", "capacity": draw.randint(0, 12), "spill": "more"},
            {"id": "more", "capacity": draw.randint(0, 6)},
        ],
        "options": options,
        "groups": groups,
        "limits": draw.sample(limits, draw.randint(0, 5)),
        "objective": draw.sample(STAGES, draw.randint(1, 5)),
    }
    if "soft" not in {limit["id"] for limit in problem["limits"]}:
        problem["objective"] = [stage for stage in problem["objective"] if "limits" not in stage]
    for stage in problem["objective"]:
        if draw.random() < 0.2 and stage["stage"] != "required":
            stage_with = dict(stage, tolerance=[1, draw.randint(2, 5)])
            problem["objective"] = [stage_with if one is stage else one for one in problem["objective"]]
    _by_hand(draw, problem)
    return problem


def _by_hand(draw: random.Random, problem: dict[str, Any]) -> None:
    """Pins, bans and places held before."""
    for group in problem["groups"]:
        listed = [choice["option"] for choice in group["choices"]]
        place: Any = draw.choice(listed)
        if "piece" in group:
            place = {place: draw.randint(group["piece"], group["size"])}
        if draw.random() < 0.1:
            problem.setdefault("pinned", {})[group["id"]] = place if draw.random() < 0.7 else None
        if draw.random() < 0.1:
            problem.setdefault("banned", {})[group["id"]] = [draw.choice(listed)]
        if draw.random() < 0.5:
            problem.setdefault("previous", {})[group["id"]] = place
    if draw.random() < 0.2:
        problem["max_changes"] = draw.randint(0, 3)


def small(seed: int) -> Problem:
    return read(anything(random.Random(seed)))


def placements(problem: Problem, *, most: int = 3000) -> Iterator[Ledger]:
    """Every placement within the rules, with every number of carriers that is of use."""
    groups = problem.groups
    ways = [list(_ways(problem, group)) for group in range(len(groups.ids))]
    pieces = [
        [()] if not listed else list(product(*(range(min(carrier.most, 3) + 1) for carrier in listed)))
        for listed in problem.options.carriers
    ]
    count = 0
    for placed in product(*ways):
        taken = {choice: units for part in placed for choice, units in part}
        runs = Ledger(problem, taken, {}).runs
        for chosen in product(*(listed if runs[o] else [()] for o, listed in enumerate(pieces))):
            count += 1
            if count > most:
                return
            ledger = Ledger(problem, taken, dict(enumerate(chosen)))
            if _seated(ledger) and not any(breach for rule in RULES for breach in rule(ledger)):
                yield ledger


def _ways(problem: Problem, group: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """(choice, units) pairs of one group: out, in one place, or in parts."""
    groups = problem.groups
    choices = range(int(groups.first[group]), int(groups.first[group + 1]))
    piece, size = int(groups.piece[group]), int(groups.size[group])
    if not piece:
        yield ()
        yield from (((choice, 1),) for choice in choices)
        return
    for parts in product((0, *range(piece, size + 1)), repeat=len(choices)):
        if sum(parts) <= size:
            yield tuple((choice, units) for choice, units in zip(choices, parts, strict=True) if units)


def _seated(ledger: Ledger) -> bool:
    for option, listed in enumerate(ledger.problem.options.carriers):
        pieces = ledger.pieces.get(option, ())
        if not listed or not ledger.runs[option]:
            continue
        for tag in {carrier.tag for carrier in listed}:
            seats = sum(c.seats * n for c, n in zip(listed, pieces, strict=True) if c.tag == tag)
            if seats < ledger.tagged[option][tag]:
                return False
    return True
