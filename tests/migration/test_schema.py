"""Which databases the program takes, and that a migrated one is like a fresh one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db.columns import metadata
from catalog.db.database import Database, DatabaseUnusableError
from catalog.db.schema.integrity import check_schema
from catalog.db.schema.migrate import alembic_config
from catalog.db.schema.schema_state import (
    VERSION_TABLE,
    SchemaState,
    downgrade,
    inspect_schema,
    require_current,
    upgrade,
)
from catalog.db.schema.views import create_views, view_names

NEWER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("track") as batch:
        batch.alter_column("bit_rate", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade():
    with op.batch_alter_table("track") as batch:
        batch.alter_column("bit_rate", existing_type=sa.BigInteger(), type_=sa.Integer())
"""

NEW_TABLE = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("mood", sa.Column("id", sa.Integer()))
"""


def describe(connection: sa.Connection) -> dict[str, Any]:
    """All that the database says of its tables and views, in an order of ours."""
    inspector = sa.inspect(connection)
    described: dict[str, Any] = {
        f"view {name}": inspector.get_view_definition(name) for name in inspector.get_view_names()
    }
    for name in inspector.get_table_names():
        if name == VERSION_TABLE:
            continue
        described[name] = {
            "columns": [
                (
                    column["name"],
                    str(column["type"]),
                    column["nullable"],
                    column["default"],
                    column.get("comment"),
                )
                for column in inspector.get_columns(name)
            ],
            "key": inspector.get_pk_constraint(name),
            "references": _ordered(inspector.get_foreign_keys(name)),
            "unique": _ordered(inspector.get_unique_constraints(name)),
            "checks": _ordered(inspector.get_check_constraints(name)),
            "indexes": _ordered(inspector.get_indexes(name)),
        }
    return described


def _ordered(constraints: Any) -> list[str]:
    return sorted(_text(each) for each in constraints)


def _text(value: Any) -> str:
    """Conditions of partial indexes come as objects, which never equal each other."""
    if isinstance(value, dict):
        return str(sorted((name, _text(each)) for name, each in value.items()))
    return str(value)


def _described(database: Database) -> dict[str, Any]:
    with database.read() as connection:
        return describe(connection)


def test_migrated_schema_is_the_fresh_schema(empty: Database) -> None:
    upgrade(empty)
    migrated = _described(empty)
    downgrade(empty, "base")
    with empty.write() as connection:
        metadata.create_all(connection)
        create_views(connection)
    fresh = _described(empty)
    assert migrated.keys() == fresh.keys()
    for name, table in fresh.items():
        assert migrated[name] == table, name
    assert {f"view {name}" for name in view_names()} < fresh.keys()


def test_base_leaves_nothing_behind(empty: Database) -> None:
    upgrade(empty)
    downgrade(empty, "base")
    assert inspect_schema(empty).state is SchemaState.EMPTY
    assert _described(empty) == {}


def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    upgrade(empty)
    before = _described(empty)
    upgrade(empty)
    assert _described(empty) == before
    assert [check.differences for check in check_schema(empty)] == [0, 0]


def test_an_empty_database_says_how_to_begin(empty: Database) -> None:
    with pytest.raises(DatabaseUnusableError, match="catalog ingest FOLDER"):
        require_current(empty)
    assert empty.file is None or not empty.file.exists()


def test_an_older_database_says_what_to_run(empty: Database, copied_migrations: Path) -> None:
    upgrade(empty)
    (copied_migrations / "9999.py").write_text(NEWER.format(head=inspect_schema(empty).head))
    assert inspect_schema(empty).state is SchemaState.OLDER
    with pytest.raises(DatabaseUnusableError, match="catalog db upgrade"):
        require_current(empty)
    upgrade(empty)
    require_current(empty)


def test_a_newer_database_is_refused_and_left_alone(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = 'f00'")
    before = _described(empty)
    for act in (require_current, upgrade, lambda database: downgrade(database, "base")):
        with pytest.raises(DatabaseUnusableError, match=r"newer version .*schema f00.*pip install --upgrade"):
            act(empty)
    assert _described(empty) == before


def test_a_database_at_two_revisions_is_refused(empty: Database) -> None:
    upgrade(empty)
    head = inspect_schema(empty).head
    with empty.write() as connection:
        connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES ('f00')")
    with pytest.raises(DatabaseUnusableError, match=f"schema {head} and f00|schema f00 and {head}"):
        require_current(empty)


def test_missing_tables_are_reported(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql("DROP TABLE review_lease")
    with pytest.raises(DatabaseUnusableError, match="some of its tables are missing"):
        require_current(empty)


def test_a_partially_migrated_schema_is_refused(empty: Database, copied_migrations: Path) -> None:
    """The tables of one revision with the number of an older one."""
    upgrade(empty)
    head = inspect_schema(empty).head
    (copied_migrations / "9999.py").write_text(NEW_TABLE.format(head=head))
    upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '{head}'")
    with pytest.raises(
        DatabaseUnusableError, match=r"differs from its revision \(.*already exists\); nothing was changed"
    ):
        upgrade(empty)
    assert inspect_schema(empty).revision == head


def test_a_database_of_another_program_is_refused_and_left_alone(empty: Database) -> None:
    with empty.write() as connection:
        connection.exec_driver_sql("CREATE TABLE invoice (id integer)")
    for act in (require_current, upgrade, lambda database: downgrade(database, "base")):
        with pytest.raises(DatabaseUnusableError, match="another program"):
            act(empty)
    assert _described(empty).keys() == {"invoice"}


def test_an_unknown_revision_is_refused(empty: Database) -> None:
    upgrade(empty)
    with pytest.raises(DatabaseUnusableError, match="nix"):
        downgrade(empty, "nix")
    assert inspect_schema(empty).state is SchemaState.CURRENT


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    from catalog.db.database import open_database

    (tmp_path / "catalog.db").write_text(
        "this is a shopping list, not a database, however long it may get" * 99
    )
    database = open_database(f"sqlite:///{tmp_path / 'catalog.db'}")
    with pytest.raises(DatabaseUnusableError, match="not a database"):
        require_current(database)
    database.close()


def test_the_configuration_needs_no_file(tmp_path: Path) -> None:
    assert alembic_config().config_file_name is None
    code = (
        "from catalog.db.database import open_database; from catalog.db.schema.schema_state import upgrade; "
        "upgrade(open_database('sqlite:///elsewhere.db'))"
    )
    subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "elsewhere.db").exists()


def test_a_changed_view_and_table_are_found(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql("DROP VIEW untagged")
        connection.exec_driver_sql("CREATE VIEW untagged AS SELECT 1 AS track_id")
        connection.exec_driver_sql("DROP VIEW suspects")
        connection.exec_driver_sql("DROP INDEX ix_artist_folded")
    tables, views = check_schema(empty)
    assert tables.differences == 1
    assert "ix_artist_folded" in tables.details[0]
    assert views.details == ("view suspects is missing", "view untagged differs from its file")
