"""Column types, and the metadata with the naming convention of all tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

primary_key_type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""64-bit keys on both databases; SQLite uses the rowid only for a column declared INTEGER."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime; stored and returned in UTC, also on databases without time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, without the zone on SQLite."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """A time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Vector(TypeDecorator[np.ndarray[Any, np.dtype[np.float32]]]):
    """A one-dimensional float32 array as its little-endian bytes."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """The bytes of the array."""
        if value is None:
            return None
        array = np.ascontiguousarray(value, dtype="<f4")
        if array.ndim != 1:
            raise ValueError(f"a vector has one dimension, not {array.ndim}")
        return array.tobytes()

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002
    ) -> np.ndarray[Any, np.dtype[np.float32]] | None:
        """The array, read-only."""
        return None if value is None else np.frombuffer(cast("bytes", value), dtype="<f4")


def primary_key() -> sa.Column[int]:
    """The column `id` of a table."""
    return sa.Column("id", primary_key_type, primary_key=True)


def foreign_key(
    table: str, *, name: str | None = None, nullable: bool = False, cascade: bool = False, **options: Any
) -> sa.Column[Any]:
    """A column `<table>_id` that refers to the `id` of that table.

    Only derived rows cascade; evidence prevents the deletion of the rows that it refers to.
    """
    return sa.Column(
        name or f"{table}_id",
        primary_key_type,
        sa.ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None),
        nullable=nullable,
        **options,
    )


def check_in(column: str, *values: str) -> sa.CheckConstraint:
    """A check constraint: the text column has one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def partial_index(condition: str) -> dict[str, Any]:
    """The options of an index that contains only the rows that satisfy a condition."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
