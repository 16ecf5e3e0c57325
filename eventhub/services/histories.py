"""Bring over where people went before: earlier years' records, which decide who comes first and who waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select

from eventhub.domain.facts import Actor, PastPlace
from eventhub.domain.problems import NotAllowed, NotFound
from eventhub.domain.terms import Role
from eventhub.extensions import transaction
from eventhub.models.accounts import Participant, ParticipationHistory
from eventhub.services import journal


def remember(records: Mapping[str, Iterable[PastPlace]], *, by: Actor, at: datetime) -> int:
    """Keep where these people (by their codes) went before; returns how many records are new.

    One record a person, kind and year: bringing the same list over twice changes nothing. Only an organiser may, for
    the records decide about priority.
    """
    if not by.is_a(Role.ORGANISER):
        raise NotAllowed
    with transaction() as session:
        added = 0
        for code, places in records.items():
            person_id = session.scalar(select(Participant.id).where(Participant.code == code))
            if person_id is None:
                raise NotFound
            known = {
                (kind, year)
                for kind, year in session.execute(
                    select(ParticipationHistory.kind, ParticipationHistory.year).where(
                        ParticipationHistory.participant_id == person_id
                    )
                )
            }
            for place in places:
                if (place.kind, place.year) in known:
                    continue
                known.add((place.kind, place.year))
                session.add(
                    ParticipationHistory(
                        participant_id=person_id, kind=place.kind, year=place.year, attended=place.attended
                    )
                )
                added += 1
        journal.note(
            session,
            at=at,
            by=by,
            event="history brought over",
            subject="participant",
            code="",
            details={"records": added},
        )
        return added
