"""Who signs up, when, and for what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from eventhub import kinds
from eventhub.domain.facts import Actor, Person, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import NotFound
from eventhub.kinds import Kind
from eventhub.queries import people as people_queries
from eventhub.queries import programmes as programme_queries
from eventhub.queries import registrations as queries
from eventhub.web.access import require_actor
from eventhub.web.pages import now


@dataclass(frozen=True)
class Moment:
    """Who asks, when, and for what."""

    actor: Actor
    at: datetime
    programme: ProgrammeFacts
    kind: Kind
    people: tuple[people_queries.PersonRow, ...]

    @property
    def today(self) -> date:
        return self.at.astimezone(ZONE).date()

    @property
    def persons(self) -> tuple[Person, ...]:
        return tuple(row.person for row in self.people)


def moment_of(programme: str) -> Moment:
    """For a programme that this reader may see; NotFound for any other."""
    actor, at = require_actor(), now()
    facts = programme_queries.facts(programme)
    if not programme_queries.may_see(actor, facts, at):
        raise NotFound
    people = people_queries.of_account(actor, on=at.astimezone(ZONE).date())
    return Moment(actor, at, facts, kinds.of(facts), people)


def mine(code: str) -> tuple[queries.PartyRow, Moment]:
    """A sign-up of the reader's own, and the moment; NotFound for anybody else's."""
    actor, at = require_actor(), now()
    row = queries.party(code, actor, on=at.astimezone(ZONE).date(), steps=False)
    people = people_queries.of_account(actor, on=at.astimezone(ZONE).date())
    return row, Moment(actor, at, row.programme, kinds.of(row.programme), people)
