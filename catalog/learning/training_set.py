"""Training set: the labeled tracks with vectors, their classes and groups, frozen as a snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from catalog.arrays import Float32
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.dataset.catalog_tracks import CatalogTracks, load_broader, load_predictable, load_tracks
from catalog.learning.dataset.class_support import Support, class_support, classes_of, untrainable_reason
from catalog.learning.dataset.exclusion import excluded_genres, sampled_tracks, wrong_recordings
from catalog.learning.dataset.feature_matrix import load_feature_matrix, require_finite
from catalog.learning.dataset.groups import connected_groups
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.dataset.training_feature_sets import resolve_feature_sets
from catalog.learning.fitting.abstention import NOTHING
from catalog.learning.training_options import TrainingOptions
from catalog.similarity.near_duplicates import near_duplicates


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Everything that is read from the database before a model is fitted."""

    tracks: CatalogTracks
    recipes: tuple[StoredFeatureSet, ...]
    """The feature sets whose vectors are concatenated in X."""
    X: Float32
    """Vectors of the snapshot's tracks; (0, dimensions) without a snapshot."""
    support: Mapping[int, Support]
    snapshot: Snapshot | None
    """None if no model can be trained."""
    reason: str | None
    """Why no model can be trained."""
    names: Mapping[int, str]
    """Genre names by id."""
    hierarchy: Hierarchy


def build_training_set(connection: Connection, options: TrainingOptions) -> TrainingSet:
    """The labeled tracks that have all vectors, the support of their genres, and their snapshot.

    Raises UnknownFeatureSetError, NoVectorsError, NotFiniteError, and UnknownGenreError for an excluded genre that the
    vocabulary lacks.
    """
    excluded = excluded_genres(connection, options.rule.excluded)
    rule = replace(options.rule, excluded=excluded.names)
    tracks = load_tracks(connection)
    recipes = resolve_feature_sets(connection, options.sources)
    broader, names = load_broader(connection)
    kept_apart = np.union1d(sampled_tracks(connection), wrong_recordings(connection))
    candidates = np.setdiff1d(tracks.ids[tracks.is_tagged], kept_apart)
    ids, matrix = load_feature_matrix(connection, recipes, candidates)
    positions = tracks.at(ids)
    is_excluded = np.isin(tracks.genres[positions], list(excluded.genre_ids))
    excluded_support = excluded.support(tracks.labeled(positions[is_excluded]), broader)
    positions, matrix = positions[~is_excluded], matrix[~is_excluded]
    support = class_support(
        tracks.labeled(positions),
        broader,
        minimum_tracks=options.rule.minimum_tracks,
        minimum_artists=options.rule.minimum_artists,
        level=options.rule.level,
        names=names,
    )
    reason = untrainable_reason(support, tagged=len(candidates), analyzed=len(ids))
    classes = () if reason else classes_of(support)
    column = {genre: at for at, genre in enumerate(classes)}
    counts_for = [support[int(genre)].counts_for for genre in tracks.genres[positions]]
    y = np.array([column.get(genre or 0, NOTHING) for genre in counts_for], dtype=np.int64)
    has_class = y != NOTHING
    members = positions[has_class]
    origins = [tracks.origins[at] for at in members]
    require_finite(matrix[has_class], options.sources, tracks.ids[members])
    # By the first feature set alone: the threshold of near duplicates was measured on vectors of one feature set.
    first = len(recipes[0].dimensions)
    duplicates = near_duplicates(matrix[has_class, :first], [origin.seconds for origin in origins])
    groups = connected_groups(origins, alike=duplicates)
    if reason is None and len(groups.sizes) < 2:
        reason = (
            "all labeled tracks are connected by artist or by equal audio: no score could keep them apart"
        )
    return TrainingSet(
        tracks=tracks,
        recipes=recipes,
        X=matrix[has_class],
        support={**support, **excluded_support},
        snapshot=None
        if reason
        else Snapshot(rule, options.seed, tracks.ids[members], classes, y[has_class], groups),
        reason=reason,
        names=names,
        hierarchy=Hierarchy.of(classes, broader, predictable=load_predictable(connection)),
    )
