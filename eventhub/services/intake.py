"""Take applications in: one form or a whole list, all of it judged before any of it is kept.

Every way in (a page, a roster, the demonstration) ends here, so that none skips a check. What many applications
need in common is read once, and their rows are written together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.domain import phases
from eventhub.domain.facts import Actor, Applicant, Application, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused
from eventhub.domain.terms import RegistrationState, Role
from eventhub.i18n import N_, current_locale
from eventhub.models.accounts import Participant, Relation
from eventhub.models.registrations import Consent, Party, Preference, Registration
from eventhub.queries import people as people_queries
from eventhub.queries import programmes as programme_queries
from eventhub.services import applications, letters, participants
from eventhub.services.steps import step

STANDING = frozenset(RegistrationState) - {
    RegistrationState.DRAFT,
    RegistrationState.WITHDRAWN,
    RegistrationState.CANCELLED,
}
CHANGEABLE = frozenset({RegistrationState.DRAFT, RegistrationState.SUBMITTED, RegistrationState.RETURNED})
ENDED = frozenset({RegistrationState.WITHDRAWN, RegistrationState.CANCELLED})
_CHUNK = 500


@dataclass(frozen=True)
class Receipt:
    """What was kept: the party's code, its registrations', and whether this very form had been kept before.

    ``unchanged`` where a sign-up that was sent says what it said before: then nobody is told anything.
    """

    party: str
    registrations: tuple[str, ...]
    replayed: bool = False
    unchanged: bool = False


@dataclass(frozen=True)
class Entry:
    """One application on its way in; ``key`` names the form, so that it counts once."""

    application: Application
    key: str
    party: str | None = None
    """The party whose draft or sign-up this replaces."""

    @property
    def digest(self) -> str:
        """What tells two forms apart that carry the same key."""
        wanted = self.application
        people = [
            [each.person.code if each.person else repr(each.draft), each.role, _json(each.answers)]
            for each in wanted.applicants
        ]
        content = [self.party, wanted.programme, people, wanted.ranking, wanted.item, wanted.flexible]
        text = json.dumps([*content, _json(wanted.answers)], default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Target:
    """What applications are for: the programme, with its row and those of its options."""

    programme: ProgrammeFacts
    programme_id: int
    option_ids: Mapping[str, int]

    @classmethod
    def of(cls, session: Session, code: str) -> Target:
        """The target of this code; NotFound if there is none."""
        programme_id = programme_queries.id_of(session, code)
        return cls(
            programme_queries.facts_by_id(session, programme_id),
            programme_id,
            programme_queries.option_ids(session, programme_id),
        )


class Wrong(Refused):
    """Some of several applications are refused: which (by place in the list), and why."""

    def __init__(self, by_place: Mapping[int, Sequence[Problem]]) -> None:
        super().__init__(*(problem for problems in by_place.values() for problem in problems))
        self.by_place = by_place


def take(
    session: Session, programme_code: str, entries: Sequence[Entry], *, by: Actor, at: datetime, channel: str
) -> list[Receipt]:
    """Keep every application or none; :class:`Wrong` names all that stands against them.

    A form that was kept before answers as it did then; with other content under the same key it is a Conflict.
    """
    target = Target.of(session, programme_code)
    for code in sorted({entry.party for entry in entries if entry.party is not None}):
        owned_party(session, code, by, lock=True)
    today = at.astimezone(ZONE).date()
    entries = [replace(entry, application=replace(entry.application, on=today)) for entry in entries]
    receipts = _replays(session, entries, by)
    new = [place for place in range(len(entries)) if place not in receipts]
    if new:
        demand_open(target.programme, at)
    written = {
        each.place: each for each in _taken(session, target, entries, new, by=by, at=at, channel=channel)
    }
    session.flush()
    for each in written.values():
        if not each.unchanged:
            letters.received(session, each.party, target.programme, by=by, at=at, changed=each.was_sent)
    session.flush()
    receipts |= {
        place: Receipt(each.party.code, _codes(each.party), unchanged=each.unchanged)
        for place, each in written.items()
    }
    return [receipts[place] for place in range(len(entries))]


@dataclass(frozen=True)
class _Written:
    """What became of one application: by place in the list, its party; sent before; saying nothing new."""

    place: int
    party: Party
    was_sent: bool
    unchanged: bool


def _taken(
    session: Session,
    target: Target,
    entries: Sequence[Entry],
    new: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    channel: str,
) -> Iterator[_Written]:
    """What was written, application by application."""
    parties = {place: changed_party(session, entries[place].party, by) for place in new}
    people, wrong = _people(session, [(place, entries[place].application) for place in new], by=by, at=at)
    session.flush()
    known = people_queries.people(
        session, {row.id for rows in people.values() for row in rows}, on=at.astimezone(ZONE).date()
    )
    standing = _standing(
        session, target.programme_id, people, {entries[place].application.item for place in new}
    )
    judged: dict[int, Application] = {}
    for place in people:
        application = _with_people(entries[place].application, [known[row.id] for row in people[place]])
        party = parties[place]
        ours = party.id if party is not None else -1 - place
        there = standing[application.item]
        judged[place], problems = applications.judged(
            target.programme, application, standing=there, ours=ours
        )
        if problems:
            wrong[place] = problems
        there.update({each.person.code: ours for each in application.applicants if each.person})
    if wrong:
        raise Wrong(dict(sorted(wrong.items())))
    for place, application in judged.items():
        entry = entries[place]
        standing_party = parties[place]
        unchanged = standing_party is not None and _says(standing_party, target, application, people[place])
        party = write(session, standing_party, target, application, people[place], by=by, at=at)
        party.idempotency_key, party.idempotency_digest = entry.key or None, entry.digest
        was_sent = party.submitted_at is not None
        party.submitted_at = party.submitted_at or at
        for registration in [] if unchanged else living(party):
            step(session, registration, RegistrationState.SUBMITTED, by=by, at=at)
        _write_consents(
            session, party, target.programme, application, again=not unchanged, by=by, at=at, channel=channel
        )
        yield _Written(place, party, was_sent, unchanged)


def _says(party: Party, target: Target, application: Application, people: Sequence[Participant]) -> bool:
    """Whether a party that was sent, and not returned, says already what this application says."""
    standing = living(party)
    ranking = [target.option_ids[code] for code in application.ranking if code in target.option_ids]
    wanted = {
        row.id: (applicant.role, dict(applicant.answers))
        for applicant, row in zip(application.applicants, people, strict=True)
    }
    return (
        {each.state for each in standing} == {RegistrationState.SUBMITTED}
        and {each.participant_id: (each.role, dict(each.answers)) for each in standing} == wanted
        and (party.item, party.flexible, dict(party.answers))
        == (application.item, application.flexible, dict(application.answers))
        and [each.option_id for each in party.preferences] == ranking
    )


def write(
    session: Session,
    row: Party | None,
    target: Target,
    application: Application,
    people: Sequence[Participant],
    *,
    by: Actor,
    at: datetime,
) -> Party:
    """The rows of an application: its party, a registration a person, the ranking."""
    if row is None:
        row = Party(
            programme_id=target.programme_id,
            account_id=by.account_id or None,
            created_at=at,
            registrations=[],
            preferences=[],
        )
        session.add(row)
    row.item, row.flexible, row.answers = application.item, application.flexible, dict(application.answers)
    standing = {each.participant_id: each for each in row.registrations if each.state in CHANGEABLE}
    for applicant, person in zip(application.applicants, people, strict=True):
        registration = standing.pop(person.id, None)
        if registration is None:
            registration = Registration(programme_id=target.programme_id, participant=person)
            row.registrations.append(registration)
        registration.item, registration.role = application.item, applicant.role
        registration.answers = dict(applicant.answers)
    for left in standing.values():
        if left.state is RegistrationState.DRAFT:
            row.registrations.remove(left)
            session.delete(left)  # what was never sent leaves no trace
        else:
            step(session, left, RegistrationState.WITHDRAWN, by=by, at=at)
    _write_ranking(
        session, row, [target.option_ids[code] for code in application.ranking if code in target.option_ids]
    )
    return row


def living(row: Party) -> list[Registration]:
    """The party's registrations without those that have ended."""
    return [each for each in row.registrations if each.state not in ENDED]


def demand_open(programme: ProgrammeFacts, at: datetime) -> None:
    """Raise unless people can sign up now."""
    closed = phases.not_open(programme, at)
    if closed is not None:
        raise Refused(closed)


def owned_party(session: Session, code: str, by: Actor, *, lock: bool = False) -> Party:
    """The party this account signed up; for anybody else there is none.

    ``lock`` it before anything is judged by how it stands: of two forms at one moment the second sees what the first did.
    """
    wanted = select(Party).where(Party.code == code)
    row = session.scalar(wanted.with_for_update(key_share=True) if lock else wanted)
    if row is None or (by.account_id and row.account_id != by.account_id):
        raise NotFound
    return row


def changed_party(session: Session, code: str | None, by: Actor) -> Party | None:
    """The party a form changes, which must still be changeable; None where it is a new one."""
    if code is None:
        return None
    row = owned_party(session, code, by)
    if not {each.state for each in living(row)} <= CHANGEABLE:
        raise Conflict(
            Problem(
                "not_changeable",
                N_("This sign-up can no longer be changed. Reload the page to see how it stands."),
            )
        )
    return row


def known_participant(session: Session, applicant: Applicant, by: Actor) -> Participant:
    """The row of somebody this account may sign up; for anybody else there is no such person."""
    code = applicant.person.code if applicant.person else ""
    row = session.scalar(select(Participant).where(Participant.code == code))
    if row is None:
        raise NotFound
    related = session.scalar(
        select(Relation.id).where(Relation.account_id == by.account_id, Relation.participant_id == row.id)
    )
    if related is None and not people_queries.speaks_for(by, row):
        raise NotFound
    return row


def _replays(session: Session, entries: Sequence[Entry], by: Actor) -> dict[int, Receipt]:
    places = {entry.key: place for place, entry in enumerate(entries) if entry.key}
    keys = list(places)
    found: dict[int, Receipt] = {}
    for start in range(0, len(keys), _CHUNK):
        rows = session.scalars(
            select(Party).where(
                Party.account_id == (by.account_id or None),
                Party.idempotency_key.in_(keys[start : start + _CHUNK]),
            )
        )
        for row in rows:
            place = places[row.idempotency_key or ""]
            if row.idempotency_digest != entries[place].digest:
                raise Conflict(
                    Problem(
                        "form_sent_before",
                        N_(
                            "This form was sent before with other content, and that was kept. Open the sign-up to change it."
                        ),
                    )
                )
            found[place] = Receipt(row.code, _codes(row), replayed=True)
    return found


def _codes(row: Party) -> tuple[str, ...]:
    return tuple(each.code for each in living(row))


def _people(
    session: Session, wanted: Sequence[tuple[int, Application]], *, by: Actor, at: datetime
) -> tuple[dict[int, list[Participant]], dict[int, list[Problem]]]:
    """Everybody's rows by place in the list; people typed in are kept first, in the same transaction."""
    book = participants.Book(
        session,
        [each.draft for _, application in wanted for each in application.applicants if each.draft],
        by=by,
        at=at,
    )
    found: dict[int, list[Participant]] = {}
    wrong: dict[int, list[Problem]] = {}
    for place, application in wanted:
        rows: list[Participant] = []
        problems: list[Problem] = []
        for number, applicant in enumerate(application.applicants):
            try:
                rows.append(
                    book.keep(applicant.draft)
                    if applicant.draft is not None
                    else known_participant(session, applicant, by)
                )
            except Refused as refused:
                problems += [
                    problem.at(f"participants-{number}-{problem.field}") for problem in refused.problems
                ]
        if problems:
            wrong[place] = problems
        else:
            found[place] = rows
            _relate(session, application, rows, by)
    return found, wrong


def _relate(session: Session, application: Application, rows: Sequence[Participant], by: Actor) -> None:
    """Whoever types people in may sign them up again; an officer speaks for his unit anyway."""
    if by.is_a(Role.OFFICER):
        return
    for applicant, row in zip(application.applicants, rows, strict=True):
        if applicant.draft is not None:
            participants.relate(session, by, row, applicant.draft.relation)


def _with_people(application: Application, people: Iterable[Any]) -> Application:
    applicants = tuple(
        replace(applicant, person=person)
        for applicant, person in zip(application.applicants, people, strict=True)
    )
    return replace(application, applicants=applicants)


def _standing(
    session: Session,
    programme_id: int,
    people: Mapping[int, Sequence[Participant]],
    items: Iterable[str],
) -> dict[str, dict[str, int]]:
    """By item: participant code -> row of the party in which this person stands already."""
    found: dict[str, dict[str, int]] = {item: {} for item in items}
    codes = {row.id: row.code for rows in people.values() for row in rows}
    ids = list(codes)
    for start in range(0, len(ids), _CHUNK):
        rows = session.execute(
            select(Registration.participant_id, Registration.item, Registration.party_id).where(
                Registration.programme_id == programme_id,
                Registration.participant_id.in_(ids[start : start + _CHUNK]),
                Registration.state.in_(STANDING),
            )
        )
        for participant_id, item, party_id in rows:
            if item in found:
                found[item][codes[participant_id]] = party_id
    return found


def standing_of(session: Session, programme: ProgrammeFacts, application: Application) -> dict[str, int]:
    """Who of an application stands already for its item: participant code -> row of the party."""
    codes = [each.person.code for each in application.applicants if each.person]
    rows = session.execute(
        select(Participant.code, Registration.party_id)
        .join(Registration, Registration.participant_id == Participant.id)
        .where(
            Registration.programme_id == programme_queries.id_of(session, programme.code),
            Registration.item == application.item,
            Registration.state.in_(STANDING),
            Participant.code.in_(codes),
        )
    )
    return dict(rows.all())


def _write_ranking(session: Session, row: Party, wanted: Sequence[int]) -> None:
    if [each.option_id for each in row.preferences] == wanted:
        return
    if row.preferences:
        row.preferences.clear()
        session.flush()
    row.preferences.extend(
        Preference(option_id=option_id, rank=rank) for rank, option_id in enumerate(wanted, start=1)
    )


def _write_consents(
    session: Session,
    row: Party,
    programme: ProgrammeFacts,
    application: Application,
    *,
    again: bool,
    by: Actor,
    at: datetime,
    channel: str,
) -> None:
    """Keep what was agreed to, with its version; ``again`` also where that version had been agreed to before."""
    given: set[tuple[str, str]] = set()
    if not again:
        kept = session.execute(select(Consent.key, Consent.version).where(Consent.party_id == row.id))
        given = {(key, version) for key, version in kept}
    for text in kinds.of(programme).consents(programme, application):
        if text.key in application.consents and (text.key, text.version) not in given:
            session.add(
                Consent(
                    party=row,
                    key=text.key,
                    version=text.version,
                    text_digest=hashlib.sha256(f"{text.title}\n{text.body}".encode()).hexdigest(),
                    locale=current_locale(),
                    account_id=by.account_id or None,
                    channel=channel,
                    at=at,
                )
            )


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), sort_keys=True, default=str, ensure_ascii=False)
