"""Follow a corrected address: a place that stands is told to whoever is written to about it now.

A calendar object has one attendee for life. So the object at the former address is cancelled, and the new address gets one
of its own (:meth:`eventhub.services.seats.Post.readdress`), in the transaction that corrects the address. What is told is
what was published last, never what may be published next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.terms import RegistrationState
from eventhub.models.invites import Letter
from eventhub.models.programmes import Option
from eventhub.models.publications import PublishedAllotment
from eventhub.models.registrations import Registration
from eventhub.queries import programmes, reasons
from eventhub.services.holders import Holders
from eventhub.services.invites import living
from eventhub.services.seat_letters import Place
from eventhub.services.seats import Post


def follow(session: Session, participants: Collection[int], *, at: datetime) -> int:
    """Tell the places of these people (by row) where they are to be told now; how many were told to another address."""
    session.flush()
    return _follow(session, Registration.participant_id.in_(participants), at=at)


def follow_letter(session: Session, letter: Letter, *, at: datetime) -> bool:
    """The same for the place that a letter told of: whether another address is written to about it now."""
    return bool(_follow(session, Registration.id == letter.registration_id, at=at))


def _follow(session: Session, whose: object, *, at: datetime) -> int:
    rows = session.execute(
        select(Registration.id, Registration.programme_id)
        .where(whose, Registration.state == RegistrationState.ALLOTTED)  # type: ignore[arg-type]
        .order_by(Registration.id)
        # A publication under way decides first, and has looked the address up itself.
        .with_for_update()
    ).all()
    by_programme: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_programme[row.programme_id].append(row.id)
    return sum(_tell(session, programme_id, ids, at=at) for programme_id, ids in by_programme.items())


def _tell(session: Session, programme_id: int, ids: Sequence[int], *, at: datetime) -> int:
    programme = programmes.facts_by_id(session, programme_id)
    post = Post(session, programme, programme_id=programme_id, at=at)
    holders = Holders(session, on=post.today, guardians_first=post.kind.for_guardians).of(ids)
    standing, places = living(session, ids), _published(session, ids, programme)
    told = sum(
        post.readdress(holders[each], places[each], standing[each])
        for each in ids
        if each in standing and each in places
    )
    post.write()
    return told


def _published(session: Session, ids: Sequence[int], programme: ProgrammeFacts) -> Mapping[int, Place]:
    """Registration -> its place by the last publication."""
    rows = session.execute(
        select(
            PublishedAllotment.registration_id,
            PublishedAllotment.option_id,
            PublishedAllotment.station,
            PublishedAllotment.reason,
            Option.code,
        )
        .join(Option, Option.id == PublishedAllotment.option_id)
        .where(PublishedAllotment.registration_id.in_(ids))
        .order_by(PublishedAllotment.id)
    )
    return {
        row.registration_id: Place(
            programme.option(row.code), row.option_id, row.station, reasons.paragraph(row.reason, programme)
        )
        for row in rows
    }
