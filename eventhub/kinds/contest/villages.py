"""What villages are owed and what bounds them: an entry in for each that can have one, and not too many in one heat."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from eventhub.domain.facts import OptionFacts, PartyFacts, Person, ProgrammeFacts
from eventhub.i18n import N_, Text
from eventhub.kinds import Json, NameOf, open_choices
from eventhub.kinds.contest.checks import bars
from eventhub.kinds.contest.questions import setting

TooClose = Callable[[ProgrammeFacts, OptionFacts, OptionFacts], bool]
Placing = dict[str, str]
"""Party code -> heat code, for some parties."""

MOST_TRIES = 20_000
"""Heats tried for one village; one that is not found to be possible within them is owed nothing."""


def village_of(person: Person) -> str:
    """The village somebody competes for: the person's own unit, else the place code."""
    return person.unit or person.place_code


def villages_of(party: PartyFacts) -> set[str]:
    """The villages of an entry; most have one."""
    return {village for person in party.people if (village := village_of(person))}


@dataclass(frozen=True)
class Entry:
    """An entry that may be in some heat: its heats, the people it has, and the villages they compete for."""

    code: str
    item: str
    heats: tuple[str, ...]
    people: frozenset[str]
    villages: frozenset[str]
    fixed: bool
    """Its heat was fixed by hand."""


def limits(programme: ProgrammeFacts, parties: Sequence[PartyFacts], too_close: TooClose) -> Iterable[Json]:
    """A floor for each village that can have an entry in, then each village's share of the heats of an item."""
    entries = list(_entries(programme, parties))
    if setting(programme, "village_floor"):
        yield from _floors(programme, _where_enough(programme, parties, entries), too_close)
    if setting(programme, "village_spread"):
        yield from _spread(programme, entries)


def _entries(programme: ProgrammeFacts, parties: Sequence[PartyFacts]) -> Iterator[Entry]:
    """Entries that may be in some heat and were not put out by hand; one fixed by hand may be in that heat alone."""
    for party in parties:
        if party.pinned:
            heats: tuple[str, ...] = (party.pinned,)
        elif party.pinned is None:
            heats = tuple(option.code for option, _rank in open_choices(bars, programme, party))
        else:
            continue
        if heats:
            people = frozenset(person.code for person in party.people)
            villages = frozenset(villages_of(party))
            yield Entry(party.code, party.item, heats, people, villages, fixed=bool(party.pinned))


def _spread(programme: ProgrammeFacts, entries: Sequence[Entry]) -> Iterable[Json]:
    counted = Counter((entry.item, village) for entry in entries for village in entry.villages)
    for (item, village), number in sorted(counted.items()):
        heats = [option.code for option in programme.options_of(item)]
        most = -(-number // len(heats)) + setting(programme, "spread_slack")
        if most < number:
            yield {
                "id": f"spread:{item}:{village}",
                "options": heats,
                "tag": f"village:{village}",
                "each": True,
                "maximum": most,
            }


def limit_name(programme: ProgrammeFacts, id_: str, name_of: NameOf) -> Text | None:
    """A limit of :func:`limits` in words. A run made when each item had floors of its own names the item too."""
    sort, *rest = id_.split(":")
    if sort not in {"floor", "spread"} or not rest:
        return None
    village = name_of(rest[-1])
    if len(rest) == 1:
        return N_("Contestants of %(village)s, over all items", village=village)
    item = dict(programme.items).get(rest[0], rest[0])
    if sort == "floor":
        return N_("Contestants of %(village)s in “%(item)s”", village=village, item=item)
    return N_("Contestants of %(village)s in one heat of “%(item)s”", village=village, item=item)


# -- An entry in for each village --------------------------------------------------------------------


def _floors(programme: ProgrammeFacts, entries: Sequence[Entry], too_close: TooClose) -> Iterable[Json]:
    """One entry at least for each village that can have one, over all items it entered.

    What the floors ask for can be had at once, as far as people, hours and ways go: seats and money may still fall
    short, and then the organiser is told.
    """
    heats: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for village in entry.villages:
            heats[village].update(entry.heats)
    possible = _possible_at_once(programme, entries, too_close)
    in_order = [option.code for option in programme.options]
    for village in sorted(possible):
        yield {
            "id": f"floor:{village}",
            "options": [code for code in in_order if code in heats[village]],
            "tag": f"village:{village}",
            "minimum": 1,
        }


def _where_enough(
    programme: ProgrammeFacts, parties: Sequence[PartyFacts], entries: Sequence[Entry]
) -> list[Entry]:
    """The same entries with only those heats that can seat them and that enough people may enter to run."""
    size = {party.code: party.size for party in parties}
    wanted: Counter[str] = Counter()
    for entry in entries:
        for heat in entry.heats:
            wanted[heat] += size[entry.code]
    found = []
    for entry in entries:
        fitting = tuple(
            heat
            for heat in entry.heats
            if wanted[heat] >= programme.option(heat).minimum
            and _fits(size[entry.code], programme.option(heat).capacity)
        )
        if fitting:
            found.append(replace(entry, heats=fitting))
    return found


def _fits(size: int, capacity: int | None) -> bool:
    return capacity is None or size <= capacity


def _possible_at_once(programme: ProgrammeFacts, entries: Sequence[Entry], too_close: TooClose) -> set[str]:
    """Villages that can each have an entry in at once.

    A village can always have one in whose people are in no other entry. The other villages are taken in turn,
    together with those they share people with: one that cannot be in beside those before it is left out.
    """
    times = Counter(person for entry in entries for person in entry.people)
    tied = [entry for entry in entries if any(times[person] > 1 for person in entry.people)]
    untied = [entry for entry in entries if all(times[person] == 1 for person in entry.people)]
    found = {village for entry in untied for village in entry.villages}
    for cluster in _clusters(tied, apart_from=frozenset(found)):
        found |= _of_cluster(programme, cluster, found, too_close)
    return found


def _clusters(entries: Sequence[Entry], *, apart_from: frozenset[str]) -> list[list[Entry]]:
    """Entries that hang together by their people or their villages, these villages apart."""
    head: dict[str, str] = {}

    def top(name: str) -> str:
        while head.setdefault(name, name) != name:
            name = head[name]
        return name

    for entry in entries:
        shared = {f"person:{code}" for code in entry.people}
        shared |= {f"village:{code}" for code in entry.villages - apart_from}
        for name in sorted(shared):
            head[top(name)] = top(f"entry:{entry.code}")
    clusters: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        clusters[top(f"entry:{entry.code}")].append(entry)
    return list(clusters.values())


def _of_cluster(
    programme: ProgrammeFacts, cluster: Sequence[Entry], owed: set[str], too_close: TooClose
) -> set[str]:
    fixed = {entry.code: entry.heats[0] for entry in cluster if entry.fixed}
    wanted: list[str] = []
    for village in sorted({village for entry in cluster for village in entry.villages} - owed):
        search = _Search(programme, cluster, too_close)
        if search.finds([*wanted, village], fixed):
            wanted.append(village)
    return set(wanted)


class _Search:
    """Looks for a heat for one entry of each of some villages, so that nobody would be in two places at once."""

    def __init__(self, programme: ProgrammeFacts, entries: Sequence[Entry], too_close: TooClose) -> None:
        self._programme, self._too_close = programme, too_close
        self._by_code = {entry.code: entry for entry in entries}
        self._of: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            for village in entry.villages:
                self._of[village].append(entry)
        self._tries = 0

    def finds(self, villages: Sequence[str], placing: Placing) -> bool:
        """Whether such heats were found, beside those of ``placing``."""
        covered = {village for code in placing for village in self._by_code[code].villages}
        missing = next((village for village in villages if village not in covered), None)
        if missing is None:
            return True
        return any(
            self.finds(villages, {**placing, entry.code: heat})
            for entry in self._of[missing]
            for heat in entry.heats
            if self._may_be(entry, heat, placing)
        )

    def _may_be(self, entry: Entry, heat: str, placing: Mapping[str, str]) -> bool:
        self._tries += 1
        return self._tries <= MOST_TRIES and not any(
            entry.people & self._by_code[code].people and self._clash(heat, other)
            for code, other in placing.items()
        )

    def _clash(self, one: str, other: str) -> bool:
        first, second = self._programme.option(one), self._programme.option(other)
        return first.item == second.item or self._too_close(self._programme, first, second)
