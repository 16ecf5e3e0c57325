"""Seeded instances of any size, shaped like a camp, a contest and a retreat: for tests and for timing."""

import random
from typing import Any

from solvers.source import FORMAT

Json = dict[str, Any]


def plain(*, seed: int = 0, groups: int = 40, options: int = 6, listed: int = 3, seats: int = 8) -> Json:
    """Single applicants, options with seats, nothing that ties groups together."""
    draw = random.Random(seed)
    return _problem(
        options=[{"id": f"o{n:04}", "capacity": seats} for n in range(options)],
        groups=[
            {
                "id": f"g{n:06}",
                "lot": lot,
                "choices": _ranked(draw.sample(range(options), min(listed, options)), "o", 4),
            }
            for n, lot in enumerate(_lots(draw, groups))
        ],
    )


def camp(*, seed: int = 0, children: int = 260, batches: int = 5, seats: int = 42) -> Json:
    """Siblings together, tiers of families, a teacher for ten, a balance of sexes, a fund for the batches."""
    draw = random.Random(seed)
    sizes: list[int] = []
    while sum(sizes) < children:
        sizes.append(min(children - sum(sizes), draw.choices((1, 2, 3), (90, 8, 2))[0]))
    groups = []
    for number, (size, lot) in enumerate(zip(sizes, _lots(draw, len(sizes)), strict=True)):
        girls = sum(draw.choice((True, False)) for _ in range(size))
        weights = [3, 2.4, 2, 1.3, 1] + [1.0] * batches
        wanted = _by_popularity(draw, weights[:batches], draw.choice((1, 2, 3, 3)))
        groups.append(
            {
                "id": f"p{number:04}",
                "size": size,
                "tier": draw.choices((1, 2, 3), (38, 35, 27))[0],
                "lot": lot,
                "tags": {"sex:f": girls, "sex:m": size - girls},
                "choices": _ranked(wanted, "b", 1),
            }
        )
    return _problem(
        resources=[
            {"id": "fund", "capacity": batches * 9_000_000, "step": 1_000_000},
            {"id": "teacher", "capacity": batches * 5},
        ],
        options=[
            {
                "id": f"b{n}",
                "capacity": seats,
                "minimum": 30 * seats // 42,
                "cost": 6_000_000,
                "uses": {"fund": 6_000_000},
                "head_uses": {"fund": 50_000},
                "carriers": [{"seats": 10, "uses": {"teacher": 1}}],
            }
            for n in range(batches)
        ],
        groups=groups,
        limits=[
            {"id": "balance", "options": "*", "each": True, "tag": "sex:*", "share": [3, 5], "soft": True},
        ],
    )


def contest(*, seed: int = 0, scale: float = 0.1) -> Json:
    """Items in heats: any heat of its item does, villages are spread over heats, some people enter two items."""
    draw = random.Random(seed)
    people, villages = round(9850 * scale), 108
    heats = _heats(draw, people)
    names = [f"i{item:02}h{heat:03}" for item, count in enumerate(heats) for heat in range(count)]
    first = [sum(heats[:item]) for item in range(14)]
    groups: list[Json] = []
    entered = 0
    lots = _lots(draw, people)
    while entered < people:
        size = min(people - entered, draw.choices((1, 2, 3, 4), (70, 12, 8, 10))[0])
        entered += size
        item = draw.choices(range(14), heats)[0]
        mine = list(range(first[item], first[item] + heats[item]))
        liked = draw.sample(mine, min(len(mine), 3))
        others = [heat for heat in mine if heat not in liked]
        choices = [{"option": names[heat], "rank": rank} for rank, heat in enumerate(liked, 1)]
        choices += [{"option": names[heat], "rank": 4} for heat in others]
        number = len(groups)
        village = draw.randrange(villages)
        groups.append(
            {
                "id": f"e{number:05}",
                "size": size,
                "lot": lots[number],
                "tags": {f"village:{village:03}": size},
                "people": [f"q{entered - one:05}" for one in range(size)],
                "choices": choices,
            }
        )
    _enter_twice(draw, groups)
    capacity = [round(people / sum(heats) * 1.02) + 1] * len(names)
    by_item = [names[first[item] : first[item] + heats[item]] for item in range(14)]
    tagged = sorted({tag for group in groups for tag in group["tags"]})
    hours = [[names[n] for n in range(len(names)) if n % 12 == hour] for hour in range(12)]
    return _problem(
        options=[{"id": name, "capacity": seats} for name, seats in zip(names, capacity, strict=True)],
        groups=groups,
        limits=[
            {
                "id": f"spread{item:02}",
                "options": by_item[item],
                "each": True,
                "tag": "village:*",
                "maximum": 4,
            }
            for item in range(14)
        ]
        + [{"id": f"in:{tag}", "options": "*", "tag": tag, "minimum": 1} for tag in tagged],
        clashes=[hour for hour in hours if len(hour) > 1],
    )


def retreat(*, seed: int = 0, scale: float = 0.02) -> Json:
    """Routes x departures with coaches, beds, a minimum, county funds that spill, and quotas of organisations."""
    draw = random.Random(seed)
    heads, departures = round(135_000 * scale), max(6, round(2_000 * scale))
    orgs = [f"org:{n:02}" for n in range(20)]
    share = [draw.uniform(0.5, 1.5) for _ in orgs]
    groups: list[Json] = []
    total = 0
    sizes = (1, 2, 3, 4, 6, 10)
    lots = _lots(draw, heads)
    popularity = [1 / (1 + n) ** 0.5 for n in range(departures)]
    while total < heads:
        size = min(heads - total, draw.choices(sizes, (48, 28, 10, 8, 4, 2))[0])
        total += size
        org = draw.choices(range(20), share)[0]
        wanted = _by_popularity(draw, popularity, draw.choice((2, 3)))
        groups.append(
            {
                "id": f"u{len(groups):06}",
                "size": size,
                "tier": draw.choices((1, 2, 3), (20, 30, 50))[0],
                "lot": lots[len(groups)],
                "tags": {orgs[org]: size},
                "choices": [
                    {**choice, "uses": {f"fund:{org % 5}": 50_000 * size}}
                    for choice in _ranked(wanted, "d", 4)
                ],
            }
        )
    seats = round(78_000 * scale)
    weeks = max(1, departures // 8)
    options = [
        {
            "id": f"d{n:04}",
            "capacity": 45,
            "minimum": draw.choice((12, 20, 25)),
            "cost": 100_000,
            "head_uses": {f"bed:{n % weeks:03}": 1},
            "carriers": [{"seats": 42, "cost": 180_000, "most": 1}, {"seats": 18, "cost": 95_000, "most": 2}],
        }
        for n in range(departures)
    ]
    quota = {org: round(seats * one / sum(share)) for org, one in zip(orgs, share, strict=True)}
    return _problem(
        resources=[
            {"id": "fund", "capacity": round(seats * 50_000 * 0.15), "step": 1_000_000},
            *(
                {"id": f"fund:{n}", "capacity": round(seats * 50_000 * 0.16), "spill": "fund"}
                for n in range(5)
            ),
            *({"id": f"bed:{n:03}", "capacity": round(departures / weeks * 39)} for n in range(weeks)),
        ],
        options=options,
        groups=groups,
        limits=[
            {"id": f"most:{org}", "options": "*", "tag": org, "maximum": round(most * 1.2)}
            for org, most in quota.items()
        ]
        + [
            {"id": f"least:{org}", "options": "*", "tag": org, "minimum": round(most * 0.7)}
            for org, most in quota.items()
        ],
    )


def _problem(**keys: Any) -> Json:
    return {"format": FORMAT, **keys}


def _lots(draw: random.Random, count: int) -> list[int]:
    lots = list(range(1, count + 1))
    draw.shuffle(lots)
    return lots


def _ranked(wanted: list[int], prefix: str, digits: int) -> list[Json]:
    return [{"option": f"{prefix}{option:0{digits}}", "rank": rank} for rank, option in enumerate(wanted, 1)]


def _by_popularity(draw: random.Random, weights: list[float], count: int) -> list[int]:
    left = list(range(len(weights)))
    chosen = []
    for _ in range(min(count, len(left))):
        one = draw.choices(left, [weights[n] for n in left])[0]
        left.remove(one)
        chosen.append(one)
    return chosen


def _heats(draw: random.Random, people: int) -> list[int]:
    total = max(14, round(people / 25.6))
    shares = [draw.uniform(0.5, 2) for _ in range(14)]
    return [max(1, round(total * share / sum(shares))) for share in shares]


def _enter_twice(draw: random.Random, groups: list[Json]) -> None:
    """A third of the single entries belong to somebody who also entered another item."""
    single = [group for group in groups if group["size"] == 1]
    draw.shuffle(single)
    for one, other in zip(single[::6], single[3::6], strict=False):
        items = {choice["option"][:3] for group in (one, other) for choice in group["choices"]}
        if len(items) == 2:  # noqa: PLR2004
            other["people"] = one["people"]
            other["tags"] = one["tags"]
