"""What prices leave open is searched whole: no choice of a better answer is ever left out, and what is proved is true."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances import opening
from solvers.certificate import Certificate
from solvers.engines import narrowed, prices, repair
from solvers.engines.search import Search
from solvers.problem import read
from solvers.proofs.bound import proved_bound
from solvers.rules.form import Form
from solvers.solve import solve


@cache
def solved(seed, carriers):
    problem = read(opening(40, 4, seed, carriers=carriers))
    return problem, solve(problem, engine="mip", seconds=60)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1), st.booleans(), st.data())
def test_no_choice_of_a_better_answer_is_left_out_whatever_the_prices(seed, carriers, data):
    problem, best = solved(seed, carriers)
    scale = 16
    seed = data.draw(st.integers(0, 10_000))
    draw = np.random.default_rng(seed)
    groups = (
        np.zeros(len(problem.groups.ids), np.int64) - draw.integers(-5, 40, len(problem.groups.ids)) * scale
    )
    fund = np.array([data.draw(st.integers(0, 3))])
    entry = Certificate("prices", scale=scale, inside="options", groups=groups, resources=fund)
    bound = proved_bound(problem, [0], 0, entry).bound
    value = best.stages[0].value
    assert bound is not None
    assert bound <= value
    kept = prices.better(problem, 0, entry, bound, value + data.draw(st.integers(1, 5)))
    for group, option in best.placements.items():
        mine = (problem.choices.group == problem.group_number[group]) & (
            problem.choices.option == problem.option_number[option]
        )
        assert kept[mine].all()


def test_prices_and_a_search_of_the_rest_prove_what_a_search_of_all_proves():
    narrow = 0
    for seed in (1, 2, 3):
        problem = read(opening(160, 6, seed))
        alone, together = solve(problem, engine="mip", seconds=60), solve(problem, seconds=60)
        assert alone.status == together.status == "optimal"
        assert alone.stages[0].value == together.stages[0].value
        narrow += together.run["engine"] == "prices+cpsat+mip"
    assert narrow


def test_what_is_closed_already_is_not_searched():
    form = Form.of(read(opening(160, 6, 1)))
    search = Search(form, 60)
    assert not narrowed.search(search, until=60)
    prices.solve(search)
    search.bounds[0] = form.aims[0].value(search.best)
    assert not narrowed.search(search, until=60)


@pytest.mark.parametrize("stop", [0, 3])
def test_a_stop_leaves_the_answer_of_the_prices(stop):
    form = Form.of(read(opening(160, 6, 1)))
    search = Search(form, 60)
    prices.solve(search)
    looks = iter(range(10**9))
    search.should_stop = lambda: next(looks) >= stop
    before = form.aims[0].value(search.best)
    narrowed.search(search, until=60)
    assert form.aims[0].value(search.best) <= before
    assert not form.broken(search.best).any()


def priced_with_a_poor_answer(seed: int) -> tuple[Search, int]:
    """What prices prove, beside any answer that keeps the rules; and the least value there is."""
    problem = read(opening(160, 6, seed))
    search = Search(Form.of(problem), 60)
    poor = repair.first_answer(search)
    prices.solve(search)
    search.best = poor
    assert not search.form.broken(poor).any()
    return search, solve(problem, engine="mip", seconds=60).stages[0].value


def open_now(search: Search) -> int:
    value = search.form.aims[0].value(search.best)
    return int(narrowed._open(search, search.certificates[0], search.bounds[0], value).sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_much_is_left_open_the_nearest_choices_are_searched_and_prove_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
):
    search, best = priced_with_a_poor_answer(seed)
    poor, bound = search.form.aims[0].value(search.best), search.bounds[0]
    monkeypatch.setattr(narrowed, "LARGEST", 0)
    monkeypatch.setattr(narrowed, "NEAREST", open_now(search) - 1)
    assert narrowed.search(search, until=60)
    assert best <= search.form.aims[0].value(search.best) < poor
    assert not search.form.broken(search.best).any()
    assert (search.bounds[0], search.certificates[0].proof) == (bound, "prices")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_better_answer_from_the_nearest_leaves_little_enough_to_be_searched_whole(
    seed: int, monkeypatch: pytest.MonkeyPatch
):
    search, best = priced_with_a_poor_answer(seed)
    monkeypatch.setattr(narrowed, "LARGEST", open_now(search) - 1)
    monkeypatch.setattr(narrowed, "NEAREST", open_now(search) - 1)
    assert narrowed.search(search, until=60)
    assert search.form.aims[0].value(search.best) == search.bounds[0] == best


def test_where_even_the_nearest_are_too_many_nothing_is_searched(monkeypatch: pytest.MonkeyPatch):
    search, _best = priced_with_a_poor_answer(1)
    before = search.best.copy()
    monkeypatch.setattr(narrowed, "LARGEST", 0)
    monkeypatch.setattr(narrowed, "NEAREST", 0)
    assert not narrowed.search(search, until=60)
    assert (search.best == before).all()
