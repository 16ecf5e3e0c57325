"""Whom to ask: the contact of a programme, and who answers for children's data."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from eventhub.domain.facts import ProgrammeFacts


@dataclass(frozen=True)
class Contact:
    """Whom to ask, as the foot of a page names them."""

    name: str
    phone: str
    email: str = ""


def contact_of(programme: ProgrammeFacts) -> Contact:
    """The contact person of a programme."""
    return Contact(programme.contact_name, programme.contact_phone)


def children_officer(programme: ProgrammeFacts | None = None) -> str:
    """The officer for children's data; the programme's contact where the house names none."""
    named: str = current_app.extensions["settings"].children_officer
    if named or programme is None:
        return named
    return f"{programme.contact_name} {programme.contact_phone}"
