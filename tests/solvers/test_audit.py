"""The auditor rejects every tampered result."""

import json

import pytest

from solvers import samples
from solvers.audit import audit
from solvers.outcome import Outcome
from solvers.problem import read
from solvers.solve import solve
from solvers.source import FORMAT


@pytest.fixture(scope="module")
def camp():
    source = samples.camp(children=60, batches=3, seats=15)
    source["limits"].append({"id": "hard", "options": "*", "tag": "sex:f", "maximum": 22})
    problem = read(source)
    return problem, solve(problem, seconds=20).to_dict()


@pytest.fixture(scope="module")
def contest():
    problem = read(samples.contest(scale=0.015))
    return problem, solve(problem, seconds=20).to_dict()


def kinds(problem, result):
    return {breach.rule for breach in audit(problem, Outcome.from_dict(result))}


def copy(result):
    return json.loads(json.dumps(result))


def test_an_honest_result_is_clean(camp, contest):
    for problem, result in (camp, contest):
        assert result["status"] == "optimal"
        assert kinds(problem, result) == set()


def test_every_single_moved_placement_is_noticed(camp):
    problem, honest = camp
    for group, place in list(honest["placements"].items())[:20]:
        for option in problem.options.ids:
            if option != place:
                result = copy(honest)
                result["placements"][group] = option
                assert kinds(problem, result), (group, option)
        result = copy(honest)
        del result["placements"][group]
        assert kinds(problem, result), group


def test_every_changed_number_is_noticed(camp):
    problem, honest = camp
    for number in range(len(honest["stages"])):
        for key, step in (("value", 1), ("value", -1)):
            result = copy(honest)
            result["stages"][number][key] += step
            assert "stages" in kinds(problem, result) | (
                {"stages"} if "status" in kinds(problem, result) else set()
            )
        result = copy(honest)
        worse = -1 if problem.stages[number].maximise else 1
        result["stages"][number]["bound"] += worse
        assert kinds(problem, result)


TAMPERED = [
    ("problem_sha256", lambda r: r.update(problem_sha256="0" * 64)),
    ("placements", lambda r: r["placements"].update(nobody="b0")),
    ("placements", lambda r: r["placements"].update({next(iter(r["placements"])): "b9"})),
    ("placements", lambda r: r["placements"].update({next(iter(r["placements"])): {"b0": 1}})),
    ("running", lambda r: r.update(running=r["running"][1:])),
    ("running", lambda r: r.update(running=[*r["running"], "b9"])),
    ("carriers", lambda r: r["carriers"].update({r["running"][0]: [0]})),
    ("carriers", lambda r: r["carriers"].pop(r["running"][0])),
    ("carriers", lambda r: r["carriers"].update({r["running"][0]: [1.5]})),
    ("carriers", lambda r: r["carriers"].update({r["running"][0]: [10**40]})),
    ("carriers", lambda r: r["carriers"].update({r["running"][0]: [r["carriers"][r["running"][0]][0] + 1]})),
    ("reasons", lambda r: r["reasons"].update({next(iter(r["reasons"])): []})),
    ("stages", lambda r: r["stages"].pop()),
    ("stages", lambda r: r["stages"].reverse()),
    ("status", lambda r: r.update(status="feasible")),
    ("placements", lambda r: r.update(status="infeasible")),
    ("reasons", lambda r: r["reasons"].pop(next(iter(r["reasons"])))),
    ("reasons", lambda r: next(iter(r["reasons"].values()))[0].update(code="room-for-one")),
    ("reasons", lambda r: next(iter(r["reasons"].values()))[0].update(code="banned")),
    ("reasons", lambda r: r["reasons"].update(nobody=[])),
]


@pytest.mark.parametrize(("kind", "tamper"), TAMPERED)
def test_a_false_claim_is_named(camp, kind, tamper):
    problem, honest = camp
    result = copy(honest)
    tamper(result)
    assert kind in kinds(problem, result)


def test_a_wrong_number_in_a_reason_is_noticed(camp):
    problem, honest = camp
    told = [
        (g, n, r) for g, each in honest["reasons"].items() for n, r in enumerate(each) if r["code"] == "full"
    ]
    assert told
    for group, number, reason in told[:10]:
        for key in ("tier", "rank", "lot", "passed"):
            result = copy(honest)
            result["reasons"][group][number][key] = reason[key] + 1
            assert kinds(problem, result) == {"reasons"}, key


def test_a_person_in_two_places_at_once_is_noticed():
    entries = [
        {"id": name, "people": ["p"], "choices": [{"option": name, "rank": 1}, {"option": "c", "rank": 2}]}
        for name in "ab"
    ]
    source = {
        "format": FORMAT,
        "options": [{"id": name} for name in "abc"],
        "groups": entries,
        "clashes": [["a", "b"]],
    }
    problem = read(source)
    honest = solve(problem).to_dict()
    for places in ({"a": "a", "b": "b"}, {"a": "c", "b": "c"}):
        assert "clash" in kinds(problem, honest | {"placements": places})
