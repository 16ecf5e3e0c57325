"""Within, the search for cycles of garbage waits; afterwards it is as it was."""

import gc
from collections.abc import Iterator

import pytest

from solvers.rest import collector_at_rest


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.isenabled()
    yield
    (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("before", [True, False])
def test_it_is_off_within_and_as_before_afterwards(before: bool) -> None:
    (gc.enable if before else gc.disable)()
    with collector_at_rest():
        assert not gc.isenabled()
    assert gc.isenabled() == before


def test_what_goes_wrong_within_leaves_it_on() -> None:
    gc.enable()
    with pytest.raises(KeyError), collector_at_rest():
        raise KeyError
    assert gc.isenabled()


def test_one_within_another_leaves_it_off_until_the_outer_one_ends() -> None:
    gc.enable()
    with collector_at_rest():
        with collector_at_rest():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
