"""What every table has in common: its base class, times in UTC, public codes, enums as words."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

# Without I, L, O and U: a number read out on the telephone is written down as it was meant.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware when handed in and out, UTC inside, on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"A moment needs a zone: {value!r}"
            raise ValueError(message)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def words(enum: type[StrEnum]) -> Enum:
    """A column of an enum's values, kept as words; a new word needs no migration of the type."""
    return Enum(
        enum, native_enum=False, length=20, values_callable=lambda terms: [str(term) for term in terms]
    )


class Base(DeclarativeBase):
    """Every table."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UTCDateTime, dict[str, Any]: JSON, list[Any]: JSON}


def new_code(prefix: str = "") -> str:
    """A public code of eight random characters: ``R7K3F-9QXD``; says nothing of how many there are."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{prefix}{drawn[:4]}-{drawn[4:]}"


def new_token() -> str:
    """A secret of 160 random bits for an address nobody can guess."""
    return secrets.token_urlsafe(20)
