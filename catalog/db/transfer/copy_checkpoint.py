"""How far a copy has come: a table in the target, there from the first row to the last check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Connection, Text

from catalog.db.schema.schema import COPY_TABLE
from catalog.db.transfer.portable_rows import TableChecksum

copy_checkpoint = sa.Table(
    COPY_TABLE,
    sa.MetaData(),
    Column("name", Text, primary_key=True, comment="of the table"),
    Column("source", Text, nullable=False, comment="the database it comes from, without a password"),
    Column("rows", BigInteger, nullable=False),
    Column("checksum", Text, nullable=False, comment="of these rows"),
    Column("last_key", Text, comment="JSON: the key of the last row; NULL: none yet"),
)


@dataclass(frozen=True)
class Checkpoint:
    """What of a table lies in the target."""

    sum: TableChecksum = field(default_factory=TableChecksum)
    last_key: tuple[Any, ...] | None = None


def begin_checkpoint(connection: Connection, source: str, tables: Sequence[sa.Table]) -> None:
    """Makes the table of marks, with nothing copied yet."""
    copy_checkpoint.create(connection)
    connection.execute(
        sa.insert(copy_checkpoint),
        [_values(Checkpoint()) | {"name": each.name, "source": source} for each in tables],
    )


def checkpoint_source(connection: Connection) -> str | None:
    """Where the rows that are there come from."""
    return connection.execute(sa.select(copy_checkpoint.c.source).limit(1)).scalar()


def read_checkpoint(connection: Connection, table: sa.Table) -> Checkpoint:
    """How far the table has come."""
    row = connection.execute(sa.select(copy_checkpoint).where(copy_checkpoint.c.name == table.name)).one()
    last_key = None if row.last_key is None else tuple(json.loads(row.last_key))
    return Checkpoint(TableChecksum(row.rows, int(row.checksum, 16)), last_key)


def advance_checkpoint(
    connection: Connection, table: sa.Table, before: Checkpoint, after: Checkpoint
) -> bool:
    """Takes the mark from one state to the next; False where it is in neither of them before.

    Two copies at once cannot both advance it: on PostgreSQL the second waits for the row, and then finds it changed.
    """
    is_before = sa.and_(
        copy_checkpoint.c.name == table.name,
        copy_checkpoint.c.rows == before.sum.rows,
        copy_checkpoint.c.checksum == before.sum.checksum,
    )
    done = connection.execute(sa.update(copy_checkpoint).where(is_before).values(_values(after)))
    return done.rowcount == 1


def _values(mark: Checkpoint) -> dict[str, Any]:
    key = None if mark.last_key is None else json.dumps(mark.last_key)
    return {"rows": mark.sum.rows, "checksum": mark.sum.checksum, "last_key": key}
