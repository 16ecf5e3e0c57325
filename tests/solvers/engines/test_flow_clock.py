"""A flow cannot be interrupted, so none is begun that would not end in time; time here is counted, not measured."""

import pytest

from solvers import samples
from solvers.engines import flow, search
from solvers.engines.search import Search
from solvers.problem import Ints, read
from solvers.rules.form import Form


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(search, "monotonic", lambda: now[0])
    return now


def long_flow(monkeypatch: pytest.MonkeyPatch, clock: list[float], seconds: float) -> list[float]:
    """Every flow takes so many seconds of the counted clock; when each was begun."""
    begun: list[float] = []
    solve = flow.Network.solve

    def slow(self: flow.Network, cost: Ints) -> Ints | None:
        begun.append(clock[0])
        clock[0] += seconds
        return solve(self, cost)

    monkeypatch.setattr(flow.Network, "solve", slow)
    return begun


def test_no_flow_is_begun_that_would_end_too_late(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    form = Form.of(read(samples.plain(groups=60, options=5, listed=3, seats=9)))
    arcs = len(flow.Network.of(form.problem).tail)
    monkeypatch.setattr(flow, "ARC", 2.0 / arcs)
    begun = long_flow(monkeypatch, clock, 2.0)
    one = Search(form, 5.0, started=0.0)
    assert flow.solve(one)
    assert one.best is not None
    assert not form.broken(one.best).any()
    assert begun == [0.0, 2.0]
    assert clock[0] <= 5.0
    assert len(one.bounds) < len(form.aims)


def test_with_time_enough_every_stage_has_its_flow(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    form = Form.of(read(samples.plain(groups=60, options=5, listed=3, seats=9)))
    long_flow(monkeypatch, clock, 2.0)
    one = Search(form, 500.0, started=0.0)
    assert flow.solve(one)
    assert len(one.bounds) == len(form.aims)


def test_bounds_are_left_out_where_no_flow_would_end_in_time(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    form = Form.of(read(samples.plain(groups=60, options=5, listed=3, seats=9)))
    begun = long_flow(monkeypatch, clock, 2.0)
    monkeypatch.setattr(flow, "ARC", 1.0)
    assert flow.bound(form, 0, [0], Search(form, 5.0, started=0.0)) is None
    assert begun == []
    assert flow.bound(form, 0, [0], Search(form, 5.0, started=0.0, work=5)) is not None
