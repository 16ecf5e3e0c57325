"""Single people and options with seats, nothing else: what a plain network solves."""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.wishes import Json


def capacities(
    people: int, options: int, seed: int = 0, *, listed: int = 8, spare: float = 0.0, zipf: float = 0.95
) -> Json:
    """``people`` single groups with ``listed`` wishes each; seats for all and a share of ``spare`` more."""
    draw = np.random.default_rng(seed)
    seats = wishes.seats(draw, round(people * (1 + spare)), options)
    wanted = wishes.wishes(draw, people, options, min(listed, options), zipf)
    weight = draw.integers(1, 4, people)
    lot = draw.permutation(people) + 1
    return wishes.problem(
        f"capacities {people} x {options}, seed {seed}",
        [{"id": wishes.name(number), "capacity": n} for number, n in enumerate(seats.tolist())],
        wishes.groups(wanted, weight, np.ones(people, np.int64), lot),
    )
