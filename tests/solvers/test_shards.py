"""Prices counted in shards: the same to the bit in one process, in parts, on two workers, and when one is killed."""

import os
import signal

import distributed
import numpy as np
import pytest

from benchmarks.instances.households import households
from benchmarks.instances.opening import opening
from solvers.__main__ import main
from solvers.engines import cluster, machines
from solvers.engines.machines import Here, Unreachable
from solvers.engines.prices import shards
from solvers.engines.prices.ascent import Ascent
from solvers.engines.prices.table import table
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import EngineError, solve
from solvers.source import canonical_text

STEPS = 60


def question(problem):
    return table(Form.of(read(problem)), 0, [])


def state(ascent):
    """Everything the climb has come to, to the bit."""
    return (
        ascent.best,
        *(
            part.tobytes()
            for part in (*ascent.prices(), ascent.groups, ascent.often, ascent.value, ascent.taken)
        ),
    )


def climbed(asked, who=None, *, steps=STEPS):
    ascent = shards.over(Ascent(asked), who)
    ascent.go(steps)
    return ascent


def answer_only(outcome):
    return canonical_text({key: value for key, value in outcome.to_dict().items() if key != "run"})


@pytest.fixture(scope="module")
def departures():
    return question(opening(600, 15))


@pytest.fixture(scope="module")
def workers():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as own:
        yield own


@pytest.mark.parametrize("parts", [1, 3, 50])
@pytest.mark.parametrize(
    "problem", [opening(600, 15), opening(600, 15, carriers=True), households(600, 15)], ids=["fund", "coach", "party"]
)  # fmt: skip
def test_parts_give_the_bits_of_the_whole(problem, parts):
    asked = question(problem)
    assert state(climbed(asked, Here(parts))) == state(climbed(asked))


def test_a_part_that_answers_wrongly_is_noticed_here(departures, monkeypatch):
    """The comparison itself would see one head too many."""
    honest = shards.answer

    def short(one, groups, rows):
        value, bits = honest(one, groups, rows)
        return value, np.zeros_like(bits)

    monkeypatch.setattr(shards, "answer", short)
    assert state(climbed(departures, Here(3))) != state(climbed(departures))


def test_parts_cover_every_option_once():
    start = np.array([0, 0, 90, 91, 92, 100, 100])
    for number in (1, 2, 3, 100):
        found = shards.cuts(start, number)
        assert found[0] == 0
        assert found[-1] == 6
        assert (np.diff(found) > 0).all()
        assert len(found) <= number + 1


def test_two_workers_give_the_bits_of_one_process_and_so_does_one_when_the_other_is_killed(
    departures, workers
):
    address = workers.scheduler_address
    with machines.at(address, left=lambda: 60.0) as who:
        ascent = shards.over(Ascent(departures), who)
        ascent.go(STEPS // 3)
        pids = sorted(who.client.run(os.getpid).values())
        assert len(ascent.elsewhere.kept) == len(pids) == 2
        assert os.getpid() not in pids
        os.kill(pids[0], signal.SIGKILL)
        ascent.go(STEPS - STEPS // 3)
        assert not who.lost
    # What the climb does with 20 and 40 steps, for a climb may end a round early.
    alone = climbed(departures, steps=STEPS // 3)
    alone.go(STEPS - STEPS // 3)
    assert state(ascent) == state(alone)


def test_the_answer_and_its_proof_are_the_same_on_two_workers(workers):
    problem = read(households(900, 15))
    one = solve(problem, work=2, engine="prices")
    other = solve(problem, work=2, engine="prices", cluster=workers.scheduler_address)
    assert answer_only(one) == answer_only(other)


def test_who_loses_everybody_goes_on_alone(departures, monkeypatch):
    monkeypatch.setattr(cluster, "ALONE", 0.0)
    monkeypatch.setattr(cluster, "LOOK", 0.1)
    with machines.at("local:1", left=lambda: 60.0) as who:
        ascent = shards.over(Ascent(departures), who)
        ascent.go(10)
        who.own.scale(0)
        who.own.sync(who.own._correct_state)
        ascent.go(10)
        assert who.lost
    alone = climbed(departures, steps=10)
    alone.go(10)
    assert state(ascent) == state(alone)


def test_nobody_waits_for_machines_once_time_is_up(departures):
    with machines.at("local:1", left=lambda: 0.0) as who:
        ascent = climbed(departures, who)
        assert who.lost
    assert state(ascent) == state(climbed(departures))


@pytest.mark.parametrize("address", ["", "local:0", "local:x", "machine", "ftp://machine:1", "tcp://machine"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(Unreachable, match="neither"):
        machines.at(address, left=lambda: 1.0)


def test_the_door_says_that_the_extra_is_missing(monkeypatch):
    monkeypatch.setattr(machines, "find_spec", lambda _name: None)
    with pytest.raises(EngineError, match=r"eventhub\[dask\]"):
        solve(read(opening(60, 5)), cluster="local:2")


def test_a_scheduler_that_is_not_there_is_refused_in_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cluster, "TO_CONNECT", 0.5)
    file = tmp_path / "problem.json"
    file.write_bytes(canonical_text(opening(60, 5)))
    assert main(["solve", str(file), "--engine", "prices", "--cluster", "tcp://127.0.0.1:9"]) == 2
    assert "nobody answers at tcp://127.0.0.1:9" in capsys.readouterr().err
