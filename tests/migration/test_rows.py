"""Migrations with rows in the tables: evidence outlives them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.db import tables as t
from catalog.db.columns import now
from catalog.db.database import Database, DatabaseUnusableError, open_database
from catalog.db.schema.schema_state import downgrade, inspect_schema, upgrade

REBUILD = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("track") as batch:
        batch.alter_column("bit_rate", existing_type=sa.Integer(), type_=sa.BigInteger())
    with op.batch_alter_table("genre") as batch:
        batch.add_column(sa.Column("hue", sa.Text()))
        batch.alter_column("code", existing_type=sa.Text(), type_=sa.String(99))
    {more}


def downgrade():
    with op.batch_alter_table("genre") as batch:
        batch.alter_column("code", existing_type=sa.String(99), type_=sa.Text())
        batch.drop_column("hue")
    with op.batch_alter_table("track") as batch:
        batch.alter_column("bit_rate", existing_type=sa.BigInteger(), type_=sa.Integer())
"""


def _fill(database: Database) -> None:
    with database.write() as connection:
        rows: list[tuple[sa.Table, dict[str, object]]] = [
            (t.collection, {"id": 1, "name": "records", "kind": "folder"}),
            (t.artist, {"id": 1, "key": "alma", "name": "Alma", "folded": "alma"}),
            (t.genre, {"id": 1, "name": "Rock", "folded": "rock", "code": "r", "origin": "builtin"}),
            (t.genre, {"id": 2, "name": "Metal", "folded": "metal", "parent_id": 1, "origin": "builtin"}),
            (t.genre_ancestor, {"genre_id": 2, "ancestor_id": 1, "distance": 1}),
            (t.track, {"id": 1, "collection_id": 1, "path_bytes": b"a", "artist_id": 1, "bit_rate": 320}),
            (t.track, {"id": 2, "collection_id": 1, "path_bytes": b"b", "state": "missing"}),
            (t.statement, {"id": 1, "track_id": 1, "source": "file"}),
            (t.statement, {"id": 2, "track_id": 1, "source": "person"}),
            (t.statement, {"id": 3, "track_id": 1, "source": "person", "withdraws_id": 2}),
            (t.label, {"statement_id": 1, "rank": 0, "genre_id": 1, "as_written": "rock"}),
            (t.label, {"statement_id": 2, "rank": 0, "genre_id": 2, "as_written": "metal"}),
            (
                t.decision,
                {"track_id": 1, "genre_id": 1, "verdict": "keep", "reviewer": "ada", "source": "queue"},
            ),
            (t.track_status, {"track_id": 1, "statement_id": 1, "tagged_genre_id": 1}),
            (
                t.failure,
                {"track_id": 2, "stage": "decode", "reason": "empty", "message": "", "failed_at": now()},
            ),
        ]
        for table, row in rows:
            connection.execute(sa.insert(table).values(row))


def _rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.select(*table.c))), key=str)
            for name, table in t.metadata.tables.items()
        }


def test_a_rebuild_of_tracks_and_genres_loses_nothing(empty: Database, copied_migrations: Path) -> None:
    upgrade(empty)
    _fill(empty)
    before = _rows(empty)
    head = inspect_schema(empty).head
    (copied_migrations / "9999.py").write_text(REBUILD.format(head=head, more=""))
    for _ in range(2):
        upgrade(empty)
        assert inspect_schema(empty).revision == "9999"
        assert _rows(empty) == before
        downgrade(empty, head)
        assert _rows(empty) == before


def test_references_are_kept_after_a_migration(empty: Database, copied_migrations: Path) -> None:
    upgrade(empty)
    _fill(empty)
    (copied_migrations / "9999.py").write_text(REBUILD.format(head=inspect_schema(empty).head, more=""))
    upgrade(empty)
    with pytest.raises(sa.exc.IntegrityError), empty.write() as connection:
        connection.execute(sa.delete(t.track).where(t.track.c.id == 1))
    assert len(_rows(empty)["label"]) == 2


def test_a_rebuild_keeps_the_checks_of_a_table(empty: Database, copied_migrations: Path) -> None:
    upgrade(empty)
    _fill(empty)
    (copied_migrations / "9999.py").write_text(REBUILD.format(head=inspect_schema(empty).head, more=""))
    upgrade(empty)
    with pytest.raises(sa.exc.IntegrityError), empty.write() as connection:
        connection.execute(sa.update(t.track).values(state="lost"))


@pytest.mark.parametrize(
    "more", ["raise RuntimeError('power cut')", "op.execute('DELETE FROM genre WHERE id = 1')"]
)
def test_a_migration_that_fails_changes_nothing(empty: Database, copied_migrations: Path, more: str) -> None:
    upgrade(empty)
    _fill(empty)
    before, head = _rows(empty), inspect_schema(empty).head
    (copied_migrations / "9999.py").write_text(REBUILD.format(head=head, more=more))
    with pytest.raises((RuntimeError, DatabaseUnusableError, sa.exc.IntegrityError)):
        upgrade(empty)
    assert inspect_schema(empty).revision == head
    assert _rows(empty) == before
    # The pooled connection must not be left without its foreign keys.
    with pytest.raises(sa.exc.IntegrityError), empty.write() as connection:
        connection.execute(sa.delete(t.track).where(t.track.c.id == 1))


def test_an_older_backup_is_upgraded(sqlite_url: str, copied_migrations: Path, tmp_path: Path) -> None:
    database = open_database(sqlite_url)
    archive = tmp_path / "b.zip"
    assert run(["--database-url", sqlite_url, "db", "backup", "--output", str(archive)]) == 0
    (copied_migrations / "9999.py").write_text(
        REBUILD.format(head=inspect_schema(database).revision, more="")
    )
    database.close()
    run(
        ["--home", str(tmp_path / "new"), "db", "restore", str(archive)]
    )  # its check reports the column `hue`
    restored = open_database(f"sqlite:///{tmp_path / 'new' / 'catalog.db'}")
    assert inspect_schema(restored).revision == "9999"
    restored.close()
