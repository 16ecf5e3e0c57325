"""After cancellations: one in a hundred leaves, one option in a hundred loses a quarter of its seats, and all is asked again."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.instances.capacities import drawn
from benchmarks.instances.flat import Drawn
from benchmarks.solver import ours
from benchmarks.solver.said import Said, Task
from solvers.problem import Ints, Problem
from solvers.solve import solve
from solvers.source import StageSource
from solvers.stages import unfold

LEAVE = LOSE = 0.01
KEPT_SEATS = 0.75
TOLERANCE = (1, 1_000)
"""What cost may rise by where fewer moves are worth it: 0.1 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """What is left of the wishes, and for each group the rank it held before (0-based, the last: out)."""

    after: Drawn
    held: Ints

    def problem(self) -> Problem:
        """The problem with the places of before; its one aim is still least cost."""
        problem = self.after.problem()
        choice = problem.groups.first[:-1] + self.held
        return replace(problem, previous={group: {at: 1} for group, at in enumerate(choice.tolist())})


def changed(people: int, options: int, seed: int) -> Changed:
    """Solve, then let people leave and options shrink."""
    before = drawn(people, options, seed)
    task = Task(before.problem(), before)
    said = ours.network(task, 600.0)
    if said.places is None:
        raise ValueError("there was no answer to change")
    rank = said.places() - task.problem.groups.first[:-1]
    draw = np.random.default_rng(seed + 1)
    stay = np.ones(people, np.bool_)
    stay[draw.choice(people, max(1, round(LEAVE * people)), replace=False)] = False
    seats = before.seats.copy()
    shrunk = draw.choice(options, max(1, round(LOSE * options)), replace=False)
    seats[shrunk] = (KEPT_SEATS * seats[shrunk]).astype(np.int64)
    after = replace(
        before,
        title=f"changed {people} x {options}, seed {seed}",
        seats=seats,
        wanted=before.wanted[stay],
        weight=before.weight[stay],
        size=before.size[stay],
        lot=before.lot[stay],
    )
    return Changed(after, rank[stay])


def fresh(task: Task, seconds: float) -> Said:
    """As if there had been nothing before."""
    return _counted(task, replace(task.problem, previous={}), seconds)


def ties(task: Task, seconds: float) -> Said:
    """Least cost, and of all that cost so little the one that moves fewest."""
    return _counted(
        task, _aims(task.problem, StageSource(stage="cost"), StageSource(stage="changes")), seconds
    )


def near(task: Task, seconds: float) -> Said:
    """Fewest moves at a cost within the tolerance."""
    cost = StageSource(stage="cost", tolerance=TOLERANCE)
    return _counted(task, _aims(task.problem, cost, StageSource(stage="changes")), seconds)


def _aims(problem: Problem, *stages: StageSource) -> Problem:
    return replace(problem, stages=unfold(stages, tiers=[1], ranks=lambda _tier: [1]))


def _counted(task: Task, asked: Problem, seconds: float) -> Said:
    outcome = solve(asked, seconds=seconds)
    said = ours.said(asked, outcome)
    if said.value is None:
        return said
    chosen = ours.taken(task.problem, outcome)
    held, _ = task.problem.held
    moved = int((chosen != held).sum())
    cost = int(task.problem.choices.cost[chosen].sum())
    return replace(said, value=cost, facts={**said.facts, "moved": moved})
