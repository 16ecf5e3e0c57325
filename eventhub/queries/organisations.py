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


def name_of(code: str) -> Bilingual:
    """What an organisation is called; of a place, the organisation that is there; else the code itself."""
    known: dict[str, Bilingual] | None = db.session().info.get(_NAMES)
    if known is None:
        known = db.session().info[_NAMES] = _names()
    return known.get(code, Bilingual(code))


_NAMES = "names of organisations"
"""Where a session keeps them, so that a page of reasons asks once."""


def _names() -> dict[str, Bilingual]:
    rows = db.session.execute(
        select(
            Organisation.code, Organisation.place_code, Organisation.name_zh, Organisation.name_en
        ).order_by(Organisation.path)
    ).all()
    places: dict[str, Bilingual] = {}
    for row in rows:
        if row.place_code:
            places.setdefault(row.place_code, Bilingual(row.name_zh, row.name_en))
    return places | {row.code: Bilingual(row.name_zh, row.name_en) for row in rows}
