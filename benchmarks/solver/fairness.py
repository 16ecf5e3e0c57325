"""Fairness seen from outside: who placed how many at which rank, and whether anything could have been fairer.

That an answer is the fairest there is, is checked without any solver of ours: the fewest without a place by a maximum flow,
and every rank's count by showing that no chain of moves is worth making. A chain takes somebody to another of his choices,
the one who has to make room there to another of his, and so on. What it changes is a row of numbers: fewer or more without a
place, at the last rank, at the last but one. An answer is best in the order of these rows if and only if no chain that
closes makes them smaller (M. Klein, A Primal Method for Minimal Cost Flows, Management Science 14, 1967, for rows of numbers
in place of numbers); chains are looked for as shortest paths over options (Bellman and Ford).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.solver.ours import taken
from benchmarks.solver.said import Said, Task
from solvers import baselines
from solvers.problem import UNLIMITED, Ints, Problem
from solvers.rules.form import Form
from solvers.solve import solve

WORD = 4
"""So many numbers of a row are kept in one 64-bit word, in a base that no path can overflow up to some 10,000 options."""
UTILITARIAN = (0, 1, 3, 6, 10, 15, 21, 28, 60)
"""What ranks cost, and last what staying out costs, as in the other families."""


def ours(task: Task, seconds: float) -> Said:
    """The whole call under the fair aims, draw included; checked from outside."""
    outcome = solve(task.problem, seconds=seconds)
    if not outcome.answered:
        return Said(None, note=str(outcome.status))
    return _told(task.problem, lambda: taken(task.problem, outcome), str(outcome.status), fairest=True)


def steep(task: Task, _seconds: float) -> Said:
    """SimpleMinCostFlow with each rank eight times as dear as the one before: near to fair, at no proof."""
    ranks = int(task.problem.choices.rank.max())
    return _by_weights(task.problem, [0, *(8**rank for rank in range(ranks))])


def utilitarian(task: Task, _seconds: float) -> Said:
    """SimpleMinCostFlow with prices a rank, as anyone would set them."""
    return _by_weights(task.problem, list(UTILITARIAN))


def deferred(task: Task, _seconds: float) -> Said:
    """Deferred acceptance by the lots, of the package's own baselines."""
    units = baselines.deferred_acceptance(Form.of(task.problem))
    return _told(task.problem, lambda: np.flatnonzero(units), "no justified envy")


def dictatorship(task: Task, _seconds: float) -> Said:
    """Serial dictatorship in the order of the lots."""
    units = baselines.serial_dictatorship(Form.of(task.problem))
    return _told(task.problem, lambda: np.flatnonzero(units), "each in turn")


def _by_weights(problem: Problem, price: list[int]) -> Said:
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - loaded where it runs

    groups, options, choices = len(problem.groups.ids), len(problem.options.ids), len(problem.choices.group)
    flow = min_cost_flow.SimpleMinCostFlow()
    out, sink = groups + options, groups + options + 1
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([problem.choices.group, np.arange(groups), np.arange(groups, out), [out]]),
        np.concatenate(
            [groups + problem.choices.option, np.full(groups, out), np.full(options, sink), [sink]]
        ),
        np.concatenate([np.ones(choices + groups, np.int64), problem.options.capacity, [groups]]),
        np.concatenate(
            [
                np.array(price)[problem.choices.rank - 1],
                np.full(groups, price[-1]),
                np.zeros(options + 1, np.int64),
            ]
        ),
    )
    flow.set_nodes_supplies(np.arange(groups), np.ones(groups, np.int64))
    flow.set_node_supply(sink, -groups)
    if flow.solve() != flow.OPTIMAL:
        return Said(None, note="no flow")
    return _told(problem, lambda: np.flatnonzero(flow.flows(np.arange(choices))), "weights")


def _told(problem: Problem, places: Callable[[], Ints], note: str, *, fairest: bool = False) -> Said:
    """The counts are made once the clock has stopped."""
    return Said(None, note=note, places=places, after=lambda: counted(problem, places(), fairest=fairest))


def counted(problem: Problem, chosen: Ints, *, fairest: bool) -> tuple[str, dict[str, Any]]:
    """A fault if seats are overfull or somebody sits twice, and the counts; ``fairest``: whether it is proved from outside."""
    group, option = problem.choices.group[chosen], problem.choices.option[chosen]
    load = np.bincount(option, minlength=len(problem.options.ids))
    if len(np.unique(group)) < len(group) or (load > problem.options.capacity).any():
        return "somebody sits twice or an option is overfull", {}
    ranks = int(problem.choices.rank.max())
    at = np.bincount(problem.choices.rank[chosen], minlength=ranks + 1)[1:].tolist()
    people = len(problem.groups.ids)
    facts: dict[str, Any] = {
        "unplaced": people - len(chosen),
        "first": at[0],
        "first three": sum(at[:3]),
        "ranks": at,
    }
    if fairest:
        started = time.perf_counter()
        most = most_placed(problem)
        facts["fewest unplaced by maximum flow"] = people - most
        facts["no chain is fairer"] = not chain_is_fairer(problem, chosen)
        facts["check seconds"] = round(time.perf_counter() - started, 2)
    return "", facts


def most_placed(problem: Problem) -> int:
    """How many single people can have any of their choices at all: OR-Tools' maximum flow."""
    from ortools.graph.python import max_flow  # noqa: PLC0415 - loaded where it runs

    groups, options = len(problem.groups.ids), len(problem.options.ids)
    source, sink = groups + options, groups + options + 1
    flow = max_flow.SimpleMaxFlow()
    flow.add_arcs_with_capacity(
        np.concatenate([np.full(groups, source), problem.choices.group, np.arange(groups, source)]),
        np.concatenate([np.arange(groups), groups + problem.choices.option, np.full(options, sink)]),
        np.concatenate([np.ones(groups + len(problem.choices.group), np.int64), problem.options.capacity]),
    )
    if flow.solve(source, sink) != flow.OPTIMAL:
        raise ValueError("no maximum flow")
    return int(flow.optimal_flow())


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """From option to option (then *out*, then a seat that is free): what a move changes, in words of a row of numbers."""

    source: Ints
    target: Ints
    change: tuple[Ints, ...]
    nodes: int


def chain_is_fairer(problem: Problem, chosen: Ints) -> bool:
    """Whether some chain of moves leads to a fairer answer than these choices, one for each person placed."""
    moves = _moves(problem, chosen)
    order = np.argsort(moves.target, kind="stable")
    source, target = moves.source[order], moves.target[order]
    change = [word[order] for word in moves.change]
    starts = np.flatnonzero(np.append(True, target[1:] != target[:-1]))
    reached = target[starts]
    repeats = np.diff(np.append(starts, len(target)))
    far = np.iinfo(np.int64).max
    length = [np.zeros(moves.nodes, np.int64) for _ in change]
    for _ in range(moves.nodes + 1):
        shorter = np.zeros(len(reached), np.bool_)
        same = np.ones(len(reached), np.bool_)
        alive = np.ones(len(target), np.bool_)
        least = []
        for word, so_far in zip(change, length, strict=True):
            here = np.where(alive, so_far[source] + word, far)
            best = np.minimum.reduceat(here, starts)
            alive &= here == np.repeat(best, repeats)
            shorter |= same & (best < so_far[reached])
            same &= best == so_far[reached]
            least.append(best)
        if not shorter.any():
            return False
        for so_far, best in zip(length, least, strict=True):
            so_far[reached[shorter]] = best[shorter]
    return True


def _moves(problem: Problem, chosen: Ints) -> _Moves:
    choices, people, options = problem.choices, len(problem.groups.ids), len(problem.options.ids)
    out, free = options, options + 1
    ranks = int(choices.rank.max())
    # Of a row: whoever is out comes first, then the last rank, down to the second; the first rank counts nothing.
    columns = ranks
    base = 2 * (options + 3) + 1
    if base**WORD > UNLIMITED:
        raise ValueError("too many options for rows in words")
    words = -(-columns // WORD)
    worth = np.zeros((words, ranks + 2), np.int64)
    for rank in range(2, ranks + 2):
        column = ranks + 1 - rank
        worth[column // WORD, rank] = base ** (WORD - 1 - column % WORD)
    place, had = np.full(people, out), np.full(people, ranks + 1)
    place[choices.group[chosen]] = choices.option[chosen]
    had[choices.group[chosen]] = choices.rank[chosen]
    source = np.concatenate([place[choices.group], place])
    target = np.concatenate([choices.option, np.full(people, out)])
    before = np.concatenate([had[choices.group], had])
    after = np.concatenate([choices.rank, np.full(people, ranks + 1)])
    load = np.bincount(choices.option[chosen], minlength=options)
    room = np.append(np.flatnonzero(load < problem.options.capacity), out)
    anywhere = np.arange(options + 1)
    nothing = np.zeros(len(room) + len(anywhere), np.int64)
    return _Moves(
        source=np.concatenate([source, room, np.full(len(anywhere), free)]),
        target=np.concatenate([target, np.full(len(room), free), anywhere]),
        change=tuple(np.concatenate([word[after] - word[before], nothing]) for word in worth),
        nodes=options + 2,
    )
