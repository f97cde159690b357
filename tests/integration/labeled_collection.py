"""A small labeled collection of made-up vectors, straight in the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import artist, collection, genre, label, statement, track
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector

DIMENSIONS = 12
BLOBS = FeatureSet(
    name="blobs",
    version=1,
    parameters={},
    dimensions=tuple(f"blob.{number}" for number in range(DIMENSIONS)),
    sample_rate=16_000,
    compute=lambda _waveform: np.zeros(DIMENSIONS, np.float32),
)


@dataclass(frozen=True)
class Filled:
    """What was put into the catalog: track ids by genre name; None are the untagged, in the order of `heard_as`."""

    tracks: dict[str | None, list[int]]
    heard_as: list[str]


@pytest.fixture
def fill_labeled(database: Database) -> Callable[..., Filled]:
    """Fills the catalog: six artists a genre, three tracks each, vectors around a center of the genre's own."""

    def fill_tracks(
        genres: tuple[str, ...] = ("Jazz", "Metal", "Ambient"),
        *,
        artists: int = 6,
        each: int = 3,
        untagged: int = 4,
        spread: float = 0.6,
    ) -> Filled:
        random = np.random.default_rng(5)
        tracks: dict[str | None, list[int]] = {None: []}
        heard_as = []
        with database.write() as connection:
            recipe = register_feature_set(connection, BLOBS)
            place = connection.execute(
                sa.insert(collection).values(name="made up", kind="folder").returning(collection.c.id)
            ).scalar_one()
            for number, name in enumerate(genres):
                genre_id = connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()
                center = np.zeros(DIMENSIONS)
                center[number] = 3.0
                for who in range(artists):
                    artist_id = connection.execute(
                        sa.insert(artist)
                        .values(key=f"{name} {who}", name=f"{name} {who}", folded=f"{name} {who}".lower())
                        .returning(artist.c.id)
                    ).scalar_one()
                    for which in range(each):
                        track_id = add_track(connection, place, f"{name}/{who}/{which}.flac", artist_id)
                        tracks.setdefault(name, []).append(track_id)
                        tag(connection, track_id, genre_id, name)
                        vector = (center + random.normal(0, spread, DIMENSIONS)).astype(np.float32)
                        store_vector(connection, recipe, track_id, vector)
                for which in range(untagged):
                    track_id = add_track(connection, place, f"{name}/untagged/{which}.flac", None)
                    tracks[None].append(track_id)
                    heard_as.append(name)
                    vector = (center + random.normal(0, spread, DIMENSIONS)).astype(np.float32)
                    store_vector(connection, recipe, track_id, vector)
            refresh_track_status(connection)
        return Filled(tracks, heard_as)

    return fill_tracks


def add_track(connection: sa.Connection, place: int, path: str, artist_id: int | None) -> int:
    return int(
        connection.execute(
            sa.insert(track)
            .values(
                collection_id=place,
                path=path,
                path_bytes=path.encode(),
                artist_id=artist_id,
                title=path,
                file_signature=path,
            )
            .returning(track.c.id)
        ).scalar_one()
    )


def tag(connection: sa.Connection, track_id: int, genre_id: int, written: str, source: str = "file") -> None:
    statement_id = connection.execute(
        sa.insert(statement).values(track_id=track_id, source=source).returning(statement.c.id)
    ).scalar_one()
    connection.execute(
        sa.insert(label).values(statement_id=statement_id, rank=0, genre_id=genre_id, as_written=written)
    )
