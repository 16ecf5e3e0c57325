"""The engines at a size worth timing: the clock is kept, answers are clean, effort repeats."""

import time
from dataclasses import replace

import numpy as np
import pytest

from solvers import samples
from solvers.audit import audit
from solvers.engines import flow, lot
from solvers.engines.search import Search
from solvers.outcome import StageResult, Status
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import EngineError, solve, take_stock
from solvers.source import canonical_text


def answer_only(outcome):
    return canonical_text({key: value for key, value in outcome.to_dict().items() if key != "run"})


def test_a_camp_of_full_size_is_proved_to_the_last_lot():
    problem = read(samples.camp())
    outcome = solve(problem, seconds=30)
    assert outcome.status is Status.OPTIMAL
    assert outcome.gap == 0
    assert outcome.stages[-1].value == len(problem.groups.ids)
    assert answer_only(outcome) == answer_only(solve(problem, seconds=30, seed=3))


@pytest.mark.parametrize(("kind", "scale"), [("contest", 0.1), ("retreat", 0.02)])
def test_the_wide_way_keeps_the_rules_and_its_clock(kind, scale):
    problem = read(getattr(samples, kind)(scale=scale))
    solve(problem, seconds=0.5, engine="flow")  # what is compiled once a machine is no part of anybody's time
    began = time.monotonic()
    outcome = solve(problem, seconds=4, engine="flow")
    assert time.monotonic() - began < 8
    assert outcome.status is Status.FEASIBLE
    assert all(stage.bound is not None for stage in outcome.stages)
    assert outcome.run["engine"] == "flow+repair"


def test_work_in_place_of_seconds_repeats_an_unproved_answer():
    problem = read(samples.retreat(scale=0.008))
    one, other = (solve(problem, work=1) for _ in range(2))
    assert answer_only(one) == answer_only(other)


def test_stop_is_heard():
    outcome = solve(read(samples.retreat(scale=0.01)), seconds=60, should_stop=lambda: True)
    assert outcome.run["seconds"] < 5


@pytest.mark.parametrize("after", [4, 6, 8])
def test_a_stop_between_two_aims_leaves_nothing_open_that_nobody_uses(after):
    problem, told = read(samples.retreat(scale=0.01)), []
    outcome = solve(problem, seconds=60, on_progress=told.append, should_stop=lambda: len(told) >= after)
    assert outcome.status is Status.FEASIBLE
    assert outcome.placements
    assert not audit(problem, outcome)


def test_what_an_earlier_stage_gains_since_takes_back_what_was_proved_beside_the_later_ones():
    source = {
        "format": "eventhub.allocation-problem/1",
        "options": [{"id": "a", "capacity": 2}],
        "groups": [
            {"id": id_, "size": size, "tier": tier, "choices": [{"option": "a", "rank": 1, "cost": cost}]}
            for id_, size, tier, cost in (("first", 2, 1, 1), ("h", 1, 2, 5), ("i", 1, 2, 5))
        ],
        "objective": [{"stage": "placed", "by": "tier"}, {"stage": "cost"}],
    }
    form = Form.of(read(source))
    search = Search(form, 20)
    # Both of the second tier were in when the cost was proved; the first tier's group has taken their seats since.
    search.reached, search.bounds = [0, 2, 10], [2, 2, 10]
    search.best = form.complete(np.array([1, 0, 0]))
    take_stock(search, search.best)
    assert (search.reached, search.bounds) == ([2, 0, 1], [2, 2])


class Stop:
    """Says no so many times, then yes."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_stop_is_heard_between_two_stages_of_the_flow():
    form = Form.of(read(samples.retreat(scale=0.02)))
    flows = []

    def counted(stop):
        solved = flow.Network.solve
        flows.append(0)

        def count(network, cost):
            flows[-1] += 1
            return solved(network, cost)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(flow.Network, "solve", count)
            return flow.target(Search(form, 60, should_stop=stop))

    assert counted(None) is not None
    assert counted(Stop(2)) is not None
    assert counted(Stop(0)) is None
    assert flows[0] > 2
    assert flows[1:] == [2, 0]


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_flow_that_is_stopped_leaves_a_whole_answer_and_claims_no_proof_it_has_not(after):
    problem = read(samples.plain(groups=600, options=30, listed=4, seats=18))
    whole = solve(problem, seconds=30, engine="flow")
    outcome = solve(problem, seconds=30, engine="flow", should_stop=Stop(after))
    assert outcome.status is Status.FEASIBLE
    assert not audit(problem, outcome)
    assert [stage.value for stage in whole.stages][:1] == [540]
    assert all(stage.bound is not None for stage in outcome.stages[:-1])
    assert outcome.gap != 0


def test_the_flow_settles_many_stages_of_a_large_plain_problem():
    problem = read(samples.plain(groups=3000, options=150, listed=6, seats=18))
    outcome = solve(problem, seconds=30, engine="flow")
    assert outcome.run["engine"] == "flow"
    assert all(stage.value == stage.bound for stage in outcome.stages[:-1])
    assert outcome.stages[0].value == 2700


def test_an_engine_that_is_not_there_is_refused_in_words():
    with pytest.raises(EngineError, match='no engine "oracle"'):
        solve(read(samples.plain()), engine="oracle")


def test_without_time_the_draw_claims_only_what_needs_no_proof():
    problem = read(samples.camp(children=60, batches=3, seats=15))
    form = Form.of(problem)
    nobody = form.complete(problem.choices.units * 0)
    assert lot.luckiest(form, nobody) == 0


def test_the_gap_of_an_answer_is_that_of_the_first_stage_left_open():
    """A loose bound on what weighs least says nothing of what weighs most."""
    proved = StageResult("placed", value=100, bound=100, tier=1)
    near = StageResult("placed", value=98, bound=100, tier=2)
    loose = StageResult("rank", value=50, bound=0)
    outcome = solve(read(samples.plain(groups=4, options=2)), seconds=5)
    assert replace(outcome, stages=(proved, near, loose)).gap == near.gap == 20409
    assert replace(outcome, stages=(proved, StageResult("lot", value=1, bound=9))).gap == 0
    assert replace(outcome, stages=(proved, StageResult("rank", value=5, bound=None))).gap is None


@pytest.mark.parametrize("engine", ["flow", "prices"])
@pytest.mark.parametrize("others", [[], [{"id": "b", "size": 2, "choices": [{"option": "A", "rank": 1}]}]])
def test_a_group_that_lists_nothing_is_left_out_by_every_engine(engine, others):
    source = {
        "format": "eventhub.allocation-problem/1",
        "options": [{"id": "A", "capacity": 2, "minimum": 1}],
        "groups": [{"id": "a", "choices": []}, *others],
    }
    outcome = solve(read(source), engine=engine, seconds=2)
    assert outcome.placements == {group["id"]: "A" for group in others}
