"""The same question asked again in other ways: with other threads, another order of the input, other limits of time."""

import hashlib
from collections.abc import Callable
from random import Random
from typing import Any

from benchmarks.instances.wishes import Json
from benchmarks.solver.said import Said, Task
from solvers.problem import read
from solvers.solve import solve
from solvers.source import canonical_text

BESIDE = ("certificate", "more", "conflict", "run")
"""What the format leaves out of the promise."""


def again(
    *, workers: int = 1, shuffled: bool = False, seed: int = 0, longer: float = 1.0
) -> Callable[[Task, float], Said]:
    """One call; the fact that counts is the digest of the result."""

    def ours(task: Task, seconds: float) -> Said:
        told = task.told()
        problem = read(mixed(told) if shuffled else told)
        outcome = solve(problem, seconds=longer * seconds, workers=workers, seed=seed)
        stage = outcome.stages[0] if outcome.stages else None
        return Said(
            None if stage is None else stage.best,
            None if stage is None else stage.bound,
            note=str(outcome.status),
            facts={"digest": digest(outcome.to_dict())},
        )

    return ours


def digest(result: dict[str, Any]) -> str:
    """Of all that is promised, in the canonical text."""
    kept = {key: value for key, value in result.items() if key not in BESIDE}
    return hashlib.sha256(canonical_text(kept)).hexdigest()[:12]


def mixed(told: Json) -> Json:
    """The same problem with its lists, and the keys of its objects, in another order where the format knows none."""
    draw = Random(1)

    def keys(value: Any) -> Any:
        if isinstance(value, dict):
            names = list(value)
            draw.shuffle(names)
            return {name: keys(value[name]) for name in names}
        return [keys(one) for one in value] if isinstance(value, list) else value

    other = keys(told)
    for name in ("groups", "options", "resources", "limits", "apart"):
        if name in other:
            draw.shuffle(other[name])
    for group in other["groups"]:
        draw.shuffle(group["choices"])
    found: Json = other
    return found
