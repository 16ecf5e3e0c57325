"""Sign up, change, withdraw: each is one transaction, and nothing is half written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.domain import phases, transitions
from eventhub.domain.facts import Actor, Applicant, Application, Person, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused, refuse
from eventhub.domain.questions import Asked, answers
from eventhub.domain.terms import PartyRole, Phase, RegistrationState, Role
from eventhub.extensions import transaction
from eventhub.i18n import N_, current_locale
from eventhub.models.accounts import Participant, Relation
from eventhub.models.programmes import Option
from eventhub.models.registrations import Consent, Party, Preference, Registration, RegistrationStep
from eventhub.queries import people as people_queries
from eventhub.queries import programmes as programme_queries
from eventhub.services import invites, journal, letters, participants

STANDING = (
    RegistrationState.SUBMITTED,
    RegistrationState.RETURNED,
    RegistrationState.ALLOTTED,
    RegistrationState.WAITLISTED,
    RegistrationState.NOT_SELECTED,
)
CHANGEABLE = frozenset({RegistrationState.DRAFT, RegistrationState.SUBMITTED, RegistrationState.RETURNED})


@dataclass(frozen=True)
class Receipt:
    """What was kept: the party's code, its registrations', and whether this very form had been kept before."""

    party: str
    registrations: tuple[str, ...]
    replayed: bool = False


def save_draft(application: Application, *, by: Actor, at: datetime, party: str | None = None) -> str:
    """Keep an unfinished application, so that it can be left and continued; returns the party's code.

    People must be known already. Only the close of sign-up and strangers' people are refused at this stage.
    """
    with transaction() as session:
        programme = programme_queries.facts(application.programme, session=session)
        _demand_open(programme, at)
        row = _owned_party(session, party, by) if party else None
        if row is not None and any(each.state is not RegistrationState.DRAFT for each in row.registrations):
            raise Conflict(
                Problem("sent_already", N_("This sign-up has been sent. Change it on its own page."))
            )
        people = [_known(session, applicant, by) for applicant in application.applicants]
        row = _write(session, row, programme, application, people, by=by, at=at)
        return row.code


def submit(
    party: str, *, key: str, by: Actor, at: datetime, application: Application, channel: str = "web"
) -> Receipt:
    """Send a draft, or a returned or changed sign-up, as ``application`` says; the same form twice counts once."""
    return _enter(application, party=party, key=key, by=by, at=at, channel=channel)


def register(application: Application, *, key: str, by: Actor, at: datetime, channel: str = "web") -> Receipt:
    """Sign a party up in one go.

    :class:`Refused` names everything that is wrong. The same ``key`` with the same content answers as before;
    with another content it is a :class:`Conflict`.
    """
    return _enter(application, party=None, key=key, by=by, at=at, channel=channel)


def change(party: str, application: Application, *, key: str, by: Actor, at: datetime) -> Receipt:
    """Change a sign-up that was sent, until the close; the place in line is not lost by it."""
    return _enter(application, party=party, key=key, by=by, at=at, channel="web")


def check(application: Application, *, by: Actor, at: datetime) -> list[Problem]:
    """What :func:`register` would refuse, without keeping anything: for the review page."""
    from eventhub.extensions import snapshot  # noqa: PLC0415 - reading only here

    with snapshot() as session:
        programme = programme_queries.facts(application.programme, session=session)
        closed = phases.not_open(programme, at)
        problems = [closed] if closed else []
        application, more = checked(session, programme, application, at=at)
        return problems + more


def _enter(
    application: Application, *, party: str | None, key: str, by: Actor, at: datetime, channel: str
) -> Receipt:
    digest = _digest(application, party)
    try:
        with transaction() as session:
            return enter(
                session, application, party=party, key=key, digest=digest, by=by, at=at, channel=channel
            )
    except IntegrityError:
        # Two forms at the same moment: the database let one in. Look again; what stands now is found and named.
        with transaction() as session:
            return enter(
                session, application, party=party, key=key, digest=digest, by=by, at=at, channel=channel
            )


def enter(
    session: Session,
    application: Application,
    *,
    party: str | None,
    key: str,
    digest: str,
    by: Actor,
    at: datetime,
    channel: str,
) -> Receipt:
    """The inner step of every sign-up, also of a roster's rows: check everything, then write everything."""
    if replay := _replayed(session, key, digest, by):
        return replay
    programme = programme_queries.facts(application.programme, session=session)
    _demand_open(programme, at)
    row = _owned_party(session, party, by) if party else None
    if row is not None and not {each.state for each in _standing(row)} <= CHANGEABLE:
        raise Conflict(
            Problem(
                "not_changeable",
                N_("This sign-up can no longer be changed. Reload the page to see how it stands."),
            )
        )
    application, people = _resolved(session, application, by=by, at=at)
    application, problems = checked(session, programme, application, at=at, ours=row.id if row else 0)
    refuse(problems)
    row = _write(session, row, programme, application, people, by=by, at=at)
    row.idempotency_key, row.idempotency_digest = key, digest
    row.submitted_at = row.submitted_at or at
    standing = _standing(row)
    for registration in standing:
        _step(session, registration, RegistrationState.SUBMITTED, by=by, at=at)
    _write_consents(session, row, programme, application, by=by, at=at, channel=channel)
    letters.received(session, row, programme, by=by, at=at)
    session.flush()
    return Receipt(row.code, tuple(each.code for each in standing))


def withdraw(
    party: str, *, registration: str | None = None, reason: str = "", by: Actor, at: datetime
) -> tuple[str, ...]:
    """Give up: the whole party, or one of it. A published place ends at once, and its calendar entry is withdrawn."""
    with transaction() as session:
        row = _owned_party(session, party, by)
        programme = programme_queries.facts_by_id(session, row.programme_id)
        if phases.phase_of(programme, at) is Phase.OVER:
            raise Conflict(
                Problem("over", N_("This programme is over; there is nothing left to withdraw from."))
            )
        chosen = [
            each
            for each in row.registrations
            if registration in {None, each.code} and each.state in {*STANDING, RegistrationState.DRAFT}
        ]
        if not chosen:
            raise NotFound
        staying = [each for each in row.registrations if each not in chosen and each.state in STANDING]
        if staying and all(each.role is PartyRole.COMPANION for each in staying):
            chosen += staying
        for each in chosen:
            _step(session, each, RegistrationState.WITHDRAWN, by=by, at=at, reason=reason)
            invites.end_seat(session, each.id, at=at, by=by, letter="withdrawn", reason=reason)
            journal.note(
                session,
                at=at,
                by=by,
                event="registration withdrawn",
                subject="registration",
                code=each.code,
                reason=reason,
            )
        return tuple(each.code for each in chosen)


def return_for_change(registration: str, *, reason: str, by: Actor, at: datetime) -> None:
    """Hand a sign-up back to whoever sent it, with what to change; the whole party goes back."""
    _demand_reason(reason)
    with transaction() as session:
        row = _registration_to_check(session, registration, by)
        for each in row.party.registrations:
            if each.state is RegistrationState.SUBMITTED:
                _step(session, each, RegistrationState.RETURNED, by=by, at=at, reason=reason)
        journal.note(
            session,
            at=at,
            by=by,
            event="registration returned",
            subject="registration",
            code=registration,
            reason=reason,
        )


def cancel(registration: str, *, reason: str, by: Actor, at: datetime) -> None:
    """The organiser ends a registration, with a reason the person is told."""
    _demand_reason(reason)
    with transaction() as session:
        row = _registration_to_check(session, registration, by)
        if not by.is_a(Role.ORGANISER):
            raise NotFound
        _step(session, row, RegistrationState.CANCELLED, by=by, at=at, reason=reason)
        invites.end_seat(session, row.id, at=at, by=by, letter="withdrawn", reason=reason)
        journal.note(
            session,
            at=at,
            by=by,
            event="registration cancelled",
            subject="registration",
            code=registration,
            reason=reason,
        )


# -- Checking ----------------------------------------------------------------------------------------


def checked(
    session: Session, programme: ProgrammeFacts, application: Application, *, at: datetime, ours: int = 0
) -> tuple[Application, list[Problem]]:
    """The application with its answers as values, and everything that is wrong with it.

    ``ours`` is the row of the party that is being changed: its own registrations are no doubles.
    """
    kind = kinds.of(programme)
    application, problems = _with_answers(kind, application)
    problems += _party_size(kind, programme, application)
    problems += _ranking(kind, programme, application)
    problems += kind.check(programme, application)
    problems += _twice(session, programme, application, ours)
    problems += _consents(kind, programme, application)
    return application, problems


def _with_answers(kind: kinds.Kind, application: Application) -> tuple[Application, list[Problem]]:
    ours = [question for question in kind.questions if question.asked is Asked.PARTY]
    theirs = [question for question in kind.questions if question.asked is Asked.PERSON]
    values, problems = answers(ours, application.answers)
    applicants = []
    for number, applicant in enumerate(application.applicants):
        personal, wrong = answers(theirs, applicant.answers, prefix=f"participants-{number}-")
        applicants.append(replace(applicant, answers=personal))
        problems += wrong
    return replace(application, answers=values, applicants=tuple(applicants)), problems


def _party_size(kind: kinds.Kind, programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    size = len(application.applicants)
    fewest, most = kind.party_sizes
    if size == 0 or all(applicant.role is PartyRole.COMPANION for applicant in application.applicants):
        yield Problem("nobody", N_("Choose who goes."), "participants")
    elif not fewest <= size <= most:
        yield Problem(
            "party_size",
            N_(
                "From %(fewest)s to %(most)s people go together; here are %(size)s.",
                fewest=fewest,
                most=most,
                size=size,
            ),
            "participants",
        )
    if not kind.companions and any(
        applicant.role is PartyRole.COMPANION for applicant in application.applicants
    ):
        yield Problem("no_companions", N_("Nobody can be brought along in this programme."), "participants")
    known = programme.option_by_code
    rooms = [known[code].capacity for code in application.ranking if code in known]
    if rooms and all(room is not None and size > room for room in rooms):
        yield Problem(
            "too_large",
            N_(
                "%(size)s people want to go together, but no option chosen has more than %(room)s places. Sign up as smaller parties.",
                size=size,
                room=max(room or 0 for room in rooms),
            ),
            "participants",
        )


def _ranking(kind: kinds.Kind, programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    items = dict(programme.items)
    if application.item not in items:
        yield Problem("no_item", N_("Choose one of those listed: %(item)s.", item=kind.words.item), "item")
        return
    if not application.ranking and not application.flexible:
        yield Problem(
            "nothing_ranked", N_("Choose at least one %(option)s.", option=kind.words.option), "options"
        )
    if len(set(application.ranking)) != len(application.ranking):
        yield Problem("ranked_twice", N_("The same choice is listed twice."), "options")
    if len(application.ranking) > kind.most_choices:
        yield Problem("too_many_choices", N_("At most %(most)s choices.", most=kind.most_choices), "options")
    known = programme.option_by_code
    for code in application.ranking:
        option = known.get(code)
        if option is None or option.item != application.item:
            yield Problem(
                "no_such_option", N_("One of the choices is not offered (any more). Choose again."), "options"
            )
            continue
        for applicant in application.applicants:
            if applicant.person is None:
                continue
            bar = kind.bars(programme, option, applicant.person, {**application.answers, **applicant.answers})
            if bar is not None:
                yield Problem(
                    bar.code,
                    N_(
                        "%(name)s cannot take %(option)s: %(why)s",
                        name=applicant.name,
                        option=option.title,
                        why=bar.message,
                    ),
                    "options",
                )


def _twice(
    session: Session, programme: ProgrammeFacts, application: Application, ours: int
) -> Iterable[Problem]:
    codes = [
        applicant.person.code
        for applicant in application.applicants
        if applicant.person and applicant.person.code
    ]
    if len(set(codes)) != len(codes):
        yield Problem("same_person_twice", N_("The same person is listed twice."), "participants")
    if not codes:
        return
    standing = session.execute(
        select(Participant.code, Participant.name)
        .join(Registration, Registration.participant_id == Participant.id)
        .where(
            Participant.code.in_(codes),
            Registration.programme_id == programme_queries.id_of(session, programme.code),
            Registration.item == application.item,
            Registration.state.in_(STANDING),
            Registration.party_id != ours,
        )
    ).all()
    for code, name in standing:
        place = codes.index(code)
        yield Problem(
            "registered_already",
            N_(
                "%(name)s is signed up for this already. One person signs up once; look under “My sign-ups”, or call the contact if somebody else did it.",
                name=name,
            ),
            f"participants-{place}-name",
        )


def _consents(kind: kinds.Kind, programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    for text in kind.consents(programme, application):
        if text.required and text.key not in application.consents:
            yield Problem(
                "no_consent",
                N_(
                    "“%(title)s”: tick it to go on; without it nobody can be signed up here.",
                    title=text.title,
                ),
                f"consent-{text.key}",
            )


# -- Writing -----------------------------------------------------------------------------------------


def _demand_open(programme: ProgrammeFacts, at: datetime) -> None:
    closed = phases.not_open(programme, at)
    if closed is not None:
        raise Refused(closed)


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused(Problem("no_reason", N_("Give the reason: the person will read it."), "reason"))


def _replayed(session: Session, key: str, digest: str, by: Actor) -> Receipt | None:
    if not key:
        return None
    row = session.scalar(
        select(Party).where(Party.account_id == (by.account_id or None), Party.idempotency_key == key)
    )
    if row is None:
        return None
    if row.idempotency_digest != digest:
        raise Conflict(
            Problem(
                "form_sent_before",
                N_(
                    "This form was sent before with other content, and that was kept. Open the sign-up to change it."
                ),
            )
        )
    return Receipt(row.code, tuple(each.code for each in _standing(row)), replayed=True)


def _digest(application: Application, party: str | None) -> str:
    people = [
        [
            applicant.person.code if applicant.person else repr(applicant.draft),
            applicant.role,
            _json(applicant.answers),
        ]
        for applicant in application.applicants
    ]
    content = [
        party,
        application.programme,
        people,
        application.ranking,
        application.item,
        application.flexible,
        _json(application.answers),
    ]
    return hashlib.sha256(json.dumps(content, default=str, ensure_ascii=False).encode()).hexdigest()


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), sort_keys=True, default=str, ensure_ascii=False)


def digest_of(application: Application) -> str:
    """What identifies the content of an application that is sent for the first time."""
    return _digest(application, None)


def _standing(row: Party) -> list[Registration]:
    """The party's registrations without those that have ended."""
    ended = {RegistrationState.WITHDRAWN, RegistrationState.CANCELLED}
    return [each for each in row.registrations if each.state not in ended]


def _owned_party(session: Session, code: str | None, by: Actor) -> Party:
    """The party this account signed up; for anybody else there is none."""
    row = session.scalar(select(Party).where(Party.code == code))
    if row is None or (by.account_id and row.account_id != by.account_id):
        raise NotFound
    return row


def _registration_to_check(session: Session, code: str, by: Actor) -> Registration:
    row = session.scalar(select(Registration).where(Registration.code == code))
    if row is None:
        raise NotFound
    programme = programme_queries.facts_by_id(session, row.programme_id)
    if not programme_queries.answers_for(by, programme) and not people_queries.speaks_for(
        by, row.participant
    ):
        raise NotFound
    return row


def _known(session: Session, applicant: Applicant, by: Actor) -> Participant:
    """The row of somebody this account may sign up."""
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


def _resolved(
    session: Session, application: Application, *, by: Actor, at: datetime
) -> tuple[Application, list[Participant]]:
    """The application with everybody known: people typed in are kept first, all in the same transaction."""
    rows: list[Participant] = []
    problems: list[Problem] = []
    for number, applicant in enumerate(application.applicants):
        if applicant.draft is None:
            rows.append(_known(session, applicant, by))
            continue
        try:
            row = participants.keep(session, applicant.draft, by=by, at=at)
        except Refused as refused:
            problems += [problem.at(f"participants-{number}-{problem.field}") for problem in refused.problems]
            continue
        participants.relate(session, by, row, applicant.draft.relation) if not by.is_a(Role.OFFICER) else None
        rows.append(row)
    refuse(problems)
    session.flush()
    known = people_queries.people(session, [row.id for row in rows], on=at.astimezone(ZONE).date())
    people: list[Person] = [known[row.id] for row in rows]
    applicants = tuple(
        replace(applicant, person=person)
        for applicant, person in zip(application.applicants, people, strict=True)
    )
    return replace(application, applicants=applicants), rows


def _write(
    session: Session,
    row: Party | None,
    programme: ProgrammeFacts,
    application: Application,
    people: list[Participant],
    *,
    by: Actor,
    at: datetime,
) -> Party:
    programme_id = programme_queries.id_of(session, programme.code)
    if row is None:
        row = Party(programme_id=programme_id, account_id=by.account_id or None, created_at=at)
        session.add(row)
    row.item, row.flexible, row.answers = application.item, application.flexible, dict(application.answers)
    standing = {each.participant_id: each for each in row.registrations if each.state in CHANGEABLE}
    for applicant, person in zip(application.applicants, people, strict=True):
        registration = standing.pop(person.id, None)
        if registration is None:
            registration = Registration(programme_id=programme_id, party=row, participant_id=person.id)
            session.add(registration)
        registration.item, registration.role = application.item, applicant.role
        registration.answers = dict(applicant.answers)
    for left in standing.values():
        _step(session, left, RegistrationState.WITHDRAWN, by=by, at=at)
    _write_ranking(session, row, programme_id, application.ranking)
    session.flush()
    return row


def _write_ranking(session: Session, row: Party, programme_id: int, ranking: tuple[str, ...]) -> None:
    if tuple(each.option.code for each in row.preferences) == ranking:
        return
    if row.preferences:
        row.preferences.clear()
        session.flush()
    wanted = select(Option.code, Option.id).where(
        Option.programme_id == programme_id, Option.code.in_(ranking)
    )
    ids = {code: row_id for code, row_id in session.execute(wanted)}
    for rank, code in enumerate(ranking, start=1):
        if code in ids:
            row.preferences.append(Preference(option_id=ids[code], rank=rank))


def _step(
    session: Session, row: Registration, new: RegistrationState, *, by: Actor, at: datetime, reason: str = ""
) -> None:
    old = row.state or RegistrationState.DRAFT
    if new is RegistrationState.WITHDRAWN and old is RegistrationState.WITHDRAWN:
        return
    transitions.demand(old, new, by.roles or frozenset({Role.MEMBER}))
    row.state = new
    session.flush()
    session.add(
        RegistrationStep(
            registration_id=row.id, old=old, new=new, at=at, account_id=by.account_id or None, reason=reason
        )
    )


def _write_consents(
    session: Session,
    row: Party,
    programme: ProgrammeFacts,
    application: Application,
    *,
    by: Actor,
    at: datetime,
    channel: str,
) -> None:
    for text in kinds.of(programme).consents(programme, application):
        if text.key in application.consents:
            session.add(
                Consent(
                    party_id=row.id,
                    key=text.key,
                    version=text.version,
                    text_digest=hashlib.sha256(f"{text.title}\n{text.body}".encode()).hexdigest(),
                    locale=current_locale(),
                    account_id=by.account_id or None,
                    channel=channel,
                    at=at,
                )
            )
