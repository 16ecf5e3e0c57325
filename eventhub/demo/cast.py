"""Who is in the demonstration: the union's tree, the people of each programme, and what becomes of both at a seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from eventhub import kinds
from eventhub.demo.people import People
from eventhub.domain.facts import OrganisationFacts, ProgrammeFacts
from eventhub.kinds import SignUp

APART = 10_000_000
"""Between the telephones of one programme's people and the next one's."""


def sign_ups(
    programme: ProgrammeFacts,
    organisations: Sequence[OrganisationFacts],
    *,
    place: int,
    scale: float,
    seed: int,
) -> list[SignUp]:
    """Everybody who signs up for a programme, in the order in which they do.

    Depends on kind, scale and seed alone; dates of birth follow the season. ``place`` is that of the programme among
    the others: it keeps its people's numbers apart from theirs.
    """
    demo = kinds.of(programme).demo
    if demo is None:
        return []
    people = People(organisations, Random(f"{seed} people {programme.kind}"), first=(place + 1) * APART)
    return list(demo.sign_ups(programme, people, scale, Random(f"{seed} sign-ups {programme.kind}")))
