"""Restore of a backup into a home without a catalog, checked before it becomes one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database, open_database
from catalog.db.private_folder import make_private_folder
from catalog.db.schema.constraints import set_sequences
from catalog.db.schema.schema_state import (
    SchemaState,
    inspect_schema,
    is_filled,
    require_compatible,
    require_revision,
    upgrade,
)
from catalog.db.schema.views import create_views
from catalog.db.tables import bundled_content, metadata
from catalog.db.transfer.archive import (
    CONFIG_MEMBER,
    MODELS,
    POSTGRESQL_MEMBER,
    SQLITE_MEMBER,
    Archive,
    ArchiveError,
    Manifest,
    OnBytes,
    open_archive,
)
from catalog.db.transfer.backup import Home, require_room, sha256_of
from catalog.db.transfer.postgresql_dump import restore_dump
from catalog.db.transfer.staging import publish, staging
from catalog.errors import CatalogError


class RestoreRejectedError(CatalogError):
    """A backup that cannot be restored there, with what to do."""


def require_restorable(archive: Archive, database: Database, home: Home) -> None:
    """Raises RestoreRejectedError if the restore would replace data, and OSError if the disk is too small."""
    manifest = archive.manifest
    backend = database.url.get_backend_name()
    if manifest.backend != backend:
        where = "a new home" if manifest.backend == "sqlite" else "an empty database (--database-url)"
        raise RestoreRejectedError(
            f"the backup is of {manifest.backend} and cannot be restored into {backend}; "
            f"restore it into {where}, then: catalog db copy --to URL"
        )
    require_revision(manifest.revision)
    if database.file is not None:
        beside = (
            database.file.with_name(database.file.name + suffix)
            for suffix in ("", "-wal", "-shm", "-journal")
        )
        found = next((path for path in beside if path.exists()), None)
        if found is not None:
            raise RestoreRejectedError(
                f"{found} exists; name a home without a catalog: catalog --home DIR db restore"
            )
        require_room(database.file.parent, manifest.size)
    else:
        _require_empty(database, manifest)
        require_room(home.models.parent, manifest.size)
    for member in manifest.members:
        place = home.models / Path(member.name).name
        if member.name.startswith(MODELS) and place.exists() and sha256_of(place) != member.sha256:
            raise RestoreRejectedError(f"{place} exists and is different; name a home without a catalog")


def restore(path: Path, database: Database, home: Home, on_bytes: OnBytes = lambda _size: None) -> Manifest:
    """Restores a backup and upgrades it to the schema of this program. The database appears when it is checked.

    Existing models and an existing configuration are kept. Raises ArchiveError, RestoreRejectedError and
    DatabaseUnusableError.
    """
    with open_archive(path) as archive:
        manifest = archive.manifest
        require_restorable(archive, database, home)
        folder = home.models.parent if database.file is None else database.file.parent
        with staging(folder, "restore") as staged:
            for member in manifest.members:
                name = Path(member.name).name if member.name.startswith(MODELS) else member.name
                subfolder = staged / "models" if member.name.startswith(MODELS) else staged
                subfolder.mkdir(exist_ok=True)
                archive.extract(member, subfolder / name, on_bytes)
            if database.is_sqlite:
                _check_sqlite(staged / SQLITE_MEMBER, manifest)
            _place_files(staged, home)
            if database.file is not None:
                publish(staged / SQLITE_MEMBER, database.file)
            else:
                _fill_postgresql(database, staged / POSTGRESQL_MEMBER, manifest)
    return manifest


def _place_files(staged: Path, home: Home) -> None:
    """Places the models before the database, which could not predict without them."""
    make_private_folder(home.models)
    models = staged / "models"
    for path in sorted(models.iterdir()) if models.is_dir() else []:
        if not (home.models / path.name).exists():
            # Staged in the same folder, because the models may be on another disk.
            with staging(home.models, "restore") as beside:
                copied = beside / path.name
                shutil.copyfile(path, copied)
                publish(copied, home.models / path.name)
    config = staged / CONFIG_MEMBER
    if config.exists() and not home.config.exists():
        shutil.copyfile(config, home.config)


def _check_sqlite(file: Path, manifest: Manifest) -> None:
    """Checks and upgrades the database file. It is untrusted: no SQL in it may run, so triggers are rejected."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            (problem,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            triggers = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
            ).fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise ArchiveError(f"the database in the backup is damaged ({error}); use another backup") from None
    if problem != "ok" or triggers:
        reason = problem.splitlines()[-1] if problem != "ok" else "it contains triggers, which no catalog has"
        raise ArchiveError(f"the database in the backup is damaged ({reason}); use another backup")
    with closing(open_database(sa.URL.create("sqlite", database=str(file)))) as staged:
        found = inspect_schema(staged)
        require_compatible(found)
        if found.revision != manifest.revision:
            raise ArchiveError("the database in the backup does not have the schema of its manifest")
        with staged.read() as connection:
            _require_counts(connection, manifest.rows)
        _upgrade(staged)
        with staged.writer.connect() as connection:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _require_empty(database: Database, manifest: Manifest) -> None:
    found = inspect_schema(database)
    if found.state is SchemaState.EMPTY:
        return
    require_compatible(found)
    # An interrupted restore leaves empty tables.
    if is_filled(database) or found.revision != manifest.revision:
        raise RestoreRejectedError(
            f"{database.place} already holds a catalog; name an empty database with --database-url"
        )


def _fill_postgresql(database: Database, file: Path, manifest: Manifest) -> None:
    if inspect_schema(database).state is SchemaState.EMPTY:
        upgrade(database, manifest.revision)
    restore_dump(database, file)
    with database.write() as connection:
        _require_counts(connection, manifest.rows)
        set_sequences(connection)
    _upgrade(database)
    with database.write() as connection:
        connection.exec_driver_sql("ANALYZE")


def _upgrade(database: Database) -> None:
    """Upgrades the schema and recreates the views."""
    upgrade(database)
    with database.write() as connection:
        create_views(connection)


def _require_counts(connection: Connection, rows: Mapping[str, int]) -> None:
    """Raises ArchiveError if the row count of a table differs from the manifest."""
    for name, expected in rows.items():
        if name not in metadata.tables or name == bundled_content.name:
            continue
        found = connection.execute(sa.select(sa.func.count()).select_from(metadata.tables[name])).scalar_one()
        if found != expected:
            raise ArchiveError(f"table {name} has {found:,} rows instead of {expected:,}; use another backup")
