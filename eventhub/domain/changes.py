"""What one publication changes against the one before it: who is new, moved, kept, or out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eventhub.domain.terms import Change


@dataclass(frozen=True)
class Changes:
    """Registration codes by what happened to their place."""

    by_registration: Mapping[str, Change] = field(default_factory=dict)

    def count(self, change: Change) -> int:
        return sum(1 for found in self.by_registration.values() if found is change)

    def of(self, change: Change) -> tuple[str, ...]:
        return tuple(code for code, found in self.by_registration.items() if found is change)


def between(old: Mapping[str, str | None], new: Mapping[str, str | None]) -> Changes:
    """Compare two results, each registration code -> option code (None, or absent: no place).

    A registration without a place in both is in none of the lists: nothing happened to it.
    """
    found: dict[str, Change] = {}
    for code in sorted(old.keys() | new.keys()):
        before, after = old.get(code), new.get(code)
        if before is None and after is None:
            continue
        if before is None:
            found[code] = Change.NEW
        elif after is None:
            found[code] = Change.WITHDRAWN
        else:
            found[code] = Change.KEPT if before == after else Change.MOVED
    return Changes(found)
