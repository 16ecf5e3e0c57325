"""Correct who somebody is, so that a slip in writing can be mended and no place passes to another person by it.

Name, birth date, sex and unit say who goes. While sign-up is open, whoever signs somebody up mends them alone, and
eligibility is asked again. Once a sign-up of this person has closed, or the unit has confirmed what is claimed for this
very person, the union alone does: an officer of the unit, or an organiser. A place that the corrected person could not
have is given back first.

What the unit has confirmed, it has confirmed of the person it knew. A claim stays confirmed where its own officer corrects
the name, for the papers lie there; by anybody else's hand, or in another unit, it is to be confirmed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.domain.facts import Actor, Applicant, Application, PersonDraft, ProgrammeFacts
from eventhub.domain.identity import mask_name
from eventhub.domain.phases import ZONE, phase_of
from eventhub.domain.problems import Problem, Refused, refuse
from eventhub.domain.terms import LIVE, Phase, RegistrationState, Role
from eventhub.domain.wording import Listing
from eventhub.i18n import N_, Bilingual, Text
from eventhub.models.accounts import Participant
from eventhub.models.journal import JournalEntry
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Option
from eventhub.models.publications import PublishedAllotment
from eventhub.models.registrations import Consent, Party, Registration
from eventhub.queries import people, programmes
from eventhub.services import applications, journal

EVENT = "person corrected"
"""Noted beside every sign-up of this person, where whoever publishes looks for it."""
SENT = LIVE - {RegistrationState.DRAFT}
NAMED = 20
"""So many sign-ups are named in a warning; of more, these come first."""
_OPEN = frozenset({Phase.DRAFT, Phase.ANNOUNCED, Phase.OPEN})


@dataclass(frozen=True)
class Standing:
    """One sign-up of the person that stands, and where its programme is."""

    registration: Registration
    programme: ProgrammeFacts
    phase: Phase

    @property
    def settled(self) -> bool:
        """Whether it is past its close, so that it is known who goes; of what is over, who went."""
        if self.phase is Phase.OVER:
            return self.registration.state is RegistrationState.ALLOTTED
        return self.phase not in _OPEN

    @property
    def judged(self) -> bool:
        """Whether its rules are asked now; what is returned for change is asked when it is sent again."""
        return self.phase is not Phase.OVER and self.registration.state is not RegistrationState.RETURNED


def correct(
    session: Session,
    row: Participant,
    clean: PersonDraft,
    unit: Organisation | None,
    *,
    by: Actor,
    at: datetime,
) -> Mapping[str, str]:
    """Write down who somebody is; what has changed, the old and the new starred, for the journal.

    :class:`Refused` where the union alone may correct it now, or where a sign-up that stands would break its rules.
    """
    changed = _changed(row, clean, unit)
    if not changed:
        return changed
    field = next(iter(changed))
    standing = _standing(session, row, at=at)
    knew = people.speaks_for(by, row)
    if not people.may_correct(session, by, row):
        _demand_unsettled(row, standing, field=field, on=at.astimezone(ZONE).date())
    before = _broken(session, standing, at=at)
    row.name, row.birth_date, row.sex = clean.name, clean.birth_date, clean.sex
    if "unit" in changed:
        row.organisation, row.place_code = unit, unit.place_code if unit else ""
    session.flush()
    refuse(_newly_broken(standing, before, _broken(session, standing, at=at), changed))
    details = dict(changed)
    if changed.keys() & {"name", "unit"} and not (knew and _is_its_officer(by, row)):
        details |= _unconfirm(row)
    for each in standing:
        journal.note(
            session,
            at=at,
            by=by,
            event=EVENT,
            subject="registration",
            code=each.registration.code,
            details=details,
        )
    return details


def warnings(session: Session, registrations: Iterable[str], *, since: datetime) -> list[Text]:
    """For whoever publishes: who, of these, was corrected to be somebody else since a moment."""
    noted = set(
        session.scalars(
            select(JournalEntry.code).where(JournalEntry.event == EVENT, JournalEntry.at >= since)
        )
    )
    found = [code for code in registrations if code in noted] if noted else []
    if not found:
        return []
    return [
        N_(
            "Name, birth date, sex or unit was corrected since the last result: %(codes)s. The journal says what; compare"
            " before their places are published.",
            codes=Listing(tuple(found[:NAMED])),
        )
    ]


def _changed(row: Participant, clean: PersonDraft, unit: Organisation | None) -> dict[str, str]:
    """The facts of who somebody is that differ, old and new: names starred, of a birth date the year."""
    pairs: dict[str, tuple[Any, Any, str, str]] = {
        "name": (row.name, clean.name, mask_name(row.name), mask_name(clean.name)),
        "birth_date": (row.birth_date, clean.birth_date, _year(row.birth_date), _year(clean.birth_date)),
        "sex": (row.sex, clean.sex, str(row.sex or "-"), str(clean.sex or "-")),
        "unit": (
            row.organisation_id,
            unit.id if unit else None,
            row.organisation.code if row.organisation else "-",
            unit.code if unit else "-",
        ),
    }
    return {key: f"{was} → {now}" for key, (old, new, was, now) in pairs.items() if old != new}


def _year(born: date | None) -> str:
    return str(born.year) if born else "-"


# -- Who may ----------------------------------------------------------------------------------------


def _standing(session: Session, row: Participant, *, at: datetime) -> list[Standing]:
    """The sign-ups of this person that were sent and stand, held until this is decided."""
    found = session.scalars(
        select(Registration)
        .where(Registration.participant_id == row.id, Registration.state.in_(SENT))
        .order_by(Registration.id)
        .with_for_update()
    ).all()
    facts = {
        programme_id: programmes.facts_by_id(session, programme_id)
        for programme_id in {each.programme_id for each in found}
    }
    return [
        Standing(each, facts[each.programme_id], phase_of(facts[each.programme_id], at)) for each in found
    ]


def _demand_unsettled(row: Participant, standing: Sequence[Standing], *, field: str, on: date) -> None:
    unit = Bilingual(row.organisation.name_zh, row.organisation.name_en) if row.organisation else None
    at_field = _FIELDS[field]
    settled = next((each.programme for each in standing if each.settled), None)
    if settled is not None and unit is not None:
        raise Refused(
            Problem(
                "settled",
                N_(
                    "Sign-up for “%(programme)s” has closed: name, birth date, sex and unit are now corrected by the officer of"
                    " %(unit)s or by the organiser. Call %(name)s, %(phone)s. Telephone and e-mail can still be changed here.",
                    programme=settled.title,
                    unit=unit,
                    name=settled.contact_name,
                    phone=settled.contact_phone,
                ),
                at_field,
            )
        )
    if settled is not None:
        raise Refused(
            Problem(
                "settled",
                N_(
                    "Sign-up for “%(programme)s” has closed: name, birth date, sex and unit are now corrected by the organiser."
                    " Call %(name)s, %(phone)s. Telephone and e-mail can still be changed here.",
                    programme=settled.title,
                    name=settled.contact_name,
                    phone=settled.contact_phone,
                ),
                at_field,
            )
        )
    if any(each.checked and (each.valid_until is None or each.valid_until >= on) for each in row.claims):
        raise Refused(
            Problem(
                "confirmed",
                N_(
                    "%(unit)s has confirmed what is claimed for this person: name, birth date, sex and unit are now corrected by"
                    " its officer. Telephone and e-mail can still be changed here.",
                    unit=unit or N_("The union"),
                ),
                at_field,
            )
        )


_FIELDS = {"name": "name", "birth_date": "birth_date", "sex": "sex", "unit": "organisation"}
"""What is noted of somebody -> the field of the form."""


def _is_its_officer(by: Actor, row: Participant) -> bool:
    return not by.account_id or (by.is_a(Role.OFFICER) and people.speaks_for(by, row))


def _unconfirm(row: Participant) -> Mapping[str, str]:
    """Claims that somebody said yes to are to be looked at again."""
    confirmed = [each for each in row.claims if each.checked]
    for each in confirmed:
        each.checked, each.checked_by_id, each.checked_on, each.valid_until = False, None, None, None
    return {"claims": str(len(confirmed))} if confirmed else {}


# -- Whether what stands may stand ------------------------------------------------------------------


def _broken(session: Session, standing: Sequence[Standing], *, at: datetime) -> dict[str, list[Problem]]:
    """Registration -> everything that is wrong with it as the person is now."""
    return {each.registration.code: list(_problems(session, each, at=at)) for each in standing if each.judged}


def _problems(session: Session, standing: Standing, *, at: datetime) -> Iterator[Problem]:
    party, programme = standing.registration.party, standing.programme
    on = at.astimezone(ZONE).date()
    members = [each for each in party.registrations if each.state in SENT]
    known = people.people(session, [each.participant_id for each in members], on=on)
    application = Application(
        programme=programme.code,
        applicants=tuple(
            Applicant(person=known[each.participant_id], role=each.role, answers=each.answers)
            for each in members
        ),
        ranking=tuple(each.option.code for each in party.preferences),
        item=party.item,
        flexible=party.flexible,
        answers=party.answers,
        consents=_consents(session, party),
        on=on,
    )
    application, problems = applications.judged(programme, application, standing={}, ours=party.id)
    yield from problems
    held = _held(session, standing.registration)
    if held in programme.option_by_code:
        kind, option = kinds.of(programme), programme.option(held)
        for applicant in application.applicants:
            if applicant.person is not None:
                bar = kind.bars(
                    programme, option, applicant.person, {**application.answers, **applicant.answers}
                )
                if bar is not None:
                    yield bar


def _consents(session: Session, party: Party) -> tuple[str, ...]:
    return tuple(session.scalars(select(Consent.key).where(Consent.party_id == party.id)))


def _held(session: Session, registration: Registration) -> str:
    """The option in which a place stands by the last publication, or ""."""
    if registration.state is not RegistrationState.ALLOTTED:
        return ""
    return (
        session.scalar(
            select(Option.code)
            .join(PublishedAllotment, PublishedAllotment.option_id == Option.id)
            .where(PublishedAllotment.registration_id == registration.id)
            .order_by(PublishedAllotment.id.desc())
            .limit(1)
        )
        or ""
    )


def _newly_broken(
    standing: Sequence[Standing],
    before: Mapping[str, Sequence[Problem]],
    after: Mapping[str, Sequence[Problem]],
    changed: Mapping[str, str],
) -> Iterator[Problem]:
    """What was right and would be wrong; what was wrong already is no reason to leave a slip as it is."""
    field = _FIELDS[next((key for key in ("birth_date", "sex", "unit") if key in changed), "name")]
    for each in standing:
        code = each.registration.code
        known = Counter((problem.code, problem.field) for problem in before.get(code, ()))
        now = Counter((problem.code, problem.field) for problem in after.get(code, ()))
        worse = now - known
        new = next((one for one in after.get(code, ()) if worse[one.code, one.field]), None)
        if new is None:
            continue
        if each.registration.state is RegistrationState.ALLOTTED:
            said = N_(
                "So corrected, this person could not have the place of sign-up %(code)s: %(why)s Compare what is typed, or have"
                " the place given up first.",
                code=code,
                why=new.message,
            )
        else:
            said = N_(
                "So corrected, sign-up %(code)s could not stand: %(why)s Compare what is typed, or change or withdraw the"
                " sign-up first.",
                code=code,
                why=new.message,
            )
        yield Problem("could_not_stand", said, field)
