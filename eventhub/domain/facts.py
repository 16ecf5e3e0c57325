"""What rooms hand each other about programmes, people and registrations: frozen facts, no rows, no forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from eventhub.domain.terms import OrganisationKind, PartyRole, RegistrationState, Role, Sex
from eventhub.i18n import Bilingual, Text


@dataclass(frozen=True)
class Actor:
    """Who asks: the signed-in account, what it may do, and for which organisations.

    ``scope`` holds the codes of the organisations an organiser or officer answers for; everything below them in
    the tree is included. ``account_id`` is 0 for the house itself (worker, demo).
    """

    account_id: int
    name: str
    roles: frozenset[Role] = frozenset()
    scope: tuple[str, ...] = ()
    email: str | None = None

    def is_a(self, role: Role) -> bool:
        return role in self.roles


HOUSE = Actor(account_id=0, name="EventHub", roles=frozenset({Role.ORGANISER}))
"""The house acting by itself: worker and migrations. Never a signed-in person."""


@dataclass(frozen=True)
class OrganisationFacts:
    """A node of the union's tree; ``path`` runs from the region down to the node itself, as codes."""

    code: str
    kind: OrganisationKind
    name: Bilingual
    path: tuple[str, ...]
    place_code: str = ""


@dataclass(frozen=True)
class OccasionFacts:
    """What stands in the calendar: dates (whole days, the last one included) or times with a zone, and a place."""

    starts: date | datetime
    ends: date | datetime
    place: Bilingual
    meeting_point: Bilingual = field(default_factory=lambda: Bilingual(""))
    latitude: float | None = None
    longitude: float | None = None

    @property
    def first_day(self) -> date:
        return self.starts.date() if isinstance(self.starts, datetime) else self.starts

    @property
    def last_day(self) -> date:
        return self.ends.date() if isinstance(self.ends, datetime) else self.ends


@dataclass(frozen=True)
class OptionFacts:
    """What a participant may rank; it has the seats.

    ``item`` names what the option is a part of when a programme has several (a contest with its heats): one place
    an item a person. ``details`` is the kind's own, checked by it. Money in fen.
    """

    code: str
    title: Bilingual
    capacity: int | None
    minimum: int
    occasions: tuple[OccasionFacts, ...]
    item: str = ""
    item_title: Bilingual = field(default_factory=lambda: Bilingual(""))
    place_code: str = ""
    cost_fen: int = 0
    head_cost_fen: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def first_day(self) -> date:
        return self.occasions[0].first_day

    @property
    def last_day(self) -> date:
        return self.occasions[-1].last_day


@dataclass(frozen=True)
class SourceFacts:
    """A fund: what it holds in fen, and which source bears what exceeds it."""

    code: str
    name: Bilingual
    amount_fen: int
    spill: str | None = None
    holder: str | None = None


@dataclass(frozen=True)
class QuotaFacts:
    """How many heads of an organisation and all below it must (floor) or may (ceiling) be placed."""

    organisation: str
    name: Bilingual
    floor: int = 0
    ceiling: int | None = None


@dataclass(frozen=True)
class ProgrammeFacts:
    """A programme as it stands: what it offers, under which settings. Times are aware, UTC."""

    code: str
    kind: str
    title: Bilingual
    summary: Bilingual
    opens_at: datetime | None
    closes_at: datetime | None
    result_at: datetime | None
    announced_at: datetime | None
    contact_name: str
    contact_phone: str
    options: tuple[OptionFacts, ...]
    sources: tuple[SourceFacts, ...] = ()
    quotas: tuple[QuotaFacts, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    organisation: str = ""
    published: int = 0
    allotting: bool = False

    def option(self, code: str) -> OptionFacts:
        """The option of this code; KeyError if there is none."""
        return self.option_by_code[code]

    @property
    def option_by_code(self) -> dict[str, OptionFacts]:
        cached: dict[str, OptionFacts] | None = self.__dict__.get("_by_code")
        if cached is None:
            cached = {option.code: option for option in self.options}
            object.__setattr__(self, "_by_code", cached)
        return cached

    def options_of(self, item: str) -> tuple[OptionFacts, ...]:
        return tuple(option for option in self.options if option.item == item)

    @property
    def items(self) -> tuple[tuple[str, Bilingual], ...]:
        """The items in order of appearance, with their titles; one nameless item where there are none."""
        return tuple({option.item: option.item_title for option in self.options}.items())

    @property
    def first_day(self) -> date | None:
        return min((option.first_day for option in self.options), default=None)

    @property
    def last_day(self) -> date | None:
        return max((option.last_day for option in self.options), default=None)


@dataclass(frozen=True)
class PastPlace:
    """That somebody went, or did not come, in an earlier programme."""

    kind: str
    year: int
    attended: bool = True


@dataclass(frozen=True)
class Person:
    """Somebody who goes, as the rules see them.

    ``claims`` are the kinds of claims checked and valid now (a priority, an eligibility): never a diagnosis.
    ``organisations`` runs from the region down to the person's own unit.
    """

    code: str
    name: str
    birth_date: date | None = None
    sex: Sex | None = None
    organisations: tuple[str, ...] = ()
    place_code: str = ""
    claims: frozenset[str] = frozenset()
    history: tuple[PastPlace, ...] = ()

    def age_on(self, day: date) -> int | None:
        """Completed years on a day; a birthday counts from its own day on; born 29 February: 1 March."""
        born = self.birth_date
        if born is None:
            return None
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    @property
    def unit(self) -> str:
        return self.organisations[-1] if self.organisations else ""


@dataclass(frozen=True)
class PersonDraft:
    """A person as typed in: nothing checked yet."""

    name: str
    birth_date: date | None = None
    sex: Sex | None = None
    organisation: str = ""
    phone: str = ""
    email: str = ""
    identity_number: str = ""
    relation: str = "self"
    claims: tuple[str, ...] = ()
    """Claims the handing-in officer vouches for; ignored from anybody else."""


@dataclass(frozen=True)
class Applicant:
    """One person of an application; ``person`` is known, or ``draft`` is typed in for the first time (rosters)."""

    person: Person | None = None
    draft: PersonDraft | None = None
    role: PartyRole = PartyRole.PARTICIPANT
    answers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        if self.person is not None:
            return self.person.name
        return self.draft.name if self.draft else ""


@dataclass(frozen=True)
class Application:
    """What a form hands over, not yet kept: a party that wants to go together, and what it would like, dearest first.

    ``ranking`` holds option codes; ``flexible`` says that any other option they may take will do as well.
    ``consents`` are the keys of the texts agreed to.
    """

    programme: str
    applicants: tuple[Applicant, ...]
    ranking: tuple[str, ...] = ()
    item: str = ""
    flexible: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)
    consents: tuple[str, ...] = ()
    on: date | None = None
    """The day it is handed over, in the zone people read: whether a child is under 14 is judged on it."""


@dataclass(frozen=True)
class RegistrationFacts:
    """One person's registration as the allocation sees it."""

    code: str
    person: Person
    role: PartyRole
    state: RegistrationState
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PartyFacts:
    """People to be placed together, and what they would like, dearest first."""

    code: str
    members: tuple[RegistrationFacts, ...]
    ranking: tuple[str, ...]
    item: str = ""
    flexible: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)
    lot: int | None = None
    pinned: str | None = None
    """Option fixed by hand, with a reason in the journal; ``""``: fixed to have no place."""

    @property
    def people(self) -> tuple[Person, ...]:
        return tuple(member.person for member in self.members)

    @property
    def participants(self) -> tuple[RegistrationFacts, ...]:
        return tuple(member for member in self.members if member.role is PartyRole.PARTICIPANT)

    @property
    def size(self) -> int:
        return len(self.members)


@dataclass(frozen=True)
class SeatFacts:
    """A published place, as its calendar entry and its letter need it: who, what, when, where."""

    registration: str
    programme: ProgrammeFacts
    option: OptionFacts
    display_name: str
    """What may stand in a calendar and a mail for this person: kinds decide how much of the name that is."""
    role: PartyRole
    age: int | None = None
    """Completed years on the first day; None where no birth date is known."""
    station: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None


@dataclass(frozen=True)
class ConsentText:
    """A text somebody must agree to by a tick of its own; a new wording is a new version."""

    key: str
    version: str
    title: Text
    body: Text
    required: bool = True
