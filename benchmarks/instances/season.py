"""A season of retreats: parties of seven tiers list two or three departures; coaches, beds, minima, funds and quotas."""

from typing import Any

import numpy as np

from benchmarks.instances.wishes import Json

TIERS = (0.07, 0.02, 0.02, 0.09, 0.02, 0.11, 0.67)
"""Share of the people in each tier, first tier first."""
SIZES, SHARES = (1, 2, 3, 4, 5, 6, 8, 10, 12), (0.40, 0.27, 0.16, 0.06, 0.04, 0.03, 0.02, 0.01, 0.01)
SEATS = (42, 84, 126, 160)
HEAD, COACH, COACH_SEATS = 50_000, 252_000, 42
"""Fen of subsidy a head and of a coach; heads a coach seats."""
FUNDED, COUNTY = 0.7, 0.02
"""Seats that the common fund pays for, and each of the five county funds, as shares of all."""
KIN = 0.1
"""Share of parties that count half: relatives are not paid for."""
POPULARITY = 0.5


def season(people: int, departures: int, seed: int = 0, *, spare: float = -0.25) -> Json:
    """About ``people`` in parties that stay whole, with ``1 + spare`` seats each; tiers first, then ranks, then costs."""
    draw = np.random.default_rng(seed)
    seats = draw.choice(SEATS, departures)
    seats = np.maximum(20, seats * round(people * (1 + spare)) // int(seats.sum()))
    sizes = draw.choice(SIZES, people, p=SHARES)
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), people)) + 1]
    count = len(sizes)
    tier = draw.choice(len(TIERS), count, p=TIERS) + 1
    lot = draw.permutation(count) + 1
    county, kin = draw.integers(0, 20, count), draw.random(count) < KIN
    popular = 1 / (1 + np.arange(departures)) ** POPULARITY
    wanted = [
        draw.choice(departures, 2 + int(draw.integers(0, 3) == 0), replace=False, p=popular / popular.sum())
        for _ in range(count)
    ]
    funds: list[Json] = [{"id": "fund", "capacity": int(FUNDED * seats.sum()) * HEAD}]
    funds += [
        {"id": f"fund:{number}", "capacity": int(COUNTY * seats.sum()) * HEAD, "spill": "fund"}
        for number in range(5)
    ]

    def party(number: int) -> Json:
        size = int(sizes[number])
        paid = size * HEAD // (2 if kin[number] else 1)
        fund = f"fund:{county[number]}" if county[number] < len(funds) - 1 else "fund"
        return {
            "id": f"p{number:06}",
            "size": size,
            "tier": int(tier[number]),
            "lot": int(lot[number]),
            "tags": {f"county:{county[number]:02}": size},
            "choices": [
                {"option": f"d{option:04}", "rank": rank, "cost": paid, "uses": {fund: paid}}
                for rank, option in enumerate(wanted[number].tolist(), 1)
            ],
        }

    return {
        "format": "eventhub.allocation-problem/1",
        "name": f"season {people} x {departures}, seed {seed}",
        "resources": funds + [{"id": f"bed:{n:04}", "capacity": int(seats[n])} for n in range(departures)],
        "options": [_departure(n, int(seats[n])) for n in range(departures)],
        "groups": [party(number) for number in range(count)],
        "limits": [{"id": "most", "options": "*", "tag": "county:00", "maximum": max(1, people // 40)}],
        "objective": [
            {"stage": "placed", "by": "tier"},
            {"stage": "rank", "as": "sum", "by": "tier"},
            {"stage": "running"},
            {"stage": "cost"},
            {"stage": "lot"},
        ],
    }


def _departure(number: int, seats: int) -> dict[str, Any]:
    return {
        "id": f"d{number:04}",
        "capacity": seats,
        "minimum": min(25, seats // 2),
        "head_uses": {f"bed:{number:04}": 1},
        "carriers": [{"seats": COACH_SEATS, "cost": COACH, "most": -(-seats // COACH_SEATS)}],
    }
