"""After cancellations: one in a hundred leaves, one in a hundred comes, one option in a hundred loses a quarter of its seats."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.instances.capacities import drawn
from benchmarks.instances.changed import changed as later
from benchmarks.instances.wishes import Json
from benchmarks.solver import ours
from benchmarks.solver.said import Said, Task
from solvers.problem import Problem, read
from solvers.solve import solve
from solvers.source import StageSource
from solvers.stages import unfold

SHARE = 0.01
BONUS = 2
"""What any other place costs a head beyond the one held; ranks cost 0, 1, 3, 6 and so on."""
TOLERANCE = (1, 1_000)


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """The problem some time later, with the places that were told."""

    told: Json

    def problem(self) -> Problem:
        """With the places of before; its one aim is still least cost."""
        return read(self.told)


def changed(people: int, options: int, seed: int) -> Changed:
    """Solve, then let time pass."""
    source = drawn(people, options, seed)
    before = source.problem()
    said = ours.network(Task(before, source), 600.0)
    if said.places is None:
        raise ValueError("there was no answer to change")
    option = before.choices.option[said.places()].tolist()
    placements = {id_: before.options.ids[one] for id_, one in zip(before.groups.ids, option, strict=True)}
    return Changed(later(source.told(), placements, seed, withdrawn=SHARE, new=SHARE, smaller=SHARE))


def fresh(task: Task, seconds: float) -> Said:
    """The network as if there had been nothing before."""
    return _by_network(task, replace(task.problem, previous={}), seconds)


def ties(task: Task, seconds: float) -> Said:
    """The network: least cost, and of all that cost so little the one that moves fewest."""
    return _by_network(task, _aims(task.problem, _COST, _CHANGES), seconds)


def favoured(task: Task, seconds: float) -> Said:
    """The network where every place but the one held costs a little more; the value is told without that."""
    problem = task.problem
    cost = problem.choices.cost.copy()
    held, _ = problem.held
    before = np.zeros(len(problem.groups.ids), np.bool_)
    before[problem.choices.group[held]] = True
    other = before[problem.choices.group]
    other[held] = False
    cost[other] += BONUS * problem.choices.heads[other]
    asked = replace(problem, choices=replace(problem.choices, cost=cost))
    return replace(_by_network(task, asked, seconds), bound=None)


def whole_fresh(task: Task, seconds: float) -> Said:
    """The whole call, as if there had been nothing before."""
    return _by_door(task, replace(task.problem, previous={}), seconds)


def whole_ties(task: Task, seconds: float) -> Said:
    """The whole call: least cost, then fewest moves."""
    return _by_door(task, _aims(task.problem, _COST, _CHANGES), seconds)


def whole_near(task: Task, seconds: float) -> Said:
    """The whole call: fewest moves at a cost within the tolerance."""
    return _by_door(
        task, _aims(task.problem, StageSource(stage="cost", tolerance=TOLERANCE), _CHANGES), seconds
    )


_COST, _CHANGES = StageSource(stage="cost"), StageSource(stage="changes")


def _aims(problem: Problem, *stages: StageSource) -> Problem:
    return replace(problem, stages=unfold(stages, tiers=[1], ranks=lambda _tier: [1]))


def _by_network(task: Task, asked: Problem, seconds: float) -> Said:
    return _counted(task, ours.network(Task(asked, {}), seconds))


def _by_door(task: Task, asked: Problem, seconds: float) -> Said:
    return _counted(task, ours.said(asked, solve(asked, seconds=seconds)))


def _counted(task: Task, said: Said) -> Said:
    """The cost without any bonus, and how many have no longer the place they held."""
    if said.places is None:
        return said
    chosen = said.places()
    held, _ = task.problem.held
    moved = len(held) - int(np.isin(held, chosen).sum())
    cost = int(task.problem.choices.cost[chosen].sum())
    return replace(said, value=cost, facts={**said.facts, "moved": moved})
