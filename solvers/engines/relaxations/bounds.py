"""What no placement can pass in each of many stages: the relaxations with what is reached as rows, one after another.

Each begins where the one before it ended. Its duals are made whole and counted by the auditor's own reckoning, in the order
in which the auditor will: what the stages before settle (who is placed for certain, what runs in any case) helps the next.
"""

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

from solvers.certificate import Certificate
from solvers.engines import duals
from solvers.engines.relaxations.program import Program, cost_of
from solvers.engines.search import Search
from solvers.problem import Flags
from solvers.proofs.bound import Prover
from solvers.proofs.terms import Refused

SCALES = (60, 5040, 10**6)
"""Denominators to try."""


def prove(search: Search, reached: Sequence[int], *, until: float) -> None:
    """Fill the bounds of the stages that have none yet, in order, while time is left."""
    _Proof(search, reached).run(until=until)


class _Proof:
    def __init__(self, search: Search, reached: Sequence[int]) -> None:
        self.search, self.form, self.reached = search, search.form, reached
        problem = self.form.problem
        self.allowed = [stage.allowed(value) for stage, value in zip(problem.stages, reached, strict=False)]
        self.prover = Prover(problem, self.allowed)
        self.relaxation = duals.Relaxation(self.form, "groups")
        self.rows = self.relaxation.rows
        self.program = Program(search, self.form)
        self.program.rows_between(*self.program.sides(without=self._unpriced()))

    def _unpriced(self) -> Flags:
        """Rows that no certificate has a price for."""
        form = self.form
        priced = np.zeros(len(form.low), np.bool_)
        for rule in duals.KEPT:
            priced |= form.is_of(rule)
        return cast("Flags", ~priced[self.program.kept])

    def run(self, *, until: float) -> None:
        search, form = self.search, self.form
        for number, aim in enumerate(form.aims):
            if number < len(search.bounds):
                self._write(number)
            else:
                bound = self._bound(number, until=until)
                if bound is None:
                    return
                search.bounds.append(bound)
                search.tell(number, self.reached[number], bound)
            self.program.hold(aim, self.allowed[number])
            self.rows = self.rows.and_(self.relaxation.stage_rows(number, self.allowed[number]))

    def _write(self, number: int) -> None:
        """What a stage that is proved already settles."""
        entry = self.search.certificates.get(number)
        if entry is None or entry.proof != "prices":
            return
        try:
            self.prover.prove(number, entry)
        except Refused:
            return

    def _bound(self, number: int, *, until: float) -> int | None:
        """What prices prove of a stage; None if time ended first."""
        search, form = self.search, self.form
        aim = form.aims[number]
        bound = form.ceiling(aim)
        if bound == self.reached[number]:
            return bound
        self._settle()
        if number in search.bases:
            self.program.begin(search.bases[number])
        self.program.minimise(cost_of(form, aim))
        if not self.program.solve(seconds=until - search.elapsed):
            return None
        sign = 1 if aim.maximise else -1
        best: Certificate | None = None
        for entry in self._candidates():
            found = self._worth(number, entry)
            if found is not None and sign * (bound - found) > 0:
                best, bound = entry, found
            if bound == self.reached[number]:
                break
        if best is not None:
            search.certificates[number] = best
            self._write(number)
        return bound

    def _settle(self) -> None:
        """Leave open what the proofs so far leave open."""
        known, form = self.prover.settled, self.form
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        run = form.sheet.names["run"]
        pinned = np.zeros(len(form.problem.groups.ids), np.bool_)
        pinned[list(form.problem.pinned)] = True
        upper[: len(known.shut)][known.shut & ~pinned[form.problem.choices.group]] = 0
        upper[run[known.never]] = 0
        lower[run[known.always]] = 1
        self.program.between(lower, upper)

    def _candidates(self) -> Iterator[Certificate]:
        """The duals over several scales, for parties alone and for options alone."""
        found = np.zeros(len(self.rows.low))
        given = self.program.duals
        place = np.full(len(self.form.low), -1)
        place[duals.rows_of(self.form)] = np.arange(len(self.relaxation.rows.low))
        at = place[self.program.kept]
        base = len(self.program.kept)
        found[at[at >= 0]] = given[:base][at >= 0]
        found[len(self.relaxation.rows.low) :] = given[base:]
        for scale in SCALES:
            for inside in duals.INSIDE:
                yield duals.certificate(
                    self.form.problem, self.rows, found, scale, inside, self.prover.settled
                )

    def _worth(self, number: int, entry: Certificate) -> int | None:
        """What prices prove, with nothing written down yet."""
        before = self.prover.settled
        try:
            found = self.prover.prove(number, entry)
        except Refused:
            return None
        finally:
            self.prover.settled = before
        return None if found.nothing else found.bound
