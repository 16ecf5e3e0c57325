"""An answer from relaxations: all stages at once, an earlier one outweighing the next, then made whole step by step.

Each step fixes those parties that the relaxation has decided most nearly and asks again, so that what one rounding costs
is made good elsewhere (diving: Berthold, Primal heuristics for mixed integer programs, Berlin 2006).
"""

import numpy as np

from solvers.engines.linear import Floats
from solvers.engines.relaxations.program import Program, cost_of
from solvers.engines.search import Search
from solvers.problem import UNLIMITED, Ints

OUTWEIGHS = 3.0
"""How often one unit of a stage outweighs one of the next."""
WIDEST = 1e9
"""How often the first stage may outweigh the last; with many stages each outweighs the next by less."""
DIVIDED = 1e-6
"""Parts of a party smaller than this are the solver's rounding."""
BATCH = 0.2
"""Share of the divided parties that one step decides."""
FEWEST = 5
"""Parties that one step decides at least."""
DECIDED = 0.95
"""Share of a party in one place from which on it is decided in any case."""
KEPT_OPEN = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of its minimum from which on an option is tried to run."""
FAILURES = 60
"""Steps without an answer after which the rest is left to others."""
CLIMBING = 0.75
"""Share of the time for the stages; the rest is for making whole."""


def answer(search: Search, *, until: float) -> None:
    """Offer what the relaxations lead to; nothing if not even the first stages' ended in time."""
    program = Program(search, search.form)
    values = _climbed(program, until=search.elapsed + CLIMBING * (until - search.elapsed))
    if values is None:
        return
    units = _Dive(program, values).whole(until=until)
    search.offer(search.form.complete(units))


def _climbed(program: Program, *, until: float) -> Floats | None:
    """Stage after stage, those before it outweighing it; the last that ended."""
    search, form = program.search, program.form
    weight = min(OUTWEIGHS, WIDEST ** (1 / max(1, len(form.aims))))
    total, found = np.zeros(len(form.upper)), None
    for number, aim in enumerate(form.aims):
        cost = cost_of(form, aim)
        amounts = np.abs(cost[cost != 0])
        if not len(amounts):
            continue
        total = weight * total + cost / float(np.median(amounts))
        program.minimise(total)
        if not program.solve(seconds=until - search.elapsed):
            # What the primal simplex was cut at keeps all rows too, and is better than what it began with.
            found = program.values if program.keeps_rows else found
            break
        found = program.values
        search.bases[number] = program.basis
        search.tell(number, None, None)
    return found


class _Dive:
    """Parties fixed where they stand for good; ``room`` is what seats the fixed leave."""

    def __init__(self, program: Program, values: Floats) -> None:
        self.program, self.form, self.values = program, program.form, values
        self.search = program.search
        self.lower: Floats = program.lower.copy()
        self.upper: Floats = program.upper.copy()
        problem = self.form.problem
        self.count = len(problem.choices.group)
        self.room = np.minimum(problem.options.capacity, UNLIMITED).copy()
        self.heads = problem.choices.heads

    def whole(self, *, until: float) -> Ints:
        """Units at each choice, the divided ones where they fit."""
        self._open(until=until)
        failed, size = 0, FEWEST
        while failed < FAILURES and self.search.left > 0 and self.search.elapsed < until:
            divided = self._divided()
            if not len(divided):
                break
            before = self.lower.copy(), self.upper.copy(), self.room.copy()
            fixed = self._fix(divided, most=max(size, int(BATCH * len(divided))) if size else 1)
            if self._asked(until=until):
                size = FEWEST
                continue
            failed += 1
            self.lower, self.upper, self.room = before
            if len(fixed) == 1:
                self.upper[fixed] = 0
                if not self._asked(until=until):
                    break
            size = 0
        # Who is still divided is left to those who fill up: without them no seat is taken twice.
        units: Ints = (self.values[: self.count] > 1 - DIVIDED).astype(np.int64)
        return units

    def _asked(self, *, until: float) -> bool:
        self.program.between(self.lower, self.upper)
        if not self.program.solve(seconds=until - self.search.elapsed, dual=True):
            return False
        self.values = self.program.values
        return True

    def _open(self, *, until: float) -> None:
        """Run what has some share of its minimum and close the rest: that share which costs least."""
        form = self.form
        options, choices = form.problem.options, form.problem.choices
        matters, run = form.sheet.matters, form.sheet.names["run"]
        load = np.bincount(choices.option, self.values[: self.count] * self.heads, len(options.ids))
        share = load / np.maximum(1, options.minimum)
        self.program.rows_between(*self._with_minima())
        lower: Floats = self.lower.copy()
        upper: Floats = self.upper.copy()
        best: tuple[float, Floats, Floats] | None = None
        for least in KEPT_OPEN:
            opened = matters & ((share >= least) & (load > DIVIDED) | options.must_run)
            closed = matters & ~opened
            self.lower, self.upper = lower.copy(), upper.copy()
            self.lower[run[opened]] = 1
            self.upper[run[closed]] = 0
            self.upper[: self.count][closed[choices.option]] = 0
            if self._asked(until=until) and (best is None or self.program.least < best[0]):
                best = self.program.least, self.lower, self.upper
        if best is not None:
            _, self.lower, self.upper = best
            if self._asked(until=until):
                return
        self.lower, self.upper = lower, upper

    def _with_minima(self) -> tuple[Floats, Floats]:
        low, high = self.program.sides()
        minima = self.form.is_of("minimum")[self.program.kept]
        low[minima] = 0
        return low, high

    def _divided(self) -> Ints:
        """Groups of which the relaxation places a part."""
        part = self.values[: self.count]
        found: Ints = np.unique(self.form.problem.choices.group[np.abs(part - np.rint(part)) > DIVIDED])
        return found

    def _fix(self, groups: Ints, *, most: int) -> Ints:
        """Decide the most nearly decided of these groups, each where most of it is; the choices taken."""
        first = self.form.problem.groups.first
        option = self.form.problem.choices.option
        decided: list[tuple[float, int, int]] = []
        for group in groups.tolist():
            mine = np.arange(first[group], first[group + 1])
            part = self.values[mine]
            best = int(np.argmax(part))
            out = 1 - float(part.sum())
            decided.append(
                (out, group, -1) if out >= part[best] else (float(part[best]), group, int(mine[best]))
            )
        decided.sort(key=lambda one: (-one[0], one[1]))
        taken: list[int] = []
        for place, (part_of, group, choice) in enumerate(decided):
            if place >= most and part_of < DECIDED:
                break
            if choice >= 0 and self.room[option[choice]] < self.heads[choice]:
                self.upper[choice] = self.lower[choice]
                continue
            all_of = slice(int(first[group]), int(first[group + 1]))
            self.upper[all_of] = self.lower[all_of]
            if choice >= 0:
                self.lower[choice] = self.upper[choice] = 1
                self.room[option[choice]] -= self.heads[choice]
                taken.append(choice)
        return np.array(taken, np.int64)
