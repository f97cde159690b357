"""Import of feature vectors that other programs computed, from a CSV file in FMA's layout or a flat one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from catalog.audio.feature_sets.installed import feature_sets
from catalog.collection.fma.fma_vectors import require_dimensions_of
from catalog.collection.name_matching import NameMatcher
from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_source import ImportIssues, open_lines
from catalog.csvio.file_format import source_name
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

KEY_ROLES = {"path": "path", "external_id": "external", "track_id": "catalog"}
"""Kinds of key by the role of their column in `columns`."""
EITHER_ID = "id"
"""Ids of the catalog or of the data set; the first rows decide."""

_KEY_BY_COLUMN = {
    "id": EITHER_ID,
    "catalog_id": "catalog",
    "track_id": EITHER_ID,
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
    texts: tuple[str, ...] = ()
    """Columns of text, which were left out."""
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
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    collection_name: str | None = None,
    moved_roots: Mapping[str, str] | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int, int | None, str], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
) -> VectorImportReport:
    """Imports vectors in batches; `-` is the standard input.

    A repeated import changes nothing, and an interrupted one can be repeated.

    In FMA's layout the first column holds FMA's ids. In a flat file the name of the first column says what it holds,
    unless `key` is set:

    - `fma_id`, `external_id`: ids of the data set;
    - `track_id`, `id`: ids of the data set or of the catalog, whichever match more of the first rows;
    - any other name: paths.

    `columns` names another key column by one
    of KEY_ROLES. `moved_roots` maps folders that the file names to those on this machine. `on_warning` gets a sentence
    if none of the first rows matches. Raises CsvSourceError if the header is invalid, no row has a vector, or the name
    is invalid or belongs to other vectors, and CollectionRootError for an unknown collection. The feature set is stored
    with its first vector.
    """
    _require_name(name)
    role, column = _key_column(columns or {})
    with open_lines(file, encoding) as lines, database.writer.connect() as connection:
        header = read_header(lines, key=column)
        require_dimensions_of(name, lines.name, header)
        kind = key or role or _kind(header)
        report = VectorImportReport(
            source_name(file),
            "catalog" if kind == EITHER_ID else kind,
            VectorsReport(lines.name, name, len(header.dimensions)),
            texts=header.texts,
            dry_run=dry_run,
        )
        problems, seen = ImportIssues(), IdBitmap()
        outer = connection.begin() if dry_run else None
        begin = connection.begin_nested if dry_run else connection.begin
        try:
            with begin():
                features = imported_features(connection, name, header.dimensions)
                folder = os.path.abspath(os.fsencode(file.parent))  # noqa: PTH100 - a folder's name is bytes here
                matcher = NameMatcher(connection, folder, collection_name, moved_roots or {})
            done = 0
            for batch in read_vectors(lines, header, problems, VECTORS_PER_TRANSACTION):
                with begin():
                    if kind == EITHER_ID:
                        kind = report.key = _likely_kind(matcher, batch)
                    ids = _find(matcher, kind, batch)
                    if ids:
                        feature_set = register_feature_set(connection, features)
                        store_vectors_bulk(
                            connection, feature_set, batch, ids, seen, report.vectors, problems
                        )
                    else:
                        report.vectors.unknown += len(batch)
                unknown = [row_key for _, row_key, _ in batch if row_key not in ids]
                report.unknown_examples += unknown[: 5 - len(report.unknown_examples)]
                if not (done or ids) and on_warning is not None:
                    on_warning(_no_match_message(matcher, kind, batch))
                done += len(batch)
                if on_progress is not None:
                    on_progress(done, None, name)
            if not done:
                raise CsvSourceError(_without_vectors(lines.name, problems))
        finally:
            if outer is not None:
                outer.rollback()
        report.vectors.blank = problems.blank
        report.skipped, report.problems = problems.count, problems.examples
    return report


def _require_name(name: str) -> None:
    if name in feature_sets() or name == FITTED:
        raise CsvSourceError(f"{name!r} is a built-in feature set; choose another name")
    if not _NAME.fullmatch(name):
        raise CsvSourceError(
            f"{name!r} is not a valid feature set name; use up to 64 letters, digits, '.', '_', '+' and '-', "
            "beginning with a letter or digit"
        )


def _without_vectors(file: str, problems: ImportIssues) -> str:
    reason = f" ({problems.examples[0]})" if problems.examples else ""
    return f"{file} has no row with a vector{reason}; nothing was imported"


def _key_column(columns: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The kind of key and the name of the key column; None for the first column."""
    if unknown := sorted(columns.keys() - KEY_ROLES.keys()):
        raise CsvSourceError(
            f"{unknown[0]!r} is not a key column of a file of vectors; the columns are: {', '.join(KEY_ROLES)}"
        )
    if len(columns) > 1:
        raise CsvSourceError(f"give one key column, not {' and '.join(sorted(columns))}")
    return next(((KEY_ROLES[role], column) for role, column in columns.items()), (None, None))


def _kind(header: Header) -> str:
    return "external" if header.is_official else _KEY_BY_COLUMN.get(header.key.casefold(), "path")


def _likely_kind(matcher: NameMatcher, batch: Rows) -> str:
    """Whether the keys are external ids or the catalog's ids: the kind that more of them match."""
    external, own = (len(_find(matcher, kind, batch)) for kind in ("external", "catalog"))
    return "external" if external > own else "catalog"


def _no_match_message(matcher: NameMatcher, kind: str, batch: Rows) -> str:
    line, key, _ = batch[0]
    advice = "for a list of another machine: --root OLD=NEW" if kind == "path" else "for other keys: --key"
    return (
        f"none of the first {len(batch):,} rows matches a track; the first, line {line}: {kind} {key!r}; "
        f"{matcher.describe_catalog()}; {advice}. The other rows are tried"
    )


def _find(matcher: NameMatcher, kind: str, batch: Rows) -> dict[str, int]:
    """The ids of tracks by key; keys that match several tracks are left out."""
    keys = {key for _, key, _ in batch}
    if kind == "catalog":
        numbers = {
            int(key): key
            for key in keys
            if key.isascii() and key.isdecimal() and len(key) < 14 and int(key) < MAX_CATALOG_ID
        }
        query = sa.select(track.c.id).where(track.c.id.in_(list(numbers)))
        if matcher.collection_id is not None:
            query = query.where(track.c.collection_id == matcher.collection_id)
        return {numbers[track_id]: track_id for track_id in matcher.connection.execute(query).scalars()}
    matches = matcher.find(keys) if kind == "path" else matcher.find_external(keys)
    return {key: next(iter(ids)) for key, ids in matches.items() if len(ids) == 1}
