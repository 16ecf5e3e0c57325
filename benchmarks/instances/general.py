"""Generalised assignment: every job weighs differently at every agent, and no job may be split.

The classes are those that the literature compares on (Chu and Beasley 1997; Yagiura, Ibaraki and Glover 2006): a and b
easy and less easy, c tight, d with costs that run against weights, e with costs that run against them steeply.
"""

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.wishes import Ints, Json
from solvers.source import FORMAT


def general(people: int, options: int, seed: int = 0, *, family: str = "d") -> Json:
    """``people`` jobs for ``options`` agents; all jobs must be done."""
    draw = np.random.default_rng(seed)
    weight, cost = _drawn(draw, family, options, people)
    seats = _seats(family, weight, cost)
    return {
        "format": FORMAT,
        "name": f"general {family} {people} x {options}, seed {seed}",
        "options": [{"id": wishes.name(number), "capacity": n} for number, n in enumerate(seats.tolist())],
        "groups": [
            {
                "id": f"g{job:05}",
                "required": True,
                "choices": [
                    {
                        "option": wishes.name(agent),
                        "rank": 1,
                        "cost": int(cost[agent, job]),
                        "heads": int(weight[agent, job]),
                    }
                    for agent in range(options)
                ],
            }
            for job in range(people)
        ],
        "objective": [{"stage": "cost"}],
    }


def _drawn(draw: np.random.Generator, family: str, agents: int, jobs: int) -> tuple[Ints, Ints]:
    shape = agents, jobs
    if family in "abc":
        return draw.integers(5, 26, shape), draw.integers(10, 51, shape)
    if family == "d":
        weight = draw.integers(1, 101, shape)
        return weight, np.maximum(1, 111 - weight + draw.integers(-10, 11, shape))
    if family == "e":
        weight = np.maximum(1, np.ceil(1 - 10 * np.log(1 - draw.random(shape)))).astype(np.int64)
        cost = np.ceil(1000 / weight - 10 * draw.random(shape)).astype(np.int64)
        return weight, np.maximum(1, cost)
    raise ValueError(f"no family {family!r}; there are a to e")


def _seats(family: str, weight: Ints, cost: Ints) -> Ints:
    agents, jobs = weight.shape
    if family in "ab":
        cheapest = np.argmin(cost, axis=0)
        load = np.bincount(cheapest, weight[cheapest, np.arange(jobs)], agents)
        most = 9 * (jobs // agents) + 0.4 * load.max()
        found: Ints = np.full(agents, int(most if family == "a" else 0.7 * most))
        return found
    tight: Ints = (0.8 * weight.sum(axis=1) / agents).astype(np.int64)
    return tight
