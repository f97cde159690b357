"""A small catalog with something in every table that a view reads, for tests that ask questions of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.reasons import isolated_tag_reason
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.confusion import refresh_confusion
from catalog.db.derived.track_status import refresh_track_status
from catalog.learning.scoring.model_metrics import Baselines
from tests.integration.labeled_collection import fill_labeled
from tests.integration.outage import outage
from tests.sample_metrics import interval, stored_metrics

__all__ = ["fill_labeled", "outage"]

DAY = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Sample:
    """What the sample holds, by name."""

    genres: dict[str, int] = field(default_factory=dict)
    tracks: dict[str, int] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    model_id: int = 0
    audit_id: int = 0


def insert(connection: Connection, table: sa.Table, **values: Any) -> int:
    """One row; gives its id."""
    result = connection.execute(sa.insert(table).values(**values))
    key = result.inserted_primary_key
    return int(key[0]) if key is not None else 0


# title: artist, album, tagged genres, first choice, probability, suggestion, suggested by, fold
TRACKS = {
    "Amber": ("Alma", "Stones", ["Rock"], "Rock", 0.9, "Rock", "audio", 0),
    "Basalt": ("Alma", "Stones", ["Rock", "Pop"], "Pop", 0.6, "Pop", "audio", 1),
    "Chalk": ("Alma", "Stones", ["Metal"], "Rock", 0.8, "Rock", "audio", 2),
    "Dew": ("Bruno", "Water", ["Jazz"], "Classical", 0.95, "Classical", "audio", 0),
    "Eddy": ("Bruno", "Water", ["Jazz"], "Jazz", 0.55, None, None, 1),
    "Fog": ("Bruno", "Water", [], "Jazz", 0.85, "Jazz", "album", None),
    "Gale": ("Various", "Weather", ["Classical"], "Classical", 0.7, "Classical", "audio", 2),
    "Hail": ("Various", "Weather", [], "Pop", 0.3, None, None, None),
}


def fill(connection: Connection) -> Sample:
    """Puts the sample in and brings what is computed up to date."""
    sample = Sample(genres=dict(connection.execute(sa.select(t.genre.c.name, t.genre.c.id)).all()))
    folder = insert(
        connection, t.collection, name="records", kind="folder", root="/m", root_bytes=b"/m", added_at=DAY
    )
    artists = {
        name: insert(
            connection, t.artist, key=name, name=name, folded=name.lower(), is_placeholder=name == "Various"
        )
        for name in ("Alma", "Bruno", "Various")
    }
    albums: dict[str, int] = {}
    recipe = insert(
        connection, t.feature_set, name="musicnn", version=1, parameters={}, dimensions=["a", "b"], hash="m1"
    )
    snapshot = insert(
        connection, t.snapshot, hash="s1", level="leaf", parameters={}, tracks=6, classes=4, groups=3
    )
    sample.model_id = insert(
        connection,
        t.model,
        algorithm="logistic",
        parameters={},
        snapshot_id=snapshot,
        class_order=[],
        metrics=stored_metrics(
            accuracy=interval(0.5, 0.2),
            baselines=Baselines(interval(0.34), interval(0.4)),
            classes=4,
            tracks=6,
        ),
        versions={},
        status="active",
        promoted_at=DAY,
    )
    for title, (artist, album, tags, first, probability, suggested, by, fold) in TRACKS.items():
        if album not in albums:
            key = f"{artist}/{album}"
            albums[album] = insert(
                connection, t.album, key=key, title=album, folded=album.lower(), artist_id=artists[artist]
            )
        path = f"{artist}/{album}/{title}.mp3"
        track = sample.tracks[title] = insert(
            connection,
            t.track,
            collection_id=folder,
            path=path,
            path_bytes=path.encode(),
            title=title,
            artist_id=artists[artist],
            album_id=albums[album],
            duration=180.0,
        )
        if tags:
            sample.statements[title] = state(connection, track, "file", [sample.genres[tag] for tag in tags])
        insert_vector = {"feature_set_id": recipe, "track_id": track, "vector": np.array([1, 2])}
        connection.execute(sa.insert(t.feature_vector).values(insert_vector))
        second = "Blues" if first != "Blues" else "Rock"
        connection.execute(
            sa.insert(t.prediction).values(
                model_id=sample.model_id,
                track_id=track,
                fold=fold,
                genre_1_id=sample.genres[first],
                probability_1=probability,
                genre_2_id=sample.genres[second],
                probability_2=1 - probability,
                suggested_genre_id=sample.genres.get(suggested or ""),
                suggested_by=by,
            )
        )
        if fold is not None:
            member = {
                "snapshot_id": snapshot,
                "track_id": track,
                "genre_id": sample.genres[tags[0]],
                "group_id": artists[artist],
                "fold": fold,
            }
            connection.execute(sa.insert(t.snapshot_member).values(member))
    for name in ("Rock", "Pop", "Jazz", "Classical"):
        support = {"tracks": 12, "artists": 6, "albums": 6, "judged": True, "reason": ""}
        class_id = sample.genres[name]
        connection.execute(
            sa.insert(t.model_class).values(
                model_id=sample.model_id, genre_id=class_id, counts_for_id=class_id, **support
            )
        )
    connection.execute(
        sa.insert(t.model_class).values(
            model_id=sample.model_id,
            genre_id=sample.genres["Metal"],
            tracks=1,
            artists=1,
            albums=1,
            counts_for_id=sample.genres["Rock"],
            judged=False,
            reason="1 track by 1 artist; counts for Rock",
        )
    )
    _hear(connection, sample, recipe)
    _doubt(connection, sample, artists["Bruno"], albums["Water"])
    _archive(connection, sample)
    refresh_track_status(connection)
    refresh_confusion(connection, sample.model_id)
    return sample


def state(
    connection: Connection, track: int, source: str, genres: list[int], withdraws: int | None = None
) -> int:
    """A statement and its labels; gives its id."""
    statement = insert(
        connection, t.statement, track_id=track, source=source, stated_at=DAY, withdraws_id=withdraws
    )
    for rank, genre in enumerate(genres):
        written = sa.select(t.genre.c.name).where(t.genre.c.id == genre).scalar_subquery()
        label = {"statement_id": statement, "rank": rank, "genre_id": genre, "as_written": written}
        connection.execute(sa.insert(t.label).values(label))
    return statement


def _hear(connection: Connection, sample: Sample, recipe: int) -> None:
    word = insert(connection, t.network_tag, network="msd", tag="piano")
    for number, (title, track) in enumerate(sample.tracks.items()):
        described = {"tempo": 90.0 + number, "loudness": -24.0 + number, "speech_probability": 0.01 * number}
        connection.execute(sa.insert(t.track_descriptor).values(track_id=track, **described))
        if title in {"Dew", "Fog"}:
            connection.execute(
                sa.insert(t.track_network_tag).values(track_id=track, network_tag_id=word, probability=0.6)
            )
    insert(
        connection,
        t.failure,
        track_id=sample.tracks["Hail"],
        stage="features",
        feature_set_id=recipe,
        reason="too-short",
        message="less than 0.5 s",
        failed_at=DAY,
    )
    worker = insert(
        connection,
        t.worker,
        name="studio-1f0a",
        host="studio",
        pid=4711,
        version="0.1.0",
        started_at=DAY,
        heartbeat_at=DAY,
        analyzed=118,
        failed=2,
        seconds=60.0,
    )
    insert(connection, t.claim, track_id=sample.tracks["Hail"], worker_id=worker, claimed_at=DAY)
    audit = insert(connection, t.audit, kind="clusters", parameters={}, finished_at=DAY)
    run = insert(
        connection,
        t.cluster_run,
        audit_id=audit,
        feature_set_id=recipe,
        algorithm="k-means",
        parameters={},
        clusters=2,
        scores={},
        tracks=b"",
        assignments=b"",
    )
    for cluster, genre, tracks in ((0, "Rock", 2), (1, "Jazz", 2), (1, "Classical", 1)):
        count = {
            "cluster_run_id": run,
            "cluster": cluster,
            "genre_id": sample.genres[genre],
            "tracks": tracks,
        }
        connection.execute(sa.insert(t.cluster_count).values(count))
    pair = {
        "audit_id": insert(connection, t.audit, kind="duplicates", parameters={}, finished_at=DAY),
        "track_id": sample.tracks["Basalt"],
        "other_track_id": sample.tracks["Dew"],
        "kind": "nearly_same",
        "similarity": 0.99,
        "genres_differ": True,
    }
    connection.execute(sa.insert(t.duplicate_pair).values(pair))


def _doubt(connection: Connection, sample: Sample, artist: int, album: int) -> None:
    jazz, classical, rock, pop = (sample.genres[name] for name in ("Jazz", "Classical", "Rock", "Pop"))
    sample.audit_id = insert(
        connection, t.audit, kind="labels", parameters={}, model_id=sample.model_id, finished_at=DAY
    )
    case = insert(
        connection,
        t.review_case,
        audit_id=sample.audit_id,
        case_id="bruno-water",
        artist_id=artist,
        album_id=album,
        genre_id=jazz,
        suggested_genre_id=classical,
        tracks=1,
        suspicion=0.9,
    )
    for title, genre, suggested, suspicion, within, relation in (
        ("Dew", jazz, classical, 0.9, case, "different"),
        ("Basalt", rock, pop, 0.4, None, "different"),
        ("Amber", rock, sample.genres["Metal"], 0.7, None, "narrower"),
    ):
        insert(
            connection,
            t.suspect,
            audit_id=sample.audit_id,
            track_id=sample.tracks[title],
            genre_id=genre,
            suggested_genre_id=suggested,
            review_case_id=within,
            suspicion=suspicion,
            relation=relation,
            reasons=[isolated_tag_reason(genre)],
        )
    insert(
        connection,
        t.decision,
        track_id=sample.tracks["Basalt"],
        genre_id=rock,
        verdict="keep",
        before_statement_id=sample.statements["Basalt"],
        reviewer="ada",
        decided_at=DAY,
        source="queue",
    )


def _archive(connection: Connection, sample: Sample) -> None:
    """What the Free Music Archive says of two tracks."""
    for title, number, subset, split, top, listens in (
        ("Amber", "2", "small", "training", "Rock", 1293),
        ("Fog", "5", "medium", "test", None, 17),
    ):
        held = t.track.c.id == sample.tracks[title]
        connection.execute(sa.update(t.track).where(held).values(external_id=number))
        row = {"track_id": sample.tracks[title], "subset": subset, "split": split, "genre_top": top}
        row |= {"contradicts": False, "license": "Attribution", "listens": listens}
        connection.execute(sa.insert(t.fma_track).values(row))


@pytest.fixture
def sample(database: Database) -> Sample:
    """The sample, in a fresh catalog on each of the two databases."""
    with database.write() as connection:
        return fill(connection)


@pytest.fixture
def say() -> Callable[..., int]:
    """A function that makes a statement with its labels."""
    return state
