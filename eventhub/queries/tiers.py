"""What the priority groups of a run are called, in the order that was in force when it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventhub import kinds
from eventhub.domain.facts import ProgrammeFacts
from eventhub.i18n import N_, Text


def tier_names(programme: ProgrammeFacts, summary: Mapping[str, Any]) -> dict[int, Text]:
    """Tier -> what its people have in common, as the kind says it.

    A finished run keeps the keys of its tiers in their order, since a setting that orders them may have been changed
    meanwhile; one that is under way has none yet, and the order in force is its own. Of a run older than the keys
    nothing is said.
    """
    named = dict(kinds.of(programme).tiers(programme))
    keys = summary.get("tier_keys", ()) if summary else named
    return {tier: named[key] for tier, key in enumerate(keys, start=1) if key in named}


def group_name(tier: int, names: Mapping[int, Text]) -> Text:
    """A tier in words: “Group 1: At the front line of production and work”."""
    if tier in names:
        return N_("Group %(tier)s: %(name)s", tier=tier, name=names[tier])
    return N_("Group %(tier)s", tier=tier)
