"""The reasons that most people get, found for everybody at once: banned, pinned, did not run, too large, full."""

from typing import Any

import numpy as np

from solvers.arrays import UNLIMITED, Flags, Ints
from solvers.ledger import Ledger

Numbers = dict[str, Any]


def asked(ledger: Ledger) -> Ints:
    """The choices each group would rather have: of smaller rank than its place; all while heads of it are out."""
    problem = ledger.problem
    inside, worst = np.zeros((2, len(problem.groups.ids)), np.int64)
    np.add.at(inside, ledger.place_group, ledger.units)
    np.maximum.at(worst, ledger.place_group, problem.choices.rank[ledger.places])
    whole = np.where(problem.groups.piece > 0, problem.groups.size, 1)
    worst[inside < whole] = UNLIMITED
    dearer: Flags = problem.choices.rank < worst[problem.choices.group]
    dearer[ledger.places] = False
    return np.flatnonzero(dearer)


def common(ledger: Ledger, choices: Ints) -> dict[int, Numbers]:
    """The reason against each of these choices, by choice, as far as a glance at its option settles it.

    What is left out takes a closer look: groups that must be apart from another or share a person with one, options
    whose tagged carriers are few, and whatever is not about seats.
    """
    problem, options = ledger.problem, ledger.problem.options
    group, option = problem.choices.group[choices], problem.choices.option[choices]
    heads = problem.choices.heads[choices] * problem.choices.units[choices]
    told: dict[int, Numbers] = {}
    banned = problem.choices.banned[choices]
    pinned = np.isin(group, np.fromiter(problem.pinned, np.int64)) & ~banned
    idle = ~np.array(ledger.runs, np.bool_)[option] & (heads < options.minimum[option]) & ~banned & ~pinned
    told |= {choice: {"code": "banned"} for choice in choices[banned].tolist()}
    told |= {choice: {"code": "pinned"} for choice in choices[pinned].tolist()}
    told |= _idle(ledger, choices[idle])
    left, plain = _seats(ledger)
    short = (
        (left[option] < heads) & plain[option] & ~banned & ~pinned & ~idle & ~_beside_others(ledger)[group]
    )
    told |= _large(ledger, choices[short], left)
    return told | _full(ledger, choices[short], left)


def _idle(ledger: Ledger, choices: Ints) -> dict[int, Numbers]:
    every = ledger.problem.choices
    listed = np.zeros(len(ledger.load), np.int64)
    np.add.at(listed, every.option, every.heads * every.units)
    option = every.option[choices]
    rows = (choices, listed[option], ledger.problem.options.minimum[option])
    return {
        choice: {"code": "did-not-run", "listed": heads, "minimum": minimum}
        for choice, heads, minimum in zip(*(row.tolist() for row in rows), strict=True)
    }


def _seats(ledger: Ledger) -> tuple[Ints, Flags]:
    """Seats left in each option, and whether they are the same for everybody.

    A group that asks for an option is not in it, so no seat of its own comes free there.
    """
    options = ledger.problem.options
    left = options.capacity - ledger.loads
    plain = np.ones(len(left), np.bool_)
    for option, carriers in enumerate(options.carriers):
        few = {c.tag for c in carriers} - {c.tag for c in carriers if c.most >= UNLIMITED}
        plain[option] = not few - {-1}
        if -1 in few:
            seats = sum(c.seats * c.most for c in carriers if c.tag == -1)
            left[option] = min(int(left[option]), seats - ledger.load[option])
    return left, plain


def _beside_others(ledger: Ledger) -> Flags:
    """The groups that must be apart from another, or that share a person with one."""
    people = ledger.problem.groups.people
    found = np.zeros(len(ledger.problem.groups.ids), np.bool_)
    times = np.bincount(people.column, minlength=len(ledger.problem.people))
    found[people.rows[times[people.column] > 1]] = True
    found[[group for pair in ledger.problem.apart for group in pair]] = True
    return found


def _large(ledger: Ledger, choices: Ints, left: Ints) -> dict[int, Numbers]:
    every = ledger.problem.choices
    option = every.option[choices]
    empty = np.ones(len(left), np.bool_)
    empty[ledger.place_option] = False
    large = choices[(left[option] > 0) | empty[option]]
    rows = (large, (every.heads * every.units)[large], np.maximum(0, left[every.option[large]]))
    return {
        choice: {"code": "too-large", "size": size, "left": seats}
        for choice, size, seats in zip(*(row.tolist() for row in rows), strict=True)
    }


def _full(ledger: Ledger, choices: Ints, left: Ints) -> dict[int, Numbers]:
    """Option by option: who came in last, and how many inside come after the one who asks, by tier and lot."""
    problem, groups = ledger.problem, ledger.problem.groups
    standing = _standing(ledger)
    inside, first = _by(ledger.place_option, len(left))
    askers, start = _by(problem.choices.option[choices], len(left))
    told: dict[int, Numbers] = {}
    for option in np.flatnonzero((np.diff(start) > 0) & (left <= 0) & (np.diff(first) > 0)).tolist():
        mine = choices[askers[start[option] : start[option + 1]]]
        there = inside[first[option] : first[option + 1]]
        group, rank = ledger.place_group[there], problem.choices.rank[ledger.places[there]]
        tier, lot = groups.tier[group], groups.lot[group]
        last = max(zip(tier.tolist(), rank.tolist(), lot.tolist(), strict=True))
        reason = {"code": "full", "tier": last[0], "rank": last[1]}
        reason["lot"] = None if last[2] == UNLIMITED else last[2]
        line = np.sort(standing[group])
        passed = len(line) - np.searchsorted(line, standing[problem.choices.group[mine]], "right")
        for choice, after in zip(mine.tolist(), passed.tolist(), strict=True):
            told[choice] = {**reason, "passed": after}
    return told


def _standing(ledger: Ledger) -> Ints:
    """The place of each group by tier and lot; those without a lot stand together."""
    groups, turn = ledger.problem.groups, ledger.problem.turn
    tier, lot = groups.tier[turn], groups.lot[turn]
    later = (np.diff(tier, prepend=tier[:1]) > 0) | (np.diff(lot, prepend=lot[:1]) != 0)
    standing = np.zeros(len(turn), np.int64)
    standing[turn] = np.cumsum(later)
    return standing


def _by(values: Ints, count: int) -> tuple[Ints, Ints]:
    """An order that brings equal values together, and where each value starts in it."""
    order = np.argsort(values, kind="stable")
    return order, np.searchsorted(values[order], np.arange(count + 1))
