"""A chain for the lot: no group in its turn could move to a dearer place by others after it moving on.

The moves of those who come later are a graph over options and *out*; a group is better off where a dearer option
leads, by such moves, to the place it would leave. Groups are taken from the last to the first, so moves are only
ever added, and what leads where is kept up as in G. F. Italiano, Amortized efficiency of a path retrieval data
structure, Theoretical Computer Science 48 (1986).
"""

from collections.abc import Mapping

import numpy as np

from solvers.ledger import Ledger
from solvers.problem import Flags, Ints, Problem
from solvers.proofs.settled import Settled


def fits(problem: Problem) -> bool:
    """Whether every group moves as a single head, so that chains of moves are all there is."""
    open_ = ~problem.choices.banned
    return bool((problem.choices.heads[open_] == 1).all()) and not bool(problem.groups.piece.any())


def best_off(ledger: Ledger, settled: Settled) -> int:
    """How many groups, from the first in the draw, nothing could better; the settled stages stay as they are."""
    problem = ledger.problem
    options = len(problem.options.ids)
    out = options
    reach = _Reach(options + 1)
    capacity = problem.options.capacity
    for option in range(options):
        if ledger.load[option] < capacity[option]:
            reach.add(option, [out])
        if not settled.full[option]:
            reach.add(out, [option])
    open_ = ~settled.shut & ~settled.never[problem.choices.option]
    first, option_of = problem.groups.first.tolist(), problem.choices.option
    place = _places(problem, ledger.at)
    best = len(problem.turn)
    mobile = _mobile(problem, settled, open_, place)
    for turn in np.flatnonzero(mobile[problem.turn])[::-1].tolist():
        group = int(problem.turn[turn])
        low, high = first[group], first[group + 1]
        at, mine = int(place[group]), open_[low:high]
        here = out if at < 0 else int(option_of[at])
        until = high if at < 0 else at
        if reach.any_leads(option_of[low:until][open_[low:until]], here):
            best = turn
        targets = option_of[low:high][mine].tolist()
        reach.add(here, targets if settled.placed[group] else [*targets, out])
    carried = any(problem.options.carriers)
    return min(best, len(problem.turn) - 1) if carried else best


def _mobile(problem: Problem, settled: Settled, open_: Flags, place: Ints) -> Flags:
    """Groups that may stand elsewhere than they do, and are not held there by hand; nothing hangs on the others."""
    owner = problem.choices.group
    elsewhere = open_ & (place[owner] != np.arange(len(owner)))
    found = ~settled.placed & (place >= 0)
    found[owner[elsewhere]] = True
    found[list(problem.pinned)] = False
    return found


def _places(problem: Problem, at: Mapping[int, list[int]]) -> Ints:
    found = np.full(len(problem.groups.ids), -1, np.int64)
    for group, choices in at.items():
        found[group] = choices[0]
    return found


class _Reach:
    """Which node leads to which, while moves are added."""

    def __init__(self, nodes: int) -> None:
        self.leads = np.eye(nodes, dtype=np.bool_)

    def any_leads(self, nodes: Ints, to: int) -> bool:
        return bool(self.leads[nodes, to].any())

    def add(self, node: int, targets: list[int]) -> None:
        for target in targets:
            if self.leads[node, target]:
                continue
            gain = self.leads[:, node] & ~self.leads[:, target]
            self.leads[gain] |= self.leads[target]
