"""How entries are placed in heats: who shares a village, which heats a person cannot both reach, who stands where.

A programme is a series; ``OptionFacts.item`` is the code of a contest (C01 and so on) and its options are the heats.
What a heat's ``OptionFacts`` hold: ``capacity`` and ``minimum`` in people, ``cost_fen`` if it costs the series money
when it runs, one occasion with start and end as moments and the place with ``latitude`` and ``longitude``, and in
``details`` what :mod:`eventhub.kinds.contest.particulars` describes; ages are completed years on the day of the heat.

Somebody who enters several items is in several parties, under one person code.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations, product
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType

from eventhub.domain.facts import OccasionFacts, OptionFacts, PartyFacts, ProgrammeFacts
from eventhub.kinds import Json, fund, fund_resources
from eventhub.kinds.contest import villages
from eventhub.kinds.contest.questions import setting

EARTH_KM = 6371.0
DETOUR = 1.3
"""Roads are about this much longer than the straight line."""


def group(_programme: ProgrammeFacts, party: PartyFacts) -> Json:
    """An entry counts once for each village it has people from; its people are named, for they may be in others."""
    return {
        "tags": {f"village:{village}": 1 for village in sorted(villages.villages_of(party))},
        "people": sorted({person.code for person in party.people}),
    }


def option(programme: ProgrammeFacts, option: OptionFacts) -> Json:
    """A heat draws on the first source for what it costs when it runs."""
    if not programme.sources or not option.cost_fen:
        return {}
    payer = programme.settings.get("fund") or programme.sources[0].code
    return {"uses": {fund(payer): option.cost_fen}}


def joint(programme: ProgrammeFacts, parties: Sequence[PartyFacts]) -> Iterable[Json]:
    """The fund, what villages are owed and bounded by, and the heats nobody can both be in."""
    yield {"resources": fund_resources(programme)}
    yield {"limits": list(villages.limits(programme, parties, too_close))}
    yield {"clashes": list(_clashes(programme, parties))}


def objective(_programme: ProgrammeFacts) -> list[Json]:
    """As many people as possible, then higher choices, then fewer heats' money, then fewest changes."""
    return [
        {"stage": "placed"},
        {"stage": "rank", "as": "sum"},
        {"stage": "cost"},
        {"stage": "changes"},
        {"stage": "lot"},
    ]


def stations(
    _programme: ProgrammeFacts,
    _option: OptionFacts,
    parties: Sequence[PartyFacts],
    held: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Registration code -> station number: one station an entry, in the order of the lots.

    Who already holds a station keeps it, so that a withdrawal moves nobody else; a station held by two goes to the
    luckier entry, and the other draws the lowest free one.
    """
    in_turn = sorted(parties, key=lambda party: (party.lot is None, party.lot or 0, party.code))
    taken: dict[str, str] = {}
    for party in in_turn:
        before = next((held[member.code] for member in party.members if held.get(member.code)), "")
        if before and before not in taken.values():
            taken[party.code] = before
    free = (
        str(number) for number in range(1, len(parties) + len(taken) + 1) if str(number) not in taken.values()
    )
    free_numbers = list(free)
    for party in in_turn:
        if party.code not in taken:
            taken[party.code] = free_numbers.pop(0)
    return {member.code: taken[party.code] for party in in_turn for member in party.members}


def _clashes(programme: ProgrammeFacts, parties: Sequence[PartyFacts]) -> Iterable[list[str]]:
    """At most one heat an item, and no two heats too close in time; only where somebody entered more than once."""
    entered: defaultdict[str, list[str]] = defaultdict(list)
    for party in parties:
        for code in {person.code for person in party.people}:
            entered[code].append(party.item)
    several = [items for items in entered.values() if len(items) > 1]
    twice = {item for items in several for item, times in Counter(items).items() if times > 1}
    pairs = {pair for items in several for pair in combinations(sorted(set(items)), 2)}
    for item in sorted(twice):
        yield [option.code for option in programme.options_of(item)]
    for one, other in sorted(pairs):
        for heat in programme.options_of(one):
            yield from (
                [heat.code, second.code]
                for second in programme.options_of(other)
                if too_close(programme, heat, second)
            )


def too_close(programme: ProgrammeFacts, one: OptionFacts, other: OptionFacts) -> bool:
    """Whether nobody can be in both heats: on some day they overlap, or the way between takes longer than the pause."""
    return any(
        _cannot_reach(programme, *sorted(pair, key=lambda occasion: _moment(occasion.starts)))
        for pair in product(one.occasions, other.occasions)
    )


def _cannot_reach(programme: ProgrammeFacts, first: OccasionFacts, second: OccasionFacts) -> bool:
    pause = _moment(second.starts) - _moment(first.ends)
    return pause < travel_time(programme, first, second) + timedelta(
        minutes=setting(programme, "travel_margin")
    )


def travel_time(programme: ProgrammeFacts, one: OccasionFacts, other: OccasionFacts) -> timedelta:
    """How long the way between two places takes; places without a position are taken as neighbours."""
    if None in {one.latitude, one.longitude, other.latitude, other.longitude}:
        return timedelta(0)
    km = kilometres(one.latitude or 0, one.longitude or 0, other.latitude or 0, other.longitude or 0) * DETOUR
    return timedelta(hours=km / setting(programme, "travel_speed"))


def kilometres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great circle between two positions in degrees."""
    north, east = radians(other_latitude - latitude), radians(other_longitude - longitude)
    haversine = (
        sin(north / 2) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(east / 2) ** 2
    )
    return 2 * EARTH_KM * asin(sqrt(min(1.0, haversine)))


def _moment(at: object) -> datetime:
    if not isinstance(at, datetime):
        raise TypeError(f"A heat begins and ends at an hour, not on a day: {at!r}.")
    return at
