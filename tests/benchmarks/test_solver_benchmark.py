"""The benchmark: ours and the peers come to the same optimum, answers are checked, a stopped one goes on, the page is true."""

import multiprocessing

import numpy as np
import pytest

from benchmarks.instances import facilities, general
from benchmarks.instances.assignment import assignment
from benchmarks.instances.capacities import drawn
from benchmarks.instances.households import households
from benchmarks.instances.opening import opening
from benchmarks.solver import __main__ as command
from benchmarks.solver import audits, fairness, ours, peers, record, repeats, report, resolving
from benchmarks.solver.cases import BARE, CASES, CONTENDERS, NETWORK, PEERS, WHOLE
from benchmarks.solver.goals import GOALS, Goal, Part, goals
from benchmarks.solver.measure import Measured, measure
from benchmarks.solver.plain import fault, plain
from benchmarks.solver.record import Record, disagreements, middle, not_run
from benchmarks.solver.said import Task
from solvers import samples
from solvers.problem import read

SMALL = {
    "seats": lambda: opening(60, 4, budget=None) | {"resources": []},
    "opening": lambda: opening(60, 4),
    "general": lambda: general.general(24, 3, family="c"),
    "facilities": lambda: facilities.facilities(12, 5, ratio=2.0),
    "location": lambda: facilities.facilities(12, 5, ratio=2.0, alike=True),
    "assignment": lambda: assignment(12, 12),
}


def places(said):
    assert said.places is not None
    return said.places()


def after(said):
    assert said.after is not None
    return said.after()


@pytest.mark.parametrize("family", SMALL)
def test_ours_and_the_exact_peers_come_to_the_same_optimum_by_answers_that_hold(family):
    task = Task.of(SMALL[family]())
    # CP-SAT's plain model does not prove even sixty people with a fund.
    asked = (peers.highs_mip,) if family == "opening" else (peers.highs_mip, peers.cp_sat)
    known = plain(task.problem)
    told = [peer(known, 30.0) for peer in asked]
    mine = ours.door()(task, 30.0)
    assert mine.note == "optimal"
    for said in (*told, mine):
        assert said.value == mine.value
        assert fault(known, places(said), said.value) == ""


def test_the_assignment_peers_agree_with_the_network():
    task = Task.of(SMALL["assignment"]())
    known = plain(task.problem)
    mine = ours.network(task, 30.0)
    assert mine.value == mine.bound
    for peer in (peers.assignment_bare, peers.network_bare, peers.network_whole, peers.highs_lp):
        said = peer(known, 30.0)
        assert said.value == mine.value
        assert fault(known, places(said), said.value) == ""


def test_a_flow_that_may_split_families_is_a_bound_for_all_who_keep_them_whole():
    task = Task.of(households(120, 6))
    said = peers.flow_bound(plain(task.problem), 30.0)
    assert said.value is None
    assert 0 < said.bound <= ours.door()(task, 20.0).value


def test_an_answer_is_wrong_for_each_rule_that_it_breaks():
    known = plain(read(SMALL["opening"]()))
    mine = ours.door()(Task.of(SMALL["opening"]()), 30.0)
    taken = places(mine)
    assert fault(known, taken, mine.value) == ""
    assert "costs" in fault(known, taken, mine.value - 1)
    assert "costs" in fault(_with(known, opening=np.zeros_like(known.opening)), taken, mine.value + 1)
    assert "one choice" in fault(known, taken[1:], mine.value)
    first = np.flatnonzero(np.append(True, np.diff(known.group) != 0))
    crowded = np.minimum(known.capacity, 1)
    assert "seats" in fault(_with(known, capacity=crowded), taken, mine.value)
    assert "minimum" in fault(_with(known, minimum=known.capacity + 1), taken, mine.value)
    assert "overspent" in fault(_with(known, fund=1), taken, mine.value)
    assert fault(known, first, mine.value)


def test_an_option_that_a_peer_keeps_open_for_nobody_makes_its_answer_dearer_and_not_wrong():
    known = plain(read(SMALL["opening"]()))
    mine = ours.door()(Task.of(SMALL["opening"]()), 30.0)
    taken = places(mine)
    used = np.bincount(known.option[taken], minlength=len(known.opening)) > 0
    idle = _with(known, opening=np.where(used, known.opening, 7), capacity=known.capacity)
    assert fault(idle, taken, mine.value + 7 * int((~used).sum())) == ""
    assert "costs" in fault(idle, taken, mine.value + 7 * int((~used).sum()) + 1)


def _with(known, **changes):
    return type(known)(
        **{name: changes.get(name, getattr(known, name)) for name in known.__dataclass_fields__}
    )


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


def test_all_cases_name_contenders_that_exist_and_ours_comes_first():
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        assert len({size.name for size in case.sizes}) == len(case.sizes)
        for size in case.sizes:
            assert size.contenders[0].startswith("ours")
            assert set(size.contenders) | set(size.limits) | set(size.needed) <= set(CONTENDERS)
            assert set(size.limits) | set(size.needed) <= set(size.contenders)


# -- fairness, from outside ----------------------------------------------------------------------------


def test_the_fair_answer_is_the_fairest_and_others_are_not():
    task = Task.of(drawn(400, 12, 5).fairly())
    wrong, facts = after(fairness.ours(task, 30.0))
    assert wrong == ""
    assert facts["unplaced"] == facts["fewest unplaced by maximum flow"]
    assert facts["no chain is fairer"]
    wrong, others = after(fairness.deferred(task, 30.0))
    assert wrong == ""
    assert (others["unplaced"], *reversed(others["ranks"])) > (facts["unplaced"], *reversed(facts["ranks"]))


@pytest.mark.parametrize("seed", range(6))
def test_chains_are_found_exactly_where_a_flow_by_exact_weights_is_fairer(seed):
    problem = drawn(30, 5, seed, listed=3, zipf=1.2).fairly().problem()
    # Thirty people of base 31: no number of a later rank outweighs one of an earlier.
    steep = [0, 31, 31**2, 31**3]
    best = _weighed(fairness._by_weights(problem, steep), steep)
    task = Task(problem, {})
    for answer in (fairness.ours, fairness.utilitarian, fairness.deferred, fairness.dictatorship):
        said = answer(task, 20.0)
        assert fairness.chain_is_fairer(problem, places(said)) == (_weighed(said, steep) > best)
    assert fairness.most_placed(problem) == 30 - after(fairness.ours(task, 20.0))[1]["unplaced"]


def _weighed(said, steep):
    wrong, facts = after(said)
    assert wrong == ""
    ranks = facts["ranks"]
    return facts["unplaced"] * steep[-1] + sum(steep[rank] * many for rank, many in enumerate(ranks))


def test_somebody_who_sits_twice_is_seen():
    problem = drawn(30, 5, 1, listed=3).fairly().problem()
    wrong, facts = fairness.counted(problem, np.array([0, 1]), fairest=False)
    assert "twice" in wrong
    assert facts == {}


# -- the same again, after changes, and the audit ------------------------------------------------------


def test_the_same_question_in_another_order_has_the_same_digest_and_another_question_another():
    task = Task.of(drawn(60, 4, 2).fairly())
    told = {
        repeats.again(**how)(task, 20.0).facts["digest"] for how in ({}, {"shuffled": True}, {"workers": 2})
    }
    other = repeats.again()(Task.of(drawn(60, 4, 3).fairly()), 20.0)
    assert len(told) == 1
    assert other.facts["digest"] not in told
    assert repeats.mixed(task.told()) != task.told()
    assert list(repeats.mixed(task.told())["groups"]) != task.told()["groups"]


def test_after_changes_fewer_move_at_the_same_cost():
    task = Task.of(resolving.changed(400, 10, 3))
    ways = (resolving.fresh, resolving.ties, resolving.whole_near, resolving.favoured)
    anew, ties, near, favoured = (how(task, 20.0) for how in ways)
    assert anew.value == ties.value <= near.value <= anew.value * 1.001
    assert near.facts["moved"] <= ties.facts["moved"] <= anew.facts["moved"]
    assert favoured.value >= anew.value
    assert (ties.value, ties.facts["moved"]) == (
        (whole := resolving.whole_ties(task, 20.0)).value,
        whole.facts["moved"],
    )
    assert resolving.whole_fresh(task, 20.0).value == anew.value
    assert favoured.facts["moved"] <= ties.facts["moved"]
    with pytest.raises(TypeError, match="format"):
        task.told()


def test_everything_tampered_with_is_rejected_and_every_change_is_one():
    task = Task.of(drawn(120, 6, 2))
    said = audits.tampered(task, 20.0)
    assert said.facts["tampered"] == said.facts["rejected"] > 80
    assert said.note == ""
    timed = audits.timed(task, 20.0)
    assert timed.alone > 0
    assert timed.facts["proofs"] == "prices"


def test_an_audit_that_sleeps_is_noticed(monkeypatch):
    monkeypatch.setattr(audits, "audit", lambda *_: [])
    said = audits.tampered(Task.of(drawn(60, 4, 2)), 20.0)
    assert said.facts["rejected"] == 0 < said.facts["tampered"]
    assert said.note


# -- the run -------------------------------------------------------------------------------------------


def test_a_contender_is_measured_in_a_process_of_its_own_and_its_answer_checked():
    told = measure("SimpleLinearSumAssignment", "assignment", 20, 20, seed=1, limit=20.0)
    task = Task.of(assignment(20, 20, 1))
    assert told.value == told.bound == ours.network(task, 20.0).value
    assert (told.note, told.fault, told.checked, told.failed) == ("", "", True, False)
    missing = measure("flow that splits", "facilities-tight", 6, 3, seed=1, limit=5.0)
    assert missing.failed


def answering(seconds=1.0, value=7, *, failed=False):
    return Measured(
        seconds,
        seconds,
        1.0,
        None if failed else value,
        None if failed else 7.0,
        "sat" if failed else "",
        60.0,
        failed=failed,
    )


def test_a_stopped_benchmark_goes_on_and_what_takes_long_or_fails_runs_once(tmp_path, monkeypatch, capsys):
    asked = []

    def measured(who, *_: object, **__: object):
        asked.append(who)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return answering(100.0 if who == "CP-SAT" else 1.0, failed=who == "SCIP")

    monkeypatch.setattr(command, "measure", measured)
    out = tmp_path / "runs.json"
    arguments = ["--only", "opening", "--sizes", "1000x24", "--json", str(out), "--times", "3"]
    assert command.main(arguments) == 0
    assert asked == [WHOLE, "HiGHS", "CP-SAT"]
    assert command.main(arguments) == 0
    counts = {who: asked.count(who) for who in (WHOLE, "HiGHS", "CP-SAT", "SCIP")}
    assert counts == {WHOLE: 3, "HiGHS": 3, "CP-SAT": 2, "SCIP": 1}  # CP-SAT was the one interrupted
    asked.clear()
    assert command.main(arguments) == 0
    assert asked == ["SCIP"]  # what failed is tried once more
    asked.clear()
    assert command.main([*arguments, "--report"]) == 0
    assert asked == []
    told = capsys.readouterr().out
    assert "| CP-SAT" in told
    assert "100.00" in told
    assert command.main(["--only", "nothing"]) == 2


def test_whoever_was_too_slow_at_a_small_size_is_not_asked_at_the_next():
    kept = Record(None)
    case = next(case for case in CASES if case.name == "capacities")
    small, large = (next(size for size in case.sizes if size.people == many) for many in (10_000, 100_000))
    for who, run in ((NETWORK, answering(0.1)), ("HiGHS simplex", answering(9.0)), (BARE, answering(0.2))):
        kept.add(case.name, small.name, who, run)
    assert not_run(kept, case, large, BARE) == ""
    assert not_run(kept, case, large, "HiGHS simplex") == ""  # a goal hangs on it
    opening_ = next(case for case in CASES if case.name == "opening")
    three, ten = (next(size for size in opening_.sizes if size.people == many) for many in (3_000, 30_000))
    kept.add("opening", three.name, WHOLE, answering(0.1))
    kept.add("opening", three.name, "CP-SAT", Measured(60.0, 60.0, 1.0, 9, 2.0, limit=60.0))
    kept.add("opening", three.name, "HiGHS", answering(9.0))
    assert not_run(kept, opening_, ten, "CP-SAT") == "not run: not done after 60 s at 3,000"
    assert not_run(kept, opening_, ten, "HiGHS") == "not run: 9 s at 3,000, 90 x ours"
    assert "not run: 9 s" in report.tables(_and(kept, "opening", ten.name, WHOLE))


def _and(kept, case, size, who):
    kept.add(case, size, who, answering())
    return kept


def test_contradictions_and_wrong_answers_are_told_and_fail_the_command(tmp_path, monkeypatch, capsys):
    def measured(who, *_: object, **__: object):
        return answering(value=6 if who == "HiGHS" else 7)

    monkeypatch.setattr(command, "measure", measured)
    arguments = ["--only", "location", "--quick", "--json", str(tmp_path / "runs.json")]
    assert command.main(arguments) == 1
    assert "HiGHS has 6, below the bound 7.0" in capsys.readouterr().err
    kept = Record(None)
    kept.add("camp", "260x10", WHOLE, Measured(1.0, 1.0, 1.0, 7, 7.0, fault="overfull", checked=True))
    assert disagreements(kept) == ["camp 260x10 ours, whole call: overfull"]


def test_goals_are_worked_out_from_the_record_and_missing_rows_are_named():
    kept = Record(None)
    assert {goal.verdict for goal in goals(kept)} == {"not run"}
    assert [goal.name for goal in goals(kept)] == [f"G{number}" for number in range(1, 13)]
    for size, seconds in (("10000x240", 0.1), ("100000x2400", 1.0), ("1000000x2400", 100.0)):
        kept.add("capacities", size, NETWORK, answering(seconds))
    growth = next(goal for goal in goals(kept) if goal.name == "G3")
    assert [part.measured for part in growth.parts] == ["1.50", "1.00", "2.00"]
    assert growth.verdict == "missed in part"
    kept.add("capacities", "100000x2400", BARE, answering(0.5))
    seats = next(goal for goal in goals(kept) if goal.name == "G1")
    assert [part.met for part in seats.parts] == [True, False, None, None]
    assert "**missed in part**" in report.tables(kept)
    assert "camp 260x10, 200x5" in report.tables(kept)


def test_a_verdict_says_plainly_what_the_parts_come_to():
    def verdict(*told: bool | None):
        return Goal("G0", "", tuple(Part("", "", met) for met in told)).verdict

    assert verdict(True, True) == "met"
    assert verdict(True, None) == "met as far as run"
    assert verdict(True, False) == verdict(None, False) == "missed in part"
    assert verdict(False, False) == "missed"
    assert verdict(None) == "not run"
    assert len(GOALS) == 12


def test_the_page_keeps_its_head_and_its_tables_are_new(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "measure", lambda *_, **__: answering())
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# Head\n\nRead this.\n\n{report.MARK}\n\nold tables\n")
    runs = ["--json", str(tmp_path / "runs.json")]
    assert command.main(["--only", "camp", "capacities", "--docs", str(page), "--quick", *runs]) == 0
    told = page.read_text()
    assert told.startswith("# Head\n\nRead this.\n")
    assert "old tables" not in told
    assert "## A camp with every rule" in told
    assert "images/bench-capacities.svg" in told
    picture = (tmp_path / "images/bench-capacities.svg").read_text()
    assert picture.startswith("<svg")
    assert picture.count("\n") < 80
    capsys.readouterr()


def test_the_middle_run_is_the_median_of_those_that_did_not_fail(monkeypatch):
    runs = [answering(5.0), answering(1.0, failed=True), answering(3.0), answering(9.0)]
    assert middle(runs).seconds == 5.0
    kept = Record(None)
    kept.add("camp", "200x5", WHOLE, runs[0])
    assert "5.00" in report.tables(kept)
    monkeypatch.setattr(record, "digest", lambda: "other")
    kept.add("camp", "200x5", WHOLE, runs[0])
    assert "2 states of the sources" in report.described(kept)


def test_peers_are_told_apart_from_ours():
    assert not any(who.startswith("ours") for who in PEERS)


def test_who_is_stopped_leaves_no_contender_running(monkeypatch):
    def stopped(_line, _timeout):
        raise KeyboardInterrupt

    monkeypatch.setattr("multiprocessing.connection.Connection.poll", stopped)
    with pytest.raises(KeyboardInterrupt):
        measure(WHOLE, "households", 10_000, 240, seed=1, limit=20.0)
    for child in multiprocessing.active_children():
        child.join(20.0)
    assert multiprocessing.active_children() == []
