"""Who has his best for certain is counted without an engine, and the count is that of the draw's own digits."""

import random

import numpy as np
import pytest

from solvers.engines import lot
from solvers.problem import Ints, Problem, read
from solvers.rules.form import Form
from tests.solvers.random_problems import any_problem, some_answer


def by_digits(problem: Problem, values: Ints) -> int:
    """Groups before the first digit of the draw that is not 0; the last one is never claimed."""
    for digit in lot._group_digits(problem):
        if digit.value(values):
            return int(np.flatnonzero(problem.turn == digit.group)[0])
    return len(problem.turn) - 1


@pytest.mark.parametrize("seed", range(60))
def test_the_luckiest_are_those_before_the_first_digit_that_is_not_nothing(seed: int) -> None:
    draw = random.Random(seed)
    problem = read(any_problem(draw))
    form = Form.of(problem)
    ledger = some_answer(draw, problem)
    units = np.zeros(len(problem.choices.group), np.int64)
    assert lot.luckiest(form, form.complete(units)) == by_digits(problem, units)
    if ledger is not None:
        for choice, taken in ledger.taken.items():
            units[choice] = taken
        assert lot.luckiest(form, form.complete(units)) == by_digits(problem, units)
