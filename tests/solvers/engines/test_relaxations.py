"""Relaxations kept in one solver: their answers break no rule, and no placement passes the bounds they prove."""

import random
from functools import cache
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances import season
from solvers import samples
from solvers.audit import audit
from solvers.engines import relaxations
from solvers.engines.relaxations.program import Program, cost_of
from solvers.engines.search import Search
from solvers.problem import read
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND
from solvers.solve import solve
from tests.solvers.random_problems import any_problem
from tests.solvers.test_properties import FEW, problems

LONG = 60.0


def relaxed(problem):
    """A search that only relaxations have filled."""
    search = Search(Form.of(problem), LONG)
    relaxations.answer(search, until=LONG)
    if search.best is not None:
        reached = [aim.value(search.best) for aim in search.form.aims]
        relaxations.prove(search, reached, until=LONG)
        assert len(search.bounds) == len(search.form.aims)
    return search


def sound(problem, search):
    """Whether no bound is passed by the best answer, stage by stage up to where that is better."""
    best = solve(problem, seconds=LONG)
    assert best.status == "optimal"
    for stage, aim, bound, proved in zip(
        problem.stages, search.form.aims, search.bounds, best.stages, strict=False
    ):
        sign = 1 if stage.maximise else -1
        mine = aim.value(search.best)
        assert sign * (bound - max(sign * mine, sign * proved.best) * sign) >= 0
        if mine != proved.best:
            assert sign * (proved.best - mine) > 0
            break


@settings(FEW, max_examples=60)
@given(problems(most_groups=7))
def test_no_placement_passes_a_bound_and_no_answer_breaks_a_rule(source):
    problem = read(source)
    search = relaxed(problem)
    if search.best is not None:
        assert not search.form.broken(search.best).any()
        sound(problem, search)


@settings(FEW, max_examples=60)
@given(st.integers(0, 10**6))
def test_nor_where_every_key_of_the_format_is_used(seed):
    problem = read(any_problem(random.Random(seed)))
    if not relaxations.fits(Form.of(problem)):
        return
    search = relaxed(problem)
    if search.best is not None:
        sound(problem, search)


@cache
def retreat():
    return read(samples.retreat(scale=0.02))


def test_many_stages_of_a_retreat_are_proved_to_hundredths():
    problem = retreat()
    search = relaxed(problem)
    placed = [
        (aim.value(search.best), bound)
        for stage, aim, bound in zip(problem.stages, search.form.aims, search.bounds, strict=False)
        if stage.stage == "placed"
    ]
    assert placed
    for value, bound in placed:
        assert bound - value <= 0.03 * bound


def test_a_stop_leaves_no_answer_and_no_bound():
    search = Search(Form.of(retreat()), LONG, should_stop=lambda: True)
    relaxations.answer(search, until=LONG)
    assert search.best is None
    assert search.bounds == []


def test_time_that_is_up_proves_nothing_more():
    search = Search(Form.of(retreat()), LONG)
    relaxations.answer(search, until=LONG)
    relaxations.prove(search, [aim.value(search.best) for aim in search.form.aims], until=0)
    assert len(search.bounds) < len(search.form.aims)
    assert search.certificates == {}


def test_effort_in_place_of_time_gives_the_same_answer_twice():
    found = []
    for _ in range(2):
        search = Search(Form.of(retreat()), LONG, work=40)
        relaxations.answer(search, until=20)
        found.append((search.best, search.spent))
    assert found[0][1] == found[1][1] > 0
    assert np.array_equal(found[0][0], found[1][0])


def test_a_relaxation_asked_again_says_what_it_said():
    form = Form.of(retreat())
    search = Search(form, LONG)
    program = Program(search, form)
    cost = cost_of(form, form.aims[0])
    program.minimise(cost)
    assert program.solve(seconds=LONG)
    first, basis = float(program.values @ cost), program.basis
    program.hold(form.aims[0], round(-first) - 1)
    program.minimise(cost_of(form, form.aims[1]))
    assert program.solve(seconds=LONG)
    program.begin(basis)
    program.minimise(cost)
    assert program.solve(seconds=LONG)
    assert program.values @ cost == pytest.approx(first)


def test_of_two_rows_that_say_the_same_the_tighter_is_kept():
    source = {
        "format": "eventhub.allocation-problem/1",
        "resources": [{"id": "beds", "capacity": 2}],
        "options": [{"id": "a", "capacity": 3, "head_uses": {"beds": 1}}],
        "groups": [{"id": f"g{n}", "choices": [{"option": "a", "rank": 1}]} for n in range(4)],
        "objective": [{"stage": "placed"}],
    }
    form = Form.of(read(source))
    program = Program(Search(form, LONG), form)
    highs = form.high[program.kept]
    alike = [row for row, high in zip(program.kept, highs, strict=True) if high < NO_BOUND and high in {2, 3}]
    assert [int(form.high[row]) for row in alike] == [2]
    search = relaxed(read(source))
    assert search.bounds == [2]
    assert search.form.aims[0].value(search.best) == 2


@settings(FEW, max_examples=25)
@given(problems(most_groups=6))
def test_what_relaxations_prove_the_audit_accepts(source):
    with mock.patch("solvers.solve.MANY", 0):
        outcome = solve(read(source), work=1, engine="flow")
    assert audit(read(source), outcome) == []


def test_a_season_with_many_stages_goes_through_relaxations_and_its_tiers_are_proved():
    with mock.patch("solvers.solve.MANY", 0):
        outcome = solve(read(season(800, 12)), work=4)
    assert outcome.run["engine"] == "relaxations"
    placed = [stage for stage in outcome.stages if stage.stage == "placed"]
    assert len(placed) == 7
    assert sum(stage.value == stage.bound for stage in placed) >= 5


def test_a_stage_that_may_fall_back_is_left_to_the_older_way():
    source = season(200, 6)
    assert relaxations.fits(Form.of(read(source)))
    source["objective"][0] |= {"tolerance": [1, 100]}
    assert not relaxations.fits(Form.of(read(source)))
