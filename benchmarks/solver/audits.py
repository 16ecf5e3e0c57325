"""The audit on the bench: how long it takes, and whether anything that was tampered with gets past it."""

import statistics
import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np

from benchmarks.solver.said import Said, Task
from solvers.audit import audit
from solvers.outcome import Outcome
from solvers.solve import solve

TIMES = 5
PLACES, REASONS, PRICES = 40, 40, 40
"""How many of each are tampered with; of totals every one."""
DEARER = 1_000


def timed(task: Task, seconds: float) -> Said:
    """Solve, which is not timed, and audit five times: the middle one counts."""
    outcome = solve(task.problem, seconds=seconds)
    taken = []
    for _ in range(TIMES):
        started = time.perf_counter()
        breaches = audit(task.problem, outcome)
        taken.append(time.perf_counter() - started)
        if breaches:
            return Said(None, note=f"breach: {breaches[0].sentence}")
    proofs = sorted({entry["proof"] for entry in outcome.certificate})
    return Said(
        outcome.stages[0].best,
        outcome.stages[0].bound,
        note=str(outcome.status),
        alone=statistics.median(taken),
        facts={"proofs": ", ".join(proofs)},
    )


def tampered(task: Task, seconds: float) -> Said:
    """Change one thing of the result at a time and count how many of the changes the audit rejects."""
    outcome = solve(task.problem, seconds=seconds)
    whole = outcome.to_dict()
    if audit(task.problem, Outcome.from_dict(whole)):
        return Said(None, note="the true result is rejected")
    started, counts = time.perf_counter(), {"tampered": 0, "rejected": 0}
    passed: list[str] = []
    for what, changed in changes(task, whole):
        counts["tampered"] += 1
        if _rejected(task, changed):
            counts["rejected"] += 1
        else:
            passed.append(what)
    return Said(None, note="; ".join(passed[:3]), alone=time.perf_counter() - started, facts=counts)


def _rejected(task: Task, changed: dict[str, Any]) -> bool:
    try:
        return bool(audit(task.problem, Outcome.from_dict(changed)))
    except ValueError:
        return True


def changes(task: Task, whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A false copy of the result at a time, and what is false in it; the same ones every time."""
    draw = np.random.default_rng(0)
    yield from _places(task, whole, draw)
    yield from _totals(whole)
    yield from _reasons(whole, draw)
    yield from _prices(whole, draw)


def _some(draw: np.random.Generator, names: list[str], many: int) -> list[str]:
    return [names[at] for at in np.sort(draw.choice(len(names), min(many, len(names)), replace=False))]


def _places(
    task: Task, whole: dict[str, Any], draw: np.random.Generator
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Put a group at another of its choices, or take its place away."""
    problem = task.problem
    groups, choices = problem.groups, problem.choices
    for number, id_ in enumerate(_some(draw, list(whole["placements"]), PLACES)):
        group = problem.group_number[id_]
        mine = choices.option[int(groups.first[group]) : int(groups.first[group + 1])].tolist()
        others = [
            problem.options.ids[one] for one in mine if problem.options.ids[one] != whole["placements"][id_]
        ]
        placements = dict(whole["placements"])
        if number % 4 == 0 or not others:
            del placements[id_]
        else:
            placements[id_] = others[number % len(others)]
        yield f"place of {id_}", whole | {"placements": placements}


def _totals(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every stage's value, bound and gap one off, the status, the digest, an option that runs, each carrier."""
    for number, stage in enumerate(whole["stages"]):
        for key in ("value", "bound", "gap"):
            for by in (-1, 1):
                if stage[key] is None or (
                    key == "bound" and stage["stage"] != "lot" and not _bound_fails(stage, by)
                ):
                    continue
                stages = deepcopy(whole["stages"])
                stages[number][key] += by
                yield f"{key} of stage {number}", whole | {"stages": stages}
    yield "status", whole | {"status": "feasible" if whole["status"] == "optimal" else "optimal"}
    yield "digest", whole | {"problem_sha256": "0" * 64}
    for option in whole["running"][:3]:
        yield f"running {option}", whole | {"running": [one for one in whole["running"] if one != option]}
    for option, pieces in list(whole["carriers"].items())[:3]:
        for by in (-1, 1):
            yield (
                f"carriers of {option}",
                whole | {"carriers": whole["carriers"] | {option: [pieces[0] + by, *pieces[1:]]}},
            )


def _bound_fails(stage: dict[str, Any], by: int) -> bool:
    """Whether a bound moved by this much is false for sure: one that was met is passed, or is claimed as met no more."""
    return bool(stage["bound"] == stage.get("reached", stage["value"])) and by != 0


def _reasons(whole: dict[str, Any], draw: np.random.Generator) -> Iterator[tuple[str, dict[str, Any]]]:
    """Another code, a number one off, or one reason left out."""
    for number, id_ in enumerate(_some(draw, list(whole["reasons"]), REASONS)):
        mine = deepcopy(whole["reasons"][id_])
        numbers = [key for key, value in mine[0].items() if type(value) is int]
        if number % 3 == 0 and numbers:
            mine[0][numbers[number % len(numbers)]] += 1
        elif number % 3 == 1:
            mine[0]["code"] = "banned" if mine[0]["code"] != "banned" else "full"
        else:
            mine = mine[1:]
        yield f"reason of {id_}", whole | {"reasons": whole["reasons"] | {id_: mine}}


def _prices(whole: dict[str, Any], draw: np.random.Generator) -> Iterator[tuple[str, dict[str, Any]]]:
    """Make a price so dear that its bound cannot hold, or turn its sign round; only where prices prove the bound."""
    for number, entry in enumerate(whole.get("certificate", [])):
        if entry["proof"] != "prices" or not entry.get("capacity"):
            continue
        for place, option in enumerate(_some(draw, list(entry["capacity"]), PRICES)):
            price = entry["capacity"][option]
            false = -price if place % 2 else price * DEARER
            certificate = [*whole["certificate"]]
            certificate[number] = entry | {"capacity": entry["capacity"] | {option: false}}
            yield f"price of {option}, stage {number}", whole | {"certificate": certificate}
        return
