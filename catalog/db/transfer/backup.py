"""Backup of a snapshot of the database, the models and the configuration into one archive."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.schema.schema_state import inspect_schema
from catalog.db.tables import metadata, model
from catalog.db.transfer.archive import (
    CONFIG_MEMBER,
    FORMAT,
    MODELS,
    NAMES,
    POSTGRESQL_MEMBER,
    SQLITE_MEMBER,
    ArchiveWriter,
    Manifest,
    OnBytes,
    write_archive,
)
from catalog.db.transfer.postgresql_dump import dump
from catalog.db.transfer.staging import publish, staging

PAGES = 2_000
"""SQLite pages per copy step."""
ADDRESS = re.compile(r"^\s*(database_url|redis_url)\s*=")


@dataclass(frozen=True)
class Home:
    """The files of a catalog next to its database."""

    models: Path
    config: Path


@dataclass(frozen=True)
class Backup:
    """A finished backup."""

    path: Path
    size: int
    """Size of the archive in bytes."""
    manifest: Manifest
    damaged: tuple[str, ...]
    """Artifacts of models that are missing or changed; the backup contains them as they are."""


def default_name(moment: datetime) -> str:
    """The default file name of a backup made at this time."""
    return f"catalog-{moment:%Y%m%d-%H%M%S}.zip"


def estimated_bytes(database: Database, home: Home) -> int:
    """Estimated bytes to read; imprecise on PostgreSQL, where rows and dump differ in size."""
    models = sum(path.stat().st_size for path in _model_files(home.models))
    with database.read() as connection:
        if database.is_sqlite:
            pages, size = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("page_count", "page_size")
            )
            return int(pages * size + models)
        sizes = (sa.func.pg_table_size(name) for name in metadata.tables)
        return int(connection.execute(sa.select(sum(sizes, start=sa.literal(0)))).scalar_one() + models)


def back_up(
    database: Database, home: Home, destination: Path, on_bytes: OnBytes = lambda _size: None
) -> Backup:
    """Writes a backup to a new file, without blocking writers; each of their transactions is included or not.

    The file appears when it is complete. Raises FileExistsError, and DatabaseUnusableError if pg_dump fails.
    """
    if destination.exists():
        raise FileExistsError(errno.EEXIST, "the file exists and is not overwritten", str(destination))
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    revision = inspect_schema(database).revision
    assert revision is not None, "the catalog was opened with a current schema"
    with staging(destination.parent, "backup") as folder:
        staged = folder / "archive"
        with write_archive(staged, on_bytes) as archive:
            wrote = _add_sqlite if database.is_sqlite else _add_postgresql
            rows, artifacts = wrote(archive, database, folder)
            damaged = _add_models(archive, home.models, artifacts)
            _add_config(archive, home.config)
            manifest = Manifest(
                format=FORMAT,
                made_at=made_at,
                program=version("music-catalog"),
                backend=database.url.get_backend_name(),
                revision=revision,
                rows=rows,
                members=tuple(archive.members),
            )
            archive.finish(manifest)
        publish(staged, destination)
    return Backup(destination, destination.stat().st_size, manifest, damaged)


Facts = tuple[dict[str, int], dict[str, str]]
"""The row count of each table, and the SHA-256 of each artifact of a model."""


def _add_sqlite(archive: ArchiveWriter, database: Database, folder: Path) -> Facts:
    """SQLite's online backup inside a reading transaction, so that writers do not restart it."""
    staged = folder / SQLITE_MEMBER
    with closing(sqlite3.connect(staged)) as copy:
        with database.snapshot() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.backup(copy, pages=PAGES)
            facts = _facts(connection)
        # The unpacked database is a single file.
        copy.execute("PRAGMA journal_mode = DELETE")
    with staged.open("rb") as content:
        archive.add(SQLITE_MEMBER, content)
    staged.unlink()
    return facts


def _add_postgresql(archive: ArchiveWriter, database: Database, _folder: Path) -> Facts:
    with database.snapshot() as connection:
        snapshot = connection.execute(sa.select(sa.func.pg_export_snapshot())).scalar_one()
        with dump(database, snapshot) as content:
            archive.add(POSTGRESQL_MEMBER, content)
        return _facts(connection)


def _facts(connection: Connection) -> Facts:
    rows = {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }
    named = sa.select(model.c.artifact, model.c.artifact_sha256).where(model.c.artifact.is_not(None))
    return rows, dict(connection.execute(named).all())


def _add_models(archive: ArchiveWriter, folder: Path, artifacts: dict[str, str]) -> tuple[str, ...]:
    hashes = {}
    for path in _model_files(folder):
        with _present(path) as content:
            if content is not None:
                hashes[path.name] = archive.add(f"{MODELS}{path.name}", content).sha256
    return tuple(sorted(name for name, digest in artifacts.items() if hashes.get(name) != digest))


def _model_files(folder: Path) -> list[Path]:
    """Finished files; the name of an unfinished one begins with a dot."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if NAMES.fullmatch(f"{MODELS}{path.name}") and path.is_file() and not path.is_symlink()
    )


@contextmanager
def _present(path: Path) -> Iterator[IO[bytes] | None]:
    """The open file; None if it was removed after the folder was listed."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        yield file


def _add_config(archive: ArchiveWriter, config: Path) -> None:
    try:
        text = config.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    kept = configuration_without_urls(text)
    if kept is not None:
        archive.add(CONFIG_MEMBER, BytesIO(kept.encode()))


def configuration_without_urls(text: str) -> str | None:
    """The configuration without URLs, which may contain passwords; None if they cannot be removed safely."""
    kept = "".join(line for line in text.splitlines(keepends=True) if not ADDRESS.match(line))
    try:
        before, after = tomllib.loads(text), tomllib.loads(kept)
    except tomllib.TOMLDecodeError:
        return None
    addresses = {name: before.pop(name) for name in ("database_url", "redis_url") if name in before}
    is_clean = not any(str(address) in kept for address in addresses.values())
    return kept if before == after and is_clean else None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_room(folder: Path, size: int) -> None:
    """Raises OSError if the disk has less than `size` bytes free."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OSError(28, f"{size / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free", str(folder))
