"""What Alembic runs: our tables, our version table, and the views dropped before and made after."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from alembic import context
from sqlalchemy import Connection

from catalog.db.columns import UTCDateTime, Vector, metadata
from catalog.db.database import open_database
from catalog.db.schema.schema_state import VERSION_TABLE
from catalog.db.schema.views import create_views, drop_views
from catalog.db.tables import track

assert track.metadata is metadata, "the tables must be imported before they are compared"


def render_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Plain types in revisions: what a column type of ours does in Python is no matter of the schema."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Vector):
        return "sa.LargeBinary()"
    return False


def migrate(connection: Connection) -> None:
    """Runs the migrations on an open connection. Views belong to no revision: they are made at the head."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,
        compare_type=True,
        render_item=render_type,
        include_name=lambda name, kind, _parents: kind != "table" or name in metadata.tables,
    )
    with context.begin_transaction():
        drop_views(connection)
        context.run_migrations()
        head = context.script.get_current_head()
        if context.get_context().get_current_revision() == head:
            create_views(connection)


def connect_and_migrate() -> None:
    """For Alembic's own command line, which opens no connection of ours."""
    url = context.get_x_argument(as_dictionary=True).get("url")
    if not url:
        raise SystemExit("name the database: alembic -x url=sqlite:///catalog.db ...")
    with open_database(url).writer.begin() as connection:
        migrate(connection)


given = context.config.attributes.get("connection")
if isinstance(given, sa.Connection):
    migrate(given)
else:
    connect_and_migrate()
