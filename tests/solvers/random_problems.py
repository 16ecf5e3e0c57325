"""Small problems that use every key of the format at random, and placements of them that keep every rule."""

import random
from collections.abc import Mapping
from typing import Any

from solvers.audit import RULES
from solvers.ledger import Ledger
from solvers.problem import Problem
from solvers.rules.form import fewest_pieces
from solvers.source import FORMAT

OPTIONS = ("a", "b", "c", "d")
TAGS = ("v:1", "v:2", "w")


def any_problem(draw: random.Random, *, groups: int = 7) -> dict[str, Any]:
    """A problem with up to so many groups; whether anything satisfies its rules is another matter."""
    ids = [f"g{number}" for number in range(draw.randint(2, groups))]
    lots = draw.sample(range(20), len(ids))
    made = [_group(draw, id_, lot) for id_, lot in zip(ids, lots, strict=True)]
    problem: dict[str, Any] = {
        "format": FORMAT,
        "resources": [
            {"id": "fund", "capacity": draw.randint(3, 14), "spill": "more"},
            {"id": "more", "capacity": draw.randint(0, 6)},
            {"id": "bed", "capacity": draw.randint(4, 12)},
        ],
        "options": [_option(draw, id_) for id_ in OPTIONS],
        "groups": made,
        "limits": [_limit(draw, number) for number in range(draw.randint(0, 4))],
        "clashes": draw.choice(([], [["a", "b"]], [["a", "b"], ["b", "c", "d"]], ["*"])),
        "objective": _objective(draw),
    }
    if draw.random() < 0.4:
        problem["apart"] = [draw.sample(ids, 2)]
    if draw.random() < 0.5:
        problem["previous"] = {group["id"]: _place(draw, group) for group in made if draw.random() < 0.6}
        if draw.random() < 0.8:
            problem["max_changes"] = draw.randint(0, 6)
    if draw.random() < 0.3:
        problem["banned"] = {draw.choice(ids): [draw.choice(OPTIONS)]}
    if draw.random() < 0.3:
        group = draw.choice(made)
        problem["pinned"] = {group["id"]: _place(draw, group)}
    return problem


def _group(draw: random.Random, id_: str, lot: int) -> dict[str, Any]:
    size = draw.randint(1, 3)
    listed = draw.sample(OPTIONS, draw.randint(1, 4))
    choices: list[dict[str, Any]] = [{"option": option, "rank": draw.randint(1, 4)} for option in listed]
    for choice in choices:
        if draw.random() < 0.2:
            choice |= {"cost": draw.randint(0, 3), "uses": {"fund": draw.randint(0, 2)}}
    group: dict[str, Any] = {"id": id_, "size": size, "tier": draw.randint(1, 2), "choices": choices}
    if draw.random() < 0.8:
        group["lot"] = lot
    if draw.random() < 0.7:
        group["tags"] = {tag: draw.randint(0, 2) for tag in draw.sample(TAGS, draw.randint(1, 2))}
    if draw.random() < 0.5:
        group["people"] = draw.sample("pqrs", draw.randint(1, 2))
    if draw.random() < 0.25:
        group["piece"] = draw.randint(1, size)
    elif draw.random() < 0.2:
        choices[0]["heads"] = draw.randint(0, 4)
        group["weight"] = draw.randint(0, 3)
    return group


def _option(draw: random.Random, id_: str) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "capacity": draw.randint(1, 6),
        "minimum": draw.randint(0, 3),
        "cost": draw.randint(0, 4),
        "head_cost": draw.randint(0, 2),
        "uses": {"fund": draw.randint(0, 3)},
        "head_uses": {"bed": 1, "fund": draw.randint(0, 1)},
    }
    option = {"id": id_} | {key: value for key, value in keys.items() if draw.random() < 0.6}
    if draw.random() < 0.15:
        option["must_run"] = True
    if draw.random() < 0.4:
        option["carriers"] = [_carrier(draw) for _ in range(draw.randint(1, 2))]
    return option


def _carrier(draw: random.Random) -> dict[str, Any]:
    carrier: dict[str, Any] = {"seats": draw.randint(1, 3), "cost": draw.randint(0, 3)}
    if draw.random() < 0.4:
        carrier["uses"] = {"fund": draw.randint(0, 2)}
    if draw.random() < 0.3:
        carrier["tag"] = draw.choice(TAGS)
    if draw.random() < 0.6:
        carrier["most"] = draw.randint(1, 3)
    return carrier


def _limit(draw: random.Random, number: int) -> dict[str, Any]:
    limit: dict[str, Any] = {"id": f"l{number}", "options": draw.choice(("*", ["a", "b"], ["c"]))}
    limit |= {"each": draw.random() < 0.5, "soft": draw.random() < 0.5}
    if draw.random() < 0.7:
        limit["tag"] = draw.choice(("v:*", "v:1", "w", "nobody"))
    side = draw.choice(("minimum", "maximum", "maximum", "share" if "tag" in limit else "maximum"))
    return limit | {side: [1, draw.randint(1, 3)] if side == "share" else draw.randint(0, 5)}


def _objective(draw: random.Random) -> list[dict[str, Any]]:
    stages: list[dict[str, Any]] = [
        {"stage": "required"},
        {"stage": "placed", "by": "tier"},
        {"stage": "placed", "tag": "w"},
        {"stage": "rank"},
        {"stage": "rank", "as": "fair", "tier": 1},
        {"stage": "rank", "as": "maximal", "tag": "v:1"},
        {"stage": "rank", "as": "worst"},
        {"stage": "rank", "as": "worst", "tag": "v:2"},
        {"stage": "rank", "as": "worst", "tier": 2},
        {"stage": "spread", "prefix": "v:"},
        {"stage": "soft"},
        {"stage": "cost"},
        {"stage": "running"},
        {"stage": "changes"},
    ]
    chosen = draw.sample(stages, draw.randint(1, 6))
    for stage in chosen:
        if stage["stage"] != "required" and draw.random() < 0.2:
            stage["tolerance"] = [1, 3]
    return chosen + ([{"stage": "lot"}] if draw.random() < 0.7 else [])


def _place(draw: random.Random, group: dict[str, Any]) -> Any:
    option = draw.choice(group["choices"])["option"]
    return {option: draw.randint(group["piece"], group["size"])} if group.get("piece") else option


def some_answer(draw: random.Random, problem: Problem, *, tries: int = 60) -> Ledger | None:
    """A placement at random, with carriers enough, that keeps every rule; None if none was met."""
    groups = problem.groups
    for attempt in range(tries):
        taken: dict[int, int] = {}
        for group in range(len(groups.ids)):
            mine = range(int(groups.first[group]), int(groups.first[group + 1]))
            if draw.random() < attempt / tries:
                continue
            taken |= _parts(draw, list(mine), int(groups.size[group]), int(groups.piece[group]))
        units = problem.choices.units * 0
        for choice, heads in taken.items():
            units[choice] = heads
        fewest = fewest_pieces(problem, units) if any(problem.options.carriers) else {}
        running = problem.options.must_run.copy()
        running[problem.choices.option[list(taken)]] = True
        pieces = {
            option: tuple(
                min(carrier.most, fewest.get((option, entry), 0) + (draw.random() < 0.1))
                for entry, carrier in enumerate(listed)
            )
            for option, listed in enumerate(problem.options.carriers)
            if listed and running[option]
        }
        ledger = Ledger(problem, taken, pieces)
        if carried(problem, taken, pieces) and not any(breach for rule in RULES for breach in rule(ledger)):
            return ledger
    return None


def carried(problem: Problem, taken: Mapping[int, int], pieces: Mapping[int, tuple[int, ...]]) -> bool:
    """Whether carriers seat everybody they are there for."""
    for option, entries in enumerate(problem.options.carriers):
        counts = pieces.get(option, (0,) * len(entries))
        for tag in {entry.tag for entry in entries}:
            heads = problem.heads_tagged(tag)
            load = sum(int(heads[c]) * n for c, n in taken.items() if problem.choices.option[c] == option)
            seats = sum(
                entry.seats * count for entry, count in zip(entries, counts, strict=True) if entry.tag == tag
            )
            if load > seats:
                return False
    return True


def placed(ledger: Ledger) -> dict[str, Any]:
    """An answer's placements, running options and carriers, as a result writes them."""
    problem = ledger.problem
    placements: dict[str, Any] = {}
    for choice, units in ledger.taken.items():
        group, option = (
            int(problem.choices.group[choice]),
            problem.options.ids[problem.choices.option[choice]],
        )
        if problem.groups.piece[group]:
            placements.setdefault(problem.groups.ids[group], {})[option] = units
        else:
            placements[problem.groups.ids[group]] = option
    return {
        "placements": placements,
        "running": tuple(id_ for id_, runs in zip(problem.options.ids, ledger.runs, strict=True) if runs),
        "carriers": {problem.options.ids[option]: pieces for option, pieces in ledger.pieces.items()},
    }


def _parts(draw: random.Random, mine: list[int], size: int, piece: int) -> dict[int, int]:
    if not piece:
        return {draw.choice(mine): 1}
    parts: dict[int, int] = {}
    for choice in draw.sample(mine, len(mine)):
        if size >= piece and draw.random() < 0.7:
            parts[choice] = draw.randint(piece, size)
            size -= parts[choice]
    return parts
