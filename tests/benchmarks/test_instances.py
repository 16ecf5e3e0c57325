"""Instances are the same for the same seed, and readable."""

import json
from dataclasses import fields, is_dataclass
from importlib import import_module

import numpy as np
import pytest

from benchmarks.instances import capacities, households, opening, season
from solvers.problem import read

FAMILIES = [capacities, opening, households]


@pytest.mark.parametrize("family", [*FAMILIES, season])
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


@pytest.mark.parametrize("family", ["capacities", "opening", "households"])
@pytest.mark.parametrize("fair", [False, True])
def test_what_is_drawn_is_the_same_in_arrays_and_as_it_is_written(family, fair):
    drawn = import_module(f"benchmarks.instances.{family}").drawn(200, 10, 3)
    drawn = drawn.fairly() if fair else drawn
    assert_same(drawn.problem(), read(drawn.told()))


def assert_same(one, other, place="problem"):
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist()), place
    elif is_dataclass(one):
        for field in fields(one):
            if field.name != "sha256":
                assert_same(getattr(one, field.name), getattr(other, field.name), f"{place}.{field.name}")
    else:
        assert one == other, place


def test_coaches_are_told_in_the_format_only():
    with pytest.raises(ValueError, match="format"):
        import_module("benchmarks.instances.opening").drawn(60, 4, carriers=True).problem()
