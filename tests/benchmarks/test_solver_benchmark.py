"""The benchmark: peers and ours come to the same optimum, a stopped one goes on, and the page keeps its head."""

import json

import pytest

from benchmarks.instances import facilities, general
from benchmarks.instances.assignment import assignment
from benchmarks.instances.opening import opening
from benchmarks.solver import __main__ as command
from benchmarks.solver import ours, peers, report
from benchmarks.solver.cases import CASES, CONTENDERS
from benchmarks.solver.measure import Measured, measure
from benchmarks.solver.plain import plain
from benchmarks.solver.record import Record, middle
from solvers import samples
from solvers.problem import read

SMALL = {
    "seats": lambda: opening(60, 4, budget=None) | {"resources": []},
    "opening": lambda: opening(60, 4),
    "general": lambda: general.general(24, 3, family="c"),
    "facilities": lambda: facilities.facilities(12, 5, ratio=2.0),
    "assignment": lambda: assignment(12, 12),
}


@pytest.mark.parametrize("family", SMALL)
def test_ours_and_the_exact_peers_come_to_the_same_optimum(family):
    problem = read(SMALL[family]())
    # CP-SAT's plain model does not prove even sixty people with a fund.
    asked = (peers.highs_mip,) if family == "opening" else (peers.highs_mip, peers.cp_sat)
    told = {peer: peers_value(peer, problem) for peer in asked}
    mine = ours.door("auto")(problem, 30.0)
    assert mine.note == "optimal"
    assert set(told.values()) == {mine.value}


def peers_value(peer, problem):
    return peer(plain(problem), 30.0).value


def test_the_assignment_peers_agree_with_the_network():
    problem = read(SMALL["assignment"]())
    mine = ours.network(problem, 30.0)
    assert mine.value == mine.bound == peers_value(peers.assignment_bare, problem)
    assert mine.value == peers_value(peers.network_bare, problem) == peers_value(peers.highs_lp, problem)


def test_what_the_peers_models_do_not_know_is_refused():
    with pytest.raises(ValueError, match="peers"):
        plain(read(samples.camp(children=20, batches=2, seats=8)))


@pytest.mark.parametrize("family", "abcde")
def test_every_class_of_general_assignment_has_costs_and_weights_of_its_own(family):
    problem = read(general.general(30, 4, 3, family=family))
    assert len(problem.choices.group) == 120
    assert problem.choices.cost.min() >= 1
    assert problem.choices.heads.min() >= 1
    assert problem.groups.required.all()


def test_all_cases_name_contenders_that_exist_and_each_size_has_one_of_ours_first():
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        for size in case.sizes:
            assert size.contenders[0].startswith("ours")
            assert set(size.contenders) <= set(CONTENDERS)


def test_a_contender_is_measured_in_a_process_of_its_own(tmp_path):
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(SMALL["assignment"]()))
    told = measure("SimpleLinearSumAssignment", path, 20.0)
    assert told.value == told.bound == ours.network(read(path), 20.0).value
    assert told.note == ""


def test_a_stopped_benchmark_goes_on_and_what_takes_long_or_fails_runs_once(tmp_path, monkeypatch, capsys):
    asked = []

    def measured(who, _path, _limit):
        asked.append(who)
        seconds = 100.0 if who == "CP-SAT" else 1.0
        return Measured(seconds, seconds, 1.0, None if who == "SCIP" else 7, 7.0, "")

    monkeypatch.setattr(command, "measure", measured)
    out = tmp_path / "runs.json"
    arguments = ["--only", "opening", "--sizes", "200x10", "--json", str(out), "--times", "3"]
    assert command.main(arguments) == 0
    assert [asked.count(who) for who in ("ours, whole call", "HiGHS", "CP-SAT", "SCIP")] == [3, 3, 1, 1]
    asked.clear()
    assert command.main(arguments) == 0
    assert asked == []
    told = capsys.readouterr().out
    assert "| CP-SAT" in told
    assert "100.00" in told
    assert command.main(["--only", "nothing"]) == 2


def test_the_page_keeps_its_head_and_its_tables_are_new(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "measure", lambda *_: Measured(1.0, 1.0, 1.0, 7, 7.0, ""))
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# Head\n\nRead this.\n\n{command.MARK}\n\nold tables\n")
    assert command.main(["--only", "camp", "--docs", str(page), "--quick"]) == 0
    told = page.read_text()
    assert told.startswith("# Head\n\nRead this.\n")
    assert "old tables" not in told
    assert "## A camp with every rule" in told
    capsys.readouterr()


def test_the_middle_run_is_the_median_of_those_that_answered():
    runs = [Measured(s, s, 0, v, None) for s, v in ((5.0, 1), (1.0, None), (3.0, 1), (9.0, 1))]
    assert middle(runs).seconds == 5.0
    record = Record(None)
    record.add("camp", "200x5", "ours, whole call", runs[0])
    assert "5.000" in report.tables(record)
