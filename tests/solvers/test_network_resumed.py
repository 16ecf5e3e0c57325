"""A network that starts from the last result gives the very answer of one that starts afresh."""

import random
from typing import Any

import numpy as np
import pytest

from benchmarks.instances import capacities
from benchmarks.instances.changed import changed
from solvers.answers import told
from solvers.engines import network
from solvers.engines.network import moment, stages
from solvers.engines.search import Search
from solvers.problem import Problem, read
from solvers.rules.form import Form
from tests.solvers.test_network import LONG, problem_of


def answer(source: dict[str, Any]) -> Search | None:
    search = Search(Form.of(read(source)), LONG)
    return search if network.solve(search) else None


def otherwise(draw: random.Random, source: dict[str, Any], placed: dict[str, Any]) -> dict[str, Any]:
    """The same with groups gone and new, seats fewer or more, an option gone, costs changed, and what was placed before."""
    made = {key: value for key, value in source.items() if key not in {"pinned", "banned", "previous"}}
    options = [dict(option) for option in source["options"]]
    for option in options:
        if "capacity" in option and not option.get("must_run") and draw.random() < 0.4:
            option["capacity"] = max(0, option["capacity"] + draw.randint(-3, 2))
    gone = draw.choice(options)["id"] if draw.random() < 0.3 and "limits" not in source else None
    if gone is not None and len(options) > 1:
        options = [option for option in options if option["id"] != gone]
    groups = []
    for number, group in enumerate(source["groups"]):
        if draw.random() < 0.15:
            continue
        listed = [
            dict(choice) for choice in group["choices"] if choice["option"] != gone or len(options) == 0
        ]
        for choice in listed:
            if draw.random() < 0.1:
                choice["cost"] = draw.randint(0, 9)
        one = group | {"choices": listed}
        groups.append(one | {"id": f"n{number}", "lot": 200 + number} if draw.random() < 0.15 else one)
    ids = {group["id"]: {choice["option"] for choice in group["choices"]} for group in groups}
    previous = {
        id_: placed.get(id_) for id_ in ids if not id_.startswith("n") and _held(placed.get(id_), ids[id_])
    }
    return made | {"options": options, "groups": groups, "previous": previous}


def _held(place: Any, options: set[str]) -> bool:
    return place is None or (set(place) if isinstance(place, dict) else {place}) <= options


def _whenever_told(form: Form, _costs: Any) -> bool:
    return bool(form.problem.previous)


def _never(*_: Any) -> bool:
    return False


@pytest.mark.parametrize("seed", range(150))
def test_the_answer_from_the_last_result_is_the_answer_from_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    source = problem_of(draw)
    first = answer(source)
    if first is None or first.best is None:
        return
    again = otherwise(draw, source, dict(told(first.form, first.best).placements))
    again["objective"] = draw.choice(
        [
            [{"stage": "cost"}, {"stage": "changes"}, {"stage": "lot"}],
            [{"stage": "changes"}, {"stage": "cost"}, {"stage": "lot"}],
            [{"stage": "placed"}, {"stage": "rank"}, {"stage": "changes"}, {"stage": "lot"}],
            again.get("objective", [{"stage": "placed"}, {"stage": "lot"}]),
        ]
    )
    monkeypatch.setattr(moment, "FEW", 1)
    monkeypatch.setattr(stages, "_has_one_weight", _whenever_told)
    warm = answer(again)
    monkeypatch.setattr(stages, "_has_one_weight", _never)
    cold = answer(again)
    assert (warm is None) == (cold is None)
    if warm is None or cold is None:
        return
    assert warm.infeasible == cold.infeasible
    assert warm.reached == cold.reached
    assert warm.lot_value == cold.lot_value
    if warm.best is not None and cold.best is not None:
        assert np.array_equal(warm.best, cold.best)


def solved(source: dict[str, Any]) -> dict[str, Any]:
    found = answer(source)
    assert found is not None
    assert found.best is not None
    return dict(told(found.form, found.best).placements)


def test_who_stood_right_stays_and_few_are_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    source = capacities(3000, 80) | {"objective": [{"stage": "cost"}, {"stage": "changes"}, {"stage": "lot"}]}
    again = changed(source, solved(source), seed=1)
    begun: list[bool] = []
    resume = moment.Moment.resume

    def watched(self: moment.Moment, problem: Problem) -> bool:
        begun.append(resume(self, problem))
        return begun[-1]

    monkeypatch.setattr(moment.Moment, "resume", watched)
    warm = answer(again)
    assert begun == [True]
    monkeypatch.setattr(moment.Moment, "resume", _never)
    cold = answer(again)
    assert warm is not None
    assert cold is not None
    assert warm.best is not None
    assert cold.best is not None
    assert warm.reached == cold.reached
    assert np.array_equal(warm.best, cold.best)
    fresh = answer({key: value for key, value in again.items() if key != "previous"})
    assert fresh is not None
    assert fresh.reached[0] == warm.reached[0]
    assert fresh.best is not None
    assert warm.form.aims[1].value(fresh.best) > warm.reached[1]


def test_dearer_moves_are_fewer() -> None:
    source = capacities(3000, 80) | {"objective": [{"stage": "cost"}, {"stage": "changes"}, {"stage": "lot"}]}
    placed = solved(source)
    ties = answer(changed(source, placed, seed=1))
    dear = answer(changed(source, placed, seed=1, bonus=2))
    assert ties is not None
    assert dear is not None
    assert dear.reached[1] < ties.reached[1]
