"""Numbers are put in order alike, short or not, and equal ones stay as they stood."""

import numpy as np
import pytest

from solvers.arrays import SHORT, order_of


@pytest.mark.parametrize("below", [1, 7, SHORT, SHORT + 1, 10 * SHORT])
def test_the_order_is_the_stable_one(below: int) -> None:
    keys = np.random.default_rng(below).integers(0, below, 5000)
    keys[0] = below - 1
    assert np.array_equal(order_of(keys, below), np.argsort(keys, kind="stable"))
    assert order_of(np.zeros(0, np.int64), below).size == 0
