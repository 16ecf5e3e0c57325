"""Departures that run only with enough people, cost something a head and something at all, under one fund."""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.wishes import Ints, Json

HEAD, DEPARTURE = (250, 550), (1_500, 5_000)
"""Yuan a head and a departure, least and most."""


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
    """Departures that need half their seats taken, and a fund of ``budget`` of what free spending would come to.

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
        free = spent_freely(wanted, seats, minimum, head, departure)
        more["resources"] = [{"id": "fund", "capacity": int(budget * free), "step": 1_000}]
    return wishes.problem(
        f"opening {people} x {options}, seed {seed}",
        made,
        wishes.groups(wanted, weight, np.ones(people, np.int64), lot),
        **more,
    )


def spent_freely(wanted: Ints, seats: Ints, minimum: Ints, head: Ints, departure: Ints) -> int:
    """What everybody's places would cost if money were no matter: one after another the best with room.

    Options short of their minimum close, the emptiest first, and their people go on to the next that runs.
    """
    load = np.zeros(len(seats), np.int64)
    at = np.full(len(wanted), -1)
    shut = np.zeros(len(seats), np.bool_)
    waiting = list(range(len(wanted)))
    rows = wanted.tolist()
    while True:
        for person in waiting:
            for option in rows[person]:
                if not shut[option] and load[option] < seats[option]:
                    at[person] = option
                    load[option] += 1
                    break
        short = np.flatnonzero(~shut & (load < minimum))
        if not len(short):
            break
        order = np.lexsort((short, load[short] / minimum[short]))
        closing = short[order[: max(1, len(short) // 4)]]
        shut[closing] = True
        waiting = np.flatnonzero(np.isin(at, closing) | (at < 0)).tolist()
        at[waiting] = -1
        load[closing] = 0
    return int(head @ load) + int(departure[~shut].sum())
