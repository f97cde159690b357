"""Vectors that were computed elsewhere: their recipe, and writing those that are new or have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Float32
from catalog.audio.feature_set import FeatureSet, Waveform
from catalog.csvio.csv_source import CsvSourceError, ImportIssues
from catalog.csvio.id_set import IdSet
from catalog.db.bulk_insert import write_rows
from catalog.db.columns import now
from catalog.db.tables import feature_vector
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set, register_feature_set

Rows = Sequence[tuple[int, str, Float32]]
"""Line, key and vector of each row."""


@dataclass
class VectorsReport:
    """What became of one file of vectors."""

    file: str
    feature_set: str
    dimensions: int
    matched: int = 0
    """Rows that name a track of the catalog and hold a vector."""
    new: int = 0
    changed: int = 0
    unknown: int = 0
    """Rows that name no track; where only a subset was imported, those outside it."""
    repeated: int = 0
    """Rows on a track that an earlier row named; left out."""
    blank: int = 0
    """Rows that are empty but for their id."""


def imported_feature_set(connection: Connection, name: str, dimensions: tuple[str, ...]) -> StoredFeatureSet:
    """The recipe of vectors that came from a file, made where there is none yet. Raises as `imported_features`."""
    return register_feature_set(connection, imported_features(connection, name, dimensions))


def imported_features(connection: Connection, name: str, dimensions: tuple[str, ...]) -> FeatureSet:
    """The feature set of vectors that came from a file; its hash stands for the name and the dimensions.

    Raises CsvSourceError where the name stands for other numbers: equal names must not hide what differs.
    """
    digest = hashlib.blake2b("\n".join(dimensions).encode(), digest_size=16).hexdigest()
    features = FeatureSet(
        name, 1, {"imported": True, "dimensions": digest}, dimensions, 44_100, _refuse, libraries=()
    )
    known = active_feature_set(connection, name)
    if known is not None and known.hash != features.hash:
        raise CsvSourceError(
            f"{name!r} stands for other vectors already, of {len(known.dimensions):,} numbers; choose another name"
        )
    return features


def store_vectors_bulk(
    connection: Connection,
    recipe: StoredFeatureSet,
    batch: Rows,
    ids: Mapping[str, int],
    seen: IdSet,
    report: VectorsReport,
    problems: ImportIssues,
) -> None:
    """Writes a batch in the caller's transaction. `ids` are the tracks by key; `seen` are those that had their row."""
    vectors: dict[int, Float32] = {}
    for line, key, vector in batch:
        track_id = ids.get(key)
        if track_id is None:
            report.unknown += 1
        elif not seen.add(track_id):
            report.repeated += 1
            problems.add(report.file, line, f"track {key} for the second time; left out")
        else:
            vectors[track_id] = vector
    new, changed = write_vectors(connection, recipe, vectors)
    report.matched += len(vectors)
    report.new += new
    report.changed += changed


def write_vectors(
    connection: Connection, recipe: StoredFeatureSet, vectors: Mapping[int, Float32]
) -> tuple[int, int]:
    """Writes vectors by track, in the caller's transaction; gives how many are new and how many have changed.

    One that is the same, number by number, is left as it is.
    """
    if not vectors:
        return 0, 0
    columns = feature_vector.c
    of_recipe = columns.feature_set_id == recipe.id
    ids = list(vectors)
    kept = connection.execute(
        sa.select(columns.track_id, columns.vector).where(of_recipe, columns.track_id.in_(ids))
    )
    same, changed = set(), []
    for track_id, vector in kept:
        if vector.tobytes() == vectors[track_id].tobytes():
            same.add(track_id)
        else:
            changed.append(track_id)
    moment = now()
    if changed:
        update = sa.update(feature_vector).where(of_recipe, columns.track_id == sa.bindparam("key"))
        connection.execute(
            update.values(
                file_signature=None, provenance=None, computed_at=moment, vector=sa.bindparam("numbers")
            ),
            [{"key": track_id, "numbers": vectors[track_id]} for track_id in changed],
        )
    fresh = sorted(vectors.keys() - same - set(changed))
    write_rows(
        connection,
        feature_vector,
        ("feature_set_id", "track_id", "vector", "computed_at"),
        ((recipe.id, track_id, vectors[track_id], moment) for track_id in fresh),
    )
    return len(fresh), len(changed)


def _refuse(_waveform: Waveform) -> Float32:
    raise NotImplementedError("vectors that were imported cannot be computed")
