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
    limits = _limits(draw)
    problem: dict[str, Any] = {
        "format": FORMAT,
        "resources": [
            {"id": "fund", "capacity": draw.randint(0, 12), "spill": "more"},
            {"id": "more", "capacity": draw.randint(0, 6)},
        ],
        "options": [_option(draw, id_) for id_ in OPTIONS],
        "groups": [_group(draw, number) for number in range(draw.randint(1, 4))],
        "limits": limits,
        "objective": _objective(draw, {limit["id"] for limit in limits}),
    }
    _by_hand(draw, problem)
    return problem


def _group(draw: random.Random, number: int) -> dict[str, Any]:
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
                "cost": draw.randint(0, 3),
                "uses": {"fund": draw.randint(0, 2)},
            }
            for option in draw.sample(OPTIONS, draw.randint(1, 3))
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
    return one


def _option(draw: random.Random, id_: str) -> dict[str, Any]:
    option: dict[str, Any] = {
        "id": id_,
        "minimum": draw.choice((0, 0, 2)),
        "cost": draw.randint(0, 3),
        "head_cost": draw.randint(0, 1),
        "must_run": draw.random() < 0.1,
        "uses": {"fund": draw.randint(0, 2)},
        "head_uses": {"fund": draw.randint(0, 1)},
    }
    if draw.random() < 0.8:
        option["capacity"] = draw.randint(1, 4)
    if id_ != "c" and draw.random() < 0.5:
        option["carriers"] = [
            {
                "seats": draw.randint(1, 3),
                "cost": draw.randint(0, 3),
                "uses": {"fund": draw.randint(0, 1)},
                "most": draw.randint(1, 3),
            }
            for _ in range(draw.randint(1, 2))
        ]
        if draw.random() < 0.3:
            option["carriers"][0]["tag"] = "v:1"
    return option


def _limits(draw: random.Random) -> list[dict[str, Any]]:
    limits: list[dict[str, Any]] = [
        {"id": "most", "tag": "v:*", "each": True, "maximum": draw.randint(1, 4)},
        {
            "id": "soft",
            "tag": "v:*",
            "minimum": draw.randint(0, 3),
            "soft": True,
            "each": draw.random() < 0.5,
        },
        {"id": "share", "tag": "v:1", "each": True, "share": [1, 2], "soft": draw.random() < 0.7},
        {"id": "least", "options": ["a", "b"], "minimum": draw.randint(0, 3), "soft": draw.random() < 0.8},
        {"id": "none", "tag": "w", "options": ["a"], "minimum": 1, "maximum": 2, "soft": True},
    ]
    return draw.sample(limits, draw.randint(0, 5))


def _objective(draw: random.Random, limits: set[str]) -> list[dict[str, Any]]:
    stages = [dict(stage) for stage in draw.sample(STAGES, draw.randint(1, 5))]
    stages = [stage for stage in stages if "limits" not in stage or "soft" in limits]
    for stage in stages:
        if draw.random() < 0.2 and stage["stage"] != "required":
            stage["tolerance"] = [1, draw.randint(2, 5)]
    return stages


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
