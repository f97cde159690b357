"""The labels for comparison with clusters: each track's first genre at one level of the vocabulary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.db.tables import artist, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.learning.dataset.catalog_tracks import load_broader
from catalog.learning.dataset.exclusion import excluded_genres
from catalog.learning.dataset.hierarchy import path_to_top

Level = Literal["leaf", "top"] | int
"""`leaf`: the genre itself; `top`: its top term; a number: the level from the top, which is 1."""


@dataclass(frozen=True, eq=False)
class Labels:
    """n listed tracks, in the order of their ids."""

    track_ids: Integers
    genres: Integers
    """(n,): genre ids at the level; 0 for tracks without a genre."""
    artists: Integers
    """(n,): artist ids; 0 for unknown artists."""
    names: Mapping[int, str]
    """Of every genre, by id."""
    broader: Mapping[int, int | None]
    """The broader term of every genre, by id."""
    excluded: int
    """Tracks left out because of their genre."""

    def at(self, track_ids: Integers) -> Integers:
        """Positions of these tracks, which must all be included."""
        return np.searchsorted(self.track_ids, track_ids)


def load_labels(connection: Connection, level: Level = "leaf", exclude: Sequence[str] = ()) -> Labels:
    """The tracks with their labels, without those whose first genre is excluded or below an excluded one.

    A genre above the level stays as it is. Raises UnknownLevelGenreError.
    """
    named_artist = sa.and_(artist.c.id == track.c.artist_id, sa.not_(artist.c.is_placeholder))
    query = (
        sa.select(
            track.c.id,
            sa.func.coalesce(track_status.c.tagged_genre_id, 0),
            sa.func.coalesce(artist.c.id, 0),
        )
        .join_from(track, track_status, track_status.c.track_id == track.c.id, isouter=True)
        .join(artist, named_artist, isouter=True)
        .where(IS_LISTED)
        .order_by(track.c.id)
        .execution_options(yield_per=10_000)
    )
    columns = np.dtype([("track", np.int64), ("genre", np.int64), ("artist", np.int64)])
    rows = np.fromiter((tuple(row) for row in connection.execute(query)), dtype=columns)
    left_out = np.isin(rows["genre"], list(excluded_genres(connection, exclude).genre_ids))
    rows = rows[~left_out]
    broader, names = load_broader(connection)
    tagged, place = np.unique(rows["genre"], return_inverse=True)
    raised = np.array([at_level(each, broader, level) if each else 0 for each in tagged.tolist()], np.int64)
    return Labels(
        track_ids=rows["track"].copy(),
        genres=raised[place],
        artists=rows["artist"].copy(),
        names=names,
        broader=broader,
        excluded=int(left_out.sum()),
    )


def at_level(genre: int, broader: Mapping[int, int | None], level: Level) -> int:
    """The term at that level above a genre, or the genre itself if it is above the level."""
    if level == "leaf":
        return genre
    path = path_to_top(genre, broader)
    steps = 1 if level == "top" else level
    return path[max(len(path) - steps, 0)]
