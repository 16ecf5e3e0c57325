"""What is kept, one file a word. Importing this room makes every table known."""

from eventhub.models import (
    accounts,
    allocations,
    invites,
    journal,
    organisations,
    programmes,
    publications,
    registrations,
)
from eventhub.models.base import Base

__all__ = [
    "Base",
    "accounts",
    "allocations",
    "invites",
    "journal",
    "organisations",
    "programmes",
    "publications",
    "registrations",
]
