"""Aims and limits of an allotment in the order in which they count, each explained in a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from eventhub import kinds
from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.wording import Money
from eventhub.i18n import N_, Text


@dataclass(frozen=True)
class Line:
    """One aim or limit: its name, and what it means; ``groups`` are the priority groups it follows, in their order."""

    name: Text
    means: Text
    groups: tuple[Text, ...] = ()


_AIMS: Mapping[str, Line] = {
    "required": Line(N_("Who must have a place"), N_("Parties that must go are placed before all else.")),
    "placed": Line(
        N_("As many people as possible"), N_("Every further person placed counts more than any wish.")
    ),
    "placed by tier": Line(
        N_("As many people as possible, priority groups in order"),
        N_("First the first group; nobody of it is given up for however many of a later one."),
    ),
    "rank": Line(N_("Higher choices"), N_("Among equally full results the one with dearer choices.")),
    "rank by tier": Line(
        N_("Higher choices, priority groups in order"),
        N_("Among equally full results the one with dearer choices; earlier groups first."),
    ),
    "soft": Line(
        N_("Wishes of the organiser"), N_("Balance and other wishes are missed by as few people as can be.")
    ),
    "cost": Line(N_("Lower cost"), N_("Among equally good results the cheaper one.")),
    "running": Line(
        N_("Fewer options, fuller"), N_("Among equally good results the one that runs fewer of them.")
    ),
    "spread": Line(N_("No unit starved"), N_("The smallest share placed is made as large as can be.")),
    "changes": Line(
        N_("Few changes"), N_("Whoever has a published place keeps it where nothing above is lost.")
    ),
    "lot": Line(
        N_("The draw"), N_("What is still equal is decided by lot numbers that anybody can work out again.")
    ),
}
_BY_THE_FORMAT = (
    {"stage": "placed", "by": "tier"},
    {"stage": "rank", "by": "tier"},
    {"stage": "soft"},
    {"stage": "cost"},
    {"stage": "changes"},
    {"stage": "lot"},
)
"""The aims in force where a kind names none."""


def aims(programme: ProgrammeFacts) -> tuple[Line, ...]:
    """What is aimed at, what counts most first."""
    kind = kinds.of(programme)
    groups = tuple(name for _key, name in kind.tiers(programme))
    found = [_aim(stage, groups) for stage in kind.objective(programme) or _BY_THE_FORMAT]
    return tuple(line for line in found if line is not None)


def _aim(stage: Mapping[str, Any], groups: tuple[Text, ...]) -> Line | None:
    """The groups are named once, at the aim that decides who has a place."""
    name = str(stage.get("stage"))
    line = _AIMS.get(f"{name} by tier" if stage.get("by") else name)
    return replace(line, groups=groups) if line and stage.get("by") and name == "placed" else line


def limits(programme: ProgrammeFacts, *, pinned: int) -> tuple[Line, ...]:
    """What no result may break."""
    kind = kinds.of(programme)
    found = [
        Line(
            N_("Seats"), N_("No %(option)s takes more people than it has places.", option=kind.words.option)
        ),
        Line(
            N_("Together or not at all"),
            N_("People who signed up together (%(party)s) are placed together.", party=kind.words.party),
        ),
    ]
    least = [option.minimum for option in programme.options if option.minimum > 1]
    if least:
        found.append(
            Line(
                N_("Minimum to run"),
                N_(
                    "What stays under its minimum (%(least)s to %(most)s people) does not run and costs nothing.",
                    least=min(least),
                    most=max(least),
                )
                if min(least) < max(least)
                else N_(
                    "What stays under its minimum (%(least)s people) does not run and costs nothing.",
                    least=min(least),
                ),
            )
        )
    found += [
        Line(N_("Fund: %(name)s", name=source.name), N_("At most %(money)s.", money=Money(source.amount_fen)))
        if not source.spill
        else Line(
            N_("Fund: %(name)s", name=source.name),
            N_("%(money)s; what exceeds it is borne by another fund.", money=Money(source.amount_fen)),
        )
        for source in programme.sources[:MOST_FUNDS]
    ]
    if programme.quotas and kind.quotas:
        found.append(
            Line(
                N_("Quotas"),
                N_(
                    "%(count)s units have a floor or a ceiling; see the programme's settings.",
                    count=len(programme.quotas),
                ),
            )
        )
    if pinned:
        found.append(
            Line(N_("Fixed by hand"), N_("%(count)s parties keep what was fixed for them.", count=pinned))
        )
    return tuple(found)


MOST_FUNDS = 4
"""So many funds are named one by one; the settings list them all."""
