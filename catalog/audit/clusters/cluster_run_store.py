"""Storage and comparison of cluster runs: parameters, scores, and the cluster of every track."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Float32, Integers
from catalog.audit.clusters.contingency import ClusterAgreement, contingency, singletons
from catalog.dataclass_json import from_json
from catalog.db.tables import audit, cluster_count, cluster_run, feature_set
from catalog.db.upsert import insert_row
from catalog.errors import CatalogError


class UnknownClusterRunError(CatalogError):
    """There is no finished cluster run with that id."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The scores of a run."""

    tracks: int
    labeled: int
    genres: int
    """Distinct labels at the level."""
    noise: int
    """Tracks in no cluster."""
    unusable: int
    """Tracks left out because their vector is not finite."""
    silhouette: float | None
    """Of the clustered tracks, or of a sample of them."""
    agreement: ClusterAgreement | None
    """With the labels; each noise track is a cluster of its own. None if there is nothing to compare."""
    clustered: ClusterAgreement | None
    """On the clustered tracks alone; None without noise."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    id: int
    audit_id: int
    finished_at: datetime
    feature_set: str
    version: int
    algorithm: str
    seed: int
    parameters: Mapping[str, Any]
    """Level, excluded genres, origin of the number of clusters, space, and options of the algorithm."""
    clusters: int
    outcome: RunResult


@dataclass(frozen=True, eq=False)
class Assignments:
    """The clusters of n tracks."""

    track_ids: Integers
    """(n,), ascending; some may no longer be in the catalog."""
    clusters: Integers
    """(n,): -1 is noise."""
    centrality: Float32
    """(n,): NaN if unknown."""

    def of(self, track_ids: Integers) -> Assignments:
        """The part with these tracks."""
        kept = np.isin(self.track_ids, track_ids)
        return Assignments(self.track_ids[kept], self.clusters[kept], self.centrality[kept])


def store_run(
    connection: Connection,
    audit_id: int,
    feature_set_id: int,
    algorithm: str,
    parameters: Mapping[str, Any],
    placed: Assignments,
    outcome: RunResult,
    genres: Integers,
) -> int:
    """Writes a run with its contingency table and returns its id; `genres` (n,) are those of its tracks, 0 for none."""
    run_id = insert_row(
        connection,
        cluster_run,
        audit_id=audit_id,
        feature_set_id=feature_set_id,
        algorithm=algorithm,
        parameters=dict(parameters),
        clusters=int(placed.clusters.max(initial=-1)) + 1,
        scores=asdict(outcome),
        tracks=placed.track_ids.astype("<i8").tobytes(),
        assignments=placed.clusters.astype("<i4").tobytes(),
        centrality=placed.centrality.astype("<f4").tobytes(),
    )
    tagged = genres != 0
    genre_ids, numbers, table = contingency(genres[tagged], placed.clusters[tagged])
    rows = [
        {
            "cluster_run_id": run_id,
            "cluster": int(numbers[row]),
            "genre_id": int(genre_ids[column]),
            "tracks": int(table[row, column]),
        }
        for row, column in np.argwhere(table)
    ]
    if rows:
        connection.execute(sa.insert(cluster_count), rows)
    return run_id


def list_runs(connection: Connection, audit_id: int | None = None) -> list[Run]:
    """The runs of finished audits, newest first; or those of one audit, in their order."""
    query = _runs()
    if audit_id is None:
        query = query.order_by(cluster_run.c.id.desc())
    else:
        query = query.where(audit.c.id == audit_id).order_by(cluster_run.c.id)
    return [_run(row) for row in connection.execute(query).mappings()]


def read_run(connection: Connection, run_id: int) -> Run:
    """One run. Raises UnknownClusterRunError."""
    row = connection.execute(_runs().where(cluster_run.c.id == run_id)).mappings().one_or_none()
    if row is None:
        raise UnknownClusterRunError(f"there is no cluster run {run_id}; see: catalog audit clusters --list")
    return _run(row)


def latest_runs(connection: Connection) -> dict[str, Run]:
    """The newest run of every feature set, by its name."""
    latest: dict[str, Run] = {}
    for run in list_runs(connection):
        latest.setdefault(run.feature_set, run)
    return latest


def load_assignments(connection: Connection, run_id: int) -> Assignments:
    """The clusters of the tracks of a run."""
    columns = cluster_run.c
    row = connection.execute(
        sa.select(columns.tracks, columns.assignments, columns.centrality).where(columns.id == run_id)
    ).one()
    track_ids = np.frombuffer(row.tracks, "<i8").astype(np.int64)
    centrality = (
        np.full(len(track_ids), np.nan, np.float32)
        if row.centrality is None
        else np.frombuffer(row.centrality, "<f4").astype(np.float32)
    )
    return Assignments(track_ids, np.frombuffer(row.assignments, "<i4").astype(np.int64), centrality)


def _runs() -> sa.Select[Any]:
    columns = cluster_run.c
    return (
        sa.select(
            columns.id,
            columns.audit_id,
            audit.c.finished_at,
            feature_set.c.name,
            feature_set.c.version,
            columns.algorithm,
            audit.c.seed,
            columns.parameters,
            columns.clusters,
            columns.scores,
        )
        .join_from(cluster_run, audit, audit.c.id == columns.audit_id)
        .join(feature_set, feature_set.c.id == columns.feature_set_id)
        .where(audit.c.finished_at.is_not(None))
    )


def _run(row: RowMapping) -> Run:
    return Run(
        id=row["id"],
        audit_id=row["audit_id"],
        finished_at=row["finished_at"],
        feature_set=row["name"],
        version=row["version"],
        algorithm=row["algorithm"],
        seed=row["seed"] or 0,
        parameters=row["parameters"],
        clusters=row["clusters"],
        outcome=from_json(RunResult, row["scores"]),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Agreement on the common tracks: 1 for identical clusters, 0 on average by chance."""

    one: Run
    other: Run
    tracks: int
    """Common tracks."""
    adjusted_rand: float | None
    """None without common tracks."""
    adjusted_mutual_information: float | None


def compare_runs(connection: Connection, one: int, other: int) -> Comparison:
    """Compares two runs; every noise track is a cluster of its own. Raises UnknownClusterRunError."""
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    runs = read_run(connection, one), read_run(connection, other)
    left, right = load_assignments(connection, one), load_assignments(connection, other)
    common = np.intersect1d(left.track_ids, right.track_ids, assume_unique=True)
    if not len(common):
        return Comparison(*runs, 0, None, None)
    left_clusters, right_clusters = (singletons(each.of(common).clusters) for each in (left, right))
    return Comparison(
        *runs,
        tracks=len(common),
        adjusted_rand=float(adjusted_rand_score(left_clusters, right_clusters)),
        adjusted_mutual_information=float(adjusted_mutual_info_score(left_clusters, right_clusters)),
    )
