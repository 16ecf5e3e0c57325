"""The union's tree: who holds quota, who has members, whom an officer speaks for."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.domain.terms import OrganisationKind
from eventhub.models.base import Base, words


class Organisation(Base):
    """A node of the tree. ``path`` is its ancestors' codes and its own, joined and ended by ``/``."""

    __tablename__ = "organisation"
    __table_args__ = (Index("ix_organisation_path", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[OrganisationKind] = mapped_column(words(OrganisationKind))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    path: Mapped[str] = mapped_column(String(200))
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100), default="")
    place_code: Mapped[str] = mapped_column(String(12), default="")
    union_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    employer_code: Mapped[str | None] = mapped_column(String(18))

    parent: Mapped[Organisation | None] = relationship(remote_side=[id])

    @property
    def codes(self) -> tuple[str, ...]:
        """The path as codes, from the region down to this node."""
        return tuple(self.path.strip("/").split("/"))
