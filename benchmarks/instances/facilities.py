"""Facilities that cost something to open, hold so much, and customers that are served whole by one of them."""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.wishes import Json
from solvers.source import FORMAT


def facilities(people: int, options: int, seed: int = 0, *, ratio: float = 5.0, alike: bool = False) -> Json:
    """Single-source capacitated location (Cornuejols, Sridharan and Thizy 1991); ``ratio``: capacity to demand.

    Points in a unit square, ten times the distance a unit as the cost of serving, opening costs that grow with the
    square root of the capacity. ``alike``: every customer wants one, and none could be split.
    """
    draw = np.random.default_rng(seed)
    here, there = draw.random((people, 2)), draw.random((options, 2))
    demand = np.ones(people, np.int64) if alike else draw.integers(5, 36, people)
    capacity = draw.integers(10, 161, options)
    opening = draw.integers(0, 91, options) + (draw.integers(100, 111, options) * np.sqrt(capacity)).astype(
        np.int64
    )
    capacity = np.maximum(1, (capacity * (ratio * demand.sum() / capacity.sum()))).astype(np.int64)
    distance = np.sqrt(((here[:, None, :] - there[None, :, :]) ** 2).sum(axis=2))
    cost = np.rint((200 if alike else 10) * distance * demand[:, None]).astype(np.int64)
    return {
        "format": FORMAT,
        "name": f"facilities {people} x {options}, ratio {ratio}, seed {seed}",
        "options": [
            {"id": wishes.name(number), "capacity": most, "cost": once}
            for number, (most, once) in enumerate(zip(capacity.tolist(), opening.tolist(), strict=True))
        ],
        "groups": [
            {
                "id": f"g{number:05}",
                "size": heads,
                "required": True,
                "choices": [
                    {"option": wishes.name(option), "rank": 1, "cost": each}
                    for option, each in enumerate(row)
                ],
            }
            for number, (heads, row) in enumerate(zip(demand.tolist(), cost.tolist(), strict=True))
        ],
        "objective": [{"stage": "cost"}],
    }
