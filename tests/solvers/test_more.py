"""What one more would bring: checked against solving the problem with one more from the beginning."""

import json
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers import more, samples
from solvers.__main__ import main
from solvers.outcome import Outcome
from solvers.problem import read
from solvers.solve import solve

KEYS = {"options": ("capacity", 1), "resources": ("capacity", None)}


def with_one_more(source, key, id_):
    changed = deepcopy(source)
    one = next(each for each in changed[key] if each["id"] == id_)
    if key == "limits":
        if "minimum" in one:
            one["minimum"] = max(0, one["minimum"] - 1)
        if "maximum" in one:
            one["maximum"] += 1
    else:
        one["capacity"] += one.get("step", 1) if key == "resources" else 1
    return changed


def first_difference(one, other):
    for mine, theirs in zip(one.stages, other.stages, strict=True):
        if mine.stage != "lot" and mine.best != theirs.best:
            return mine, abs(mine.best - theirs.best)
    return None, 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_an_entry_says_what_solving_again_with_one_more_gives(seed):
    source = samples.camp(seed=seed, children=24, batches=2, seats=8)
    source["limits"].append({"id": "girls", "tag": "sex:f", "maximum": 7})
    problem = read(source)
    outcome = solve(problem, seconds=60, more=True)
    if outcome.status != "optimal":
        return
    assert set(outcome.more["options"]) == {"b0", "b1"}
    assert "girls" in outcome.more["limits"]
    for key, entries in outcome.more.items():
        for id_, entry in entries.items():
            again = solve(read(with_one_more(source, key, id_)), seconds=60)
            stage, by = first_difference(outcome, again)
            if entry["proof"] == "exact":
                assert entry.get("by", 0) == by
                assert (entry.get("stage"), entry.get("tier"), entry.get("rank")) == (
                    (stage.stage, stage.tier, stage.rank) if stage else (None, None, None)
                )


def test_a_seat_more_where_one_waits_places_one_more():
    problem = read(samples.plain(groups=30, options=3, seats=5))
    entries = solve(problem, more=True).more["options"]
    assert set(entries) == {"o0000", "o0001", "o0002"}
    assert all(entry["stage"] == "placed" and entry["by"] == 1 for entry in entries.values())
    assert more.spoken(entries["o0000"]).startswith("placed tier 1: better by")


def test_where_seats_are_free_nothing_would_change():
    problem = read(samples.plain(groups=6, options=3, seats=50))
    assert set(map(more.spoken, solve(problem, more=True).more["options"].values())) == {
        "nothing would change"
    }


def test_nothing_is_said_without_being_asked_and_the_rest_is_the_same():
    problem = read(samples.camp(children=24, batches=2, seats=8))
    asked, plain = solve(problem, more=True).to_dict(), solve(problem).to_dict()
    assert asked.pop("more")
    assert "more" not in plain
    for told in (asked, plain):
        del told["run"]
    assert asked == plain


def test_the_command_writes_it_down_and_reads_it_back(tmp_path):
    path, out = tmp_path / "problem.json", tmp_path / "result.json"
    path.write_text(json.dumps(samples.camp(children=24, batches=2, seats=8)))
    assert main(["solve", str(path), "--out", str(out), "--more"]) == 0
    told = json.loads(out.read_text())
    assert set(told["more"]) == {"options", "resources"}
    assert Outcome.from_dict(told).more == told["more"]
    assert main(["audit", str(path), str(out)]) == 0


@pytest.mark.parametrize("key", ["options", "resources"])
def test_of_what_is_without_end_nothing_is_asked(key):
    source = samples.camp(children=24, batches=2, seats=8)
    if key == "options":
        source["options"][0]["capacity"] = None
        assert "b0" not in solve(read(source), more=True).more["options"]
    else:
        source["resources"][0]["capacity"] = 2**50
        told = solve(read(source), more=True).more["resources"]["fund"]
        assert more.spoken(told) == "nothing would change"
