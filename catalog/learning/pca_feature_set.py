"""The feature set `pca`: a projection of `grid` that is fitted to the catalog's tracks, its artifact and vectors."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Booleans, Float32, Floats, Integers
from catalog.audio.feature_set import FeatureSet, Waveform
from catalog.audio.feature_sets.grid import GRID
from catalog.db.database import Database
from catalog.db.tables import feature_set, feature_vector
from catalog.db.track_query import select_ids
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import (
    StoredFeatureSet,
    activate_feature_set,
    active_feature_set,
    register_feature_set,
)
from catalog.features.vectors import load_matrix, store_vector
from catalog.learning.dataset.catalog_tracks import load_tracks
from catalog.learning.dataset.groups import connected_groups
from catalog.learning.fitting.pca import VARIANCE, Projection, components_for, fit_projection
from catalog.learning.registry.artifact import ArtifactRejectedError, read_artifact, write_artifact
from catalog.threads import one_thread

NAME, SOURCE = "pca", "grid"
SUFFIX = ".npz"
ADVICE = "refit it with `catalog features pca --refit`, or restore the file from a backup"
CHUNK = 2_000
"""Vectors of `grid` that are projected at a time."""
MIN_TRACKS = 8
"""The smallest number of tracks to fit a projection on."""
MAX_TRACKS = 4_000
"""The largest number of tracks that are sampled for fitting and for the held-out test."""
HELD_OUT = 0.2
"""The share of held-out tracks."""


class NothingToProjectError(CatalogError):
    """Too few tracks have a vector of `grid`."""


@dataclass(frozen=True)
class ProjectionFacts:
    """How well a projection reproduces the vectors. Errors are root mean squares over all cells, in dB."""

    tracks: int
    """The number of tracks it was fitted to."""
    components: int
    target_variance: float
    components_for_target: int
    """The components that explain the target variance; more than `components` if there are few tracks."""
    explained_variance: float
    """By the components, on the tracks it was fitted to."""
    error: float
    curve: tuple[float, ...]
    """The share of the variance explained by the first 1, 2, ... components."""
    held_out_tracks: int
    """Held out of a second fit, connected tracks together, to test the projection on new tracks; or 0."""
    held_out_explained_variance: float | None
    held_out_error: float | None
    held_out_curve: tuple[float, ...]
    """The curve of the second fit on the held-out tracks."""


@dataclass(frozen=True)
class ProjectionReport:
    """The result of `project_grid`."""

    hash: str
    """The hash of the feature set."""
    artifact: str
    """The name of the file in the models folder."""
    is_new: bool
    """Whether a new projection was fitted."""
    projected: int
    """The number of vectors that were stored, or would be in a dry run."""
    facts: ProjectionFacts


@dataclass(frozen=True, eq=False)
class FittedProjection:
    """A projection with its facts and its source."""

    projection: Projection
    facts: ProjectionFacts
    source: str
    """The hash of the feature set whose vectors it projects."""

    def to_npz(self) -> bytes:
        """The bytes of an npz file without pickles."""
        file = io.BytesIO()
        text = json.dumps(
            {"source": self.source, "total": self.projection.total, "facts": asdict(self.facts)}
        )
        np.savez(
            file,
            mean=self.projection.mean,
            components=self.projection.components,
            curve=self.projection.curve,
            facts=np.array(text),
        )
        return file.getvalue()

    @classmethod
    def from_npz(cls, content: bytes) -> FittedProjection:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            stored = json.loads(str(file["facts"]))
            facts: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in stored["facts"].items()
            }
            projection = Projection(
                file["mean"], file["components"], file["curve"], stored["total"], facts["tracks"]
            )
        return cls(projection, ProjectionFacts(**facts), stored["source"])


@one_thread()
def project_grid(
    database: Database,
    models: Path,
    *,
    variance: float = VARIANCE,
    refit: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> ProjectionReport:
    """Fits a projection of `grid` unless there is one, and stores the missing vectors of all tracks.

    With `refit`, or if another version of `grid` is active, a new version of `pca` is created, and activated after all
    of its vectors are stored. Raises NothingToProjectError and ArtifactRejectedError.
    """
    with database.read() as connection:
        source = active_feature_set(connection, SOURCE)
        if source is None:
            raise NothingToProjectError(
                "no track was analyzed by grid; run: catalog analyze --feature-set grid"
            )
        active = None if refit else _load_active(connection, models, source, variance)
        fitted = _fit(connection, source, variance) if active is None else active[0]
    if active is None:
        name, digest = write_artifact(models, fitted.to_npz(), SUFFIX, dry_run=dry_run)
    else:
        name, digest = _file(active[1]), active[1]
    features = pca(fitted, digest)
    if dry_run:
        with database.read() as connection:
            missing = _tracks_without_vector(connection, source, features.hash)
        return ProjectionReport(features.hash, name, active is None, len(missing), fitted.facts)
    with database.write() as connection:
        recipe = register_feature_set(connection, features)
    with database.read() as connection:
        missing = _tracks_without_vector(connection, source, recipe.hash)
    for start in range(0, len(missing), CHUNK):
        with database.write() as connection:
            _project(connection, source, recipe, fitted.projection, missing[start : start + CHUNK])
        if on_progress is not None:
            on_progress(min(start + CHUNK, len(missing)), len(missing))
    if not recipe.active:
        with database.write() as connection:
            activate_feature_set(connection, recipe)
    return ProjectionReport(recipe.hash, name, active is None, len(missing), fitted.facts)


def pca(fitted: FittedProjection, digest: str) -> FeatureSet:
    """The feature set of a fitted projection, identified by the SHA-256 of its artifact."""
    count = len(fitted.projection.components)

    def compute(waveform: Waveform) -> Float32:
        coordinates: Float32 = fitted.projection.apply(GRID.compute(waveform)[np.newaxis])[0]
        return coordinates

    return FeatureSet(
        name=NAME,
        version=1,
        parameters={
            "of": fitted.source,
            "artifact": digest,
            "variance": fitted.facts.target_variance,
            "components": count,
            "tracks": fitted.projection.tracks,
        },
        dimensions=tuple(f"pca.{number:03d}" for number in range(1, count + 1)),
        sample_rate=GRID.sample_rate,
        compute=compute,
        libraries=GRID.libraries,
    )


def drop_artifact(connection: Connection, models: Path, name: str) -> None:
    """Deletes the artifact of a removed version, unless another version uses it."""
    artifacts = connection.execute(
        sa.select(feature_set.c.parameters).where(feature_set.c.name == NAME)
    ).scalars()
    if name not in {_file(str(parameters.get("artifact"))) for parameters in artifacts}:
        (models / name).unlink(missing_ok=True)


def artifact_of(connection: Connection, recipe: StoredFeatureSet) -> str | None:
    """The file name of the projection of a feature set; None if the feature set is no projection."""
    parameters = _parameters(connection, recipe)
    return _file(str(parameters["artifact"])) if recipe.name == NAME and "artifact" in parameters else None


def _load_active(
    connection: Connection, models: Path, source: StoredFeatureSet, variance: float
) -> tuple[FittedProjection, str] | None:
    """The active projection and its SHA-256, if it has this source and this target variance."""
    recipe = active_feature_set(connection, NAME)
    if recipe is None:
        return None
    parameters = _parameters(connection, recipe)
    if (parameters.get("of"), parameters.get("variance")) != (source.hash, variance):
        return None
    digest = str(parameters["artifact"])
    content = read_artifact(models, _file(digest), digest, advice=ADVICE)
    try:
        return FittedProjection.from_npz(content), digest
    except Exception as error:
        # The hash matches, but the content may still be invalid: both may come from an untrusted backup.
        raise ArtifactRejectedError(
            f"the model file {_file(digest)} is not a projection ({type(error).__name__}); {ADVICE}"
        ) from error


def _parameters(connection: Connection, recipe: StoredFeatureSet) -> dict[str, Any]:
    query = sa.select(feature_set.c.parameters).where(feature_set.c.id == recipe.id)
    return dict(connection.execute(query).scalar_one())


def _file(digest: str) -> str:
    return f"{digest[:16]}{SUFFIX}"


def _fit(connection: Connection, source: StoredFeatureSet, variance: float) -> FittedProjection:
    query = sa.select(feature_vector.c.track_id).where(feature_vector.c.feature_set_id == source.id)
    tracks = load_tracks(connection)
    ids = np.intersect1d(select_ids(connection, query), tracks.ids)
    if len(ids) > MAX_TRACKS:
        ids = np.sort(np.random.default_rng(0).choice(ids, MAX_TRACKS, replace=False))
    _, matrix = load_matrix(connection, source, ids)
    if len(ids) < MIN_TRACKS:
        raise NothingToProjectError(
            f"a projection needs at least {MIN_TRACKS} tracks, and {len(ids)} were analyzed by grid; "
            "run: catalog analyze --feature-set grid"
        )
    groups = connected_groups([tracks.origins[at] for at in tracks.at(ids)]).number
    projection = fit_projection(matrix, variance)
    return FittedProjection(projection, _facts(matrix, groups, projection, variance), source.hash)


def _facts(matrix: Float32, groups: Integers, projection: Projection, variance: float) -> ProjectionFacts:
    explained = float(projection.curve[len(projection.components) - 1])
    held_out = _held_out(groups)
    tested, curve = 0, np.empty(0)
    error: float | None = None
    if held_out.any() and (~held_out).sum() >= MIN_TRACKS:
        tested = int(held_out.sum())
        curve, error = _evaluate(matrix[held_out], fit_projection(matrix[~held_out], variance))
    return ProjectionFacts(
        tracks=projection.tracks,
        components=len(projection.components),
        target_variance=variance,
        components_for_target=components_for(projection.curve, variance),
        explained_variance=explained,
        error=float(np.sqrt(max(0.0, 1 - explained) * projection.total / matrix.shape[1])),
        curve=tuple(projection.curve.round(6).tolist()),
        held_out_tracks=tested,
        held_out_explained_variance=float(curve[-1]) if tested else None,
        held_out_error=error,
        held_out_curve=tuple(curve.round(6).tolist()),
    )


def _held_out(groups: Integers) -> Booleans:
    """(n,): a fifth of the tracks in whole groups; no track if all are in one group."""
    names, counts = np.unique(groups, return_counts=True)
    order = np.random.default_rng(0).permutation(len(names))
    until = np.cumsum(counts[order])
    # A large first group may exceed the share by far; at least one group is kept for fitting.
    chosen = order[: min(int(np.searchsorted(until, HELD_OUT * len(groups))) + 1, len(names) - 1)]
    return np.isin(groups, names[chosen])


def _evaluate(matrix: Float32, projection: Projection) -> tuple[Floats, float]:
    """The share of these tracks' variance explained by the first 1, 2, ... components, and the error in dB."""
    energy = np.square(projection.apply(matrix), dtype=np.float64).sum(axis=0)
    total = float(np.square(matrix - projection.mean, dtype=np.float64).sum())
    error = float(np.sqrt(max(0.0, total - energy.sum()) / matrix.size))
    return np.cumsum(energy) / total if total else np.ones(len(energy)), error


def _tracks_without_vector(connection: Connection, source: StoredFeatureSet, recipe_hash: str) -> Integers:
    """Tracks (ids, ascending) with a vector of `grid` and no vector of the projection for the same audio."""
    projected = feature_vector.alias()
    recipe_id = sa.select(feature_set.c.id).where(feature_set.c.hash == recipe_hash).scalar_subquery()
    is_current = sa.exists().where(
        projected.c.feature_set_id == recipe_id,
        projected.c.track_id == feature_vector.c.track_id,
        projected.c.file_signature.is_not_distinct_from(feature_vector.c.file_signature),
    )
    query = (
        sa.select(feature_vector.c.track_id)
        .where(feature_vector.c.feature_set_id == source.id, ~is_current)
        .order_by(feature_vector.c.track_id)
    )
    return select_ids(connection, query)


def _project(
    connection: Connection,
    source: StoredFeatureSet,
    recipe: StoredFeatureSet,
    projection: Projection,
    track_ids: Integers,
) -> None:
    ids, matrix = load_matrix(connection, source, track_ids)
    columns = feature_vector.c
    signatures: dict[int, str | None] = dict(
        connection.execute(
            sa.select(columns.track_id, columns.file_signature).where(
                columns.feature_set_id == source.id, columns.track_id.in_(ids.tolist())
            )
        ).all()
    )
    for track_id, vector in zip(ids.tolist(), projection.apply(matrix), strict=True):
        store_vector(
            connection,
            recipe,
            track_id,
            vector,
            file_signature=signatures[track_id],
            provenance={"of": source.hash},
        )
