"""Bulk writing of imported vectors, and their feature set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Float32
from catalog.audio.feature_set import FeatureSet, Waveform
from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_source import ImportIssues
from catalog.csvio.id_bitmap import IdBitmap
from catalog.db.bulk_insert import write_rows
from catalog.db.columns import now
from catalog.db.tables import feature_vector
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set, register_feature_set

Rows = Sequence[tuple[int, str, Float32]]
"""Line, key and vector of each row."""


@dataclass
class VectorsReport:
    """The result of importing one file of vectors."""

    file: str
    feature_set: str
    dimensions: int
    matched: int = 0
    """Rows with a vector and a existing track."""
    new: int = 0
    changed: int = 0
    unknown: int = 0
    """Rows whose track is not in the catalog, for example outside an imported subset."""
    repeated: int = 0
    """Rows for a track that an earlier row had; skipped."""
    blank: int = 0
    """Rows with an id and no numbers."""


def imported_feature_set(connection: Connection, name: str, dimensions: tuple[str, ...]) -> StoredFeatureSet:
    """The stored feature set of imported vectors, created if needed. Raises as `imported_features`."""
    return register_feature_set(connection, imported_features(connection, name, dimensions))


def imported_features(connection: Connection, name: str, dimensions: tuple[str, ...]) -> FeatureSet:
    """The feature set of imported vectors; its hash covers the name and the dimensions.

    Raises CsvSourceError if the name is taken by vectors with other dimensions.
    """
    digest = hashlib.blake2b("\n".join(dimensions).encode(), digest_size=16).hexdigest()
    features = FeatureSet(
        name, 1, {"imported": True, "dimensions": digest}, dimensions, 44_100, _not_computable, libraries=()
    )
    existing = active_feature_set(connection, name)
    if existing is not None and existing.hash != features.hash:
        raise CsvSourceError(
            f"the feature set {name!r} exists with other dimensions ({len(existing.dimensions):,}); choose another name"
        )
    return features


def store_vectors_bulk(
    connection: Connection,
    feature_set_row: StoredFeatureSet,
    batch: Rows,
    ids: Mapping[str, int],
    seen: IdBitmap,
    report: VectorsReport,
    problems: ImportIssues,
) -> None:
    """Writes a batch in the caller's transaction.

    `ids` maps keys to tracks; `seen` holds the tracks of earlier rows.
    """
    vectors: dict[int, Float32] = {}
    for line, key, vector in batch:
        track_id = ids.get(key)
        if track_id is None:
            report.unknown += 1
        elif not seen.add(track_id):
            report.repeated += 1
            problems.add(report.file, line, f"track {key} occurs twice; skipped")
        else:
            vectors[track_id] = vector
    new, changed = write_vectors(connection, feature_set_row, vectors)
    report.matched += len(vectors)
    report.new += new
    report.changed += changed


def write_vectors(
    connection: Connection, feature_set_row: StoredFeatureSet, vectors: Mapping[int, Float32]
) -> tuple[int, int]:
    """Writes vectors by track in the caller's transaction; returns the numbers of new and of changed vectors.

    A vector equal to the stored one, byte by byte, is not written.
    """
    if not vectors:
        return 0, 0
    columns = feature_vector.c
    is_of_feature_set = columns.feature_set_id == feature_set_row.id
    ids = list(vectors)
    stored = connection.execute(
        sa.select(columns.track_id, columns.vector).where(is_of_feature_set, columns.track_id.in_(ids))
    )
    unchanged, changed = set(), []
    for track_id, vector in stored:
        if vector.tobytes() == vectors[track_id].tobytes():
            unchanged.add(track_id)
        else:
            changed.append(track_id)
    moment = now()
    if changed:
        update = sa.update(feature_vector).where(is_of_feature_set, columns.track_id == sa.bindparam("key"))
        connection.execute(
            update.values(
                file_signature=None, provenance=None, computed_at=moment, vector=sa.bindparam("numbers")
            ),
            [{"key": track_id, "numbers": vectors[track_id]} for track_id in changed],
        )
    new_ids = sorted(vectors.keys() - unchanged - set(changed))
    write_rows(
        connection,
        feature_vector,
        ("feature_set_id", "track_id", "vector", "computed_at"),
        ((feature_set_row.id, track_id, vectors[track_id], moment) for track_id in new_ids),
    )
    return len(new_ids), len(changed)


def _not_computable(_waveform: Waveform) -> Float32:
    raise NotImplementedError("imported vectors cannot be computed")
