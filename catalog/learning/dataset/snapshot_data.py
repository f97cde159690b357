"""The members of a stored snapshot, and their vectors by the names of feature sets."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Float32, Integers
from catalog.db.tables import snapshot, snapshot_member
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.dataset.feature_matrix import feature_widths, load_feature_matrix, require_finite
from catalog.learning.dataset.training_feature_sets import PROJECTED, SOURCE, resolve_feature_sets


class SnapshotTracksMissingError(CatalogError):
    """Tracks of a snapshot were removed from the catalog."""


class VectorsMissingError(CatalogError):
    """Tracks of a snapshot have no vector of a feature set."""


@dataclass(frozen=True, eq=False)
class SnapshotTracks:
    """n training tracks by ascending id."""

    track_ids: Integers
    y: Integers
    """(n,): the class of each track, as a column; columns are in the order of the genres' ids."""
    groups: Integers
    """(n,)."""
    classes: int


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors of n tracks, concatenated over feature sets."""

    X: Float32
    blocks: tuple[int, ...]
    """The number of columns of each feature set."""

    @cached_property
    def digest(self) -> str:
        """BLAKE2b-128 in hex over every number."""
        return hashlib.blake2b(np.ascontiguousarray(self.X).tobytes(), digest_size=16).hexdigest()


def load_snapshot_tracks(connection: Connection, snapshot_id: int) -> SnapshotTracks:
    """The members of a snapshot. Raises SnapshotTracksMissingError if it, or some of its tracks, were removed."""
    tracks = connection.execute(
        sa.select(snapshot.c.tracks).where(snapshot.c.id == snapshot_id)
    ).scalar_one_or_none()
    columns = snapshot_member.c
    rows = connection.execute(
        sa.select(columns.track_id, columns.genre_id, columns.group_id)
        .where(columns.snapshot_id == snapshot_id)
        .order_by(columns.track_id)
    ).all()
    if tracks is None or len(rows) < tracks:
        raise SnapshotTracksMissingError(
            f"{(tracks or 0) - len(rows):,} of the {tracks or 0:,} tracks of the training set were removed "
            "during the search; run the command again to search with the remaining tracks"
        )
    ids, genres, groups = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3).T
    _, y = np.unique(genres, return_inverse=True)
    return SnapshotTracks(ids, y.astype(np.int64), groups, int(y.max()) + 1)


def load_vectors(connection: Connection, feature_sets: Sequence[str], track_ids: Integers) -> Vectors:
    """The concatenated vectors of all the tracks, by ascending id.

    Raises the errors of `resolve_feature_sets`, VectorsMissingError if a track lacks a vector, and NotFiniteError.
    """
    sources = [SOURCE if name == PROJECTED else name for name in feature_sets]
    return vectors_of(connection, resolve_feature_sets(connection, sources), track_ids)


def vectors_of(connection: Connection, recipes: Sequence[StoredFeatureSet], track_ids: Integers) -> Vectors:
    """The same for stored feature sets of any version. Raises VectorsMissingError and NotFiniteError."""
    ids, X = load_feature_matrix(connection, recipes, track_ids)
    names = " and ".join(recipe.name for recipe in recipes)
    if len(ids) < len(track_ids):
        missing = len(track_ids) - len(ids)
        options = " ".join(f"--feature-set {recipe.name}" for recipe in recipes)
        raise VectorsMissingError(
            f"{missing:,} of the {len(track_ids):,} training tracks have no vector of {names}; "
            f"run: catalog analyze {options}"
        )
    require_finite(X, [recipe.name for recipe in recipes], ids)
    return Vectors(X, feature_widths(recipes))
