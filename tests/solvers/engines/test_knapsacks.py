"""Knapsacks: parties that weigh differently here and there, and options that cost something to run."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from benchmarks.instances.facilities import facilities
from benchmarks.instances.general import general
from solvers.audit import audit
from solvers.engines import knapsacks
from solvers.engines.search import Search
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import solve
from solvers.source import FORMAT

ENOUGH = 600
"""Seconds that nothing here comes near, but compiling once might."""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Whatever is compiled is compiled before a clock counts."""
    knapsacks.solve(Search(Form.of(read(general(20, 4, 1))), ENOUGH))


def small(seed: int, *, required: bool = True, stage: str = "cost") -> dict[str, Any]:
    """Up to seven groups at up to four options, some of which cost something and some of which run in any case."""
    draw = np.random.default_rng(seed)
    groups, options = int(draw.integers(2, 8)), int(draw.integers(2, 5))
    heads = draw.integers(1, 9, (groups, options))
    listed = [sorted(draw.choice(options, int(draw.integers(1, options + 1)), replace=False)) for _ in heads]
    return {
        "format": FORMAT,
        "options": [
            {
                "id": f"o{number}",
                "capacity": int(draw.integers(4, 18)),
                "cost": int(draw.integers(0, 2) * draw.integers(0, 30)),
                "must_run": bool(draw.random() < 0.1),
            }
            for number in range(options)
        ],
        "groups": [
            {
                "id": f"g{number}",
                "required": required or bool(draw.random() < 0.4),
                "weight": int(draw.integers(1, 9)),
                "choices": [
                    {
                        "option": f"o{option}",
                        "rank": 1,
                        "cost": int(draw.integers(0, 20)),
                        "heads": int(row[option]),
                    }
                    for option in chosen
                ],
            }
            for number, (row, chosen) in enumerate(zip(heads, listed, strict=True))
        ],
        "objective": [{"stage": stage}],
    }


def best_of_all(problem: dict[str, Any]) -> int | None:
    """By trying everything."""
    options = {option["id"]: option for option in problem["options"]}
    found = None
    lists = [g["choices"] + ([] if g["required"] else [None]) for g in problem["groups"]]
    for taken in product(*lists):
        load = dict.fromkeys(options, 0)
        for choice in filter(None, taken):
            load[choice["option"]] += choice["heads"]
        if any(load[id_] > option["capacity"] for id_, option in options.items()):
            continue
        if problem["objective"][0]["stage"] == "placed":
            value = -sum(g["weight"] for g, c in zip(problem["groups"], taken, strict=True) if c)
        else:
            value = sum(choice["cost"] for choice in taken if choice)
            value += sum(o["cost"] for id_, o in options.items() if load[id_] or o["must_run"])
        found = value if found is None else min(found, value)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_small_problems_are_solved_and_proved_as_by_trying_everything(seed: int) -> None:
    text = small(seed, required=seed % 3 != 0, stage="placed" if seed % 6 == 0 else "cost")
    form = Form.of(read(text))
    assert knapsacks.fits(form)
    search = Search(form, ENOUGH)
    knapsacks.solve(search)
    expected = best_of_all(text)
    if expected is None:
        assert search.best is None
        return
    assert search.best is not None
    assert not form.broken(search.best).any()
    value = form.score(search.best)[0]
    assert value == expected
    assert [abs(bound or 0) for bound in search.bounds] == [abs(expected)]


@pytest.mark.parametrize("family", list("abcde"))
def test_each_class_is_answered_and_what_is_claimed_of_it_passes_the_audit(family: str) -> None:
    problem = read(general(60, 8, 3, family=family))
    outcome = solve(problem, seconds=5)
    assert outcome.run["engine"] == "knapsacks"
    assert outcome.stages[0].bound is not None
    assert outcome.stages[0].best - outcome.stages[0].bound <= 0.005 * outcome.stages[0].best
    assert audit(problem, outcome) == []


def test_knapsacks_and_cp_sat_agree_on_where_to_open() -> None:
    problem = read(facilities(24, 8, 1, ratio=3.0))
    search = Search(Form.of(problem), ENOUGH)
    knapsacks.solve(search)
    other = solve(problem, seconds=ENOUGH, engine="cpsat")
    assert search.bounds == [other.stages[0].best]


def test_where_to_open_is_proved_from_the_answer_that_knapsacks_give() -> None:
    problem = read(facilities(30, 14, 1, ratio=3.0))
    outcome = solve(problem, seconds=ENOUGH)
    assert outcome.run["engine"].startswith("knapsacks")
    assert outcome.status == "optimal"
    assert outcome.certificate[0]["proof"] in {"prices", "search"}
    assert audit(problem, outcome) == []


def test_a_bound_beyond_what_the_prices_prove_is_called_a_search() -> None:
    problem = read(general(60, 8, 3, family="e"))
    outcome = solve(problem, seconds=ENOUGH)
    entry = outcome.certificate[0]
    assert outcome.status == "optimal"
    if entry["proof"] == "prices":
        raised = replace(outcome.stages[0], bound=(outcome.stages[0].bound or 0) + 1)
        assert audit(problem, replace(outcome, stages=(raised,))) != []
    else:
        assert entry["certified"] < outcome.stages[0].bound
        called = ({**entry, "proof": "prices"},)
        assert audit(problem, replace(outcome, certificate=called)) != []


def test_the_same_effort_gives_the_same_answer() -> None:
    problem = read(general(60, 8, 4))
    one, other = (solve(problem, seconds=600, work=2) for _ in range(2))
    assert one.placements == other.placements
    assert one.stages == other.stages


def test_a_stop_leaves_an_answer_that_holds() -> None:
    problem = read(general(60, 8, 4))
    outcome = solve(problem, seconds=30, should_stop=lambda: True)
    assert outcome.answered
    assert audit(problem, outcome) == []


def test_minimum_groups_are_left_to_others() -> None:
    text = small(1)
    text["options"][0]["minimum"] = 2
    assert not knapsacks.fits(Form.of(read(text)))
