"""The cluster audit: clusters feature vectors, compares the clusters with the labels, and stores the runs."""

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
from catalog.audit.clusters.cluster_run_store import Assignments, RunResult, store_run
from catalog.audit.clusters.cluster_space import Points, load_points
from catalog.audit.clusters.contingency import NOISE, cluster_agreement, singletons
from catalog.audit.clusters.reference_labels import Labels, Level, load_labels
from catalog.audit.clusters.silhouette import centrality, silhouette
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import read_with_retry, write_with_retry
from catalog.db.tables import audit, feature_set, feature_vector
from catalog.db.track_query import select_ids
from catalog.db.upsert import insert_row
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set
from catalog.threads import one_thread

FEWEST_TRACKS = 4
"""Minimum number of tracks to cluster."""
PROJECTED = "grid"
"""Clustered only if named: `pca` is its projection."""


class NothingToClusterError(CatalogError):
    """There are no vectors, or too few for the number of clusters."""


@dataclass(frozen=True)
class ClusterRequest:
    """Options of a cluster audit."""

    algorithms: tuple[str, ...] = ("kmeans",)
    feature_sets: tuple[str, ...] = ()
    """Names; empty for all feature sets with vectors, except `grid`."""
    clusters: int | None = None
    """None: the algorithm chooses."""
    level: Level = "leaf"
    exclude: tuple[str, ...] = ()
    """Names of genres: tracks with them, or with narrower ones, are left out."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.algorithms:
            if name not in ALGORITHMS:
                raise ValueError(f"there is no algorithm {name!r}; choose from: {', '.join(ALGORITHMS)}")
            if name in FINDS_ITS_NUMBER and self.clusters is not None:
                raise ValueError(f"{name} finds the number of clusters itself; do not give one")


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run before it starts."""

    feature_set: str
    algorithm: str
    tracks: int
    numbers: tuple[int, ...]
    """Numbers of clusters to choose from; empty if the algorithm finds the number."""


@dataclass(frozen=True, eq=False)
class ClusterAudit:
    """The result of a cluster audit, or its plan."""

    audit_id: int | None
    """None for a dry run."""
    plan: Sequence[PlannedRun]
    labeled: int
    genres: tuple[str, ...]
    """Names of the labels at the level."""
    excluded: int
    unusable: dict[str, int] = field(default_factory=dict)
    """Tracks left out because of a vector that is not finite, by feature set."""


@dataclass(frozen=True, eq=False)
class _ClusterInput:
    """The labels, and the tracks with a vector of each feature set."""

    labels: Labels
    recipes: Sequence[tuple[StoredFeatureSet, Integers]]
    numbers: tuple[int, ...]


@one_thread()
def audit_clusters(
    database: Database,
    request: ClusterRequest,
    *,
    dry_run: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> ClusterAudit:
    """Clusters every feature set by every algorithm and stores each result as a run of one audit.

    Stores all runs or none; waits for a PostgreSQL server that goes away. `on_progress` takes the feature set, the
    vectors read, and their total. Raises NothingToClusterError and UnknownLevelGenreError before any work.
    """
    prepared = read_with_retry(database, lambda connection: _prepare(connection, request))
    plan = [
        PlannedRun(
            recipe.name, algorithm, len(ids), () if algorithm in FINDS_ITS_NUMBER else prepared.numbers
        )
        for recipe, ids in prepared.recipes
        for algorithm in request.algorithms
    ]
    tagged = prepared.labels.genres[prepared.labels.genres != 0]
    genres = tuple(sorted(prepared.labels.names[each] for each in np.unique(tagged).tolist()))
    planned = ClusterAudit(None, plan, len(tagged), genres, prepared.labels.excluded)
    if dry_run:
        return planned
    runs = []
    for recipe, ids in prepared.recipes:
        points = _points(database, recipe, ids, request, on_progress)
        if points.unusable:
            planned.unusable[recipe.name] = points.unusable
        for algorithm in request.algorithms:
            clustering = cluster(algorithm, points.matrix, prepared.numbers, seed=request.seed)
            runs.append((recipe, algorithm, *_evaluate(points, clustering, prepared.labels, request)))

    def store(connection: Connection) -> int:
        audit_id = insert_row(
            connection,
            audit,
            kind="clusters",
            seed=request.seed,
            parameters=asdict(request),
            summary={"labeled": planned.labeled, "genres": len(genres)},
        )
        for recipe, algorithm, parameters, assignments, result in runs:
            of_genre = prepared.labels.genres[prepared.labels.at(assignments.track_ids)]
            store_run(connection, audit_id, recipe.id, algorithm, parameters, assignments, result, of_genre)
        connection.execute(sa.update(audit).where(audit.c.id == audit_id).values(finished_at=now()))
        return audit_id

    audit_id = write_with_retry(database, store)
    return ClusterAudit(audit_id, plan, planned.labeled, genres, planned.excluded, planned.unusable)


def _prepare(connection: Connection, request: ClusterRequest) -> _ClusterInput:
    labels = load_labels(connection, request.level, request.exclude)
    recipes = []
    for recipe in _recipes(connection, request.feature_sets):
        query = sa.select(feature_vector.c.track_id).where(feature_vector.c.feature_set_id == recipe.id)
        ids = np.intersect1d(select_ids(connection, query), labels.track_ids, assume_unique=True)
        _require(recipe.name, len(ids), request.clusters)
        recipes.append((recipe, ids))
    if request.clusters is not None:
        return _ClusterInput(labels, recipes, (request.clusters,))
    tracks = np.unique(labels.genres[labels.genres != 0], return_counts=True)[1]
    least = min(len(ids) for _, ids in recipes)
    return _ClusterInput(labels, recipes, numbers_worth_trying(int((tracks >= FEWEST).sum()), least))


def _recipes(connection: Connection, names: Sequence[str]) -> list[StoredFeatureSet]:
    """The feature sets of these names, or all with vectors except `grid`."""
    columns = feature_set.c
    has_vectors = sa.exists().where(feature_vector.c.feature_set_id == columns.id)
    available = list(
        connection.execute(
            sa.select(columns.name).where(columns.active, has_vectors).order_by(columns.name)
        ).scalars()
    )
    if not available:
        raise NothingToClusterError("no track has been analyzed; run: catalog analyze")
    for name in names:
        if name not in available:
            raise NothingToClusterError(
                f"no track has a vector of {name!r}; available: {', '.join(available)}; to compute it: "
                f"catalog analyze --feature-set {name}"
            )
    chosen = names or [name for name in available if name != PROJECTED] or available
    active = [active_feature_set(connection, name) for name in dict.fromkeys(chosen)]
    return [feature_set for feature_set in active if feature_set is not None]


def _require(name: str, tracks: int, clusters: int | None) -> None:
    fewest = max(FEWEST_TRACKS, (clusters or 1) + 1)
    if tracks < fewest:
        number = "clusters" if clusters is None else f"{clusters:,} clusters"
        raise NothingToClusterError(
            f"{number} need at least {fewest:,} tracks; {tracks:,} have a vector of {name} and are not excluded"
        )


def _points(
    database: Database,
    recipe: StoredFeatureSet,
    ids: Integers,
    request: ClusterRequest,
    on_progress: Callable[[str, int, int], None] | None,
) -> Points:
    def advance(done: int, total: int) -> None:
        if on_progress is not None:
            on_progress(recipe.name, done, total)

    points = read_with_retry(
        database,
        lambda connection: load_points(connection, recipe, ids, seed=request.seed, on_progress=advance),
    )
    if points.unusable:
        _require(f"{recipe.name} without non-finite numbers", len(points.track_ids), request.clusters)
    return points


def _evaluate(
    points: Points, clustering: Clustering, labels: Labels, request: ClusterRequest
) -> tuple[dict[str, Any], Assignments, RunResult]:
    """Parameters of the run, cluster of each track, and result."""
    clusters = clustering.assignments
    genres = labels.genres[labels.at(points.track_ids)]
    tagged, inside = genres != 0, clusters != NOISE
    result = RunResult(
        tracks=len(clusters),
        labeled=int(tagged.sum()),
        genres=len(np.unique(genres[tagged])),
        noise=int((~inside).sum()),
        unusable=points.unusable,
        silhouette=silhouette(points.matrix, clusters, seed=request.seed),
        agreement=cluster_agreement(genres[tagged], singletons(clusters)[tagged], seed=request.seed),
        clustered=None
        if inside.all()
        else cluster_agreement(genres[tagged & inside], clusters[tagged & inside], seed=request.seed),
    )
    parameters = {
        "level": request.level,
        "exclude": list(request.exclude),
        "chosen_by": clustering.chosen_by,
        "components": points.matrix.shape[1],
        "variance": round(points.variance, 4),
        **clustering.parameters,
    }
    assignments = Assignments(points.track_ids, clusters, centrality(points.matrix, clusters))
    return parameters, assignments, result
