"""The import of ready-made vectors: a CSV in FMA's layout, or a flat one, into a feature set of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import feature_sets
from catalog.collection.fma.fma_vectors import require_dimensions_of
from catalog.collection.path_matching import find_paths
from catalog.collection.roots import known_roots
from catalog.csvio.csv_source import CsvSourceError, ImportIssues, open_lines
from catalog.csvio.id_set import IdSet
from catalog.db.database import Database
from catalog.db.tables import collection, track
from catalog.features.bulk_write import Rows, VectorsReport, imported_features, store_vectors_bulk
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vector_csv import Header, read_header, read_vectors

AT_ONCE = 1_000
KEYS = ("path", "external", "catalog")
"""What the first column may hold: a file's path, an id of FMA's or of the house, or the catalog's own id."""
LARGEST_CATALOG_ID = 2**40
FITTED = "pca"
"""The one feature set of our own that no entry point brings."""
NAMED = re.compile(r"[^\W_][\w.+-]{0,63}")
"""What a feature set may be called: it is an argument of commands, a part of names of files, and a word in reports."""

_NAMES = {
    "id": "catalog",
    "catalog_id": "catalog",
    "track_id": "catalog",
    "fma_id": "external",
    "external_id": "external",
}
"""What the name of the first column says of it, in a flat file; any other name is one of paths."""


@dataclass
class VectorImportReport:
    """What an import found and did."""

    file: str
    key: str
    """Which of KEYS the first column was read as."""
    vectors: VectorsReport
    unknown_examples: list[str] = field(default_factory=list)
    """The first few keys that name no track, or tracks in several collections."""
    skipped: int = 0
    problems: list[str] = field(default_factory=list)
    """File, line and reason of what was left out, the first thousand."""
    dry_run: bool = False


def import_vectors(
    database: Database,
    file: Path,
    name: str,
    *,
    key: str | None = None,
    collection_name: str | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int, int | None, str], None] | None = None,
) -> VectorImportReport:
    """Imports vectors batch by batch; a second time nothing changes, and after an interruption it goes on.

    In FMA's layout the first column holds FMA's ids; in a flat file its name says what it holds, unless `key` does:
    `track_id` and `id` the catalog's, `fma_id` and `external_id` those of the data set, any other name paths. Raises
    CsvSourceError where the header is wrong, no row holds a vector, or the name is none or that of other vectors. A feature
    set begins with its first vector: of rows that all name no track nothing stays.
    """
    _require_name(name)
    with open_lines(file) as lines, database.writer.connect() as connection:
        header = read_header(lines)
        require_dimensions_of(name, file.name, header)
        kind = key or _kind(header)
        report = VectorImportReport(
            str(file), kind, VectorsReport(file.name, name, len(header.dimensions)), dry_run=dry_run
        )
        problems = ImportIssues()
        seen = IdSet()
        outer = connection.begin() if dry_run else None
        begin = connection.begin_nested if dry_run else connection.begin
        try:
            with begin():
                features = imported_features(connection, name, header.dimensions)
                only = _collection(connection, collection_name)
            folder = os.path.abspath(os.fsencode(file.parent))  # noqa: PTH100 - a folder's name is bytes here
            done = 0
            for batch in read_vectors(lines, header, problems, AT_ONCE):
                with begin():
                    ids = _find(connection, kind, batch, only, folder)
                    if ids:
                        recipe = register_feature_set(connection, features)
                        store_vectors_bulk(connection, recipe, batch, ids, seen, report.vectors, problems)
                    else:
                        report.vectors.unknown += len(batch)
                lacking = [each for _, each, _ in batch if each not in ids]
                report.unknown_examples += lacking[: 5 - len(report.unknown_examples)]
                done += len(batch)
                if on_progress is not None:
                    on_progress(done, None, name)
            if not done:
                raise CsvSourceError(_without_vectors(file.name, problems))
        finally:
            if outer is not None:
                outer.rollback()
        report.vectors.blank = problems.blank
        report.skipped, report.problems = problems.count, problems.examples
    return report


def _require_name(name: str) -> None:
    if name in feature_sets() or name == FITTED:
        raise CsvSourceError(f"{name!r} is what this program computes itself; choose another name")
    if not NAMED.fullmatch(name):
        raise CsvSourceError(
            f"{name!r} is no name for a feature set: at most 64 letters, digits, '.', '_', '+' and '-', of which a letter "
            "or digit comes first"
        )


def _without_vectors(file: str, problems: ImportIssues) -> str:
    first = f", as {problems.examples[0]}" if problems.examples else ""
    return f"{file} has no row with a vector{first}; nothing was imported"


def _kind(header: Header) -> str:
    return "external" if header.is_official else _NAMES.get(header.key.casefold(), "path")


def _collection(connection: Connection, name: str | None) -> int | None:
    if name is None:
        return None
    found = connection.execute(sa.select(collection.c.id).where(collection.c.name == name)).scalar()
    if found is None:
        raise CsvSourceError(f"there is no collection {name!r}; see: catalog collections list")
    return int(found)


def _find(connection: Connection, kind: str, batch: Rows, only: int | None, folder: bytes) -> dict[str, int]:
    """The tracks by key; a key that means tracks in several collections means none."""
    keys = {key for _, key, _ in batch}
    if kind == "path":
        roots = [each for each in known_roots(connection) if only in (None, each.id)]
        found = find_paths(connection, roots, folder, keys)
        return {key: next(iter(ids)) for key, ids in found.items() if len(ids) == 1}
    if kind == "catalog":
        numbers = {
            int(key): key
            for key in keys
            if key.isascii() and key.isdecimal() and len(key) < 14 and int(key) < LARGEST_CATALOG_ID
        }
        query = sa.select(track.c.id).where(track.c.id.in_(list(numbers)))
        if only is not None:
            query = query.where(track.c.collection_id == only)
        return {numbers[track_id]: track_id for track_id in connection.execute(query).scalars()}
    rows = sa.select(track.c.external_id, sa.func.min(track.c.id)).where(track.c.external_id.in_(list(keys)))
    if only is not None:
        rows = rows.where(track.c.collection_id == only)
    return dict(connection.execute(rows.group_by(track.c.external_id).having(sa.func.count() == 1)).all())
