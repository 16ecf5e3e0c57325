"""Departures that run only with enough people, cost something a head and something at all, under one fund."""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.wishes import Json

HEAD, DEPARTURE = (250, 550), (1_500, 5_000)
"""Yuan a head and a departure, least and most."""
FREELY = 0.99
"""What the optimum without a fund spends, as a share of all departures running with everybody at the mean price:
0.991 at 3,000 and at 10,000 people."""


def opening(
    people: int,
    options: int,
    seed: int = 0,
    *,
    listed: int = 8,
    spare: float = 0.5,
    zipf: float = 0.75,
    budget: float | None = 0.97,
    carriers: bool = False,
) -> Json:
    """Departures that need half their seats taken, and a fund of ``budget`` of what would be spent without one.

    ``budget`` None: no fund. ``carriers``: what a departure costs is a coach of that size and not the departure.
    """
    draw = np.random.default_rng(seed)
    seats = wishes.seats(draw, round(people * (1 + spare)), options)
    wanted = wishes.wishes(draw, people, options, min(listed, options), zipf)
    weight = draw.integers(1, 4, people)
    lot = draw.permutation(people) + 1
    head = draw.integers(HEAD[0], HEAD[1] + 1, options)
    departure = draw.integers(DEPARTURE[0], DEPARTURE[1] + 1, options)
    minimum = (seats + 1) // 2
    made = []
    for number, (most, least, each, once) in enumerate(
        zip(seats.tolist(), minimum.tolist(), head.tolist(), departure.tolist(), strict=True)
    ):
        option: Json = {"id": wishes.name(number), "capacity": most, "minimum": least}
        if budget is not None:
            fixed: Json = {"uses": {"fund": once}}
            option |= {"head_uses": {"fund": each}}
            option |= {"carriers": [{"seats": most, **fixed}]} if carriers else fixed
        made.append(option)
    more: Json = {}
    if budget is not None:
        everything = people * int(head.sum()) // options + int(departure.sum())
        more["resources"] = [{"id": "fund", "capacity": int(budget * FREELY * everything), "step": 1_000}]
    return wishes.problem(
        f"opening {people} x {options}, seed {seed}",
        made,
        wishes.groups(wanted, weight, np.ones(people, np.int64), lot),
        **more,
    )
