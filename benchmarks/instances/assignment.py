"""One person, one post, any cost for any pair: dense one-to-one assignment, as in the OR-Library's assign files."""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.wishes import Json
from solvers.source import FORMAT


def assignment(people: int, options: int, seed: int = 0, *, most: int = 100) -> Json:
    """Costs drawn evenly from 1 to ``most`` (Beasley 1990, OR-Library); as many posts as people at least."""
    cost = np.random.default_rng(seed).integers(1, most + 1, (people, options)).tolist()
    return {
        "format": FORMAT,
        "name": f"assignment {people} x {options}, seed {seed}",
        "options": [{"id": wishes.name(number), "capacity": 1} for number in range(options)],
        "groups": [
            {
                "id": f"g{number:05}",
                "required": True,
                "choices": [
                    {"option": wishes.name(option), "rank": 1, "cost": each}
                    for option, each in enumerate(row)
                ],
            }
            for number, row in enumerate(cost)
        ],
        "objective": [{"stage": "cost"}],
    }
