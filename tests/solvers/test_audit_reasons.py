"""The auditor derives the reasons anew, and comes to those that are told one by one."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from solvers import audit_moves
from solvers.audit_reasons import derive
from solvers.outcome import Outcome, StageResult, Status
from solvers.problem import read
from solvers.reasons import reasons, tell_each
from tests.solvers.random_problems import any_problem, placed, some_answer

CODES = {
    *("banned", "pinned", "did-not-run", "apart", "clash", "too-large", "full", "resource", "limit"),
    *("changes", "aim", "room", "not-listed"),
}


@pytest.mark.parametrize("at_once", [audit_moves.CELLS, 20])
def test_what_is_derived_for_all_at_once_is_what_is_told_one_by_one(at_once, monkeypatch):
    monkeypatch.setattr(audit_moves, "CELLS", at_once)
    met = Counter[str]()
    for seed in range(300):
        draw = random.Random(seed)
        problem = read(any_problem(draw))
        ledger = some_answer(draw, problem)
        if ledger is None:
            continue
        stages = []
        for stage in problem.stages:
            value = 0 if stage.stage == "lot" else ledger.value(stage)
            better = draw.choice((0, 0, 0, 1 if stage.maximise else -1))
            name = (stage.tier, stage.tag, stage.rank)
            stages.append(StageResult(stage.stage, value, None, *name, reached=value + better))
        outcome = Outcome(problem.sha256, Status.FEASIBLE, stages=tuple(stages))
        told = tell_each(ledger, outcome)
        assert derive(ledger, [stage.best for stage in stages]) == told, seed
        assert reasons(problem, replace(outcome, **placed(ledger))) == told, seed
        met.update(reason["code"] for each in told.values() for reason in each)
    assert set(met) == CODES
    assert min(met.values()) > 2
