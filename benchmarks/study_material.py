"""The data of the classic study.

Tracks of twelve top genres of the Free Music Archive, with three splitting schemes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.tables import fma_track
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.learning.dataset.catalog_tracks import load_tracks
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.dataset.groups import Groups, connected_groups
from catalog.learning.dataset.snapshot import ClassRule, Snapshot, store_snapshot
from catalog.learning.dataset.snapshot_data import SnapshotTracks, load_vectors
from catalog.learning.search.search import SearchData

Integers = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]

LEFT_OUT = ("Easy Listening", "International", "Old-Time / Historic", "Spoken")
"""Top genres of the medium subset that are not in the study."""
RANDOM, ARTISTS = "random folds", "artists apart"


class NoProblemError(ValueError):
    """The tracks allow no study."""


@dataclass(frozen=True, eq=False)
class Problem:
    """n tracks, by ascending id."""

    track_ids: Integers
    genres: Mapping[int, str]
    """The classes: ids, ascending, and names."""
    y: Integers
    """(n,): the class of each track, as an index into the ascending genre ids."""
    groups: Groups
    """Connected by artist or by equal audio."""
    artists: Sequence[str | None]
    split: Texts
    """(n,): `training`, `validation`, `test`, or empty."""
    too_rare: Mapping[str, int]
    """Genre with too few tracks or artists -> number of tracks left out."""

    @cached_property
    def alone(self) -> Groups:
        """One group per track, for random folds."""
        count = len(self.y)
        return Groups(np.arange(count), np.ones(count, np.int64), 0.0)

    def snapshot(self, groups: Groups, seed: int) -> Snapshot:
        """The training set with these groups."""
        return Snapshot(ClassRule(1, 1, "top"), seed, self.track_ids, tuple(self.genres), self.y, groups)

    def search_data(
        self, database: Database, scheme: str, vectors: Sequence[tuple[str, ...]], seed: int
    ) -> SearchData:
        """Store the snapshot; return the data for trials on random folds or with artists apart."""
        groups = self.groups if scheme == ARTISTS else self.alone
        frozen = self.snapshot(groups, seed)
        fold = stratified_group_folds(
            self.y, groups.number, number_of_folds(self.y, groups.number), seed=seed
        )
        with database.write() as connection:
            snapshot_id = store_snapshot(connection, frozen, fold)
        with database.read() as connection:
            digests = {
                names: load_vectors(connection, names, self.track_ids).digest
                for names in dict.fromkeys(vectors)
            }
        members = SnapshotTracks(self.track_ids, self.y, groups.number, len(self.genres))
        return SearchData(snapshot_id, members, digests, seed, self.artists)


def load_problem(connection: Connection, analyzed: Integers, *, min_tracks: int, min_artists: int) -> Problem:
    """Load the tracks of the medium subset with a top genre of the study, among the `analyzed` track ids.

    Raises NoProblemError if fewer than two genres remain.
    """
    tracks = load_tracks(connection)
    rows = connection.execute(
        sa.select(fma_track.c.track_id, fma_track.c.genre_top, fma_track.c.split)
        .where(
            fma_track.c.subset.in_(("small", "medium")),
            fma_track.c.genre_top.is_not(None),
            fma_track.c.genre_top.not_in(LEFT_OUT),
        )
        .order_by(fma_track.c.track_id)
    ).all()
    ids = np.array([row.track_id for row in rows], np.int64)
    vocabulary = load_vocabulary(connection)
    terms = {name: vocabulary.resolve(name) for name in {row.genre_top for row in rows}}
    genre = np.array([getattr(terms[row.genre_top], "id", 0) for row in rows], np.int64)
    split = np.array([row.split or "" for row in rows], np.str_)
    usable = np.isin(ids, analyzed) & np.isin(ids, tracks.ids) & (genre > 0)
    ids, genre, split = ids[usable], genre[usable], split[usable]
    artists = [tracks.artists[at] for at in tracks.at(ids)]
    names = {term.id: term.name for term in terms.values() if term is not None}
    classes, too_rare = {}, {}
    for one in np.unique(genre).tolist():
        inside = np.flatnonzero(genre == one)
        genre_artists = {artists[at] for at in inside if artists[at] is not None}
        if len(inside) >= min_tracks and len(genre_artists) >= min_artists:
            classes[one] = names[one]
        else:
            too_rare[names[one]] = len(inside)
    if len(classes) < 2:
        raise NoProblemError(
            f"{len(classes)} of {len(classes) + len(too_rare)} genres have {min_tracks} tracks "
            f"by {min_artists} artists with vectors; at least two are needed"
        )
    inside = np.isin(genre, list(classes))
    ids = ids[inside]
    return Problem(
        track_ids=ids,
        genres=classes,
        y=np.searchsorted(np.array(list(classes)), genre[inside]).astype(np.int64),
        groups=connected_groups([tracks.origins[at] for at in tracks.at(ids)]),
        artists=[tracks.artists[at] for at in tracks.at(ids)],
        split=split[inside],
        too_rare=too_rare,
    )
