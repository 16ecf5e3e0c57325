"""A problem some time later: people have withdrawn, others came, departures have lost seats, and places were told."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.instances.wishes import Json

NEW = "new-"
"""Begins the ids of those who came."""


def changed(
    source: Json,
    placements: Mapping[str, Any],
    seed: int = 0,
    *,
    withdrawn: float = 0.01,
    new: float = 0.01,
    smaller: float = 0.0,
    bonus: int = 0,
) -> Json:
    """The problem again after ``placements`` (of a result's groups) were told; these stand in it as ``previous``.

    Shares: ``withdrawn`` of the groups are gone, ``new`` of them came, whose wishes are those of groups drawn at random
    and who are drawn last; ``smaller`` of the options have lost a quarter of their seats. ``bonus``: what every place
    costs more a head, for those who had one, than the place that they had; the stage ``cost`` then holds moves down.
    Without ``previous`` and with no bonus this is the fresh problem to compare with.
    """
    draw = np.random.default_rng(seed)
    groups, options = source["groups"], source["options"]
    stays = draw.random(len(groups)) >= withdrawn
    lots = max((group.get("lot", 0) for group in groups), default=0)
    came = [
        groups[like] | {"id": f"{NEW}{number:07}", "lot": lots + 1 + number}
        for number, like in enumerate(draw.integers(0, len(groups), round(new * len(groups))).tolist())
    ]
    kept = [group for group, stay in zip(groups, stays.tolist(), strict=True) if stay]
    previous = {group["id"]: placements[group["id"]] for group in kept if group["id"] in placements}
    if bonus:
        kept = [_dearer(group, previous.get(group["id"]), bonus) for group in kept]
    hit = draw.random(len(options)) < smaller
    return source | {
        "groups": [*kept, *came],
        "options": [
            option | {"capacity": option["capacity"] * 3 // 4} if less and "capacity" in option else option
            for option, less in zip(options, hit.tolist(), strict=True)
        ],
        "previous": previous,
    }


def _dearer(group: Json, place: Any, bonus: int) -> Json:
    """The group with every place but the one it had dearer; one that had none as it is."""
    if place is None:
        return group
    more = bonus * group.get("size", 1)
    return group | {
        "choices": [
            choice if choice["option"] == place else choice | {"cost": choice.get("cost", 0) + more}
            for choice in group["choices"]
        ]
    }
