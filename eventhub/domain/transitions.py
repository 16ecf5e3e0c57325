"""From which state a registration may move to which, and by whom: one table."""

from __future__ import annotations

from eventhub.domain.problems import Conflict, Problem
from eventhub.domain.terms import RegistrationState as S
from eventhub.domain.terms import Role, word
from eventhub.i18n import N_

_ANYONE = frozenset(Role)
_STAFF = frozenset({Role.ORGANISER})
_CHECKERS = frozenset({Role.ORGANISER, Role.OFFICER})

TRANSITIONS: dict[tuple[S, S], frozenset[Role]] = {
    (S.DRAFT, S.SUBMITTED): _ANYONE,
    (S.DRAFT, S.WITHDRAWN): _ANYONE,
    (S.SUBMITTED, S.SUBMITTED): _ANYONE,
    (S.SUBMITTED, S.RETURNED): _CHECKERS,
    (S.RETURNED, S.SUBMITTED): _ANYONE,
    (S.RETURNED, S.WITHDRAWN): _ANYONE,
    (S.RETURNED, S.CANCELLED): _STAFF,
    **{
        (old, new): _STAFF
        for old in (S.SUBMITTED, S.ALLOTTED, S.WAITLISTED, S.NOT_SELECTED)
        for new in (S.ALLOTTED, S.WAITLISTED, S.NOT_SELECTED, S.CANCELLED)
    },
    **{(old, S.WITHDRAWN): _ANYONE for old in (S.SUBMITTED, S.ALLOTTED, S.WAITLISTED, S.NOT_SELECTED)},
}


def may(old: S, new: S, roles: frozenset[Role]) -> bool:
    """Whether somebody with these roles may take a registration from one state to another."""
    return bool(TRANSITIONS.get((old, new), frozenset()) & roles)


def demand(old: S, new: S, roles: frozenset[Role]) -> None:
    """Raise :class:`Conflict` with a sentence where :func:`may` says no."""
    if not may(old, new, roles):
        raise Conflict(
            Problem(
                "no_such_step",
                N_(
                    "This registration is “%(old)s” and cannot become “%(new)s”. Reload the page to see how it stands.",
                    old=word(old),
                    new=word(new),
                ),
            )
        )
