"""Evidence of a label audit: tagged tracks with predictions, vectors, conflicts of sources, and cluster outliers."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Float32, Integers
from catalog.audit.clusters.cluster_evidence import outliers_by_feature_set
from catalog.audit.clusters.cluster_findings import Outlier
from catalog.audit.labels.audited_tracks import AuditedTracks, GenreInfo, class_column
from catalog.audit.labels.candidate_tracks import (
    TrackRow,
    class_probabilities,
    connected_groups,
    load_candidates,
    named_artist,
)
from catalog.audit.labels.decision_feedback import Feedback, load_feedback
from catalog.audit.labels.label_issues import MIN_SUSPICION
from catalog.audit.labels.source_conflicts import SourceConflict, load_source_conflicts
from catalog.batches import chunks
from catalog.db.tables import artist, track
from catalog.features.stored_feature_set import active_feature_set
from catalog.features.vectors import load_matrix
from catalog.learning.dataset.catalog_tracks import load_broader, load_predictable
from catalog.learning.dataset.exclusion import Excluded
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.registry.default_feature_sets import DEFAULTS
from catalog.learning.registry.registry import model_feature_sets

EVIDENCE_VERSION = 8
"""Raised when the same evidence gets another weight, so that a new audit is made."""
FURTHER_FEATURE_SETS = DEFAULTS
"""Feature sets besides the model's first that give an opinion of their own if every track has a vector."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The audited tracks in the order of their ids, then the tracks outside the model with a conflict of sources."""

    track_ids: Integers
    audited: AuditedTracks
    genres: GenreInfo
    albums: Sequence[int | None]
    """Album ids."""
    artist_ids: Sequence[int | None]
    """None for unknown artists."""
    is_confirmed: Sequence[bool]
    """Labels set by a person: they are evidence on other tracks and are never flagged."""
    conflicts: Mapping[int, Sequence[SourceConflict]]
    """Conflicts of sources by position. Positions beyond `audited` are of tracks that no model covers."""
    outliers: Mapping[int, Sequence[tuple[str, Outlier]]]
    """Feature set and outlier by position: tracks inside another genre's cluster, without weight."""
    feedback: Feedback
    """Earlier decisions."""
    digest: str
    """Differs between two audits with different evidence."""


def gather_evidence(connection: Connection, model_row: RowMapping, excluded: Excluded) -> Evidence:
    """All evidence on the labels, without the tracks of excluded genres.

    Tracks of audit samples are included. No model was trained on them, so the suspects among them measure the precision
    of the list.
    """
    broader, names = load_broader(connection)
    suggestable = load_predictable(connection)
    column = class_column(model_row["class_order"])
    rows, tags, counts_for = load_candidates(connection, model_row, broader, excluded)
    track_ids = np.array([row.id for row in rows], dtype=np.int64)
    vectors, further = _load_vectors(connection, model_row, track_ids)
    audited = AuditedTracks(
        probability=np.array([class_probabilities(row, column) for row in rows], dtype=np.float64).reshape(
            -1, len(column)
        ),
        y=np.array([column[counts_for[genre_ids[0]] or 0] for genre_ids in tags], dtype=np.int64),
        tags=tags,
        groups=connected_groups(rows),
        artists=[row.folded for row in rows],
        vectors=vectors,
        further=further,
    )
    conflicts = [
        conflict
        for conflict in load_source_conflicts(connection, broader, suggestable)
        if conflict.genre_id not in excluded.genre_ids
    ]
    position = {track_id: at for at, track_id in enumerate(track_ids.tolist())}
    outside = _tracks_outside_model(
        connection, sorted({conflict.track_id for conflict in conflicts} - position.keys())
    )
    position |= {row.id: len(position) + at for at, row in enumerate(outside)}
    outliers = [
        (name, outlier)
        for name, of_feature_set in sorted(outliers_by_feature_set(connection).items())
        for outlier in of_feature_set
        if outlier.track_id in position
    ]
    conflicts_at: defaultdict[int, list[SourceConflict]] = defaultdict(list)
    for conflict in conflicts:
        conflicts_at[position[conflict.track_id]].append(conflict)
    outliers_at: defaultdict[int, list[tuple[str, Outlier]]] = defaultdict(list)
    for name, outlier in outliers:
        outliers_at[position[outlier.track_id]].append((name, outlier))
    return Evidence(
        track_ids=np.concatenate([track_ids, np.array([row.id for row in outside], dtype=np.int64)]),
        audited=audited,
        genres=GenreInfo(Hierarchy.of(list(column), broader), broader, counts_for, names, suggestable),
        albums=[row.album_id for row in (*rows, *outside)],
        artist_ids=[row.artist_id for row in (*rows, *outside)],
        is_confirmed=[*(row.source == "person" for row in rows), *(False for _ in outside)],
        conflicts=conflicts_at,
        outliers=outliers_at,
        feedback=load_feedback(connection),
        digest=_digest(model_row["id"], counts_for, rows, audited, conflicts, outliers),
    )


def _tracks_outside_model(connection: Connection, track_ids: Sequence[int]) -> list[Any]:
    """Album and artist of these tracks."""
    return [
        row
        for ids in chunks(track_ids)
        for row in connection.execute(
            sa.select(track.c.id, track.c.album_id, artist.c.id.label("artist_id"))
            .join_from(track, artist, named_artist(), isouter=True)
            .where(track.c.id.in_(ids))
            .order_by(track.c.id)
        )
    ]


def _load_vectors(
    connection: Connection, model_row: RowMapping, track_ids: Integers
) -> tuple[Float32 | None, list[Float32]]:
    """The vectors of the model's first feature set, and those of further feature sets.

    The first is None, and a further one is left out, if a track has no vector. The first feature set of a model is the
    one for similarity (see `catalog.learning.registry.default_feature_sets`).
    """
    feature_sets = {each.name: each for each in model_feature_sets(connection, model_row["id"])}
    first = next(iter(feature_sets.values()), None)
    matrices: dict[str, Float32] = {}
    for name in dict.fromkeys([*([first.name] if first else []), *FURTHER_FEATURE_SETS]):
        feature_set = feature_sets.get(name) or active_feature_set(connection, name)
        if feature_set is None or not len(track_ids):
            continue
        ids, matrix = load_matrix(connection, feature_set, track_ids)
        if np.array_equal(ids, track_ids):
            matrices[name] = matrix
    vectors = None if first is None else matrices.pop(first.name, None)
    return vectors, [matrix for matrix in matrices.values() if np.isfinite(matrix).all()]


def _digest(
    model_id: int,
    counts_for: Mapping[int, int | None],
    rows: Sequence[TrackRow],
    audited: AuditedTracks,
    conflicts: Sequence[SourceConflict],
    outliers: Sequence[tuple[str, Outlier]],
) -> str:
    parts = [
        [EVIDENCE_VERSION, model_id, MIN_SUSPICION, len(audited.further), sorted(counts_for.items())],
        [[row.id, row.artist_id, row.album_id, row.source] for row in rows],
        [list(tags) for tags in audited.tags],
        [[each.track_id, each.genre_id, each.suggested_genre_id, each.weight] for each in conflicts],
        [[name, each.track_id, each.majority_genre_id, round(each.share, 3)] for name, each in outliers],
    ]
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(json.dumps(part).encode())
    digest.update(np.ascontiguousarray(audited.probability).tobytes())
    return digest.hexdigest()
