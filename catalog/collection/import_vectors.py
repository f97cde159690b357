"""Import of feature vectors that other programs computed, from a CSV file in FMA's layout or a flat one."""

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
from catalog.collection.roots import collection_id_of, known_roots
from catalog.csvio.csv_source import CsvSourceError, ImportIssues, open_lines
from catalog.csvio.id_bitmap import IdBitmap
from catalog.db.database import Database
from catalog.db.tables import track
from catalog.features.bulk_write import Rows, VectorsReport, imported_features, store_vectors_bulk
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vector_csv import Header, read_header, read_vectors

VECTORS_PER_TRANSACTION = 1_000
MAX_CATALOG_ID = 2**40
FITTED = "pca"
"""The feature set of this program that has no entry point."""
_NAME = re.compile(r"[^\W_][\w.+-]{0,63}")
"""Names of feature sets; they are arguments of commands and parts of file names."""

_KEY_BY_COLUMN = {
    "id": "catalog",
    "catalog_id": "catalog",
    "track_id": "catalog",
    "fma_id": "external",
    "external_id": "external",
}
"""Key by the name of the first column in a flat file; any other name means paths."""


@dataclass
class VectorImportReport:
    """The result of an import."""

    file: str
    key: str
    """Content of the first column: `path`, `external` (an id such as FMA's), or `catalog` (the catalog's own id)."""
    vectors: VectorsReport
    unknown_examples: list[str] = field(default_factory=list)
    """The first five keys that match no track, or several."""
    skipped: int = 0
    problems: list[str] = field(default_factory=list)
    """File, line and reason of the first thousand skipped rows."""
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
    """Imports vectors in batches. A repeated import changes nothing, and an interrupted one can be repeated.

    In FMA's layout the first column holds FMA's ids. In a flat file the name of the first column says what it holds,
    unless `key` is set: `track_id` and `id` mean the catalog's ids, `fma_id` and `external_id` those of the data set,
    other names paths. Raises CsvSourceError if the header is invalid, no row has a vector, or the name is invalid or
    belongs to other vectors, and CollectionRootError for an unknown collection. The feature set is stored with its
    first vector.
    """
    _require_name(name)
    with open_lines(file) as lines, database.writer.connect() as connection:
        header = read_header(lines)
        require_dimensions_of(name, file.name, header)
        kind = key or _kind(header)
        report = VectorImportReport(
            str(file), kind, VectorsReport(file.name, name, len(header.dimensions)), dry_run=dry_run
        )
        problems, seen = ImportIssues(), IdBitmap()
        outer = connection.begin() if dry_run else None
        begin = connection.begin_nested if dry_run else connection.begin
        try:
            with begin():
                features = imported_features(connection, name, header.dimensions)
                collection_id = (
                    None if collection_name is None else collection_id_of(connection, collection_name)
                )
            folder = os.path.abspath(os.fsencode(file.parent))  # noqa: PTH100 - a folder's name is bytes here
            done = 0
            for batch in read_vectors(lines, header, problems, VECTORS_PER_TRANSACTION):
                with begin():
                    ids = _find(connection, kind, batch, collection_id, folder)
                    if ids:
                        feature_set = register_feature_set(connection, features)
                        store_vectors_bulk(
                            connection, feature_set, batch, ids, seen, report.vectors, problems
                        )
                    else:
                        report.vectors.unknown += len(batch)
                unknown = [row_key for _, row_key, _ in batch if row_key not in ids]
                report.unknown_examples += unknown[: 5 - len(report.unknown_examples)]
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
        raise CsvSourceError(f"{name!r} is a feature set of this program; choose another name")
    if not _NAME.fullmatch(name):
        raise CsvSourceError(
            f"{name!r} is not a valid name of a feature set; use up to 64 letters, digits, '.', '_', '+' and '-', "
            "beginning with a letter or digit"
        )


def _without_vectors(file: str, problems: ImportIssues) -> str:
    reason = f" ({problems.examples[0]})" if problems.examples else ""
    return f"{file} has no row with a vector{reason}; nothing was imported"


def _kind(header: Header) -> str:
    return "external" if header.is_official else _KEY_BY_COLUMN.get(header.key.casefold(), "path")


def _find(
    connection: Connection, kind: str, batch: Rows, collection_id: int | None, folder: bytes
) -> dict[str, int]:
    """The ids of tracks by key; keys that match several tracks are left out."""
    keys = {key for _, key, _ in batch}
    if kind == "path":
        roots = [root for root in known_roots(connection) if collection_id in (None, root.id)]
        matches = find_paths(connection, roots, folder, keys)
        return {key: next(iter(ids)) for key, ids in matches.items() if len(ids) == 1}
    if kind == "catalog":
        numbers = {
            int(key): key
            for key in keys
            if key.isascii() and key.isdecimal() and len(key) < 14 and int(key) < MAX_CATALOG_ID
        }
        query = sa.select(track.c.id).where(track.c.id.in_(list(numbers)))
        if collection_id is not None:
            query = query.where(track.c.collection_id == collection_id)
        return {numbers[track_id]: track_id for track_id in connection.execute(query).scalars()}
    rows = sa.select(track.c.external_id, sa.func.min(track.c.id)).where(track.c.external_id.in_(list(keys)))
    if collection_id is not None:
        rows = rows.where(track.c.collection_id == collection_id)
    return dict(connection.execute(rows.group_by(track.c.external_id).having(sa.func.count() == 1)).all())
