"""Making ready for a search: the snapshot is stored and every vector looked at, so that what is wrong is said first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.tables import feature_set, feature_vector
from catalog.errors import CatalogError
from catalog.learning.classifiers.local_per_parent import class_chains, has_sub_genres
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.dataset.snapshot import store_snapshot
from catalog.learning.dataset.snapshot_data import SnapshotTracks, load_vectors
from catalog.learning.dataset.training_feature_sets import PROJECTED, SOURCE
from catalog.learning.scoring.official_split import load_split
from catalog.learning.search.search import SearchData
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import TrainingSet, build_training_set

UNSTORED = 0
"""No snapshot has this id."""


class NothingToSearchError(CatalogError):
    """The labeled tracks make no training set."""


@dataclass(frozen=True)
class Coverage:
    """How many of the training tracks have a vector of a feature set."""

    feature_set: str
    tracks: int
    of_tracks: int


def prepare_search(
    database: Database,
    wanted: TrainingOptions,
    feature_sets: Sequence[tuple[str, ...]],
    *,
    dry_run: bool = False,
) -> SearchData:
    """The ground of a search on the training set of `wanted`, on each of the feature sets or combinations.

    A dry run looks at everything and stores nothing: the ground is good for plans then. Raises NothingToSearchError,
    NoOfficialSplitError, UnknownFeatureSetError, NoVectorsError, VectorsMissingError, or NotFiniteError.
    """
    with database.read() as connection:
        material = _require(build_training_set(connection, wanted))
        frozen, tracks = material.snapshot, material.tracks
        assert frozen is not None
        if wanted.split is not None:
            load_split(
                connection, frozen.track_ids, frozen.y
            )  # what is missing is said now, and not after a search
        members = SnapshotTracks(frozen.track_ids, frozen.y, frozen.groups.number, len(frozen.classes))
        digests = {
            names: load_vectors(connection, names, members.track_ids).digest
            for names in dict.fromkeys(feature_sets)
        }
    snapshot_id = UNSTORED
    if not dry_run:
        y, groups = members.y, members.groups
        # As `cross_fit` deals them: the model of the winner is scored on these.
        fold = stratified_group_folds(y, groups, number_of_folds(y, groups), seed=wanted.seed)
        with database.write() as connection:
            snapshot_id = store_snapshot(connection, frozen, fold)
    artists = [tracks.artists[at] for at in tracks.at(members.track_ids)]
    sub_genres = has_sub_genres(class_chains(material.hierarchy))
    return SearchData(snapshot_id, members, digests, wanted.seed, artists, sub_genres)


def coverage(connection: Connection, wanted: TrainingOptions) -> list[Coverage]:
    """The feature sets that anything was computed by, `pca` where there is its source. Raises NothingToSearchError."""
    frozen = _require(build_training_set(connection, wanted)).snapshot
    assert frozen is not None
    columns = feature_vector.c
    covered = {}
    for recipe_id, name in connection.execute(
        sa.select(feature_set.c.id, feature_set.c.name).where(feature_set.c.active)
    ).all():
        rows = connection.execute(sa.select(columns.track_id).where(columns.feature_set_id == recipe_id))
        heard = np.fromiter(rows.scalars(), dtype=np.int64)
        covered[name] = int(np.isin(frozen.track_ids, heard).sum())
    if SOURCE in covered:
        covered[PROJECTED] = covered[SOURCE]
    count = len(frozen.track_ids)
    return [Coverage(name, tracks, count) for name, tracks in sorted(covered.items()) if tracks]


def _require(material: TrainingSet) -> TrainingSet:
    if material.snapshot is None:
        raise NothingToSearchError(
            f"nothing can be learned: {material.reason}; see why: catalog sql class_support"
        )
    return material
