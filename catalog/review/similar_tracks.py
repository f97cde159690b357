"""Similar tracks by other artists: those that the audit counted, else the nearest ones by the same search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Float32, Integers
from catalog.audit.reasons import Reason
from catalog.batches import chunks
from catalog.db.tables import artist, audit, collection, genre, label, statement, track, track_status
from catalog.db.track_query import IS_LISTED, latest_audit
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vectors import load_matrix
from catalog.learning.registry.registry import active_model, model_feature_sets
from catalog.review.suspect_filters import unjudged_sample
from catalog.similarity.nearest import NEIGHBORS, NO_NEIGHBOR, nearest_to

LARGEST = 50_000
"""Maximum number of tracks: 40 MB for 200 dimensions. Larger collections keep the confirmed tracks and a random
sample."""
SEED = 0


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A similar track."""

    track_id: int
    title: str | None
    artist: str | None
    collection: str | None
    path: str | None
    genres: tuple[str, ...]
    """Its tags in order."""
    is_confirmed: bool
    """A person set the tags."""
    has_file: bool
    """The file can be played."""
    is_counted: bool | None = None
    """The reason counts it: it is tagged as suggested. None for neighbors that no reason counts."""
    is_changed: bool = False
    """Its tags changed after the audit counted it."""
    hidden: Literal["sample", "removed"] | None = None
    """Why it has neither a name nor tags: it waits for a blind judgment, or it is no longer in the catalog."""


@dataclass(frozen=True, eq=False)
class NeighborIndex:
    """Vectors of n tagged tracks. Built once; it does not follow changes of the database."""

    feature_set: StoredFeatureSet
    """The first feature set of the active model, in which the audit searches neighbors too."""
    track_ids: Integers
    """(n,), ascending."""
    groups: Integers
    """(n,): the artist; a number of its own for each track of an unknown artist."""
    vectors: Float32
    """(n, dimensions)."""


def load_neighbor_index(connection: Connection) -> NeighborIndex | None:
    """The tagged tracks with a vector of the active model's first feature set; None without a model or vectors."""
    model_row = active_model(connection)
    feature_sets = () if model_row is None else model_feature_sets(connection, model_row["id"])
    tagged = connection.execute(
        sa.select(track.c.id, statement.c.source)
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .where(track_status.c.tagged_genre_id.is_not(None), IS_LISTED)
        .order_by(track.c.id)
    ).all()
    if not tagged or not feature_sets:
        return None
    ids = np.array([row.id for row in tagged], dtype=np.int64)
    if len(ids) > LARGEST:
        confirmed = np.array([row.source == "person" for row in tagged], dtype=np.bool_)
        others = np.random.default_rng(SEED).permutation(np.flatnonzero(~confirmed))[:LARGEST]
        ids = np.sort(np.concatenate([ids[confirmed], ids[others]]))
    with_vector, vectors = load_matrix(connection, feature_sets[0], ids)
    if not len(with_vector):
        return None
    return NeighborIndex(feature_sets[0], with_vector, _artist_groups(connection, with_vector), vectors)


def similar_tracks(
    connection: Connection, index: NeighborIndex | None, reasons: Mapping[int, Sequence[Reason]]
) -> dict[int, tuple[Neighbor, ...]]:
    """For each track, given with the stored reasons of its suspicion, the ten nearest tracks by other artists.

    They are the tracks that a reason counted, each with its mark. Only without such a reason they are searched in the
    index, in the same feature set.
    """
    counted = {
        track_id: next((each for each in of_track if each.get("near")), None)
        for track_id, of_track in reasons.items()
    }
    near: dict[int, list[int]] = {
        track_id: list(reason["near"]) for track_id, reason in counted.items() if reason is not None
    }
    if index is not None:
        near |= _search(connection, index, sorted(reasons.keys() - near.keys()))
    described = _described(connection, {other for others in near.values() for other in others})
    blind: set[Any] = set(connection.execute(unjudged_sample()).scalars())
    audited_at = connection.execute(
        sa.select(audit.c.finished_at).where(audit.c.id == latest_audit("labels"))
    ).scalar_one_or_none()
    return {
        track_id: tuple(
            neighbor
            for other in others
            if (
                neighbor := _neighbor(
                    other, described.get(other), other in blind, counted[track_id], audited_at
                )
            )
        )
        for track_id, others in near.items()
    }


def _neighbor(
    track_id: int,
    facts: Mapping[str, Any] | None,
    is_blind: bool,
    reason: Reason | None,
    audited_at: datetime | None,
) -> Neighbor | None:
    """A neighbor as it may be shown. One that no reason counted is left out if it has to stay hidden."""
    is_counted = None if reason is None else track_id in reason["counted"]
    if facts is None or is_blind:
        if reason is None:
            return None
        hidden: Literal["sample", "removed"] = "removed" if facts is None else "sample"
        return Neighbor(track_id, None, None, None, None, (), False, False, is_counted, hidden=hidden)
    stated_at = facts["stated_at"]
    is_changed = reason is not None and audited_at is not None and stated_at > audited_at
    shown = {name: value for name, value in facts.items() if name != "stated_at"}
    return Neighbor(**shown, is_counted=is_counted, is_changed=is_changed)


def _search(connection: Connection, index: NeighborIndex, track_ids: Sequence[int]) -> dict[int, list[int]]:
    """The nearest tracks of each track that has a vector, nearest first."""
    query_ids, vectors = load_matrix(connection, index.feature_set, track_ids)
    if not len(query_ids):
        return {}
    own = _artist_groups(connection, query_ids)
    [positions] = nearest_to(index.vectors, [index.groups], vectors, [own], count=NEIGHBORS + 1)
    return {
        track_id: [other for other in index.track_ids[row[row != NO_NEIGHBOR]].tolist() if other != track_id][
            :NEIGHBORS
        ]
        for track_id, row in zip(query_ids.tolist(), positions, strict=True)
    }


def _artist_groups(connection: Connection, track_ids: Integers) -> Integers:
    """(n,): the artist of each track; a negative number of its own for an unknown artist or a placeholder."""
    artists: dict[int, int] = {}
    for ids in chunks(track_ids.tolist()):
        artists |= dict(
            connection.execute(
                sa.select(track.c.id, artist.c.id)
                .join_from(track, artist, artist.c.id == track.c.artist_id)
                .where(track.c.id.in_(ids), sa.not_(artist.c.is_placeholder))
            ).all()
        )
    return np.array([artists.get(track_id, -track_id) for track_id in track_ids.tolist()], dtype=np.int64)


def _described(connection: Connection, track_ids: set[int]) -> dict[int, dict[str, Any]]:
    rows = connection.execute(
        sa.select(
            track.c.id,
            track.c.title,
            artist.c.name.label("artist"),
            collection.c.name.label("collection"),
            track.c.path,
            track.c.state,
            statement.c.source,
            statement.c.stated_at,
            genre.c.name.label("genre"),
        )
        .join_from(track, collection, collection.c.id == track.c.collection_id)
        .join(track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .join(label, label.c.statement_id == statement.c.id)
        .join(genre, genre.c.id == label.c.genre_id)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .where(track.c.id.in_(track_ids))
        .order_by(track.c.id, label.c.rank)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        genres = (row.genre,)
        if row.id in found:
            genres = (*found[row.id]["genres"], row.genre)
        found[row.id] = {
            "track_id": row.id,
            "title": row.title,
            "artist": row.artist,
            "collection": row.collection,
            "path": row.path,
            "genres": genres,
            "is_confirmed": row.source == "person",
            "has_file": row.state == "present",
            "stated_at": row.stated_at,
        }
    return found
