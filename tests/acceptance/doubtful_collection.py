"""A catalog with doubts to decide in a browser: twenty cases whose tracks are short files of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import av
import numpy as np
import sqlalchemy as sa
from av import AudioStream

from catalog.audit.reasons import prediction_reason
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from tests.integration.conftest import DAY, insert, state

RATE = 22_050
SECONDS = 6.0
KINDS = (
    # suffix, codec as PyAV calls it, as the catalog does
    ("flac", "flac", "flac"),
    ("mp3", "libmp3lame", "mp3"),
    ("opus", "libopus", "opus"),
    ("wav", "pcm_s16le", "pcm_s16le"),
    ("aiff", "pcm_s16be", "pcm_s16be"),
)
"""No browser of ours plays the last one as it is."""


def write_tone(path: Path, codec: str, number: int) -> None:
    """A few seconds of a chord that beats."""
    times = np.arange(int(SECONDS * RATE)) / RATE
    pitch = 150 * 2 ** (number % 12 / 12)
    chord = sum(np.sin(2 * np.pi * pitch * part * times) / part for part in (1, 1.5, 2, 3))
    samples = (chord * (0.4 + 0.4 * np.sin(2 * np.pi * 2 * times)) * 7_000).astype(np.int16)
    rate = 48_000 if codec == "libopus" else RATE
    with av.open(str(path), "w") as container:
        stream = cast("AudioStream", container.add_stream(codec, rate=rate, layout="mono"))
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def fill_doubtful(database: Database, root: Path, *, cases: int = 20) -> dict[str, int]:
    """So many cases, gravest first; every fourth has three tracks on two albums. Gives the tracks' ids by title."""
    root.mkdir(parents=True)
    tracks: dict[str, int] = {}
    with database.write() as connection:
        genres = dict(connection.execute(sa.select(t.genre.c.name, t.genre.c.id)).all())
        folder = insert(
            connection,
            t.collection,
            name="records",
            kind="folder",
            root=str(root),
            root_bytes=str(root).encode(),
        )
        audit = insert(connection, t.audit, kind="labels", parameters={}, finished_at=DAY)
        model = insert(
            connection, t.model, algorithm="logistic", parameters={}, class_order=[], metrics={}, versions={},
            status="active", promoted_at=DAY,
        )  # fmt: skip
        for number in range(cases):
            name = f"Artist {number:02d}"
            artist = insert(
                connection, t.artist, key=name, name=name, folded=name.lower(), is_placeholder=False
            )
            tagged, suggested = (("Metal", "Rock"), ("Jazz", "Blues"))[number % 2]
            titles = [f"{name} song {one}" for one in range(3 if number % 4 == 0 else 1)]
            case = insert(
                connection, t.review_case, audit_id=audit, case_id=f"case{number:02d}", artist_id=artist,
                genre_id=genres[tagged], suggested_genre_id=genres[suggested], tracks=len(titles),
                suspicion=(0.9 - number / 100) / len(titles),
            )  # fmt: skip
            albums = [
                insert(
                    connection,
                    t.album,
                    key=f"{name}/{one}",
                    title=f"Album {one}",
                    folded=f"album {one}",
                    artist_id=artist,
                )
                for one in range(2)
            ]
            for place, title in enumerate(titles):
                suffix, codec, called = KINDS[(number + place) % len(KINDS)]
                file = f"{title}.{suffix}"
                write_tone(root / file, codec, number)
                track = tracks[title] = insert(
                    connection, t.track, collection_id=folder, path=file, path_bytes=file.encode(), title=title,
                    artist_id=artist, album_id=albums[place // 2], duration=SECONDS, codec=called,
                )  # fmt: skip
                state(connection, track, "file", [genres[tagged]])
                likely = [suggested, "Pop", tagged, "Folk", "Country"]
                insert(
                    connection, t.prediction, model_id=model, track_id=track, suggested_genre_id=genres[suggested],
                    suggested_by="audio", fold=0,
                    **{f"genre_{at}_id": genres[each] for at, each in enumerate(likely, 1)},
                    **{f"probability_{at}": 0.5 / at for at in range(1, 6)},
                )  # fmt: skip
                insert(
                    connection, t.suspect, audit_id=audit, track_id=track, genre_id=genres[tagged],
                    suggested_genre_id=genres[suggested], review_case_id=case, suspicion=0.9 - number / 100,
                    relation="different",
                    reasons=[prediction_reason(genres[suggested], 0.5, genres[tagged], 0.17)],
                )  # fmt: skip
        refresh_track_status(connection)
    return tracks
