"""Claims: every stage's bound beside what its entry of the certificate proves, told for an auditor."""

from collections.abc import Iterator
from dataclasses import dataclass

from solvers.certificate import Certificate
from solvers.ledger import Ledger
from solvers.outcome import Outcome, StageResult, Status
from solvers.problem import Problem
from solvers.proofs import chain
from solvers.proofs.bound import IMPOSSIBLE, Prover


@dataclass(frozen=True, slots=True)
class Claim:
    """One stage's bound and how it is proved: ``prices``, ``chain``, ``search`` (not checked) or ``none`` claimed.

    ``certified`` is what prices prove where the bound itself rests on a search. ``wrong`` says what is false.
    """

    stage: str
    value: int | None
    bound: int | None
    gap: int | None
    proof: str
    certified: int | None = None
    wrong: str = ""

    @property
    def checked(self) -> bool:
        return self.proof in {"prices", "chain", "none"}


def claims(problem: Problem, outcome: Outcome, ledger: Ledger | None = None) -> list[Claim]:
    """A claim for each stage; one claim that nothing satisfies the rules, for a result that says so."""
    if outcome.status is Status.INFEASIBLE:
        return [_infeasible(problem, outcome)]
    if not outcome.answered or ledger is None:
        return []
    return list(_Reader(problem, outcome, ledger).claims())


def _infeasible(problem: Problem, outcome: Outcome) -> Claim:
    told = Claim("infeasible", None, None, None, "search")
    if not outcome.certificate:
        return told
    try:
        entry = Certificate.from_dict(problem, outcome.certificate[0])
        if entry.proof == "search":
            return told
        if entry.proof == "prices" and Prover(problem).prove(IMPOSSIBLE, entry).nothing:
            return Claim("infeasible", None, None, None, "prices")
        wrong = "the certificate does not show that nothing satisfies the rules"
    except ValueError as error:
        wrong = f"the certificate: {error}"
    return Claim("infeasible", None, None, None, "prices", wrong=wrong)


class _Reader:
    """Goes through the stages of one result; what earlier entries settle helps the later ones."""

    def __init__(self, problem: Problem, outcome: Outcome, ledger: Ledger) -> None:
        self.problem, self.outcome, self.ledger = problem, outcome, ledger
        allowed = [
            stage.allowed(result.best)
            for stage, result in zip(problem.stages, outcome.stages, strict=True)
            if stage.stage != "lot"
        ]
        self.prover = Prover(problem, allowed)

    def claims(self) -> Iterator[Claim]:
        written = self.outcome.certificate or ({"proof": "search"},) * len(self.outcome.stages)
        for number, (result, entry) in enumerate(zip(self.outcome.stages, written, strict=False)):
            try:
                yield self._claim(number, result, Certificate.from_dict(self.problem, entry))
            except ValueError as error:
                name = self.problem.stages[number].label
                yield self._told(result, number, "prices", wrong=f"the certificate of stage {name}: {error}")
        if len(written) != len(self.outcome.stages):
            wrong = "the certificate does not have an entry a stage"
            yield Claim("certificate", None, None, None, "prices", wrong=wrong)

    def _told(
        self,
        result: StageResult,
        number: int,
        proof: str,
        *,
        certified: int | None = None,
        wrong: str = "",
    ) -> Claim:
        label = self.problem.stages[number].label
        return Claim(label, result.value, result.bound, result.gap, proof, certified, wrong)

    def _claim(self, number: int, result: StageResult, entry: Certificate) -> Claim:
        stage = self.problem.stages[number]
        if stage.stage == "lot":
            return self._lot(number, result, entry)
        if entry.proof == "chain":
            return self._told(
                result, number, "chain", wrong=f"stage {stage.label} cannot be proved by a chain"
            )
        claimed = result.bound if entry.proof == "prices" else entry.certified
        proved = self.prover.prove(number, entry, claimed=claimed)
        self.prover.keep_worst(number)
        if proved.nothing:
            wrong = f"the certificate of stage {stage.label} shows that no placement is as good as the stages before"
            return self._told(result, number, entry.proof, wrong=wrong)
        if claimed is None:
            return self._told(result, number, "search" if result.bound is not None else "none")
        sign = 1 if stage.maximise else -1
        wrong = ""
        if proved.bound is None or sign * (proved.bound - claimed) > 0:
            told = "no bound" if proved.bound is None else str(proved.bound)
            wrong = f"stage {stage.label} claims that prices prove {claimed}; they prove {told}"
        if entry.proof == "prices":
            return self._told(result, number, "prices", wrong=wrong)
        if sign * (claimed - result.best) < 0:
            wrong = f"stage {stage.label} is certified at {claimed}, yet reached {result.best}"
        return self._told(result, number, "search", certified=claimed, wrong=wrong)

    def _lot(self, number: int, result: StageResult, entry: Certificate) -> Claim:
        if entry.proof == "search":
            return self._told(result, number, "search" if result.value else "none")
        if entry.proof == "prices" or not chain.fits(self.problem):
            wrong = f"the lot cannot be proved by {entry.proof} here"
            return self._told(result, number, entry.proof, wrong=wrong)
        best = chain.best_off(self.ledger, self.prover.settled)
        wrong = ""
        if result.value > best:
            wrong = f"the lot claims {result.value} groups; chains of moves leave {best} as they are"
        return self._told(result, number, "chain", wrong=wrong)


HEADINGS = ("stage", "value", "bound", "gap", "proved by")


def table(told: list[Claim]) -> str:
    """Stage, value, bound, gap and what the bound rests on, a line each, and how many of each kind there are."""
    lines = [HEADINGS, *(_line(claim) for claim in told)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = [
        "  ".join(
            cell.ljust(width) if column in {0, len(HEADINGS) - 1} else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([*text, _summary(told)])


def _line(claim: Claim) -> tuple[str, ...]:
    numbers = ["" if number is None else str(number) for number in (claim.value, claim.bound)]
    gap = "" if claim.gap is None else f"{claim.gap / 10_000:.4f} %" if claim.gap else "0"
    return claim.stage, *numbers, gap, _how(claim)


def _how(claim: Claim) -> str:
    if claim.wrong:
        return "FALSE"
    if claim.proof == "none":
        return "nothing claimed"
    if claim.proof != "search":
        return claim.proof
    told = "" if claim.certified is None else f"; prices prove {claim.certified}"
    return f"an engine's search, not checked{told}"


def _summary(told: list[Claim]) -> str:
    counts = [
        (sum(claim.proof == "prices" and not claim.wrong for claim in told), "proved by prices"),
        (sum(claim.proof == "chain" and not claim.wrong for claim in told), "by a chain"),
        (sum(claim.proof == "search" and not claim.wrong for claim in told), "not checked"),
        (sum(bool(claim.wrong) for claim in told), "false"),
    ]
    return "bounds: " + ", ".join(
        f"{count} {what}" for count, what in counts if count or what == "not checked"
    )
