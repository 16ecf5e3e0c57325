"""Who wishes what: seats, popularity and the price of each rank, shared by all families of instances."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.source import FORMAT

Json = dict[str, Any]
Ints = NDArray[np.int64]
OUT = "out"
"""The last choice of everybody: no place. It has no capacity, and costs what staying out costs."""
RANK_COST = (0, 1, 3, 6, 10, 15, 21, 28)
"""What ranks 1 to 8 cost a head, times the weight of the class."""
OUT_COST = 60
LARGEST_SEATS, SMALLEST_SEATS = 60, 20


def seats(draw: np.random.Generator, heads: int, options: int) -> Ints:
    """Seats of each option: uneven by up to three times, and ``heads`` in all."""
    share = draw.integers(SMALLEST_SEATS, LARGEST_SEATS + 1, options)
    ends = np.cumsum(share) * heads // int(share.sum())
    made: Ints = np.diff(ends, prepend=0)
    return made


def wishes(draw: np.random.Generator, groups: int, options: int, listed: int, zipf: float) -> Ints:
    """``listed`` different options a group, dearest first, drawn by a popularity of 1 / place ** ``zipf``.

    Who draws an option again draws once more, which is drawing without replacement.
    """
    popularity = 1 / np.arange(1, options + 1) ** zipf
    popularity = draw.permutation(popularity / popularity.sum())
    found = np.full((groups, listed), -1, np.int64)
    have = np.zeros(groups, np.int64)
    while (waiting := np.flatnonzero(have < listed)).size:
        one = draw.choice(options, size=len(waiting), p=popularity)
        new = (found[waiting] != one[:, None]).all(axis=1)
        rows = waiting[new]
        found[rows, have[rows]] = one[new]
        have[rows] += 1
    return found


def groups(wanted: Ints, weight: Ints, size: Ints, lot: Ints) -> list[Json]:
    """Groups that must be placed, where staying ``out`` is a place too, so that one stage ``cost`` says it all."""
    ranks = wanted.shape[1]
    made = []
    for number, (row, heavy, heads, drawn) in enumerate(
        zip(wanted.tolist(), weight.tolist(), size.tolist(), lot.tolist(), strict=True)
    ):
        listed = [
            {"option": name(option), "rank": rank, "cost": RANK_COST[rank - 1] * heavy * heads}
            for rank, option in enumerate(row, 1)
        ]
        listed.append({"option": OUT, "rank": ranks + 1, "cost": OUT_COST * heavy * heads})
        one: Json = {"id": f"g{number:07}", "weight": heavy * heads, "lot": drawn, "required": True}
        if heads > 1:
            one["size"] = heads
        made.append(one | {"choices": listed})
    return made


def name(option: int) -> str:
    return f"o{option:05}"


def problem(title: str, options: list[Json], people: list[Json], **more: Any) -> Json:
    """The problem with the one stage of all these families: least cost."""
    return {
        "format": FORMAT,
        "name": title,
        "options": [*options, {"id": OUT}],
        "groups": people,
        "objective": [{"stage": "cost"}],
        **more,
    }
