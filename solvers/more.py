"""What one more seat, one more step of a fund or a little more of a limit would bring.

For each option, resource and limit: the first stage that would come out better, and by how much. ``exact`` was solved
again with one more; ``at_most`` is what the same prices prove with one more, so it may be less. An entry without a
stage says that nothing would change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from solvers.certificate import Certificate
from solvers.engines import exact
from solvers.engines.search import Search
from solvers.problem import UNLIMITED, Ints, Problem
from solvers.proofs.bound import Prover
from solvers.proofs.terms import Refused
from solvers.rules.form import Form

LARGEST = 10_000
"""Choices up to which a problem is solved again."""
EACH = 0.25
"""Share of the time left that solving again for one of them may take."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One more of something: ``key`` and ``id`` say of what, ``problem`` is the one that has it."""

    key: str
    id: str
    problem: Problem


def find(search: Search, *, seconds: float) -> dict[str, dict[str, Any]]:
    """The entries found in time, by ``options``, ``resources`` and ``limits``, then id."""
    form = search.form
    stages = _proved(search)
    clock = Search(form, seconds, should_stop=search.should_stop)
    found: dict[str, dict[str, Any]] = {}
    for wish in wishes(form.problem):
        if clock.left <= 0:
            break
        entry = _one(search, wish, stages, until=clock.elapsed + EACH * clock.left, clock=clock)
        if entry is not None:
            found.setdefault(wish.key, {})[wish.id] = entry
    return found


def wishes(problem: Problem) -> Iterator[Wish]:
    """One more of everything that there is only so much of: funds and other resources, limits, seats."""
    for number, id_ in enumerate(problem.resources.ids):
        capacity = _added(problem.resources.capacity, number, int(problem.resources.step[number]))
        resources = replace(problem.resources, capacity=capacity)
        yield Wish("resources", id_, replace(problem, resources=resources))
    for number, limit in enumerate(problem.limits):
        looser = replace(
            limit,
            minimum=None if limit.minimum is None else max(0, limit.minimum - 1),
            maximum=None if limit.maximum is None else limit.maximum + 1,
        )
        if looser != limit:
            limits = (*problem.limits[:number], looser, *problem.limits[number + 1 :])
            yield Wish("limits", limit.id, replace(problem, limits=limits))
    for number, id_ in enumerate(problem.options.ids):
        if problem.options.capacity[number] < UNLIMITED:
            options = replace(problem.options, capacity=_added(problem.options.capacity, number, 1))
            yield Wish("options", id_, replace(problem, options=options))


def _added(amounts: Ints, number: int, more: int) -> Ints:
    changed = amounts.copy()
    changed[number] += more
    return changed


def _proved(search: Search) -> int:
    """How many stages, from the first and before the lot, are proved: beyond, nothing can be said."""
    met = [one == other for one, other in zip(search.reached, search.bounds, strict=False)]
    return met.index(False) if False in met else len(met)


def _one(search: Search, wish: Wish, stages: int, *, until: float, clock: Search) -> Mapping[str, Any] | None:
    by_prices = _priced(search, wish.problem, stages)
    if by_prices is not None and "stage" not in by_prices:
        return by_prices
    again = None
    if len(wish.problem.choices.group) <= LARGEST:
        again = _solved(search, wish.problem, stages, seconds=until - clock.elapsed)
    return again or by_prices


def _priced(search: Search, problem: Problem, stages: int) -> dict[str, Any] | None:
    """What the certificates still prove with one more; None where a stage before rests on a search."""
    allowed = [
        stage.allowed(reached)
        for stage, reached in zip(problem.stages, search.reached[:stages], strict=False)
    ]
    prover = Prover(problem, allowed)
    for number in range(stages):
        certificate = search.certificates.get(number)
        if certificate is None or certificate.proof != "prices":
            return None
        bound = _bound(prover, number, certificate, search.reached[number])
        if bound is None:
            return None
        by = abs(bound - search.reached[number])
        if by:
            return _entry(problem, number, by, "at_most")
    return {"proof": "exact"}


def _bound(prover: Prover, number: int, certificate: Certificate, reached: int) -> int | None:
    try:
        return prover.prove(number, certificate, claimed=reached).bound
    except Refused:
        return None


def _solved(search: Search, problem: Problem, stages: int, *, seconds: float) -> dict[str, Any] | None:
    """Solve again, stage after stage, until one comes out better; None if time does not allow it."""
    form = Form.of(problem)
    if search.best is None or len(form.upper) != len(search.best):
        return None
    again = Search(form, seconds, search.workers, search.seed, should_stop=search.should_stop)
    again.best = search.best
    for settled in exact.steps(again, exact.Model(form), until=seconds):
        for number in range(min(settled, stages)):
            by = abs(again.reached[number] - search.reached[number])
            if again.bounds[number] != again.reached[number]:
                return None
            if by:
                return _entry(problem, number, by, "exact")
        if settled >= stages:
            return {"proof": "exact"}
    return None


def _entry(problem: Problem, number: int, by: int, proof: str) -> dict[str, Any]:
    stage = problem.stages[number]
    extra = {"tier": stage.tier, "tag": stage.tag, "rank": stage.rank}
    return {
        "stage": stage.stage,
        **{key: value for key, value in extra.items() if value is not None},
        "by": by,
        "proof": proof,
    }


def spoken(entry: Mapping[str, Any]) -> str:
    """An entry for a terminal."""
    if "stage" not in entry:
        return "nothing would change"
    which = " ".join(f"{key} {entry[key]}" for key in ("tier", "tag", "rank") if key in entry)
    much = "by" if entry["proof"] == "exact" else "by at most"
    return f"{entry['stage']} {which}".rstrip() + f": better {much} {entry['by']}"
