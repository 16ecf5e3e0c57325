"""Ids and enums of the trade, each with the words people read for it."""

from __future__ import annotations

from enum import StrEnum

from eventhub.i18n import N_, Text


class Phase(StrEnum):
    """Where a programme stands; follows from its dates and what was published, never stored."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    OPEN = "open"
    CLOSED = "closed"
    ALLOTTING = "allotting"
    PUBLISHED = "published"
    OVER = "over"


class RegistrationState(StrEnum):
    """Where one registration stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ALLOTTED = "allotted"
    WAITLISTED = "waitlisted"
    NOT_SELECTED = "not_selected"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


LIVE = frozenset(RegistrationState) - {RegistrationState.WITHDRAWN, RegistrationState.CANCELLED}
"""States in which a registration still stands, so that the same person may not register again."""

IN_ALLOCATION = frozenset(
    {
        RegistrationState.SUBMITTED,
        RegistrationState.ALLOTTED,
        RegistrationState.WAITLISTED,
        RegistrationState.NOT_SELECTED,
    }
)
"""States in which a registration is put before the solver."""


class Role(StrEnum):
    """What an account may do; an organiser or officer does it within an organisation."""

    ORGANISER = "organiser"
    OFFICER = "officer"
    MEMBER = "member"
    GUARDIAN = "guardian"


class OrganisationKind(StrEnum):
    """What a node of the union's tree is; quota is held by any of them."""

    REGION = "region"
    CITY = "city"
    COUNTY = "county"
    INDUSTRIAL = "industrial"
    ORGAN = "organ"
    BASE = "base"
    PRIMARY = "primary"
    JOINT = "joint"
    VILLAGE = "village"


class PartyRole(StrEnum):
    """What somebody is in a party."""

    PARTICIPANT = "participant"
    COMPANION = "companion"


class Sex(StrEnum):
    """As written on the identity card."""

    FEMALE = "female"
    MALE = "male"


class RunState(StrEnum):
    """Where one asking of the solver stands."""

    QUEUED = "queued"
    RUNNING = "running"
    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"
    FAILED = "failed"


RUN_ENDED = frozenset(RunState) - {RunState.QUEUED, RunState.RUNNING}
RUN_USABLE = frozenset({RunState.OPTIMAL, RunState.FEASIBLE})


class LetterState(StrEnum):
    """What became of one message: ``dead`` waits for a person, ``print`` is a slip."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"
    PRINT = "print"


class Method(StrEnum):
    """What an iTIP message asks of a calendar (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Change(StrEnum):
    """What a publication means for one seat, against the one before it."""

    NEW = "new"
    MOVED = "moved"
    CHANGED = "changed"
    KEPT = "kept"
    WITHDRAWN = "withdrawn"


_WORDS: tuple[tuple[StrEnum, Text], ...] = (
    (Phase.DRAFT, N_("Draft")),
    (Phase.ANNOUNCED, N_("Opens soon")),
    (Phase.OPEN, N_("Open for sign-up")),
    (Phase.CLOSED, N_("Sign-up closed")),
    (Phase.ALLOTTING, N_("Being allotted")),
    (Phase.PUBLISHED, N_("Result published")),
    (Phase.OVER, N_("Over")),
    (RegistrationState.DRAFT, N_("Not sent yet")),
    (RegistrationState.SUBMITTED, N_("Signed up")),
    (RegistrationState.RETURNED, N_("Returned for change")),
    (RegistrationState.ALLOTTED, N_("Selected")),
    (RegistrationState.WAITLISTED, N_("On the waiting list")),
    (RegistrationState.NOT_SELECTED, N_("Not selected")),
    (RegistrationState.WITHDRAWN, N_("Withdrawn")),
    (RegistrationState.CANCELLED, N_("Cancelled by the organiser")),
    (Role.ORGANISER, N_("Organiser")),
    (Role.OFFICER, N_("Union officer")),
    (Role.MEMBER, N_("Member")),
    (Role.GUARDIAN, N_("Guardian")),
    (OrganisationKind.REGION, N_("Regional federation")),
    (OrganisationKind.CITY, N_("City federation")),
    (OrganisationKind.COUNTY, N_("County federation")),
    (OrganisationKind.INDUSTRIAL, N_("Industrial union")),
    (OrganisationKind.ORGAN, N_("Union of government organs")),
    (OrganisationKind.BASE, N_("Base union")),
    (OrganisationKind.PRIMARY, N_("Primary union")),
    (OrganisationKind.JOINT, N_("Joint union")),
    (OrganisationKind.VILLAGE, N_("Village union")),
    (PartyRole.PARTICIPANT, N_("Participant")),
    (PartyRole.COMPANION, N_("Companion")),
    (Sex.FEMALE, N_("Female")),
    (Sex.MALE, N_("Male")),
    (RunState.QUEUED, N_("Waiting for the worker")),
    (RunState.RUNNING, N_("Running")),
    (RunState.OPTIMAL, N_("Proved best")),
    (RunState.FEASIBLE, N_("Good, with a known gap")),
    (RunState.INFEASIBLE, N_("The rules cannot all be met")),
    (RunState.UNKNOWN, N_("Nothing found in the time")),
    (RunState.FAILED, N_("Failed")),
    (LetterState.QUEUED, N_("Waiting to be sent")),
    (LetterState.SENT, N_("Sent")),
    (LetterState.DEAD, N_("Could not be sent")),
    (LetterState.PRINT, N_("To be printed")),
    (Change.NEW, N_("Newly placed")),
    (Change.MOVED, N_("Moved")),
    (Change.CHANGED, N_("Details changed")),
    (Change.KEPT, N_("Unchanged")),
    (Change.WITHDRAWN, N_("Place ended")),
)

# By enum and member: members of two enums with the same text are equal, and would share a word.
WORDS: dict[tuple[type[StrEnum], str], Text] = {(type(term), str(term)): text for term, text in _WORDS}


def word(term: StrEnum) -> Text:
    """What people read for a term: the same in list, page, mail and export."""
    return WORDS[type(term), str(term)]
