"""Single people and options with seats, nothing else: what a plain network solves."""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.flat import Drawn
from benchmarks.instances.wishes import Json


def capacities(
    people: int, options: int, seed: int = 0, *, listed: int = 8, spare: float = 0.0, zipf: float = 0.95
) -> Json:
    """``people`` single groups with ``listed`` wishes each; seats for all and a share of ``spare`` more."""
    return drawn(people, options, seed, listed=listed, spare=spare, zipf=zipf).told()


def drawn(
    people: int, options: int, seed: int = 0, *, listed: int = 8, spare: float = 0.0, zipf: float = 0.95
) -> Drawn:
    """The same, not told yet."""
    draw = np.random.default_rng(seed)
    seats = wishes.seats(draw, round(people * (1 + spare)), options)
    wanted = wishes.wishes(draw, people, options, min(listed, options), zipf)
    weight = draw.integers(1, 4, people)
    lot = draw.permutation(people) + 1
    return Drawn(
        title=f"capacities {people} x {options}, seed {seed}",
        seats=seats,
        wanted=wanted,
        weight=weight,
        size=np.ones(people, np.int64),
        lot=lot,
    )
