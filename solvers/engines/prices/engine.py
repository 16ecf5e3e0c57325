"""The price engine's way through one solve: climb, make answers, prove."""

from solvers.engines.prices import keeps_parties, keeps_singles, parties, proof, shards, singles
from solvers.engines.prices.ascent import PATIENCE, Ascent
from solvers.engines.prices.table import table
from solvers.engines.search import Search

STEPS = 3_000
STEP_EFFORT = 1.2e-8
"""Deterministic effort of one step for each choice, about its seconds."""
FIRST, ASCENT = 300, 0.4
"""Steps before the first answer; share of the time that all steps may take."""
CLIMB = 0.2
"""As ``ASCENT``, where the flow's prices are good already."""


def solve(search: Search) -> None:
    """Fill the search with the best answer that time allows, and bounds with their proofs."""
    if keeps_parties(search.form):
        _parties(search)
    elif keeps_singles(search.form):
        _singles(search)


def _parties(search: Search) -> None:
    question = table(search.form, 0, [])
    answers = parties.Parties(search, question)
    if not answers.ask_flow():
        return
    answers.by_flow()
    ascent = shards.over(Ascent(question, start=answers.start()), search.machines)
    _climb(search, ascent, FIRST, until=CLIMB)
    parties.answer(search, answers, ascent)
    file(search, ascent, 0)


def _singles(search: Search) -> None:
    ascent = shards.over(Ascent(table(search.form, 0, [])), search.machines)
    _climb(search, ascent, FIRST, until=ASCENT)
    answers = singles.Singles(search, ascent)
    if search.best is None or ascent.state[1] > 1e-4 * abs(ascent.best):
        _climb(search, ascent, STEPS, until=ASCENT)
        answers = singles.Singles(search, ascent)
    answers.fit()
    file(search, ascent, 0)


def _climb(search: Search, ascent: Ascent, steps: int, *, until: float) -> None:
    limit = search.elapsed + until * search.left

    def go_on() -> bool:
        search.spent += PATIENCE * STEP_EFFORT * len(ascent.market.cost)
        return search.left > 0 and search.elapsed < limit

    ascent.climb(steps, go_on=go_on)


def file(search: Search, ascent: Ascent, number: int) -> None:
    """Hand in the certificate of a stage and the bound it proves."""
    if search.best is None:
        return
    allowed = [
        stage.allowed(aim.value(search.best))
        for stage, aim in zip(search.form.problem.stages, search.form.aims, strict=False)
    ]
    found = proof.prove(ascent, number, allowed)
    if found is None:
        return
    entry, bound = found
    if number == len(search.bounds):
        search.bounds.append(bound)
        search.certificates[number] = entry
