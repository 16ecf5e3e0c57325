"""What other ways of giving out places would have come to on the same problem, side by side with an answer.

* ``sd``, serial dictatorship: in the order of tier and lot each group takes the best of its choices that every
  rule still has room for. Abdulkadiroglu and Soenmez, Econometrica 66 (1998).
* ``da``, deferred acceptance: groups ask for their choices in turn, and an option keeps those first in line as far
  as its seats go. Gale and Shapley, American Mathematical Monthly 69 (1962). It knows seats, pins and bans, nothing else.

Neither looks ahead to minima, floors or funds, so the rules that an answer of theirs breaks are counted too.
A group that may be split is asked for as a whole here.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from solvers.engines.repair import Fitter
from solvers.ledger import read_placements
from solvers.outcome import Outcome
from solvers.problem import Flags, Ints, Problem
from solvers.rules.form import Form

RULES_OF_WORDS = {"once", "run", "piece", "moved", "aim"}
"""Rows of the form that spell out words and are no rule of the organiser."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one answer comes to. Groups, heads and pairs are counts, ``money`` is the cost as in the stage ``cost``.

    A *blocking pair* is a group and an option it would rather have, where seats for it are free or held by groups
    behind it in tier and lot. ``broken`` counts by rule what the answer misses.
    """

    placed: int
    heads: int
    first_choice: int
    worst_rank: int
    blocking_pairs: int
    money: int
    broken: Mapping[str, int]


def standing_of(problem: Problem, outcome: Outcome) -> Standing:
    """The standing of an outcome with placements; ValueError without."""
    if not outcome.answered:
        raise ValueError("nothing was placed, so there is nothing to compare")
    form = Form.of(problem)
    taken, _ = read_placements(problem, outcome.placements)
    units = np.zeros(len(problem.choices.group), np.int64)
    units[list(taken)] = list(taken.values())
    numbers = problem.option_number
    pieces = {
        (numbers[option], entry): count
        for option, counts in outcome.carriers.items()
        for entry, count in enumerate(counts)
    }
    return _standing(form, units, form.complete(units, pieces))


def run(problem: Problem, mechanism: str) -> Standing:
    """The standing that one of :data:`MECHANISMS` reaches; KeyError for another name."""
    form = Form.of(problem)
    units = MECHANISMS[mechanism](form)
    return _standing(form, units, form.complete(units))


def serial_dictatorship(form: Form) -> Ints:
    """Units placed at each choice."""
    problem = form.problem
    fitter = Fitter(form)
    for placed in problem.pinned.values():
        for choice, units in placed.items():
            fitter.add(choice, units, force=True)
    for group in problem.turn.tolist():
        if group not in problem.pinned:
            fitter.insert(group, fitter.choices_of(group))
    return fitter.values()[: len(problem.choices.group)]


def deferred_acceptance(form: Form) -> Ints:
    """Units placed at each choice."""
    problem = form.problem
    place = _place_in_line(problem)
    heads = (problem.choices.heads * problem.choices.units).tolist()
    option, first = problem.choices.option.tolist(), problem.groups.first.tolist()
    seats = problem.options.capacity.tolist()
    units = np.zeros(len(heads), np.int64)
    for placed in problem.pinned.values():
        for choice, taken in placed.items():
            units[choice] = taken
            seats[option[choice]] -= int(problem.choices.heads[choice]) * taken
    held: list[list[tuple[int, int]]] = [[] for _ in seats]
    open_ = (~problem.choices.banned).tolist()
    asking = deque(g for g in problem.turn.tolist() if g not in problem.pinned)
    next_ = list(first)
    while asking:
        group = asking.popleft()
        choice = next_[group]
        if choice >= first[group + 1]:
            continue
        next_[group] += 1
        here = option[choice]
        if not open_[choice] or heads[choice] > problem.options.capacity[here]:
            asking.appendleft(group)
            continue
        heapq.heappush(held[here], (-place[group], choice))
        seats[here] -= heads[choice]
        while seats[here] < 0 and held[here]:
            _, sent_away = heapq.heappop(held[here])
            seats[here] += heads[sent_away]
            asking.append(int(problem.choices.group[sent_away]))
    kept = [choice for each in held for _, choice in each]
    units[kept] = problem.choices.units[kept]
    return units


MECHANISMS: Mapping[str, Callable[[Form], Ints]] = {"da": deferred_acceptance, "sd": serial_dictatorship}


def _place_in_line(problem: Problem) -> list[int]:
    place = np.empty(len(problem.turn), np.int64)
    place[problem.turn] = np.arange(len(place))
    return [int(one) for one in place]


def _standing(form: Form, units: Ints, values: Ints) -> Standing:
    problem = form.problem
    choices = problem.choices
    held = np.flatnonzero(units)
    rank = choices.rank[held]
    cost = choices.cost + choices.heads * problem.options.head_cost[choices.option]
    names = form.sheet.names
    money = int(cost @ units) + int(problem.options.cost @ values[names["run"]])
    piece_cost = [carrier.cost for carriers in problem.options.carriers for carrier in carriers]
    money += int(np.array(piece_cost, np.int64) @ values[names["pieces"]])
    broken: Counter[str] = Counter()
    for row in np.flatnonzero(form.broken(values)).tolist():
        rule = form.rule[int(form.block[row])]
        if rule not in RULES_OF_WORDS:
            broken[rule] += 1
    return Standing(
        placed=len(np.unique(choices.group[held])),
        heads=int(choices.heads[held] @ units[held]),
        first_choice=int((rank == 1).sum()),
        worst_rank=int(rank.max(initial=0)),
        blocking_pairs=int(_blocking(problem, units).sum()),
        money=money,
        broken=dict(sorted(broken.items())),
    )


def _blocking(problem: Problem, units: Ints) -> Flags:
    """For each choice, whether its group and its option would both rather have it."""
    choices, groups, options = problem.choices, problem.groups, problem.options
    count = len(groups.ids)
    place = np.array(_place_in_line(problem), np.int64)
    worst = np.full(count, np.iinfo(np.int64).max)
    whole = np.zeros(count, np.int64)
    np.add.at(whole, choices.group, units)
    full = whole >= np.where(groups.piece > 0, groups.size, 1)
    held = np.flatnonzero(units)
    rank_held = np.zeros(count, np.int64)
    np.maximum.at(rank_held, choices.group[held], choices.rank[held])
    worst[full] = rank_held[full]
    load = np.bincount(choices.option[held], choices.heads[held] * units[held], len(options.ids))
    behind = _heads_behind(problem, held, units, place)
    free = options.capacity[choices.option] - load[choices.option].astype(np.int64)
    heads = choices.heads * choices.units
    fits = free + behind >= heads
    runs = load[choices.option] > 0
    could = runs | options.must_run[choices.option] | (heads >= options.minimum[choices.option])
    fixed = np.zeros(count, np.bool_)
    fixed[list(problem.pinned)] = True
    wanted: Flags = (choices.rank < worst[choices.group]) & (units == 0)
    return wanted & fits & could & ~choices.banned & ~fixed[choices.group]


def _heads_behind(problem: Problem, held: Ints, units: Ints, place: Ints) -> Ints:
    """For each choice, heads in its option of groups behind its own in line."""
    choices, lines = problem.choices, len(place) + 1
    key = choices.option[held] * lines + place[choices.group[held]]
    order = np.argsort(key)
    so_far = np.concatenate([[0], np.cumsum((choices.heads[held] * units[held])[order])])
    mine = choices.option * lines + place[choices.group]
    end = np.searchsorted(key[order], (choices.option + 1) * lines)
    found: Ints = (so_far[end] - so_far[np.searchsorted(key[order], mine, side="right")]).astype(np.int64)
    return found


NAMES = {"da": "deferred acceptance", "sd": "serial dictatorship"}


def table(ours: Standing, other: Standing, mechanism: str) -> str:
    """Both standings side by side, for a terminal."""
    rows: list[tuple[str, str | int, str | int]] = [
        ("", "this answer", NAMES[mechanism]),
        ("groups placed", ours.placed, other.placed),
        ("heads placed", ours.heads, other.heads),
        ("at their first choice", ours.first_choice, other.first_choice),
        ("worst rank", ours.worst_rank, other.worst_rank),
        ("blocking pairs", ours.blocking_pairs, other.blocking_pairs),
        ("cost", ours.money, other.money),
        ("rules broken", _spoken(ours.broken), _spoken(other.broken)),
    ]
    cells = [(name, _cell(one), _cell(two)) for name, one, two in rows]
    first, second, third = (max(map(len, column)) for column in zip(*cells, strict=True))
    return "\n".join(f"{name:<{first}}  {one:>{second}}  {two:>{third}}" for name, one, two in cells)


def _cell(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _spoken(broken: Mapping[str, int]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in broken.items()) or "none"
