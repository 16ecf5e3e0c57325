"""Two engines side by side: they agree, neither is trusted with the clock or with the rules, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from solvers import samples
from solvers.engines import exact, race
from solvers.engines.exact import Found
from solvers.engines.search import Search
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import EngineError, solve


@pytest.fixture(scope="module")
def camp():
    return Form.of(read(samples.camp(children=60, batches=3, seats=15)))


def children():
    """Processes of engines that we started and that have not ended."""
    told = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], check=False, capture_output=True, text=True
    )
    return {line.split()[0] for line in told.stdout.splitlines() if "solvers.engines.runner" in line}


@pytest.mark.parametrize("engines", [("mip",), ("cpsat",), ("cpsat", "mip")])
def test_every_engine_reaches_and_proves_the_same_stages(camp, engines):
    alone = Search(camp, 60)
    exact.solve(alone, exact.Model(camp), until=60)
    raced = Search(camp, 60)
    with race.Race(camp, engines) as asked:
        assert exact.solve(raced, asked, until=60)
    assert raced.reached == raced.bounds == alone.reached
    assert raced.best is not None
    assert not camp.broken(raced.best).any()
    assert children() == set()


def test_the_engines_give_the_same_result_to_the_byte():
    problem = read(samples.camp(children=40, batches=2, seats=15))
    one, other = solve(problem, engine="mip"), solve(problem, engine="cpsat")
    assert one.status == other.status == "optimal"
    apart = {"run", "certificate"}
    told, also = ({k: v for k, v in each.to_dict().items() if k not in apart} for each in (one, other))
    assert told == also
    assert one.run["engine"] == "mip"


def test_what_mip_alone_finds_impossible_is_told_with_its_conflict():
    source = samples.camp(children=40, batches=2, seats=15)
    source["limits"].append({"id": "floor", "options": ["b0"], "minimum": 16})
    assert solve(read(source), engine="mip").status == "infeasible"


def test_effort_cannot_be_counted_with_mip():
    with pytest.raises(EngineError, match="mip"):
        solve(read(samples.plain(groups=4)), engine="mip", work=5)


def test_an_engine_that_hangs_is_killed_and_the_other_s_answer_stands(camp):
    aim = camp.aims[0]
    with race.Race(camp) as asked:
        asked.minimise(aim.column, -aim.amount)
        hung = asked.runners[0]
        search = Search(camp, 60)

        def hang():
            while hung.process is None:
                time.sleep(0.001)
            os.kill(hung.process.pid, signal.SIGSTOP)

        threading.Thread(target=hang, daemon=True).start()
        found = asked.solve(search, seconds=50, best=None)
        assert found.proved
        assert hung.process is None
        assert len(children()) <= 1
        again = asked.solve(search, seconds=50, best=found.values)
        assert again.proved
    assert children() == set()


def test_somebody_asking_to_stop_ends_the_question(camp):
    aim = camp.aims[0]
    with race.Race(camp) as asked:
        asked.minimise(aim.column, -aim.amount)
        search = Search(camp, 60, should_stop=lambda: True)
        asked.solve(search, seconds=10**6, best=None)
        assert not any(runner.busy for runner in asked.runners)


def test_values_that_break_a_rule_or_an_earlier_stage_do_not_count(camp):
    aim = camp.aims[0]
    search = Search(camp, 60)
    exact.solve(search, exact.Model(camp), until=60)
    best = search.best
    with race.Race(camp) as asked:
        asked.minimise(aim.column, -aim.amount)
        heat = race._Heat(asked, None, None)
        heat._take(np.minimum(camp.upper, 1))
        assert heat.values is None
        asked.keep(aim, search.reached[0] + 1)
        heat._take(best)
        assert heat.values is None
        asked.kept.clear()
        heat._take(best)
        assert heat.values is best


def test_the_bound_of_one_proves_the_answer_of_the_other(camp):
    search = Search(camp, 60)
    exact.solve(search, exact.Model(camp), until=60)
    aim = camp.aims[0]
    with race.Race(camp) as asked:
        asked.minimise(aim.column, -aim.amount)
        heat = race._Heat(asked, None, None)
        least = -search.reached[0]
        for said in (Found(search.best), Found(bound=least - 1.0), Found(bound=float("inf"))):
            heat.take_in(said, "mip")
        assert not heat.over
        heat.take_in(Found(bound=least - 0.5), "cpsat")
        assert heat.proved


def test_what_cp_sat_does_not_prove_in_a_moment_is_raced(camp, monkeypatch):
    alone = Search(camp, 60)
    exact.solve(alone, exact.Model(camp), until=60)
    for quick in (True, False):
        search = Search(camp, 60)
        with race.Patient(camp) as asked:
            if not quick:
                monkeypatch.setattr(asked.near, "solve", lambda *_, **__: Found())
            assert exact.solve(search, asked, until=60)
            assert bool(children()) != quick
        assert search.reached == search.bounds == alone.reached
    assert children() == set()


def test_a_script_without_a_guard_may_solve_too(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from solvers import samples\nfrom solvers.problem import read\nfrom solvers.solve import solve\n"
        "print(solve(read(samples.camp(children=20, batches=2, seats=8)), engine='mip', seconds=60).status)\n"
    )
    told = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(race.ROOT)},
    )
    assert told.stdout == "optimal\n"


def test_an_engine_whose_process_cannot_start_is_told_and_not_tried_for_ever(camp, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with race.Race(camp) as asked:
        asked.minimise(camp.aims[0].column, camp.aims[0].amount)
        search = Search(camp, 60)
        for _ in range(race.BIRTHS):
            assert asked.solve(search, seconds=50, best=None).values is None
        with pytest.raises(RuntimeError, match="does not start"):
            asked.solve(search, seconds=50, best=None)
