"""What the prices of one entry prove of a stage, and what they settle for the stages after it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solvers.certificate import Certificate
from solvers.problem import Problem
from solvers.proofs.book import Book
from solvers.proofs.inside import NEVER, Least, inside_groups, inside_options
from solvers.proofs.settled import Settled
from solvers.proofs.terms import Refused, Terms

IMPOSSIBLE = -1
"""Stands for the stage of a proof that nothing satisfies the rules."""
ALL = 1000
"""Thousandths of those with a tag."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What prices prove of one stage: no value is better than ``bound``; ``nothing`` satisfies the question at all.

    For ``worst`` and ``spread`` that is the level they were asked to prove, or None where they do not.
    """

    bound: int | None
    nothing: bool = False


class Prover:
    """Evaluates the entries of one result in their order; what one settles, the next may use.

    ``allowed`` is the value each stage before the lot must keep.
    """

    def __init__(self, problem: Problem, allowed: Sequence[int] = ()) -> None:
        self.book = Book(problem)
        self.allowed = allowed
        self.settled = Settled.by_rules(problem)

    def prove(self, number: int, prices: Certificate, *, claimed: int | None = None) -> Proved:
        """Evaluate the entry of stage ``number`` (or IMPOSSIBLE); Refused if it proves nothing.

        ``claimed`` is the bound that is to be shown; only ``worst`` and ``spread`` ask for it.
        """
        stages = self.book.problem.stages
        measure = None if number == IMPOSSIBLE else self.book.measure(number)
        settled = self.settled
        terms = Terms(self.book)
        if measure is not None:
            terms.count(measure, prices.scale)
        elif number != IMPOSSIBLE and stages[number].measure == "worst":
            if claimed is None or claimed <= 0:
                return Proved(0)
            settled = settled.without(self.book.worse(stages[number], claimed - 1))
        elif number != IMPOSSIBLE and (claimed is None or claimed >= ALL or not self._speaks(number)):
            return Proved(ALL)
        self._earlier(terms, number, prices, claimed)
        terms.charge(prices, settled)
        terms.gather()
        least = (
            inside_options(terms, settled, prices)
            if prices.inside == "options"
            else inside_groups(terms, settled)
        )
        if number == IMPOSSIBLE or measure is None:
            shown = least.value is None or least.value > 0
            return Proved(claimed if shown else None, nothing=shown and number == IMPOSSIBLE)
        if least.value is None:
            return Proved(None, nothing=True)
        self._settle(number, prices, least)
        signed = -(-least.value // prices.scale)
        return Proved(-signed if stages[number].maximise else signed)

    def _speaks(self, number: int) -> bool:
        """Whether a stage ``spread`` speaks of anybody; else its value is 1000 whatever happens."""
        return any(share.stage == number for share in self.book.shares)

    def _earlier(self, terms: Terms, number: int, prices: Certificate, claimed: int | None) -> None:
        """Earlier stages at what they allow, and the shares that this one or an earlier one speaks of."""
        stages = self.book.problem.stages
        last = len(self.allowed) if number == IMPOSSIBLE else number
        for stage in np.flatnonzero(prices.earlier).tolist():
            price = int(prices.earlier[stage])
            measure = self.book.measure(stage) if stage < last and number != IMPOSSIBLE else None
            if measure is None or price < 0:
                raise Refused(f"stage {stage} has no such price here")
            terms.count(measure, price)
            level = self.allowed[stage]
            terms.constant -= price * (-level if stages[stage].maximise else level)
        if len(prices.spread) not in {0, len(self.book.shares)}:
            raise Refused(f"{len(prices.spread)} prices of shares for {len(self.book.shares)}")
        for place in np.flatnonzero(prices.spread).tolist():
            share, price = self.book.shares[place], int(prices.spread[place])
            if price < 0 or share.stage > number:
                raise Refused(f"the shares of stage {share.stage} have no such price here")
            level = (claimed or 0) + 1 if share.stage == number else self.allowed[share.stage]
            terms.share(share.tag, level, price)

    def keep_worst(self, number: int) -> None:
        """A stage ``worst`` allows no rank beyond its own, whatever its proof."""
        stage = self.book.problem.stages[number]
        if stage.measure == "worst":
            self.settled = self.settled.without(self.book.worse(stage, self.allowed[number]))

    def _settle(self, number: int, prices: Certificate, least: Least) -> None:
        """What costs more than is left between the least and what the stage allows is done by nobody."""
        stage = self.book.problem.stages[number]
        level = self.allowed[number]
        slack = prices.scale * (-level if stage.maximise else level) - (least.value or 0)
        if slack < 0:
            return
        slack = min(slack, NEVER - 1)
        always = least.idle > slack
        full = np.zeros(len(always), np.bool_)
        if len(prices.capacity):
            full = self.settled.always | always
            full &= self.book.bounded & (prices.capacity > slack)
        self.settled = self.settled.and_(
            Settled(
                shut=least.beyond > slack,
                placed=(least.out > slack) & ~self.book.pinned,
                never=least.runs > slack,
                always=always,
                full=full,
            )
        )


def proved_bound(
    problem: Problem,
    allowed: Sequence[int],
    number: int,
    prices: Certificate,
    *,
    claimed: int | None = None,
    before: Sequence[Certificate] = (),
) -> Proved:
    """What one entry proves after the entries of the stages ``before`` it; for tests and for a single question."""
    prover = Prover(problem, allowed)
    for stage, entry in enumerate(before):
        prover.prove(stage, entry)
        prover.keep_worst(stage)
    return prover.prove(number, prices, claimed=claimed)
