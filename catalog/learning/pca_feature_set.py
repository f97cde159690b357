"""The feature set `pca`: a projection of `grid` fitted to the catalog's tracks, an artifact, and a vector a track."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Float32, Floats, Integers
from catalog.audio.feature_set import FeatureSet, Waveform
from catalog.audio.feature_sets.grid import GRID
from catalog.db.database import Database
from catalog.db.tables import feature_set, feature_vector
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import (
    StoredFeatureSet,
    activate_feature_set,
    active_feature_set,
    register_feature_set,
)
from catalog.features.vectors import load_matrix, store_vector
from catalog.learning.dataset.groups import connected_groups
from catalog.learning.dataset.labeled_tracks import load_tracks
from catalog.learning.fitting.pca import VARIANCE, Projection, components_for, fit_projection
from catalog.learning.registry.artifact import ArtifactRejectedError, read_artifact, write_artifact

NAME, SOURCE = "pca", "grid"
SUFFIX = ".npz"
AGAIN = "fit it anew with `catalog features pca --refit`, or restore the file from a backup"
CHUNK = 2_000
"""Vectors of `grid` held in memory at once where they are projected."""
FEWEST_TRACKS = 8
"""With fewer there is nothing to find in common."""
MOST_FITTED = 4_000
"""Tracks drawn for fitting and for the test by unseen artists together."""
UNSEEN = 0.2
"""The share of the tracks that the test leaves out."""


class NothingToProjectError(CatalogError):
    """No track was analyzed by `grid`, or too few."""


@dataclass(frozen=True)
class ProjectionFacts:
    """How well a projection holds what it projects. Errors are root mean squares over all cells, in dB."""

    tracks: int
    """That it was fitted to."""
    components: int
    target_variance: float
    components_for_target: int
    """How many hold the share of the variance that is wanted; more than `components` where the tracks are few."""
    explained_variance: float
    """By the components, of the tracks it was fitted to."""
    error: float
    curve: tuple[float, ...]
    """The share of the variance held by the first 1, 2, ... components, a value for each that there is."""
    held_out_tracks: int
    """Left out of another fit, connected tracks together, to see what the projection makes of new ones; or 0."""
    held_out_explained_variance: float | None
    held_out_error: float | None
    held_out_curve: tuple[float, ...]
    """Of that fit on the tracks left out, a value for each of its components."""


@dataclass(frozen=True)
class ProjectionReport:
    """What `project_grid` did."""

    hash: str
    """Of the recipe."""
    artifact: str
    """The file in the folder of models."""
    is_new: bool
    """Whether it was fitted now."""
    projected: int
    """Tracks whose vectors were stored, or would be."""
    facts: ProjectionFacts


@dataclass(frozen=True, eq=False)
class Fitted:
    """A projection, what is known of it, and the bytes of its artifact."""

    projection: Projection
    facts: ProjectionFacts
    source: str
    """The hash of the recipe whose vectors it projects."""

    def content(self) -> bytes:
        """An npz file without pickles."""
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
    def of(cls, content: bytes) -> Fitted:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            said = json.loads(str(file["facts"]))
            facts: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in said["facts"].items()
            }
            projection = Projection(
                file["mean"], file["components"], file["curve"], said["total"], said["facts"]["tracks"]
            )
        return cls(projection, ProjectionFacts(**facts), said["source"])


def project_grid(
    database: Database,
    models: Path,
    *,
    variance: float = VARIANCE,
    refit: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> ProjectionReport:
    """Fits a projection of `grid` unless there is one, and stores the vectors of all tracks that lack one.

    With `refit`, or where `grid` stands for another version now, another version of `pca` is made; `pca` stands for it
    once all of its vectors are there. Raises NothingToProjectError and ArtifactRejectedError.
    """
    with database.read() as connection:
        source = active_feature_set(connection, SOURCE)
        if source is None:
            raise NothingToProjectError(
                "no track was analyzed by grid; run: catalog analyze --feature-set grid"
            )
        known = None if refit else _known(connection, models, source, variance)
        fitted = _fit(connection, source, variance) if known is None else known[0]
    if known is None:
        name, digest = write_artifact(models, fitted.content(), SUFFIX, dry_run=dry_run)
    else:
        name, digest = _file(known[1]), known[1]
    features = pca(fitted, digest)
    if dry_run:
        with database.read() as connection:
            todo = _lacking(connection, source, features.hash)
        return ProjectionReport(features.hash, name, known is None, len(todo), fitted.facts)
    with database.write() as connection:
        recipe = register_feature_set(connection, features)
    with database.read() as connection:
        todo = _lacking(connection, source, recipe.hash)
    for start in range(0, len(todo), CHUNK):
        with database.write() as connection:
            _project(connection, source, recipe, fitted.projection, todo[start : start + CHUNK])
        if on_progress is not None:
            on_progress(min(start + CHUNK, len(todo)), len(todo))
    if not recipe.active:
        with database.write() as connection:
            activate_feature_set(connection, recipe)
    return ProjectionReport(recipe.hash, name, known is None, len(todo), fitted.facts)


def pca(fitted: Fitted, digest: str) -> FeatureSet:
    """The feature set of a fitted projection, named by the SHA-256 of its artifact."""
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
    """Deletes the file of a projection whose recipe was removed; one that a recipe still names stays."""
    artifacts = connection.execute(
        sa.select(feature_set.c.parameters).where(feature_set.c.name == NAME)
    ).scalars()
    if name not in {_file(str(parameters.get("artifact"))) for parameters in artifacts}:
        (models / name).unlink(missing_ok=True)


def artifact_of(connection: Connection, recipe: StoredFeatureSet) -> str | None:
    """The name of the file that a recipe is a projection by; None where it is none."""
    parameters: dict[str, Any] = connection.execute(
        sa.select(feature_set.c.parameters).where(feature_set.c.id == recipe.id)
    ).scalar_one()
    return _file(str(parameters["artifact"])) if recipe.name == NAME and "artifact" in parameters else None


def _known(
    connection: Connection, models: Path, source: StoredFeatureSet, variance: float
) -> tuple[Fitted, str] | None:
    """The projection that `pca` stands for and its SHA-256, if it is of these vectors and this share of the variance."""
    recipe = active_feature_set(connection, NAME)
    if recipe is None:
        return None
    parameters: dict[str, Any] = connection.execute(
        sa.select(feature_set.c.parameters).where(feature_set.c.id == recipe.id)
    ).scalar_one()
    if (parameters.get("of"), parameters.get("variance")) != (source.hash, variance):
        return None
    digest = str(parameters["artifact"])
    content = read_artifact(models, _file(digest), digest, advice=AGAIN)
    try:
        return Fitted.of(content), digest
    except Exception as error:
        # It is what was named, but no projection: both may come from a stranger's backup.
        raise ArtifactRejectedError(
            f"the model file {_file(digest)} is no projection ({type(error).__name__}); {AGAIN}"
        ) from error


def _file(digest: str) -> str:
    return f"{digest[:16]}{SUFFIX}"


def _fit(connection: Connection, source: StoredFeatureSet, variance: float) -> Fitted:
    ids = np.fromiter(
        connection.execute(
            sa.select(feature_vector.c.track_id)
            .where(feature_vector.c.feature_set_id == source.id)
            .order_by(feature_vector.c.track_id)
        ).scalars(),
        dtype=np.int64,
    )
    tracks = load_tracks(connection)
    ids = np.intersect1d(ids, tracks.ids)
    if len(ids) > MOST_FITTED:
        ids = np.sort(np.random.default_rng(0).choice(ids, MOST_FITTED, replace=False))
    _, matrix = load_matrix(connection, source, ids)
    if len(ids) < FEWEST_TRACKS:
        raise NothingToProjectError(
            f"a projection takes {FEWEST_TRACKS} tracks or more, {len(ids)} were analyzed by grid; "
            "run: catalog analyze --feature-set grid"
        )
    groups = connected_groups([tracks.origins[at] for at in tracks.at(ids)]).number
    projection = fit_projection(matrix, variance)
    return Fitted(projection, _facts(matrix, groups, projection, variance), source.hash)


def _facts(matrix: Float32, groups: Integers, projection: Projection, variance: float) -> ProjectionFacts:
    held = float(projection.curve[len(projection.components) - 1])
    unseen = _unseen(groups)
    tested, curve = 0, np.empty(0)
    error: float | None = None
    if unseen.any() and (~unseen).sum() >= FEWEST_TRACKS:
        tested = int(unseen.sum())
        curve, error = _held_of_unseen(matrix[unseen], fit_projection(matrix[~unseen], variance))
    return ProjectionFacts(
        tracks=projection.tracks,
        components=len(projection.components),
        target_variance=variance,
        components_for_target=components_for(projection.curve, variance),
        explained_variance=held,
        error=float(np.sqrt(max(0.0, 1 - held) * projection.total / matrix.shape[1])),
        curve=tuple(projection.curve.round(6).tolist()),
        held_out_tracks=tested,
        held_out_explained_variance=float(curve[-1]) if tested else None,
        held_out_error=error,
        held_out_curve=tuple(curve.round(6).tolist()),
    )


def _unseen(groups: Integers) -> npt.NDArray[np.bool_]:
    """Connected tracks together, a fifth of the tracks; none where all are connected."""
    names, counts = np.unique(groups, return_counts=True)
    order = np.random.default_rng(0).permutation(len(names))
    until = np.cumsum(counts[order])
    # A large group at the front may pass the share by far: at least one group always stays.
    chosen = order[: min(int(np.searchsorted(until, UNSEEN * len(groups))) + 1, len(names) - 1)]
    return np.isin(groups, names[chosen])


def _held_of_unseen(matrix: Float32, projection: Projection) -> tuple[Floats, float]:
    """The share of these tracks' variance about the mean that each number of components holds; the error in dB."""
    energy = np.square(projection.apply(matrix), dtype=np.float64).sum(axis=0)
    total = float(np.square(matrix - projection.mean, dtype=np.float64).sum())
    error = float(np.sqrt(max(0.0, total - energy.sum()) / matrix.size))
    return np.cumsum(energy) / total if total else np.ones(len(energy)), error


def _lacking(connection: Connection, source: StoredFeatureSet, recipe_hash: str) -> Integers:
    """Tracks (ids, ascending) with a vector of `grid` and none of the projection, or one of another sound."""
    made = feature_vector.alias()
    recipe_id = sa.select(feature_set.c.id).where(feature_set.c.hash == recipe_hash).scalar_subquery()
    fresh = sa.exists().where(
        made.c.feature_set_id == recipe_id,
        made.c.track_id == feature_vector.c.track_id,
        made.c.file_signature.is_not_distinct_from(feature_vector.c.file_signature),
    )
    query = (
        sa.select(feature_vector.c.track_id)
        .where(feature_vector.c.feature_set_id == source.id, ~fresh)
        .order_by(feature_vector.c.track_id)
    )
    return np.fromiter(connection.execute(query).scalars(), dtype=np.int64)


def _project(
    connection: Connection,
    source: StoredFeatureSet,
    recipe: StoredFeatureSet,
    projection: Projection,
    wanted: Integers,
) -> None:
    ids, matrix = load_matrix(connection, source, wanted)
    columns = feature_vector.c
    prints: dict[int, str | None] = dict(
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
            file_signature=prints[track_id],
            provenance={"of": source.hash},
        )
