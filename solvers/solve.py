"""The one door: choose an engine by the rules present and the size, solve, and audit the answer."""

import math
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from importlib import metadata
from time import monotonic
from typing import Any

import numpy as np

from solvers import more as what_more
from solvers.answers import told
from solvers.audit import audit
from solvers.engines import (
    conflict,
    exact,
    flow,
    knapsacks,
    lot,
    machines,
    narrowed,
    nearest,
    neighbourhoods,
    network,
    prices,
    race,
    relaxations,
    repair,
)
from solvers.engines.search import Progress, Search
from solvers.outcome import Outcome, StageResult, Status
from solvers.problem import Ints, Problem
from solvers.proving import proved
from solvers.reasons import reasons
from solvers.rules import carriers
from solvers.rules.form import Form

__all__ = ["EngineError", "Progress", "solve"]

ENGINES = ("auto", "flow", "cpsat", "mip", "prices")
CONFLICT_SECONDS = 10.0
"""How long the rules that conflict are looked for, beside the time for the answer."""
MORE = 0.2
"""Share of the time that asking what one more would bring may take, if so much is left."""
TELLING, TELLING_STAGES, MOST_TELLING = 1.5e-6, 6, 0.4
"""Seconds that reasons, proofs and the audit take for each choice and stage, the stages that count in that, and the
most of the time that is kept for them.
"""
LAID = 1.5
"""As ``TELLING``, in times what laying out the rows took: a machine that is busy with other things is slow at both."""
PROVING, PROVING_SHARE, MOST_PROVING = 5e-4, 0.1, 0.15
"""Seconds for each choice in which relaxations look for proofs by prices, as a share of the time; and the most of it."""
PRICING = 2e-5
"""Seconds for each choice below which bounds by prices are not begun any more."""
IMPROVED = 0.55
"""Share of the time after which a large problem's answer is left, and its bounds are looked for."""
RELAXED = 0.65
"""Share of the time in which relaxations may lead to an answer of a large problem with many stages."""
PROVED = 0.93
"""Share of the time after which no further relaxation is begun: counting what the last one proves takes some."""
POLISHED = 0.3
"""Share of the time left in which neighbourhoods look for more than relaxations led to."""
SMALL = 40_000
"""Choices up to which CP-SAT sees the whole problem."""
MANY = 10_000
"""Choices from which on relaxations are kept through many stages, before anybody searches."""
MIDDLE = 2_500
"""Choices from which on the first answer is improved before CP-SAT sees it."""
NETWORK = 3_000
"""Choices from which on the compiled network is worth loading."""
PACKING, PACKING_LARGE = 0.1, 0.5
"""Share of the time for knapsacks where a race proves more, up to MIDDLE choices and beyond."""
TINY = 400
"""Choices up to which no first answer is worth its time."""


class EngineError(ValueError):
    """The engine asked for is not there, or cannot keep this problem's rules; a sentence says so."""


def solve(
    problem: Problem,
    *,
    seconds: float = 60,
    work: int | None = None,
    workers: int = 1,
    seed: int = 0,
    engine: str = "auto",
    cluster: str | None = None,
    more: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Place the groups as the objective wishes, within ``seconds``; the answer has passed the audit.

    ``auto`` takes the flow where nothing ties groups together, CP-SAT up to middle size, and beyond that
    flow, repair and neighbourhoods. ``work`` is deterministic effort in place of seconds. ``should_stop`` is
    asked now and then; once it says yes the best answer so far is returned. ``more`` asks of everything that there
    is only so much of what one more would bring. ``cluster`` names machines that count prices too ("local:2",
    "tcp://HOST:PORT"); no step's outcome depends on them.
    """
    if engine not in ENGINES:
        raise EngineError(f'engine: no engine "{engine}"; there are {", ".join(ENGINES)}')
    if engine == "mip" and work is not None:
        raise EngineError("engine: mip keeps time only; effort is counted by cpsat and auto")
    started = monotonic()
    form = Form.of(problem)
    telling = _telling(form, monotonic() - started, seconds)
    proving = min(PROVING_SHARE * seconds, PROVING * len(problem.choices.group))
    proving = proving if len(problem.choices.group) <= SMALL else 0.0
    search = Search(
        form, seconds - telling - proving, workers, seed, work, on_progress, should_stop, started=started
    )
    used = _run_over(cluster, search, engine)
    outcome = _outcome(search, used)
    spare = 0.0 if search.stopped or not proving else max(proving, seconds - telling - search.clock)
    outcome = proved(
        search.form,
        outcome,
        search.certificates,
        seconds=min(spare, MOST_PROVING * seconds),
        sharpen=work is None,
    )
    if outcome.answered:
        outcome = replace(outcome, reasons=reasons(problem, outcome))
    if more and outcome.answered:
        outcome = replace(outcome, more=what_more.find(search, seconds=min(search.left, MORE * seconds)))
    breaches = audit(problem, outcome)
    if breaches:
        raise AssertionError(f"the answer breaks its own rules: {breaches[0].sentence}")
    return outcome


def _telling(form: Form, laid: float, seconds: float) -> float:
    """What of the seconds is kept for reasons, proofs and the audit: they are told after the search, within its time."""
    stages = 1 + min(len(form.aims), TELLING_STAGES)
    return min(MOST_TELLING * seconds, max(LAID * laid, TELLING * stages * len(form.problem.choices.group)))


def _run_over(cluster: str | None, search: Search, engine: str) -> str:
    """Run with the machines named; EngineError if there are none."""
    left = (lambda: search.left) if search.work is None else (lambda: math.inf)
    try:
        with machines.at(cluster, left=left) as search.machines:
            return _run(search, engine)
    except machines.Unreachable as error:
        raise EngineError(f"cluster: {error}") from error
    finally:
        search.machines = None


def _run(search: Search, engine: str) -> str:
    """Let the engines that fit fill the search; the name of the one that did."""
    if conflict.hopeless(search.form) is not None:
        search.infeasible = True
        return "rules"
    small = len(search.form.problem.choices.group) <= SMALL
    if engine == "prices":
        return _priced(search)
    if engine not in {"cpsat", "mip"} and _flowed(search, engine):
        return "flow"
    size = len(search.form.problem.choices.group)
    if engine == "auto" and prices.keeps_singles(search.form) and size > TINY and search.work is None:
        return _priced(search)
    if engine == "auto" and size > TINY and knapsacks.fits(search.form):
        return _packed(search)
    relaxed = size > MANY and len(search.form.aims) > 1 and relaxations.fits(search.form)
    if engine in {"cpsat", "mip"} or (engine == "auto" and small and not relaxed):
        return _exactly(search, engine)
    if prices.fits(search.form):
        return _priced(search)
    return _widely(search)


def _flowed(search: Search, engine: str) -> bool:
    """Whether a network says the whole problem, and has answered it."""
    size = len(search.form.problem.choices.group)
    if size > NETWORK and network.solve(search):
        if search.infeasible and not flow.fits(search.form):
            # Of quotas that cannot be met the engines that follow know which ones conflict.
            search.infeasible = False
            return False
        if search.best is not None and len(search.bounds) < len(search.form.aims):
            _bound_the_rest(search)
        return True
    if not (flow.fits(search.form) and flow.solve(search)):
        return False
    if search.best is not None and len(search.bounds) < len(search.form.aims):
        _bound_the_rest(search)
    elif search.best is not None and engine == "auto" and size <= SMALL:
        _draw(search)
    elif search.best is not None:
        search.lot_value = lot.luckiest(search.form, search.best)
    return True


def _priced(search: Search) -> str:
    """Prices, and what they leave open by a search of what is left, or by the wide way."""
    prices.solve(search)
    if search.best is None:
        if len(search.form.problem.choices.group) <= SMALL:
            return _exactly(search, "auto")
        _widely(search)
        return "prices"
    used = "prices"
    if search.left > 0 and search.work is None and narrowed.search(search, until=_limit(search)):
        used = "prices+cpsat+mip"
    _bound_the_rest(search)
    if search.bounds == search.reached and len(search.form.problem.choices.group) <= SMALL:
        _draw(search)
    return used


def _packed(search: Search) -> str:
    """Knapsacks, and the way without them where they find no answer or others prove it sooner."""
    small = len(search.form.problem.choices.group) <= SMALL
    shared = small and knapsacks.costs_to_run(search.form)
    part = PACKING if len(search.form.problem.choices.group) <= MIDDLE else PACKING_LARGE
    knapsacks.solve(search, share=part if shared else 1.0)
    met = search.best is not None and search.bounds == [search.form.aims[0].value(search.best)]
    if small and not met and (shared or search.best is None):
        return _proved_beside(search)
    if search.best is None:
        _widely(search)
        return "flow+repair"
    _bound_the_rest(search)
    if met and small:
        _draw(search)
    return "knapsacks"


def _proved_beside(search: Search) -> str:
    """Every other way from the answer there is, the sharper of both bounds kept."""
    bounds, certificates = search.bounds, search.certificates
    search.bounds, search.certificates = [], {}
    used = _exactly(search, "auto")
    sign = -1 if search.form.aims[0].maximise else 1
    if bounds and search.bounds and sign * (bounds[0] or 0) > sign * (search.bounds[0] or 0):
        search.bounds, search.certificates = bounds, certificates
    elif 0 in certificates and 0 not in search.certificates:
        # What our prices prove stays checkable beside what the race has searched.
        entry = certificates[0]
        shown = bounds[0] if entry.proof == "prices" else entry.certified
        search.certificates[0] = replace(entry, proof="search", certified=shown)
    return f"knapsacks+{used}"


def _exactly(search: Search, engine: str) -> str:
    """Every stage proved if time allows; what time leaves is polished in neighbourhoods. Who was asked."""
    form = search.form
    size, limit = len(form.problem.choices.group), _limit(search)
    if size > TINY:
        values = repair.first_answer(search)
        if form.broken(values).any() or size > MIDDLE:
            values = neighbourhoods.improve(search, values, until=search.elapsed + min(2.5, 0.1 * limit))
        search.offer(values)
    who, door = _asked(search, engine)
    with door as asked:
        proved = exact.solve(search, asked, until=0.85 * limit)
        if proved:
            _polish(search, asked, until=search.elapsed + 0.4 * search.left)
    if proved:
        near = asked.near if isinstance(asked, race.Patient) else asked
        _draw(search, near if isinstance(near, exact.Model) else None)
    elif not search.infeasible:
        values = repair.first_answer(search) if search.best is None else search.best
        values = neighbourhoods.improve(search, values, until=limit)
        search.offer(values)
        _bound_the_rest(search)
    return who


def _asked(search: Search, engine: str) -> tuple[str, AbstractContextManager[exact.Asked]]:
    """Whom to ask stage after stage: CP-SAT alone where effort is counted or it is asked for, else both."""
    form = search.form
    if engine == "mip":
        return "mip", race.Race(form, ("mip",))
    if engine == "cpsat" or search.work is not None:
        return "cpsat", nullcontext(exact.Model(form))
    large = len(form.problem.choices.group) > MIDDLE
    return "cpsat+mip", race.Race(form) if large else race.Patient(form)


def _limit(search: Search) -> float:
    return search.seconds if search.work is None else float(search.work)


def _polish(search: Search, model: exact.Asked, *, until: float) -> None:
    """Use spare time on stages without proof; not where tolerances let later stages take from earlier ones."""
    stages = search.form.problem.stages
    if search.best is None or search.bounds == search.reached or any(stage.tolerance[0] for stage in stages):
        return
    search.best = neighbourhoods.improve(search, search.best, until=until)
    take_stock(search, search.best)
    search.bounds += [search.form.ceiling(aim) for aim in search.form.aims[len(search.bounds) :]]
    for stage, aim, reached in zip(stages, search.form.aims, search.reached, strict=False):
        model.keep(aim, stage.allowed(reached))


def _widely(search: Search) -> str:
    """An answer at any size, and the bounds of relaxations, or of the flow alone. What led to it."""
    limit = _limit(search)
    size = len(search.form.problem.choices.group)
    relaxed = relaxations.fits(search.form) and size > MANY
    if relaxed:
        relaxations.answer(search, until=RELAXED * limit)
    answered = search.best is not None
    if answered:
        _bound_the_rest(search, relaxed=True)
        if search.bounds == search.reached:
            if size <= SMALL:
                _draw(search)
            return "relaxations"
    elif relaxed and size <= SMALL:
        return _exactly(search, "auto")
    values = repair.first_answer(search) if search.best is None else search.best
    search.offer(values)
    until = search.elapsed + POLISHED * search.left if answered else IMPROVED * limit
    values = neighbourhoods.improve(search, values, until=until)
    search.offer(values)
    if search.best is None:
        search.missing = values
        search.refuted = conflict.prove(search, values, until=limit)
        search.infeasible = search.refuted is not None
    _bound_the_rest(search, relaxed=relaxed)
    return "relaxations" if answered else "flow+repair"


def _bound_the_rest(search: Search, *, relaxed: bool = False) -> None:
    """Take stock of the best answer; stages without a bound get the relaxation's."""
    form = search.form
    if search.best is None:
        return
    search.offer(_without_idle(form, search.best))
    repair.refill(search)
    best = search.best
    reached = take_stock(search, best)
    wide = len(form.problem.choices.group) > SMALL
    if relaxed:
        relaxations.prove(search, reached, until=PROVED * _limit(search))
    for number, aim in enumerate(form.aims):
        if number < len(search.bounds):
            continue
        # In a large problem the relaxation with all rules says more than several flows do, and sooner.
        bound = _by_prices(search, number, reached, form.ceiling(aim)) if wide else form.ceiling(aim)
        if bound != reached[number] and search.left > 0 and number not in search.certificates:
            found = flow.bound(form, number, reached, search)
            if found is not None:
                bound = min(bound, found) if aim.maximise else max(bound, found)
        bound = bound if wide else _by_prices(search, number, reached, bound)
        search.bounds.append(bound)
        search.tell(number, reached[number], bound)
    search.lot_value = lot.luckiest(form, best)


def take_stock(search: Search, values: Ints) -> list[int]:
    """What each stage has in these values, and ``reached`` at least as good as that.

    Where an earlier stage's gain costs a later one more than its tolerance, that one is reached anew, and what was
    proved of the stages after it beside its old level is proved no more.
    """
    form = search.form
    now = [aim.value(values) for aim in form.aims]
    for number, (stage, aim) in enumerate(zip(form.problem.stages, form.aims, strict=False)):
        if number == len(search.reached):
            break
        had = search.reached[number]
        if (-1 if aim.maximise else 1) * (now[number] - stage.allowed(had)) > 0:
            del search.reached[number:], search.bounds[number + 1 :]
            for later in [one for one in search.certificates if one > number]:
                del search.certificates[later]
            break
        search.reached[number] = max(had, now[number]) if aim.maximise else min(had, now[number])
    search.reached += now[len(search.reached) :]
    return now


def _by_prices(search: Search, number: int, reached: Sequence[int], bound: int) -> int:
    """What the prices of joint rules prove beyond the relaxation's ``bound``, in this stage's share of the time."""
    form = search.form
    aim = form.aims[number]
    size = len(form.problem.choices.group)
    if bound == reached[number] or size <= MIDDLE or search.left <= PRICING * size:
        return bound
    # In a large problem one relaxation takes what it takes: the first stages rather than a little of each.
    first = size > SMALL or form.problem.stages[number].stage == "placed"
    share = 0.35 if first else 0.5 / (len(form.aims) - number)
    found = prices.bound(search, number, reached, seconds=share * search.left)
    if found is None or (found[1] >= bound if aim.maximise else found[1] <= bound):
        return bound
    search.certificates[number] = found[0]
    return found[1]


def _without_idle(form: Form, values: Ints) -> Ints:
    """The same placements with nothing kept open that nobody uses: a stop comes before later stages close it."""
    units = values[: len(form.problem.choices.group)]
    runs = form.problem.options.must_run.copy()
    runs[form.problem.choices.option[units > 0]] = True
    entries = carriers.entries(form.sheet)
    names = form.sheet.names["pieces"].tolist()
    taken = {entry: int(values[name]) for entry, name in zip(entries, names, strict=True) if runs[entry[0]]}
    return form.complete(units, taken)


def _draw(search: Search, model: exact.Model | None = None) -> None:
    """Let the lot decide what is left; ``model`` is one that keeps all stages already.

    What an aim speaks of may have been left anywhere its tolerance allows, so it is made to follow the placements.
    """
    stages = search.form.problem.stages
    if stages and stages[-1].stage == "lot" and search.left > 0:
        if model is None:
            model = exact.Model(search.form)
            for stage, aim, reached in zip(stages, search.form.aims, search.reached, strict=False):
                model.keep(aim, stage.allowed(reached))
        lot.settle(search, model)
    if search.best is not None:
        search.best = _without_idle(search.form, search.best)


def _outcome(search: Search, engine: str) -> Outcome:
    problem = search.form.problem
    run: Mapping[str, Any] = {
        "engine": engine,
        "versions": {
            "ortools": metadata.version("ortools"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "seed": search.seed,
        "workers": search.workers,
        "seconds": round(search.clock, 3),
    }
    if search.best is None:
        status = Status.INFEASIBLE if search.infeasible else Status.UNKNOWN
        clash = nearest.explain(search, seconds=CONFLICT_SECONDS) if search.infeasible else None
        return Outcome(problem.sha256, status, conflict=clash, run=run)
    answer = told(search.form, search.best)
    results = _stages(search, search.best)
    optimal = all(stage.bound is not None and stage.best == stage.bound for stage in results)
    return Outcome(
        problem_sha256=problem.sha256,
        status=Status.OPTIMAL if optimal else Status.FEASIBLE,
        placements=answer.placements,
        running=answer.running,
        carriers=answer.carriers,
        stages=results,
        run=run,
    )


def _stages(search: Search, values: Ints) -> tuple[StageResult, ...]:
    results: list[StageResult] = []
    for number, stage in enumerate(search.form.problem.stages):
        if stage.stage == "lot":
            total = len(search.form.problem.groups.ids)
            results.append(StageResult("lot", search.lot_value, total))
            continue
        value, reached = search.form.aims[number].value(values), search.reached[number]
        results.append(
            StageResult(
                stage.stage,
                value,
                search.bounds[number],
                stage.tier,
                stage.tag,
                stage.rank,
                reached if reached != value else None,
            )
        )
    return tuple(results)
