"""The tracks of the catalog with their first genre, all their labels, and their origin."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Booleans, Integers
from catalog.batches import chunks
from catalog.db.tables import album, artist, collection, genre, label, track, track_status
from catalog.db.track_query import IS_LISTED, select_ids, with_artist_and_album
from catalog.learning.dataset.class_support import LabeledTrack
from catalog.learning.dataset.groups import Origin
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top


@dataclass(frozen=True, eq=False)
class CatalogTracks:
    """Tracks of the catalog, tagged or not, in the order of their ids."""

    ids: Integers
    """(n,): track ids, ascending."""
    genres: Integers
    """(n,): the first tagged genre; 0 for an untagged track."""
    artists: tuple[str | None, ...]
    """Case-folded; None if unknown."""
    albums: tuple[int | None, ...]
    """Album ids."""
    origins: tuple[Origin, ...]

    @property
    def is_tagged(self) -> Booleans:
        """(n,): whether a track has a genre."""
        return np.asarray(self.genres != 0)

    def at(self, ids: Integers) -> Integers:
        """(m,): the positions of these track ids. Raises KeyError for an unknown id."""
        positions = np.searchsorted(self.ids, ids)
        inside = np.minimum(positions, max(len(self.ids) - 1, 0))
        if len(ids) and (not len(self.ids) or not np.array_equal(self.ids[inside], ids)):
            raise KeyError("a track is not in the catalog")
        return positions.astype(np.int64)

    def labeled(self, positions: Integers) -> list[LabeledTrack]:
        """Genre, artist and album of the tracks at these positions."""
        return [
            LabeledTrack(int(self.genres[at]), self.artists[at], _text(self.albums[at])) for at in positions
        ]


def load_tracks(connection: Connection) -> CatalogTracks:
    """All tracks that are not missing."""
    album_artist = artist.alias("album_artist")
    rows = connection.execute(
        sa.select(
            track.c.id,
            track_status.c.tagged_genre_id,
            artist.c.folded,
            artist.c.is_placeholder,
            track.c.album_id,
            album_artist.c.folded.label("album_artist"),
            album_artist.c.is_placeholder.label("is_album_artist_placeholder"),
            track.c.path_bytes,
            track.c.collection_id,
            track.c.audio_hash,
            track.c.duration,
        )
        .select_from(
            with_artist_and_album()
            .outerjoin(track_status, track_status.c.track_id == track.c.id)
            .outerjoin(album_artist, album_artist.c.id == album.c.artist_id)
        )
        .where(IS_LISTED)
        .order_by(track.c.id)
    ).all()
    artists = tuple(None if row.folded is None or row.is_placeholder else row.folded for row in rows)
    return CatalogTracks(
        ids=np.array([row.id for row in rows], dtype=np.int64),
        genres=np.array([row.tagged_genre_id or 0 for row in rows], dtype=np.int64),
        artists=artists,
        albums=tuple(row.album_id for row in rows),
        origins=tuple(
            Origin(
                artists=_artists(name, None if row.is_album_artist_placeholder else row.album_artist),
                album=_text(row.album_id),
                folder=_folder(row.collection_id, row.path_bytes),
                audio_hash=None if row.audio_hash is None else row.audio_hash.encode(),
                seconds=row.duration,
            )
            for row, name in zip(rows, artists, strict=True)
        ),
    )


def load_broader(connection: Connection) -> tuple[Mapping[int, int | None], Mapping[int, str]]:
    """The broader term and the name of every genre, by id."""
    rows = connection.execute(sa.select(genre.c.id, genre.c.parent_id, genre.c.name)).all()
    return {row.id: row.parent_id for row in rows}, {row.id: row.name for row in rows}


def load_predictable(connection: Connection) -> frozenset[int]:
    """The genres that may be suggested."""
    return frozenset(connection.execute(sa.select(genre.c.id).where(genre.c.suggest)).scalars())


def _artists(*names: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _folder(collection_id: int, path: bytes | None) -> str | None:
    return None if path is None else f"{collection_id}/{os.fsdecode(os.path.dirname(path))}"  # noqa: PTH120 - bytes


def load_tags(connection: Connection, track_ids: Sequence[int]) -> Mapping[int, list[int]]:
    """The genre ids of each of these tracks, in the order of its labels; an empty list without a label."""
    tags: defaultdict[int, list[int]] = defaultdict(list)
    for ids in chunks(track_ids):
        for track_id, genre_id in connection.execute(
            sa.select(track_status.c.track_id, label.c.genre_id)
            .join_from(track_status, label, label.c.statement_id == track_status.c.statement_id)
            .where(track_status.c.track_id.in_(ids))
            .order_by(track_status.c.track_id, label.c.rank)
        ):
            tags[track_id].append(genre_id)
    return tags


def load_tag_sets(
    connection: Connection,
    track_ids: Integers,
    hierarchy: Hierarchy,
    broader: Mapping[int, int | None],
) -> tuple[Booleans, Booleans]:
    """(n, classes) the labels of each track, and (n,) whether the tags of its collection are complete.

    A genre adds the nearest class at or above it, and the classes above that.
    """
    row = {track_id: at for at, track_id in enumerate(track_ids.tolist())}
    column = {genre: at for at, genre in enumerate(hierarchy.classes)}
    classes = len(hierarchy.classes)
    labels = np.zeros((len(row), classes), dtype=np.bool_)
    above = hierarchy.below[:classes].T
    tags = connection.execute(
        sa.select(track_status.c.track_id, label.c.genre_id).join_from(
            track_status, label, label.c.statement_id == track_status.c.statement_id
        )
    )
    nearest: dict[int, int | None] = {}
    for track_id, genre_id in tags:
        if track_id not in row:
            continue
        if genre_id not in nearest:
            path = path_to_top(genre_id, broader)
            nearest[genre_id] = next((column[term] for term in path if term in column), None)
        at = nearest[genre_id]
        if at is not None:
            labels[row[track_id]] |= above[at]
    complete = sa.select(track.c.id).join(collection).where(collection.c.tags_complete)
    return labels, np.isin(track_ids, select_ids(connection, complete))
