"""Plant the union's tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from stdnum.cn import uscc

from eventhub.domain.facts import Actor
from eventhub.domain.problems import Problem, Refused
from eventhub.domain.terms import OrganisationKind
from eventhub.extensions import transaction
from eventhub.i18n import N_, Bilingual
from eventhub.models.organisations import Organisation
from eventhub.services import journal


@dataclass(frozen=True)
class OrganisationDraft:
    """A node to be planted under ``parent`` (a code, or "" for the root)."""

    code: str
    kind: OrganisationKind
    name: Bilingual
    parent: str = ""
    place_code: str = ""
    union_code: str | None = None


def plant(nodes: Iterable[OrganisationDraft], *, by: Actor, at: datetime) -> int:
    """Add organisations, parents before their children; returns how many. A code that stands already is refused."""
    with transaction() as session:
        known = {row.code: row for row in session.scalars(select(Organisation))}
        planted = 0
        for node in nodes:
            if node.code in known or (node.parent and node.parent not in known):
                raise Refused(
                    Problem(
                        "organisation_code",
                        N_(
                            "Organisation %(code)s: the code is taken, or its parent is unknown.",
                            code=node.code,
                        ),
                    )
                )
            if node.union_code and not uscc.is_valid(node.union_code):
                raise Refused(
                    Problem(
                        "union_code",
                        N_(
                            "Organisation %(code)s: the unified social credit code %(union)s has a wrong check character.",
                            code=node.code,
                            union=node.union_code,
                        ),
                    )
                )
            parent = known.get(node.parent)
            row = Organisation(
                code=node.code,
                kind=node.kind,
                parent=parent,
                path=f"{parent.path if parent else ''}{node.code}/",
                name_zh=node.name.zh,
                name_en=node.name.en,
                place_code=node.place_code,
                union_code=node.union_code,
            )
            session.add(row)
            known[node.code] = row
            planted += 1
        journal.note(
            session,
            at=at,
            by=by,
            event="organisations planted",
            subject="organisation",
            code="",
            details={"count": planted},
        )
        return planted
