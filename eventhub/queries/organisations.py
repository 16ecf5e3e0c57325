"""The union's tree, and what lies under a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, or_, select

from eventhub.domain.facts import OrganisationFacts
from eventhub.domain.terms import OrganisationKind
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.organisations import Organisation


def under(codes: Sequence[str]) -> ColumnElement[bool]:
    """Whether an organisation is one of these or lies below one."""
    return or_(
        *(Organisation.path.startswith(f"{code}/", autoescape=True) for code in codes),
        *(Organisation.path.contains(f"/{code}/", autoescape=True) for code in codes),
    )


def listing(
    *, within: Sequence[str] = (), kinds: Iterable[OrganisationKind] = ()
) -> tuple[OrganisationFacts, ...]:
    """The tree, or the parts of it under some codes, of some kinds, in the order of their paths."""
    wanted = select(Organisation).order_by(Organisation.path)
    if within:
        wanted = wanted.where(under(within))
    kinds = tuple(kinds)
    if kinds:
        wanted = wanted.where(Organisation.kind.in_(kinds))
    return tuple(
        OrganisationFacts(
            code=row.code,
            kind=row.kind,
            name=Bilingual(row.name_zh, row.name_en),
            path=row.codes,
            place_code=row.place_code,
        )
        for row in db.session.scalars(wanted)
    )
