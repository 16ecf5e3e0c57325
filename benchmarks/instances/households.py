"""Parties of one to four people who stay together, with a few seats to spare."""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.flat import Drawn
from benchmarks.instances.wishes import Ints, Json

SHARES = (0.55, 0.45 * 0.45, 0.45 * 0.32, 0.45 * 0.23)
"""Of groups, those of one, two, three and four people: 1.8 people a group."""


def households(
    people: int, options: int, seed: int = 0, *, listed: int = 8, spare: float = 0.03, zipf: float = 0.6
) -> Json:
    """Groups of ``people`` heads in all, 45 % of them two to four people; ``spare`` of the seats beyond need."""
    return drawn(people, options, seed, listed=listed, spare=spare, zipf=zipf).told()


def drawn(
    people: int, options: int, seed: int = 0, *, listed: int = 8, spare: float = 0.03, zipf: float = 0.6
) -> Drawn:
    """The same, not told yet."""
    draw = np.random.default_rng(seed)
    size = _sizes(draw, people)
    seats = wishes.seats(draw, round(people * (1 + spare)), options)
    wanted = wishes.wishes(draw, len(size), options, min(listed, options), zipf)
    weight = draw.integers(1, 4, len(size))
    lot = draw.permutation(len(size)) + 1
    return Drawn(
        title=f"households {people} x {options}, seed {seed}",
        seats=seats,
        wanted=wanted,
        weight=weight,
        size=size,
        lot=lot,
    )


def _sizes(draw: np.random.Generator, people: int) -> Ints:
    sizes: Ints = draw.choice(np.arange(1, 5), size=people, p=SHARES)
    ends = np.cumsum(sizes)
    count = int(np.searchsorted(ends, people)) + 1
    sizes = sizes[:count]
    sizes[-1] -= int(ends[count - 1]) - people
    return sizes
