"""After a stop no seat stays free that somebody who waits could have."""

import pytest

from solvers import samples
from solvers.engines import repair
from solvers.engines.search import Search
from solvers.ledger import Ledger, read_placements
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import solve


def half_way(problem):
    """A search that was stopped when only the first tier had been looked at."""
    form = Form.of(problem)
    whole = Search(form, 30)
    values = repair.first_answer(whole)
    assert whole.offer(values)
    units = whole.best[: len(problem.choices.group)].copy()
    sheet = Search(form, 30)
    late = problem.groups.tier[problem.choices.group] > 1
    # Keep the departures running with those of the first tier and as many as their minimum asks for.
    load = dict.fromkeys(range(len(problem.options.ids)), 0)
    for choice in sorted(units.nonzero()[0].tolist(), key=lambda choice: bool(late[choice])):
        option = int(problem.choices.option[choice])
        if late[choice] and load[option] >= problem.options.minimum[option]:
            units[choice] = 0
        else:
            load[option] += int(problem.choices.heads[choice] * units[choice])
    return sheet, form, form.complete(units)


def test_seats_left_free_by_a_stop_are_given_in_the_order_of_the_draw():
    problem = read(samples.retreat(scale=0.01) | {"limits": []})
    search, form, values = half_way(problem)
    assert not form.broken(values).any()
    search.best = values
    before = form.score(values)
    assert repair.refill(search)
    assert not form.broken(search.best).any()
    assert form.score(search.best) < before
    kept = values[: len(problem.choices.group)] > 0
    assert (search.best[: len(problem.choices.group)][kept] > 0).all()


def test_nobody_is_put_where_nothing_is_free():
    problem = read(samples.plain(groups=6, options=2, listed=1, seats=1))
    search = Search(Form.of(problem), 30)
    assert search.offer(repair.first_answer(search))
    assert not repair.refill(search)
    assert not repair.refill(Search(Form.of(problem), 30))


@pytest.mark.parametrize("after", [1, 3])
def test_after_a_stop_nobody_who_waits_would_fit(after):
    problem, told = read(samples.retreat(scale=0.01)), []
    outcome = solve(problem, seconds=60, on_progress=told.append, should_stop=lambda: len(told) >= after)
    taken, _ = read_placements(problem, outcome.placements)
    assert Ledger(problem, taken, {}).load
    search = Search(Form.of(problem), 30)
    fitter = repair.Fitter(search.form)
    for choice, units in taken.items():
        fitter.add(choice, units, force=True)
    for group in range(len(problem.groups.ids)):
        running = [c for c in fitter.choices_of(group) if fitter.inside[fitter.option[c]]]
        assert not fitter.missing(group) or not fitter.insert(group, running)
