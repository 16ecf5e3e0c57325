"""The door's last step: where a bound rests on a search, look for prices that prove it too.

The auditor's own evaluation says what prices prove, so nothing is written down that it would not accept. The answer
is never touched; a bound that prices make sharper than the engines' is taken over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import monotonic

from solvers.certificate import Certificate
from solvers.engines.duals import Question, Relaxation, is_level
from solvers.ledger import Ledger, read_placements
from solvers.outcome import Outcome, StageResult, Status
from solvers.proofs import chain
from solvers.proofs.bound import IMPOSSIBLE, Prover
from solvers.proofs.terms import Refused
from solvers.rules.form import Form


def proved(
    form: Form, outcome: Outcome, filed: Mapping[int, Certificate], *, seconds: float, sharpen: bool = True
) -> Outcome:
    """The same answer with a certificate: what engines filed, prices of relaxations, or the word of a search.

    ``filed`` has certificates by stage number, IMPOSSIBLE for a result without an answer. Relaxations are solved
    for ``seconds`` at most. ``sharpen`` takes bounds over that prices prove and engines did not.
    """
    if outcome.status is Status.INFEASIBLE:
        entry = filed.get(IMPOSSIBLE) or _Notary(form, (), seconds=seconds).impossible()
        return replace(outcome, certificate=(entry.to_dict(form.problem),))
    if not outcome.answered:
        return outcome
    stages = [stage for stage in form.problem.stages if stage.stage != "lot"]
    allowed = [stage.allowed(result.best) for stage, result in zip(stages, outcome.stages, strict=False)]
    notary = _Notary(form, allowed, seconds=seconds)
    entries: list[Certificate] = []
    results: list[StageResult] = []
    for number, result in enumerate(outcome.stages):
        if result.stage == "lot":
            entry, bound = filed.get(number) or notary.lot(outcome, result), result.bound
        elif number in filed:
            entry, bound = notary.take(number, filed[number], result), result.bound
        else:
            entry, bound = notary.stage(number, result)
        entries.append(entry)
        results.append(replace(result, bound=bound) if sharpen else result)
    met = all(result.best == result.bound for result in results)
    return replace(
        outcome,
        stages=tuple(results),
        status=Status.OPTIMAL if met else Status.FEASIBLE,
        certificate=tuple(entry.to_dict(form.problem) for entry in entries),
    )


class _Notary:
    """Goes through the stages in order; what is written down for one helps to prove the next."""

    def __init__(self, form: Form, allowed: Sequence[int], *, seconds: float) -> None:
        self.form, self.allowed = form, allowed
        self.until = monotonic() + seconds
        self.prover = Prover(form.problem, allowed)
        self.relaxations: list[Relaxation] = []
        self.filed: list[tuple[int, Certificate, int | None]] = []

    def take(self, number: int, entry: Certificate, result: StageResult) -> Certificate:
        """An engine's own certificate, as it is; what it settles is worked out if a later stage asks."""
        self.filed.append((number, entry, result.bound))
        return entry

    def settle(self) -> None:
        """Let the prover know what engines filed so far: for large problems that takes a while."""
        for number, entry, claimed in self.filed:
            self._write(number, entry, claimed)
        self.filed.clear()

    def stage(self, number: int, result: StageResult) -> tuple[Certificate, int | None]:
        """The entry of a stage, and its bound, which prices may have made sharper."""
        self.settle()
        sign = 1 if self.form.problem.stages[number].maximise else -1
        best, bound = Certificate("search"), None
        for prices in self._candidates(number, result.bound):
            found = self._evaluate(number, prices, result.bound)
            if found is None or (bound is not None and sign * (bound - found) <= 0):
                continue
            best, bound = prices, found
            if bound == result.best:
                break
        if bound is not None and (result.bound is None or sign * (result.bound - bound) >= 0):
            self._write(number, best, bound)
            return best, bound
        best = replace(best, proof="search", certified=bound)
        self._write(number, best, bound)
        return best, result.bound

    def impossible(self) -> Certificate:
        """Prices by which nothing satisfies the rules, or the word of a search."""
        for prices in self._candidates(IMPOSSIBLE, None):
            try:
                if self.prover.prove(IMPOSSIBLE, prices).nothing:
                    return prices
            except Refused:
                continue
        return Certificate("search")

    def lot(self, outcome: Outcome, result: StageResult) -> Certificate:
        """A chain where it shows what the draw claims."""
        problem = self.form.problem
        if result.value and chain.fits(problem):
            self.settle()
            taken, _ = read_placements(problem, outcome.placements)
            if chain.best_off(Ledger(problem, taken, {}), self.prover.settled) >= result.value:
                return Certificate("chain")
        return Certificate("search")

    def _candidates(self, number: int, claimed: int | None) -> Iterator[Certificate]:
        yield Certificate("prices")
        if number != IMPOSSIBLE and claimed is None and is_level(self.form.problem, number):
            return
        for place, inside in enumerate(("groups", "options")):
            if self.until <= monotonic():
                return
            if inside == "options" and not self._worth_options(number):
                return
            if place == len(self.relaxations):
                self.relaxations.append(Relaxation(self.form, "options" if place else "groups"))
            left = self.until - monotonic()
            yield from self.relaxations[place].prices(
                Question(number, self.allowed, self.prover.settled, claimed, left)
            )

    def _worth_options(self, number: int) -> bool:
        """Whether minima, opening costs or pieces make the inner problem of options the sharper one."""
        matters = bool(self.form.sheet.matters.any()) or any(self.form.problem.options.carriers)
        return matters and not is_level(self.form.problem, number)

    def _evaluate(self, number: int, prices: Certificate, claimed: int | None) -> int | None:
        """What prices prove, with nothing written down yet."""
        before = self.prover.settled
        try:
            found = self.prover.prove(number, prices, claimed=claimed)
        except Refused:
            return None
        finally:
            self.prover.settled = before
        return None if found.nothing else found.bound

    def _write(self, number: int, entry: Certificate, claimed: int | None) -> None:
        try:
            self.prover.prove(number, entry, claimed=claimed)
        except Refused:
            return  # the auditor will say so
        self.prover.keep_worst(number)
