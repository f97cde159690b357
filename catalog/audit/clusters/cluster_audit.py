"""The cluster audit: tracks divided by how they sound, held against their labels, and kept as runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.audit.clusters.cluster_algorithms import (
    ALGORITHMS,
    FINDS_ITS_NUMBER,
    Clustering,
    cluster,
    numbers_worth_trying,
)
from catalog.audit.clusters.cluster_findings import FEWEST
from catalog.audit.clusters.cluster_labels import Labels, Level, load_labels
from catalog.audit.clusters.cluster_run import Assignments, RunResult, store_run
from catalog.audit.clusters.cluster_space import Points, load_points
from catalog.audit.clusters.contingency import NOISE, cluster_agreement, singletons
from catalog.audit.clusters.silhouette import centrality, silhouette
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import read_with_retry, write_with_retry
from catalog.db.tables import audit, feature_set, feature_vector
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set

FEWEST_TRACKS = 4
"""With fewer there is nothing to divide."""
PROJECTED = "grid"
"""Clustered only by name: `pca` is its projection."""


class NothingToClusterError(CatalogError):
    """No vectors, or too few for what is wanted."""


@dataclass(frozen=True)
class ClusterRequest:
    """What to cluster, and how."""

    algorithms: tuple[str, ...] = ("kmeans",)
    feature_sets: tuple[str, ...] = ()
    """By name; empty for all that tracks have vectors of, `grid` excepted."""
    clusters: int | None = None
    """None: chosen."""
    level: Level = "leaf"
    exclude: tuple[str, ...] = ()
    """Genres by name: tracks with them, or with narrower ones, are left out."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.algorithms:
            if name not in ALGORITHMS:
                raise ValueError(f"there is no algorithm {name!r}; known are: {', '.join(ALGORITHMS)}")
            if name in FINDS_ITS_NUMBER and self.clusters is not None:
                raise ValueError(f"{name} finds the number of clusters by itself; leave it out")


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run that is to come."""

    feature_set: str
    algorithm: str
    tracks: int
    numbers: tuple[int, ...]
    """Of clusters, to choose among; empty where the algorithm finds it by itself."""


@dataclass(frozen=True, eq=False)
class ClusterAudit:
    """What was done, or would be."""

    audit_id: int | None
    """None for a dry run."""
    plan: Sequence[PlannedRun]
    labeled: int
    genres: tuple[str, ...]
    """The different labels at the level, by name."""
    excluded: int
    unusable: dict[str, int] = field(default_factory=dict)
    """Tracks left out for a vector that is not finite, by feature set; those without any are not named."""


@dataclass(frozen=True, eq=False)
class _ClusterInput:
    """What is clustered: the labels, and the tracks with a vector of each recipe."""

    labels: Labels
    recipes: Sequence[tuple[StoredFeatureSet, Integers]]
    numbers: tuple[int, ...]


def audit_clusters(
    database: Database,
    wanted: ClusterRequest,
    *,
    dry_run: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> ClusterAudit:
    """Clusters every feature set by every algorithm and stores each as a run of one audit.

    Nothing is stored unless all went well; a PostgreSQL that goes away meanwhile is waited for. `on_progress` takes what is being read, vectors read, and all there are.
    Raises NothingToClusterError and UnknownGenreError before any work.
    """
    ground = read_with_retry(database, lambda connection: _prepare(connection, wanted))
    plan = [
        PlannedRun(recipe.name, algorithm, len(ids), () if algorithm in FINDS_ITS_NUMBER else ground.numbers)
        for recipe, ids in ground.recipes
        for algorithm in wanted.algorithms
    ]
    tagged = ground.labels.genres[ground.labels.genres != 0]
    genres = tuple(sorted(ground.labels.names[each] for each in np.unique(tagged).tolist()))
    found = ClusterAudit(None, plan, len(tagged), genres, ground.labels.excluded)
    if dry_run:
        return found
    runs = []
    for recipe, ids in ground.recipes:
        points = _points(database, recipe, ids, wanted, on_progress)
        if points.unusable:
            found.unusable[recipe.name] = points.unusable
        for algorithm in wanted.algorithms:
            clustering = cluster(algorithm, points.matrix, ground.numbers, seed=wanted.seed)
            runs.append((recipe, algorithm, *_evaluate(points, clustering, ground.labels, wanted)))

    def store(connection: Connection) -> int:
        audit_id = _begin(connection, wanted, started=found)
        for recipe, algorithm, parameters, placed, outcome in runs:
            of_genre = ground.labels.genres[ground.labels.at(placed.track_ids)]
            store_run(connection, audit_id, recipe.id, algorithm, parameters, placed, outcome, of_genre)
        connection.execute(sa.update(audit).where(audit.c.id == audit_id).values(finished_at=now()))
        return audit_id

    audit_id = write_with_retry(database, store)
    return ClusterAudit(audit_id, plan, found.labeled, genres, found.excluded, found.unusable)


def _prepare(connection: Connection, wanted: ClusterRequest) -> _ClusterInput:
    labels = load_labels(connection, wanted.level, wanted.exclude)
    recipes = []
    for recipe in _recipes(connection, wanted.feature_sets):
        ids = np.fromiter(
            connection.execute(
                sa.select(feature_vector.c.track_id)
                .where(feature_vector.c.feature_set_id == recipe.id)
                .order_by(feature_vector.c.track_id)
            ).scalars(),
            dtype=np.int64,
        )
        ids = np.intersect1d(ids, labels.track_ids, assume_unique=True)
        _require(recipe.name, len(ids), wanted.clusters)
        recipes.append((recipe, ids))
    if wanted.clusters is not None:
        return _ClusterInput(labels, recipes, (wanted.clusters,))
    tracks = np.unique(labels.genres[labels.genres != 0], return_counts=True)[1]
    least = min(len(ids) for _, ids in recipes)
    return _ClusterInput(labels, recipes, numbers_worth_trying(int((tracks >= FEWEST).sum()), least))


def _recipes(connection: Connection, names: Sequence[str]) -> list[StoredFeatureSet]:
    """The recipes that these names stand for, or all that were computed, `grid` excepted."""
    columns = feature_set.c
    has_vectors = sa.exists().where(feature_vector.c.feature_set_id == columns.id)
    known = list(
        connection.execute(
            sa.select(columns.name).where(columns.active, has_vectors).order_by(columns.name)
        ).scalars()
    )
    if not known:
        raise NothingToClusterError("no track was analyzed yet; run: catalog analyze")
    for name in names:
        if name not in known:
            raise NothingToClusterError(
                f"no track has a vector of {name!r}; there are: {', '.join(known)}; for another: "
                f"catalog analyze --feature-set {name}"
            )
    chosen = names or [name for name in known if name != PROJECTED] or known
    found = [active_feature_set(connection, name) for name in dict.fromkeys(chosen)]
    return [recipe for recipe in found if recipe is not None]


def _require(name: str, tracks: int, clusters: int | None) -> None:
    fewest = max(FEWEST_TRACKS, (clusters or 1) + 1)
    if tracks < fewest:
        wanted = "clusters take" if clusters is None else f"{clusters:,} clusters take"
        raise NothingToClusterError(
            f"{wanted} {fewest:,} tracks or more, {tracks:,} have a vector of {name} and are not left out"
        )


def _points(
    database: Database,
    recipe: StoredFeatureSet,
    ids: Integers,
    wanted: ClusterRequest,
    on_progress: Callable[[str, int, int], None] | None,
) -> Points:
    def advance(done: int, total: int) -> None:
        if on_progress is not None:
            on_progress(recipe.name, done, total)

    points = read_with_retry(
        database,
        lambda connection: load_points(connection, recipe, ids, seed=wanted.seed, on_progress=advance),
    )
    if points.unusable:
        _require(f"{recipe.name} without a number that is not finite", len(points.track_ids), wanted.clusters)
    return points


def _evaluate(
    points: Points, clustering: Clustering, labels: Labels, wanted: ClusterRequest
) -> tuple[dict[str, Any], Assignments, RunResult]:
    """How the run is described, where it put the tracks, and what it came to."""
    clusters = clustering.assignments
    genres = labels.genres[labels.at(points.track_ids)]
    tagged, inside = genres != 0, clusters != NOISE
    outcome = RunResult(
        tracks=len(clusters),
        labeled=int(tagged.sum()),
        genres=len(np.unique(genres[tagged])),
        noise=int((~inside).sum()),
        unusable=points.unusable,
        silhouette=silhouette(points.matrix, clusters, seed=wanted.seed),
        agreement=cluster_agreement(genres[tagged], singletons(clusters)[tagged], seed=wanted.seed),
        clustered=None
        if inside.all()
        else cluster_agreement(genres[tagged & inside], clusters[tagged & inside], seed=wanted.seed),
    )
    parameters = {
        "level": wanted.level,
        "exclude": list(wanted.exclude),
        "chosen_by": clustering.chosen_by,
        "components": points.matrix.shape[1],
        "variance": round(points.variance, 4),
        **clustering.parameters,
    }
    placed = Assignments(points.track_ids, clusters, centrality(points.matrix, clusters))
    return parameters, placed, outcome


def _begin(connection: Connection, wanted: ClusterRequest, started: ClusterAudit) -> int:
    return int(
        connection.execute(
            sa.insert(audit)
            .values(
                kind="clusters",
                seed=wanted.seed,
                parameters=asdict(wanted),
                summary={"labeled": started.labeled, "genres": len(started.genres)},
            )
            .returning(audit.c.id)
        ).scalar_one()
    )
