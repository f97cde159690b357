"""What a stored run says by today's labels: of its clusters, of genres, and of tracks that lie in another genre's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.clusters.cluster_findings import (
    Content,
    Labeled,
    Outlier,
    Overlap,
    Spread,
    contents,
    outliers,
    overlaps,
    spreads,
)
from catalog.audit.clusters.cluster_labels import Labels, load_labels
from catalog.audit.clusters.cluster_run import Assignments, Run, latest_runs, load_assignments, read_run
from catalog.db.tables import artist, track
from catalog.learning.dataset.hierarchy import path_to_top

CHUNK = 5_000
"""Ids in one question."""


@dataclass(frozen=True, eq=False)
class RunSummary:
    """A run read by today's labels."""

    run: Run
    gone: int
    """Tracks of the run that have gone missing since, or were forgotten."""
    sizes: Mapping[int, int]
    """Tracks of every cluster, labeled or not; NOISE for those in none."""
    contents: Sequence[Content]
    spreads: Sequence[Spread]
    overlaps: Sequence[Overlap]
    misplaced: Sequence[Outlier]
    names: Mapping[int, str]
    """Of every genre, by id."""


def read_findings(connection: Connection, run_id: int) -> RunSummary:
    """The run at its level of the vocabulary. Raises UnknownClusterRunError."""
    run = read_run(connection, run_id)
    labels = _labels(connection, run)
    stored = load_assignments(connection, run.id)
    placed = stored.of(labels.track_ids)
    numbers, counts = np.unique(placed.clusters, return_counts=True)
    labeled = _labeled(labels, placed)
    return RunSummary(
        run=run,
        gone=len(stored.track_ids) - len(placed.track_ids),
        sizes=dict(zip(numbers.tolist(), counts.tolist(), strict=True)),
        contents=contents(labeled.genres, labeled.clusters),
        spreads=spreads(labeled.genres, labeled.clusters),
        overlaps=overlaps(labeled.genres, labeled.clusters),
        misplaced=_wrong_cluster_outliers(labeled, labels),
        names=labels.names,
    )


def cluster_evidence(connection: Connection) -> dict[str, list[Outlier]]:
    """The tracks that lie deep inside another genre's cluster by the newest run of each feature set, by its name.

    By today's labels, at the level of each run. A run without clusters of other genres gives an empty list.
    """
    found = {}
    for name, run in latest_runs(connection).items():
        labels = _labels(connection, run)
        placed = load_assignments(connection, run.id).of(labels.track_ids)
        found[name] = _wrong_cluster_outliers(_labeled(labels, placed), labels)
    return found


def _wrong_cluster_outliers(labeled: Labeled, labels: Labels) -> list[Outlier]:
    """Misplaced tracks; one in the cluster of a narrower term than its own could be more precise, but is not wrong."""
    return [
        one
        for one in outliers(labeled)
        if one.genre_id not in path_to_top(one.majority_genre_id, labels.broader)
    ]


def _labels(connection: Connection, run: Run) -> Labels:
    # What was left out then was left out for its genre of then: tracks of the run are looked at whatever they are now.
    return load_labels(connection, run.parameters.get("level", "leaf"))


def _labeled(labels: Labels, placed: Assignments) -> Labeled:
    rows = labels.at(placed.track_ids)
    tagged = labels.genres[rows] != 0
    return Labeled(
        track_ids=placed.track_ids[tagged],
        genres=labels.genres[rows][tagged],
        clusters=placed.clusters[tagged],
        centrality=placed.centrality[tagged],
        artists=labels.artists[rows][tagged],
    )


def load_titles(connection: Connection, track_ids: Sequence[int]) -> dict[int, tuple[str | None, str]]:
    """Artist, and title or else path, of tracks by id."""
    found: dict[int, tuple[str | None, str]] = {}
    for start in range(0, len(track_ids), CHUNK):
        query = (
            sa.select(track.c.id, artist.c.name, sa.func.coalesce(track.c.title, track.c.path, ""))
            .join_from(track, artist, artist.c.id == track.c.artist_id, isouter=True)
            .where(track.c.id.in_(track_ids[start : start + CHUNK]))
        )
        found |= {track_id: (name, title) for track_id, name, title in connection.execute(query)}
    return found
