"""Instances are the same for the same seed, and readable."""

import json

import pytest

from benchmarks.instances import capacities, households, opening
from solvers.problem import read

FAMILIES = [capacities, opening, households]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_the_same_problem_and_another_seed_another(family):
    one, same, other = (json.dumps(family(200, 10, seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize("family", FAMILIES)
def test_everybody_may_stay_out_and_seats_are_as_asked(family):
    problem = read(family(200, 10, spare=0.1))
    assert problem.groups.size.sum() == 200
    assert problem.groups.required.all()
    assert problem.options.ids[-1] == "out"
    assert problem.options.capacity[:-1].sum() == 220
    assert (problem.groups.first[1:] - problem.groups.first[:-1] == 9).all()


def test_a_departure_may_be_paid_by_the_coach():
    problem = read(opening(200, 10, carriers=True))
    assert all(len(listed) == 1 for listed in problem.options.carriers[:-1])
    assert len(problem.options.uses.column) == 0
    assert problem.resources.capacity[0] == read(opening(200, 10)).resources.capacity[0]
