"""A stored cluster run compared with the current labels: clusters, spread and overlap of genres, outliers."""

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
from catalog.audit.clusters.cluster_run_store import Assignments, Run, latest_runs, load_assignments, read_run
from catalog.audit.clusters.reference_labels import Labels, load_labels
from catalog.batches import chunks
from catalog.db.tables import artist, track
from catalog.learning.dataset.hierarchy import path_to_top


@dataclass(frozen=True, eq=False)
class RunSummary:
    """A run compared with the current labels."""

    run: Run
    gone: int
    """Tracks of the run whose files went missing or that were forgotten since."""
    sizes: Mapping[int, int]
    """Tracks of every cluster, labeled or not; NOISE for those in no cluster."""
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


def outliers_by_feature_set(connection: Connection) -> dict[str, list[Outlier]]:
    """The outliers in the newest run of each feature set, by its name.

    By the current labels, at the level of each run. The list is empty for a run without outliers.
    """
    by_feature_set = {}
    for name, run in latest_runs(connection).items():
        labels = _labels(connection, run)
        placed = load_assignments(connection, run.id).of(labels.track_ids)
        by_feature_set[name] = _wrong_cluster_outliers(_labeled(labels, placed), labels)
    return by_feature_set


def _wrong_cluster_outliers(labeled: Labeled, labels: Labels) -> list[Outlier]:
    """Outliers, except tracks in the cluster of a genre below their own, which could be more specific but are not
    wrong.
    """
    return [
        outlier
        for outlier in outliers(labeled)
        if outlier.genre_id not in path_to_top(outlier.majority_genre_id, labels.broader)
    ]


def _labels(connection: Connection, run: Run) -> Labels:
    # Tracks were excluded by their label at that time; the tracks of the run count whatever their label is now.
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
    titles: dict[int, tuple[str | None, str]] = {}
    for ids in chunks(track_ids):
        query = (
            sa.select(track.c.id, artist.c.name, sa.func.coalesce(track.c.title, track.c.path, ""))
            .join_from(track, artist, artist.c.id == track.c.artist_id, isouter=True)
            .where(track.c.id.in_(ids))
        )
        titles |= {track_id: (name, title) for track_id, name, title in connection.execute(query)}
    return titles
