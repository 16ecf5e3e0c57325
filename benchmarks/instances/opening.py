"""Departures that run only with enough people, cost something a head and something at all, under one fund."""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.flat import Drawn
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
    return drawn(
        people, options, seed, listed=listed, spare=spare, zipf=zipf, budget=budget, carriers=carriers
    ).told()


def drawn(
    people: int,
    options: int,
    seed: int = 0,
    *,
    listed: int = 8,
    spare: float = 0.5,
    zipf: float = 0.75,
    budget: float | None = 0.97,
    carriers: bool = False,
) -> Drawn:
    """The same, not told yet."""
    draw = np.random.default_rng(seed)
    seats = wishes.seats(draw, round(people * (1 + spare)), options)
    wanted = wishes.wishes(draw, people, options, min(listed, options), zipf)
    weight = draw.integers(1, 4, people)
    lot = draw.permutation(people) + 1
    head = draw.integers(HEAD[0], HEAD[1] + 1, options)
    departure = draw.integers(DEPARTURE[0], DEPARTURE[1] + 1, options)
    everything = people * int(head.sum()) // options + int(departure.sum())
    funded = budget is not None
    return Drawn(
        title=f"opening {people} x {options}, seed {seed}",
        seats=seats,
        wanted=wanted,
        weight=weight,
        size=np.ones(people, np.int64),
        lot=lot,
        minimum=(seats + 1) // 2,
        head=head if funded else None,
        once=departure if funded else None,
        fund=int(budget * FREELY * everything) if budget is not None else None,
        carriers=carriers,
    )
