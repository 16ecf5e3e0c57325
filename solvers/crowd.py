"""The reasons that most people get, found for everybody at once: banned, pinned, did not run, too large, full."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from solvers.arrays import UNLIMITED, Flags, Ints, order_of
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


def common(ledger: Ledger, choices: Ints) -> list[Numbers | None]:
    """The reason against each of these choices, its option first, as far as a glance at its option settles it.

    What is left out (None) takes a closer look: groups that must be apart from another or share a person with one,
    options whose tagged carriers are few, and whatever is not about seats.
    """
    problem, options = ledger.problem, ledger.problem.options
    group, option = problem.choices.group[choices], problem.choices.option[choices]
    heads = problem.choices.heads[choices] * problem.choices.units[choices]
    banned = problem.choices.banned[choices]
    pinned = np.isin(group, np.fromiter(problem.pinned, np.int64)) & ~banned
    idle = ~np.array(ledger.runs, np.bool_)[option] & (heads < options.minimum[option]) & ~banned & ~pinned
    left, plain = _seats(ledger)
    short = (
        (left[option] < heads) & plain[option] & ~banned & ~pinned & ~idle & ~_beside_others(ledger)[group]
    )
    empty = np.bincount(ledger.place_option, minlength=len(left))[option] == 0
    large = short & ((left[option] > 0) | empty)
    full = short & ~large
    if full.all():
        return list(_full(ledger, choices))
    told: list[Numbers | None] = [None] * len(choices)
    for where, reasons in (
        (banned, _said(ledger, choices[banned], "banned")),
        (pinned, _said(ledger, choices[pinned], "pinned")),
        (idle, _idle(ledger, choices[idle])),
        (large, _large(ledger, choices[large], left)),
        (full, _full(ledger, choices[full])),
    ):
        for at, reason in zip(np.flatnonzero(where).tolist(), reasons, strict=True):
            told[at] = reason
    return told


def _said(ledger: Ledger, choices: Ints, code: str) -> Iterator[Numbers]:
    """The same of all of them."""
    ids = ledger.problem.options.ids
    for option in ledger.problem.choices.option[choices].tolist():
        yield {"option": ids[option], "code": code}


def _idle(ledger: Ledger, choices: Ints) -> Iterator[Numbers]:
    every, ids = ledger.problem.choices, ledger.problem.options.ids
    listed = np.zeros(len(ledger.load), np.int64)
    np.add.at(listed, every.option, every.heads * every.units)
    option = every.option[choices]
    rows = (option, listed[option], ledger.problem.options.minimum[option])
    for at, heads, minimum in zip(*(row.tolist() for row in rows), strict=True):
        yield {"option": ids[at], "code": "did-not-run", "listed": heads, "minimum": minimum}


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


def _large(ledger: Ledger, choices: Ints, left: Ints) -> Iterator[Numbers]:
    every, ids = ledger.problem.choices, ledger.problem.options.ids
    option = every.option[choices]
    rows = (option, (every.heads * every.units)[choices], np.maximum(0, left[option]))
    for at, size, seats in zip(*(row.tolist() for row in rows), strict=True):
        yield {"option": ids[at], "code": "too-large", "size": size, "left": seats}


def _full(ledger: Ledger, choices: Ints) -> Iterator[Numbers]:
    """Who came in last at the option, and how many inside come after the one who asks, by tier and lot."""
    ids = ledger.problem.options.ids
    last, passed = _line(ledger, choices)
    for option, after in zip(ledger.problem.choices.option[choices].tolist(), passed.tolist(), strict=True):
        tier, rank, lot = last[option]
        yield {
            "option": ids[option],
            "code": "full",
            "tier": tier,
            "rank": rank,
            "lot": lot,
            "passed": after,
        }


Last = tuple[int, int, int | None]
"""Tier, rank and lot of the last one in."""


def _line(ledger: Ledger, choices: Ints) -> tuple[dict[int, Last], Ints]:
    """Option by option: the last one in; and for each choice how many inside come after the one who asks."""
    problem, groups = ledger.problem, ledger.problem.groups
    options = len(problem.options.ids)
    standing = _standing(ledger)
    inside, first = _by(ledger.place_option, options)
    askers, start = _by(problem.choices.option[choices], options)
    last: dict[int, Last] = {}
    passed = np.zeros(len(choices), np.int64)
    for option in np.flatnonzero(np.diff(start)).tolist():
        mine = askers[start[option] : start[option + 1]]
        there = inside[first[option] : first[option + 1]]
        group, rank = ledger.place_group[there], problem.choices.rank[ledger.places[there]]
        tier, lot = groups.tier[group], groups.lot[group]
        found = max(zip(tier.tolist(), rank.tolist(), lot.tolist(), strict=True))
        last[option] = (*found[:2], None if found[2] == UNLIMITED else found[2])
        line = np.sort(standing[group])
        passed[mine] = len(line) - np.searchsorted(
            line, standing[problem.choices.group[choices[mine]]], "right"
        )
    return last, passed


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
    order = order_of(values, count)
    return order, np.searchsorted(values[order], np.arange(count + 1))
