"""Prices prove nothing false, and the answers made from them keep every rule."""

import ctypes
import json
from itertools import count, product
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances import households, opening
from solvers import samples
from solvers.audit import audit
from solvers.engines import mip, prices
from solvers.engines.prices import bounds, chains, inside
from solvers.engines.search import Search
from solvers.outcome import Status
from solvers.problem import read
from solvers.proofs.bound import proved_bound
from solvers.rules.form import Form
from solvers.solve import solve
from solvers.source import canonical_text
from tests.solvers.test_properties import FEW, problems

WORK = 20
"""Effort that lets every part have its turn at these sizes."""


def by_force(cost, heads, low, high, fixed, steps, *, must):
    """The least sum over all sets of takers."""
    best = None if must else 0
    for chosen in product((0, 1), repeat=len(cost)):
        load = sum(h for h, c in zip(heads, chosen, strict=True) if c)
        if low <= load <= high and (load or must):
            total = fixed + steps[load] + sum(p for p, c in zip(cost, chosen, strict=True) if c)
            best = total if best is None else min(best, total)
    return best


numbers = st.integers(-6, 4)


@settings(FEW, max_examples=80)
@given(
    st.lists(st.tuples(numbers, st.integers(1, 4)), min_size=1, max_size=7),
    st.integers(0, 5),
    st.integers(1, 8),
    st.integers(0, 6),
    st.integers(1, 4),
    st.integers(0, 5),
)
def test_an_option_finds_its_cheapest_takers(takers, low, high, fixed, seats, each):
    cost = np.array([price for price, _ in takers], np.int64)
    heads = np.array([size for _, size in takers], np.int64)
    low = min(low, high)
    steps = inside.carrying(np.array([seats]), np.array([each]), high)
    assert steps.tolist() == [-(-load // seats) * each for load in range(high + 1)]
    taken = np.zeros(len(cost), np.bool_)
    found = inside.cheapest_parties(cost, heads, low, high, fixed, False, steps, taken)
    assert found == by_force(cost, heads, low, high, fixed, steps.tolist(), must=False)
    load = int(heads[taken].sum())
    assert found == (fixed + int(steps[load]) + int(cost[taken].sum()) if taken.any() else 0)


@settings(FEW, max_examples=80)
@given(st.lists(numbers, min_size=1, max_size=8), st.integers(0, 4), st.integers(1, 8), st.integers(0, 6))
def test_single_heads_are_counted_as_parties_of_one_are(cost, low, high, fixed):
    low, high = min(low, high), min(high, len(cost))
    taken = np.zeros(len(cost), np.bool_)
    found = inside.cheapest_heads(np.array(cost), low, high, fixed, False, taken)
    ones = [1] * len(cost)
    assert found == by_force(cost, ones, low, high, fixed, [0] * (high + 1), must=False)
    assert int(taken.sum()) == 0 or low <= int(taken.sum()) <= high


@settings(FEW, max_examples=25)
@given(problems(most_groups=6))
def test_a_bound_by_prices_is_never_passed_by_the_best(source):
    problem = read(source)
    best = solve(problem, seconds=20)
    assert best.status is Status.OPTIMAL
    search = Search(Form.of(problem), 20)
    reached = [stage.best for stage in best.stages if stage.stage != "lot"]
    for number, aim in enumerate(search.form.aims):
        found = prices.bound(search, number, reached, seconds=1)
        if found is not None:
            sign = 1 if aim.maximise else -1
            assert sign * (found[1] - reached[number]) >= 0


@settings(FEW, max_examples=25)
@given(problems(most_groups=6))
def test_a_bound_by_a_large_relaxation_is_never_passed_by_the_best(source):
    problem = read(source)
    best = solve(problem, seconds=20)
    assert best.status is Status.OPTIMAL
    search = Search(Form.of(problem), 20)
    reached = [stage.best for stage in best.stages if stage.stage != "lot"]
    with mock.patch.object(bounds, "WIDE", 0):
        for number, aim in enumerate(search.form.aims):
            found = prices.bound(search, number, reached, seconds=1)
            if found is not None:
                sign = 1 if aim.maximise else -1
                assert sign * (found[1] - reached[number]) >= 0


def test_a_large_relaxation_is_all_but_tight_where_a_retreat_places_its_first_tiers(monkeypatch):
    """Funds, coaches and quotas all bind, and earlier tiers are held at what they reached."""
    monkeypatch.setattr(bounds, "WIDE", 0)
    problem = read(samples.retreat(scale=0.01))
    best = solve(problem, work=60)
    search = Search(Form.of(problem), 60, work=60)
    reached = [stage.best for stage in best.stages if stage.stage != "lot"]
    proved = [stage for stage in best.stages[:3] if stage.gap == 0]
    assert proved
    for number, stage in enumerate(proved):
        found = prices.bound(search, number, reached, seconds=60)
        assert found is not None
        entry, bound = found
        assert entry.proof == "prices"
        assert bound == proved_bound(problem, reached, number, entry).bound
        assert stage.value <= bound <= 1.02 * stage.value + 1


@pytest.mark.parametrize("carriers", [False, True])
def test_departures_keep_their_minimum_and_the_fund(carriers):
    problem = read(opening(2_000, 48, carriers=carriers))
    outcome = solve(problem, work=WORK, engine="prices")
    assert outcome.run["engine"] == "prices"
    assert not audit(problem, outcome)
    assert outcome.certificate[0]["proof"] == "prices"
    assert outcome.stages[0].gap < 20_000


def test_what_prices_prove_holds_against_an_exact_search():
    problem = read(opening(120, 5))
    one, other = solve(problem, work=WORK, engine="prices"), solve(problem, seconds=30, engine="cpsat")
    assert other.status is Status.OPTIMAL
    assert one.stages[0].bound <= other.stages[0].value <= one.stages[0].value


def test_parties_stay_whole_and_close_to_what_splitting_them_would_cost():
    problem = read(households(2_000, 48))
    outcome = solve(problem, work=WORK, engine="prices")
    assert not audit(problem, outcome)
    assert all(isinstance(place, str) for place in outcome.placements.values())
    assert outcome.stages[0].gap < 15_000


@pytest.mark.parametrize("source", [opening(600, 16), households(600, 16)], ids=["opening", "households"])
def test_the_same_effort_gives_the_same_answer(source):
    problem = read(source)
    one, other = (solve(problem, work=WORK, engine="prices", workers=w).to_dict() for w in (1, 2))
    one.pop("run"), other.pop("run")
    assert canonical_text(one) == canonical_text(other)
    assert json.dumps(one["certificate"]) == json.dumps(other["certificate"])


@pytest.mark.parametrize("source", [opening(600, 16), households(600, 16)], ids=["opening", "households"])
@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_stop_at_any_moment_leaves_a_whole_answer(source, after):
    problem, asked = read(source), count()
    outcome = solve(problem, seconds=60, engine="prices", should_stop=lambda: next(asked) >= after)
    assert outcome.status in {Status.FEASIBLE, Status.OPTIMAL}
    assert not audit(problem, outcome)
    assert len(outcome.placements) == len(problem.groups.ids)


def test_what_prices_cannot_place_goes_the_wide_way():
    problem = read(samples.retreat(scale=0.005))
    assert not prices.fits(Form.of(problem))
    outcome = solve(problem, seconds=3, engine="prices")
    assert outcome.answered
    assert not audit(problem, outcome)


def test_without_time_nobody_is_put_in_by_a_chain(monkeypatch):
    waiting, place = [], chains.place

    def watched(hall, order, slack):
        waiting.append(int((hall.at[order] < 0).sum()))
        return place(hall, order, slack)

    monkeypatch.setattr(chains, "place", watched)
    search = Search(Form.of(read(households(600, 10, 1))), 60, should_stop=lambda: True)
    prices.solve(search)
    assert search.best is not None
    assert sum(waiting) == 0


def test_a_core_is_settled_without_a_word_on_the_standard_output(capfd):
    source = households(200, 6, 1)
    mip.Model(Form.of(read(source)))
    ctypes.CDLL(None).fflush(None)
    assert capfd.readouterr().out == ""
