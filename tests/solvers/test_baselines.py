"""What other mechanisms would have come to: they are the real ones, and the pairs that block are counted right."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers import baselines, samples
from solvers.__main__ import main
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import solve


def blocking_one_by_one(problem, units):
    """Groups and options that would both rather have each other, counted as the definition says."""
    place = {group: at for at, group in enumerate(problem.turn.tolist())}
    option, heads = problem.choices.option.tolist(), problem.choices.heads.tolist()
    group_of, rank = problem.choices.group.tolist(), problem.choices.rank.tolist()
    found = 0
    for choice in range(len(option)):
        group = group_of[choice]
        held = [c for c in np.flatnonzero(units).tolist() if group_of[c] == group]
        if held and rank[choice] >= rank[held[0]]:
            continue
        here = [c for c in np.flatnonzero(units).tolist() if option[c] == option[choice]]
        free = int(problem.options.capacity[option[choice]]) - sum(heads[c] for c in here)
        behind = sum(heads[c] for c in here if place[group_of[c]] > place[group])
        found += free + behind >= heads[choice]
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_one_line_for_all_makes_deferred_acceptance_and_serial_dictatorship_the_same(seed):
    problem = read(samples.plain(seed=seed, groups=30, options=5, seats=4))
    form = Form.of(problem)
    accepted = baselines.deferred_acceptance(form)
    assert np.array_equal(accepted, baselines.serial_dictatorship(form))
    assert baselines.run(problem, "da").blocking_pairs == 0 == blocking_one_by_one(problem, accepted)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_blocking_pairs_are_those_of_the_definition(seed):
    problem = read(samples.plain(seed=seed, groups=24, options=4, seats=4))
    outcome = solve(problem, seconds=10)
    units = np.zeros(len(problem.choices.group), np.int64)
    for group, option in outcome.placements.items():
        pair = problem.group_number[group], problem.option_number[option]
        units[(problem.choices.group == pair[0]) & (problem.choices.option == pair[1])] = 1
    ours = baselines.standing_of(problem, outcome)
    assert ours.blocking_pairs == blocking_one_by_one(problem, units)
    assert ours.placed == len(outcome.placements) >= baselines.run(problem, "da").placed


def test_a_family_sent_away_asks_for_its_next_choice():
    problem = read(
        {
            "format": "eventhub.allocation-problem/1",
            "options": [{"id": "a", "capacity": 2}, {"id": "b", "capacity": 2}],
            "groups": [
                {
                    "id": "family",
                    "size": 2,
                    "lot": 2,
                    "choices": [{"option": "a", "rank": 1}, {"option": "b", "rank": 2}],
                },
                {"id": "single", "lot": 1, "choices": [{"option": "a", "rank": 1}]},
            ],
        }
    )
    units = baselines.deferred_acceptance(Form.of(problem))
    assert [problem.options.ids[o] for o in problem.choices.option[units > 0]] == ["b", "a"]


def test_pins_and_bans_hold_and_what_is_short_of_its_minimum_is_told():
    problem = read(
        {
            "format": "eventhub.allocation-problem/1",
            "options": [{"id": "a", "capacity": 2, "minimum": 2, "cost": 700}, {"id": "b", "capacity": 1}],
            "groups": [
                {
                    "id": one,
                    "lot": lot,
                    "choices": [{"option": "a", "rank": 1}, {"option": "b", "rank": 2}],
                }
                for lot, one in enumerate(("g", "h", "i"), start=1)
            ],
            "pinned": {"i": "b"},
            "banned": {"g": ["a"]},
        }
    )
    for mechanism in baselines.MECHANISMS:
        standing = baselines.run(problem, mechanism)
        assert (standing.placed, standing.first_choice, standing.money) == (2, 1, 700)
        assert standing.broken == {"minimum": 1}


def test_nothing_placed_is_nothing_to_compare():
    problem = read(samples.plain(groups=3))
    with pytest.raises(ValueError, match="nothing was placed"):
        baselines.standing_of(problem, solve_of_nothing(problem))


def solve_of_nothing(problem):
    from solvers.outcome import Outcome, Status

    return Outcome(problem.sha256, Status.UNKNOWN)


@pytest.mark.parametrize("mechanism", ["da", "sd"])
def test_the_command_prints_both_side_by_side_and_writes_only_ours(mechanism, tmp_path, capsys):
    path, out = tmp_path / "problem.json", tmp_path / "result.json"
    path.write_text(json.dumps(samples.camp(children=40, batches=2, seats=15)))
    assert main(["solve", str(path), "--out", str(out), "--baseline", mechanism]) == 0
    told = capsys.readouterr().out
    assert baselines.NAMES[mechanism] in told.splitlines()[0]
    assert [line.split("  ")[0] for line in told.splitlines()][1:] == [
        "groups placed",
        "heads placed",
        "at their first choice",
        "worst rank",
        "blocking pairs",
        "cost",
        "rules broken",
    ]
    assert "baseline" not in json.loads(out.read_text())
