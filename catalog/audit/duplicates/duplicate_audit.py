"""The duplicate audit: finds pairs of tracks with the same or nearly the same audio. Tracks are never merged."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.tables import audit, duplicate_pair, feature_vector, track
from catalog.db.track_query import IS_LISTED, latest_audit
from catalog.db.upsert import insert_row
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set
from catalog.features.vectors import load_matrix
from catalog.learning.dataset.catalog_tracks import load_broader, load_tags
from catalog.learning.dataset.hierarchy import path_to_top
from catalog.similarity.duplicates import (
    Pair,
    connected_tracks,
    genres_differ,
    near_duplicate_pairs,
    same_audio_pairs,
)
from catalog.threads import one_thread

FEATURE_SET = "musicnn"
COMPARISON_VERSION = 2
"""Raised when the same tracks would give other pairs, so that they are compared again."""


@dataclass(frozen=True)
class DuplicateAudit:
    """The result of a duplicate audit."""

    audit_id: int | None
    """None for a dry run."""
    is_new: bool
    """False if the last audit found the same pairs."""
    tracks: int
    """Compared tracks."""
    pairs: Sequence[Pair]
    differing: int
    """Pairs with different genres."""
    groups: Sequence[Sequence[int]]
    """Track ids connected by pairs, the largest group first."""


@one_thread()
def audit_duplicates(database: Database, *, dry_run: bool = False) -> DuplicateAudit:
    """Finds tracks with the same audio, and tracks with similar vectors and durations, and stores them as pairs.

    Without feature vectors only the same audio is found. A dry run stores nothing. If tracks and vectors are those of
    the last audit, so are the pairs, and only their genres are compared. If the connection to PostgreSQL is lost, it
    waits until the server is back.
    """
    return retry_until_connected(lambda: _audit(database, dry_run=dry_run))


def _audit(database: Database, *, dry_run: bool) -> DuplicateAudit:
    with database.read() as connection:
        rows = connection.execute(
            sa.select(track.c.id, track.c.audio_hash, track.c.duration).where(IS_LISTED).order_by(track.c.id)
        ).all()
        recipe = active_feature_set(connection, FEATURE_SET)
        compared = _compared(connection, rows, recipe)
        latest = _latest(connection)
        if latest is not None and latest["parameters"].get("compared") == compared:
            pairs = _stored_pairs(connection, latest["id"])
        else:
            pairs = _find_pairs(connection, rows, recipe)
        differ = _genres_differ(connection, pairs)
    digest = _digest(pairs, differ)
    is_new = latest is None or latest["parameters"].get("digest") != digest
    audit_id = None if dry_run or latest is None else latest["id"]
    if not dry_run:
        parameters = {"digest": digest, "compared": compared, "feature_set": FEATURE_SET}
        if is_new:
            with database.write() as connection:
                audit_id = _store(connection, parameters, len(rows), pairs, differ)
        elif latest is not None and latest["parameters"] != parameters:
            with database.write() as connection:
                connection.execute(
                    sa.update(audit).where(audit.c.id == latest["id"]).values(parameters=parameters)
                )
    groups = connected_tracks(pairs) if pairs else []
    return DuplicateAudit(audit_id, is_new, len(rows), pairs, sum(differ), groups)


def _find_pairs(connection: Connection, rows: Sequence[Any], recipe: StoredFeatureSet | None) -> list[Pair]:
    pairs = same_audio_pairs([row.id for row in rows], [row.audio_hash for row in rows])
    if recipe is None:
        return _in_order(pairs)
    ids, X = load_matrix(connection, recipe)
    lengths = {row.id: row.duration for row in rows}
    present = np.flatnonzero([track_id in lengths for track_id in ids.tolist()])
    if len(present) < len(ids):
        ids, X = ids[present], X[present]
    return _in_order(
        pairs + near_duplicate_pairs(ids, X, [lengths[track_id] for track_id in ids.tolist()], pairs)
    )


def _compared(connection: Connection, rows: Sequence[Any], recipe: StoredFeatureSet | None) -> str:
    """A digest of the compared tracks and vectors, without reading the vectors."""
    vectors: tuple[object, ...] = ()
    if recipe is not None:
        vectors = tuple(
            connection.execute(
                sa.select(sa.func.count(), sa.func.max(feature_vector.c.computed_at)).where(
                    feature_vector.c.feature_set_id == recipe.id
                )
            ).one()
        )
    facts = [COMPARISON_VERSION, recipe and recipe.id, *map(str, vectors), [tuple(row) for row in rows]]
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest()


def _stored_pairs(connection: Connection, audit_id: int) -> list[Pair]:
    columns = duplicate_pair.c
    rows = connection.execute(
        sa.select(columns.track_id, columns.other_track_id, columns.kind, columns.similarity).where(
            columns.audit_id == audit_id
        )
    )
    return _in_order(Pair(*row) for row in rows)


def _in_order(pairs: Iterable[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: (pair.kind != "same_audio", pair.track_id, pair.other_track_id))


def differing_duplicates(connection: Connection) -> Mapping[int, Sequence[tuple[int, str]]]:
    """For each track its duplicates with different genres in the latest audit: their ids and kinds of pair."""
    duplicates: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    columns = duplicate_pair.c
    for row in connection.execute(
        sa.select(columns.track_id, columns.other_track_id, columns.kind)
        .where(columns.audit_id == latest_audit("duplicates"), columns.genres_differ)
        .order_by(columns.track_id, columns.other_track_id)
    ):
        duplicates[row.track_id].append((row.other_track_id, row.kind))
        duplicates[row.other_track_id].append((row.track_id, row.kind))
    return duplicates


def _genres_differ(connection: Connection, pairs: Sequence[Pair]) -> list[bool]:
    broader, _ = load_broader(connection)
    above = {genre_id: path_to_top(genre_id, broader) for genre_id in broader}
    track_ids = sorted({track_id for pair in pairs for track_id in (pair.track_id, pair.other_track_id)})
    genres = load_tags(connection, track_ids)
    return [genres_differ(genres[pair.track_id], genres[pair.other_track_id], above) for pair in pairs]


def _latest(connection: Connection) -> RowMapping | None:
    return (
        connection.execute(
            sa.select(audit.c.id, audit.c.parameters).where(audit.c.id == latest_audit("duplicates"))
        )
        .mappings()
        .one_or_none()
    )


def _digest(pairs: Sequence[Pair], differ: Sequence[bool]) -> str:
    parts = json.dumps([[asdict(pair), differs] for pair, differs in zip(pairs, differ, strict=True)])
    return hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


def _store(
    connection: Connection,
    parameters: Mapping[str, Any],
    tracks: int,
    pairs: Sequence[Pair],
    differ: Sequence[bool],
) -> int:
    audit_id = insert_row(
        connection,
        audit,
        kind="duplicates",
        parameters=parameters,
        summary={"tracks": tracks, "pairs": len(pairs), "differing": sum(differ)},
        finished_at=now(),
    )
    if pairs:
        rows = [
            {"audit_id": audit_id, **asdict(pair), "genres_differ": differs}
            for pair, differs in zip(pairs, differ, strict=True)
        ]
        connection.execute(sa.insert(duplicate_pair), rows)
    return audit_id
