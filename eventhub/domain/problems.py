"""What can go wrong, in sentences a person can read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eventhub.i18n import N_, Text


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what, where and what to do, said in the reader's language.

    ``field`` is the name of the form field it belongs to (``participants-1-birth_date``, ``options``), or ""
    for the whole form; ``code`` is a stable word for tests and journals.
    """

    code: str
    message: Text
    field: str = ""

    def at(self, field: str) -> Problem:
        """The same problem at another field."""
        return Problem(self.code, self.message, field)

    def __str__(self) -> str:
        return str(self.message)


class EventHubError(Exception):
    """Something asked for that cannot be done; nothing was changed."""

    code = "refused"

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return " ".join(str(problem) for problem in self.problems)


class Refused(EventHubError):
    """What was handed in breaks one or more rules; every one of them is named."""


class NotFound(EventHubError):
    """There is no such thing, or not for this person: the same answer for both."""

    code = "not_found"

    def __init__(self, *problems: Problem) -> None:
        super().__init__(
            *(problems or (Problem("not_found", N_("There is nothing here under this address.")),))
        )


class NotAllowed(EventHubError):
    """The person may not do this."""

    code = "not_allowed"

    def __init__(self, *problems: Problem) -> None:
        super().__init__(
            *(problems or (Problem("not_allowed", N_("Your account may not do this. Ask an organiser.")),))
        )


class Conflict(EventHubError):
    """It no longer fits what is stored: an outdated form, a state passed by."""

    code = "conflict"


def refuse(problems: Iterable[Problem]) -> None:
    """Raise :class:`Refused` if there is any problem; all are shown at once, so that nobody mends them one by one."""
    found = tuple(problems)
    if found:
        raise Refused(*found)
