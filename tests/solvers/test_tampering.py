"""Whatever is changed in a result, the auditor notices, unless what it then says is true; nothing true is refused.

What is true is told by those the auditor never asks: the rules and aims as the engines write them, and the one who
tells the reasons.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.audit import audit
from solvers.ledger import read_placements
from solvers.outcome import Outcome, StageResult, Status
from solvers.problem import Problem, read
from solvers.reasons import reasons
from solvers.rules import carriers
from solvers.rules.form import Form
from tests.solvers.random_problems import any_problem, carried, placed, some_answer

Json = dict[str, Any]


def honest_result(draw: random.Random, problem: Problem) -> Json | None:
    ledger = some_answer(draw, problem)
    if ledger is None:
        return None
    groups = len(problem.groups.ids)
    stages = [
        StageResult("lot", 0, groups)
        if stage.stage == "lot"
        else StageResult(stage.stage, ledger.value(stage), None, stage.tier, stage.tag, stage.rank)
        for stage in problem.stages
    ]
    told = replace(Outcome(problem.sha256, Status.FEASIBLE, stages=tuple(stages)), **placed(ledger))
    full = Outcome.from_dict(told.to_dict() | {"reasons": reasons(problem, told)})
    result: Json = json.loads(json.dumps(full.to_dict()))
    return result


def is_true(problem: Problem, result: Json) -> bool:
    """Whether every claim holds, by the engines' account of rules and values and the teller's of reasons."""
    taken, wrong = read_placements(problem, result["placements"])
    if wrong:
        return False
    form = Form.of(problem)
    units = np.zeros(len(problem.choices.group), np.int64)
    units[list(taken)] = list(taken.values())
    runs = problem.options.must_run.copy()
    runs[problem.choices.option[units > 0]] = True
    running = [id_ for id_, each in zip(problem.options.ids, runs, strict=True) if each]
    listed = {
        id_: each for id_, each in zip(problem.options.ids, problem.options.carriers, strict=True) if each
    }
    wanted = {id_: len(listed[id_]) for id_ in running if id_ in listed}
    if result["running"] != running or {id_: len(n) for id_, n in result["carriers"].items()} != wanted:
        return False
    counts = {problem.option_number[id_]: tuple(each) for id_, each in result["carriers"].items()}
    pieces = {(option, entry): n for option, each in counts.items() for entry, n in enumerate(each)}
    most = {(o, e): problem.options.carriers[o][e].most for o, e in carriers.entries(form.sheet)}
    if any(count < 0 or count > most[key] for key, count in pieces.items()):
        return False
    values = form.complete(units, pieces)
    if form.broken(values).any() or not carried(problem, taken, counts):
        return False
    aims = [(stage, aim.value(values)) for stage, aim in zip(problem.stages, form.aims, strict=False)]
    names = [(one["stage"], *(one.get(key) for key in ("tier", "tag", "rank"))) for one in result["stages"]]
    if names != [(stage.stage, stage.tier, stage.tag, stage.rank) for stage in problem.stages]:
        return False
    if [one["value"] for one in result["stages"][: len(aims)]] != [value for _, value in aims]:
        return False
    told = reasons(problem, Outcome.from_dict(result))
    return json.loads(json.dumps(told)) == result["reasons"]


# -- tamperings -----------------------------------------------------------------------------------------


def move(draw: random.Random, problem: Problem, result: Json) -> None:
    group = draw.choice(problem.groups.ids)
    number = problem.group_number[group]
    option = draw.choice(problem.options.ids)
    size, piece = int(problem.groups.size[number]), bool(problem.groups.piece[number])
    result["placements"][group] = {option: draw.randint(1, size)} if piece else option


def drop(draw: random.Random, _problem: Problem, result: Json) -> None:
    key = draw.choice(("placements", "carriers", "reasons"))
    if result[key]:
        del result[key][draw.choice(sorted(result[key]))]


def swap(draw: random.Random, _problem: Problem, result: Json) -> None:
    placements = result["placements"]
    if len(placements) > 1:
        one, other = draw.sample(sorted(placements), 2)
        placements[one], placements[other] = placements[other], placements[one]


def run(draw: random.Random, problem: Problem, result: Json) -> None:
    option = draw.choice(problem.options.ids)
    if option in result["running"]:
        result["running"].remove(option)
    else:
        result["running"] = sorted([*result["running"], option])


def carry(draw: random.Random, _problem: Problem, result: Json) -> None:
    if result["carriers"]:
        pieces = result["carriers"][draw.choice(sorted(result["carriers"]))]
        pieces[draw.randrange(len(pieces))] += draw.choice((-1, 1, 1, 100))


def value(draw: random.Random, _problem: Problem, result: Json) -> None:
    stages = [stage for stage in result["stages"] if stage["stage"] != "lot"]
    if stages:
        draw.choice(stages)["value"] += draw.choice((-1, 1, 7))


def stage(draw: random.Random, _problem: Problem, result: Json) -> None:
    one = draw.randrange(len(result["stages"]))
    match draw.randrange(3):
        case 0:
            del result["stages"][one]
        case 1:
            draw.shuffle(result["stages"])
        case _:
            result["stages"][one][draw.choice(("tier", "rank"))] = draw.randint(1, 4)


def reason(draw: random.Random, problem: Problem, result: Json) -> None:
    """Change one thing that one reason says."""
    if not result["reasons"]:
        return
    told = result["reasons"][draw.choice(sorted(result["reasons"]))]
    one = draw.choice(told)
    key = draw.choice(sorted(one))
    if isinstance(one[key], int):
        one[key] += draw.choice((-1, 1, 5))
    elif key == "options":
        one[key].pop() if draw.random() < 0.5 else one[key].append(draw.choice(problem.options.ids))
    elif key == "code":
        one[key] = draw.choice(("full", "too-large", "banned", "room", "aim", "limit", "resource", "apart"))
    elif key == "lot":
        one[key] = draw.randint(0, 9)
    else:
        names = (*problem.options.ids, *problem.groups.ids, *problem.tags, *problem.resources.ids, "cost")
        one[key] = draw.choice(names)


def silence(draw: random.Random, _problem: Problem, result: Json) -> None:
    """Leave a reason out, say it twice, take one from another group, or give one without need."""
    if not result["reasons"]:
        return
    group, other = (draw.choice(sorted(result["reasons"])) for _ in range(2))
    told = result["reasons"][group]
    match draw.randrange(5):
        case 0:
            told.pop(draw.randrange(len(told)))
        case 1:
            told.append(draw.choice(told))
        case 2:
            draw.shuffle(told)
        case 3:
            result["reasons"][group] = result["reasons"][other]
        case _:
            result["reasons"][draw.choice(("nobody", group))] = []


def several(draw: random.Random, problem: Problem, result: Json) -> None:
    """A placement changed, and with it all that follows, but for the reasons."""
    move(draw, problem, result)
    taken, wrong = read_placements(problem, result["placements"])
    if not wrong:
        running = {problem.options.ids[problem.choices.option[choice]] for choice in taken}
        must = {id_ for id_, each in zip(problem.options.ids, problem.options.must_run, strict=True) if each}
        result["running"] = sorted(running | must)


TAMPERINGS: tuple[Callable[[random.Random, Problem, Json], None], ...] = (
    move,
    drop,
    swap,
    run,
    carry,
    value,
    stage,
    reason,
    reason,
    silence,
    several,
)


@pytest.mark.parametrize("part", range(6))
def test_the_auditor_finds_a_breach_just_where_something_is_not_true(part):
    met = Counter[tuple[str, bool]]()
    for seed in range(40 * part, 40 * part + 40):
        draw = random.Random(seed)
        problem = read(any_problem(draw))
        honest = honest_result(draw, problem)
        if honest is None:
            continue
        assert audit(problem, Outcome.from_dict(honest)) == []
        assert is_true(problem, honest)
        for tamper in TAMPERINGS:
            result = json.loads(json.dumps(honest))
            tamper(draw, problem, result)
            if result == honest:
                continue
            breaches = audit(problem, Outcome.from_dict(result))
            true = is_true(problem, result)
            assert bool(breaches) is not true, (seed, tamper.__name__, breaches)
            met[tamper.__name__, true] += 1
    for tamper in TAMPERINGS:
        assert met[tamper.__name__, False] > 3, tamper.__name__
