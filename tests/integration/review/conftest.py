"""A catalog with doubts to decide: tracks of three artists, two genres, one audit, straight in the tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.reasons import prediction_reason
from catalog.collection.naming.albums import fold_album
from catalog.collection.naming.artists import fold_artist
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from tests.integration.conftest import DAY, insert, state

CASES = {
    # case id: artist, tagged, suggested, suspicion of the case, titles with the suspicion of each
    "red": ("Red", "Metal", "Rock", 0.9, {"Red 1": 0.9, "Red 2": 0.8, "Red 3": 0.7}),
    "old": ("Old", "Pop", "Rock", 0.8, {"Old 1": 0.8}),
    "sad": ("Sad", "Jazz", "Blues", 0.5, {"Sad 1": 0.5, "Sad 2": 0.45}),
}


@dataclass
class Doubted:
    """What was put in, by name."""

    genres: dict[str, int] = field(default_factory=dict)
    tracks: dict[str, int] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    audit_id: int = 0


def fill(connection: Connection) -> Doubted:
    """Three cases; the second track of Red is on an album of its own and tagged Metal and Live."""
    made = Doubted(genres=dict(connection.execute(sa.select(t.genre.c.name, t.genre.c.id)).all()))
    folder = insert(connection, t.collection, name="records", kind="folder", root="/m", root_bytes=b"/m")
    made.audit_id = insert(connection, t.audit, kind="labels", parameters={}, finished_at=DAY)
    for case_id, (name, tagged, suggested, suspicion, titles) in CASES.items():
        artist = insert(
            connection, t.artist, key=name, name=name, folded=fold_artist(name), is_placeholder=False
        )
        case = insert(
            connection,
            t.review_case,
            audit_id=made.audit_id,
            case_id=case_id,
            artist_id=artist,
            genre_id=made.genres[tagged],
            suggested_genre_id=made.genres[suggested],
            tracks=len(titles),
            suspicion=suspicion,
        )
        for title, doubt in titles.items():
            key = f"{name}/{'Second' if title == 'Red 2' else 'First'}"
            album = connection.execute(sa.select(t.album.c.id).where(t.album.c.key == key)).scalar()
            album = album or insert(
                connection, t.album, key=key, title=key, folded=fold_album(key), artist_id=artist
            )
            path = f"{key}/{title}.mp3"
            track = made.tracks[title] = insert(
                connection,
                t.track,
                collection_id=folder,
                path=path,
                path_bytes=path.encode(),
                title=title,
                artist_id=artist,
                album_id=album,
                external_id=f"x-{title}",
                duration=180.0,
            )
            tags = [tagged, "Folk"] if title == "Red 2" else [tagged]
            made.statements[title] = state(connection, track, "file", [made.genres[tag] for tag in tags])
            insert(
                connection,
                t.suspect,
                audit_id=made.audit_id,
                track_id=track,
                genre_id=made.genres[tagged],
                suggested_genre_id=made.genres[suggested],
                review_case_id=case,
                suspicion=doubt,
                relation="different",
                reasons=[prediction_reason(made.genres[suggested], 0.8, made.genres[tagged], 0.1)],
            )
    refresh_track_status(connection)
    return made


@pytest.fixture
def doubted(database: Database) -> Doubted:
    """The cases in a fresh catalog, on each of the two databases."""
    with database.write() as connection:
        return fill(connection)
