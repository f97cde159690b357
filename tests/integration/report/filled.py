"""A catalog filled row by row, as a run over 344 messily tagged tracks would leave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.reasons import prediction_reason
from catalog.db import tables as t
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.derived.confusion import refresh_confusion
from catalog.db.derived.track_status import refresh_track_status
from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.scoring.artist_aware_score import ArtistAwareScore
from catalog.learning.scoring.model_metrics import Baselines, GenreScore, RandomFoldScore
from tests.sample_metrics import stored_metrics

DIMENSIONS = 24

# Tag, artists, tracks an artist: what people's tags look like, with a genre or two of one artist only.
SHAPE = (
    ("Rock", 22, 4),
    ("Metal", 9, 5),
    ("Death Metal", 6, 3),
    ("Pop", 10, 3),
    ("Punk", 6, 4),
    ("Folk", 6, 3),
    ("Hip-Hop", 5, 3),
    ("Classical", 5, 3),
    ("Blues", 3, 4),
    ("Folk Rock", 1, 12),
    ("Synthpop", 1, 9),
)
CLASSES = ("Rock", "Metal", "Death Metal", "Pop", "Punk", "Folk", "Hip-Hop", "Classical")
REASONS = (
    "Typically predicted Rock (81\xa0%); the tag Metal gets 4\xa0%",
    "108 of the 120 most similar tracks by other artists are tagged Rock or a kind of Rock",
)
BAND, WRONG_TAG, RIGHT_TAG, WRONG_TRACKS = "The Paper Lanterns", "Metal", "Rock", 14

METRICS = stored_metrics(
    accuracy=Interval(0.712, 0.634, 0.787),
    balanced_accuracy=Interval(0.655, 0.58, 0.72),
    macro_f1=Interval(0.64, 0.57, 0.71),
    top_3_accuracy=Interval(0.93, 0.9, 0.96),
    random_folds=RandomFoldScore(0.81, 0.7),
    artist_aware=ArtistAwareScore(Interval(0.894, 0.81, 0.95), Interval(0.8, 0.7, 0.9), 0.95, 0.9, ()),
    baselines=Baselines(Interval(0.336, 0.2, 0.48), Interval(0.861, 0.8, 0.9)),
    tracks=262,
    classes=8,
    groups=70,
    largest_group=22,
    without_artist_share=0.02,
    share_answered=0.58,
    answered_precision=0.868,
    per_class=tuple(
        GenreScore(name, 60 - 6 * at, 0.8 - 0.04 * at, 0.85 - 0.06 * at, 0.8)
        for at, name in enumerate(CLASSES)
    ),
)


def insert(connection: Connection, table: sa.Table, **values: Any) -> int:
    """One row; gives its id."""
    return int(connection.execute(sa.insert(table).values(**values).returning(table.c.id)).scalar_one())


def add_collection(connection: Connection, name: str = "Music") -> int:
    return insert(connection, t.collection, name=name, kind="folder", root="/music", root_bytes=name.encode())


def genre_id(connection: Connection, name: str) -> int:
    """The id of a genre that the vocabulary has, or that is now added to it."""
    found = connection.execute(sa.select(t.genre.c.id).where(t.genre.c.name == name)).scalar()
    if found is not None:
        return int(found)
    return insert(connection, t.genre, name=name, folded=name.casefold(), origin="file")


def add_track(
    connection: Connection,
    collection: int,
    *,
    artist: int | None,
    title: str | None,
    path: str,
    **values: Any,
) -> int:
    return insert(
        connection,
        t.track,
        collection_id=collection,
        artist_id=artist,
        title=title,
        path=path,
        path_bytes=path.encode(errors="replace"),
        duration=values.pop("duration", 212.0),
        **values,
    )


def add_artist(connection: Connection, name: str) -> int:
    key = f"{name[:200]}".casefold()
    return insert(connection, t.artist, key=key, name=name, folded=key)


def say(connection: Connection, track: int, *genres: int) -> None:
    """A file's statement on a track's genres."""
    statement = insert(connection, t.statement, track_id=track, source="file", origin="TCON")
    for rank, genre in enumerate(genres):
        values = {"statement_id": statement, "rank": rank, "genre_id": genre, "as_written": "x"}
        connection.execute(sa.insert(t.label).values(values))


def add_recipe(connection: Connection, dimensions: int = DIMENSIONS) -> int:
    return insert(
        connection,
        t.feature_set,
        name="musicnn",
        version=1,
        parameters={"sample_rate": 16000},
        dimensions=[f"d{number}" for number in range(dimensions)],
        hash="5f0c0ffee5f0c0ffee5f0c0ffee5f0c0",
        active=True,
    )


def add_vector(connection: Connection, recipe: int, track: int, vector: Any) -> None:
    connection.execute(
        sa.insert(t.feature_vector).values(
            feature_set_id=recipe,
            track_id=track,
            vector=np.asarray(vector, dtype=np.float32),
            provenance={"av": "17.1.0", "onnxruntime": "1.30.0", "window": [91.0, 121.0]},
        )
    )


def add_model(
    connection: Connection, classes: Sequence[int], *, metrics: Any, zero_shot: bool = False
) -> int:
    snapshot = None
    if not zero_shot:
        snapshot = insert(
            connection,
            t.snapshot,
            hash="c0ffee00c0ffee00",
            level="leaf",
            parameters={"min_tracks": 10, "min_artists": 5},
            tracks=262,
            classes=len(classes),
            groups=70,
        )
    return insert(
        connection,
        t.model,
        algorithm="zero_shot" if zero_shot else "logistic_regression",
        parameters={},
        snapshot_id=snapshot,
        class_order=list(classes),
        metrics=metrics,
        versions={},
        status="active",
        promoted_at=now(),
    )


def predict(
    connection: Connection,
    model: int,
    track: int,
    genre: int,
    *,
    suggested: int | None,
    by: str | None = "audio",
    fold: int | None = None,
    probability: float = 0.7,
) -> None:
    connection.execute(
        sa.insert(t.prediction).values(
            model_id=model,
            track_id=track,
            fold=fold,
            genre_1_id=genre,
            probability_1=probability,
            suggested_genre_id=suggested,
            suggested_probability=None if suggested is None else probability,
            suggested_by=None if suggested is None else by,
        )
    )


def add_audit(connection: Connection, model: int) -> int:
    return insert(connection, t.audit, kind="labels", model_id=model, parameters={}, finished_at=now())


def add_case(
    connection: Connection,
    audit: int,
    tracks: Mapping[int, float],
    *,
    tagged: int,
    suggested: int,
    artist: int | None = None,
    album: int | None = None,
    relation: str = "different",
    reasons: Sequence[Mapping[str, Any]] = (),
) -> int:
    """A case of these tracks, each with its suspicion."""
    case = insert(
        connection,
        t.review_case,
        audit_id=audit,
        case_id=f"case-{artist}-{album}-{tagged}-{suggested}",
        artist_id=artist,
        album_id=album,
        genre_id=tagged,
        suggested_genre_id=suggested,
        tracks=len(tracks),
        suspicion=max(tracks.values()),
    )
    for track, suspicion in tracks.items():
        insert(
            connection,
            t.suspect,
            audit_id=audit,
            track_id=track,
            genre_id=tagged,
            suggested_genre_id=suggested,
            review_case_id=case,
            suspicion=suspicion,
            relation=relation,
            reasons=list(reasons),
        )
    return case


def add_support(
    connection: Connection,
    model: int,
    genre: int,
    *,
    tracks: int,
    artists: int,
    counts_for: int | None,
    reason: str = "",
) -> None:
    values = {"tracks": tracks, "artists": artists, "albums": artists, "reason": reason}
    values |= {"model_id": model, "genre_id": genre, "counts_for_id": counts_for}
    connection.execute(sa.insert(t.model_class).values(**values, judged=counts_for is not None))


def add_failure(connection: Connection, track: int, reason: str, message: str) -> None:
    insert(connection, t.failure, track_id=track, stage="decode", reason=reason, message=message)


def fill(database: Database, seed: int = 0) -> None:
    """344 tracks: 300 tagged, 40 without a genre, 4 that are too short; one band with a wrong tag on 14 tracks."""
    with database.write() as connection:
        _fill(connection, np.random.default_rng(seed))
        refresh_track_status(connection)
        for model in connection.execute(sa.select(t.model.c.id)).scalars().all():
            refresh_confusion(connection, model)


def _fill(connection: Connection, random: np.random.Generator) -> None:
    genres = {name: genre_id(connection, name) for name, _, _ in SHAPE}
    centers = {name: random.normal(0, 2.2, DIMENSIONS) for name in genres}
    centers["Death Metal"] = centers["Metal"] + random.normal(0, 1, DIMENSIONS)
    centers["Folk Rock"] = (centers["Rock"] + centers["Folk"]) / 2
    recipe = add_recipe(connection)
    model = add_model(connection, [genres[name] for name in CLASSES], metrics=METRICS)
    connection.execute(
        sa.insert(t.model_feature_set).values(model_id=model, feature_set_id=recipe, position=0)
    )
    run = _Run(
        connection,
        random,
        genres,
        centers,
        add_collection(connection),
        recipe,
        model,
        add_audit(connection, model),
    )
    for name, artists, tracks in SHAPE:
        run.support(name, artists, tracks)
        for at in range(artists):
            run.artist(name, f"{name} Band {at + 1}", tracks, fold=at % 5)
    band = run.wrong_band()
    for way, tracks in (("artist", 14), ("album", 4), ("audio", 12), (None, 10)):
        for number in range(tracks):
            run.untagged(way, number, band)
    for number in range(4):
        run.failure(number)


@dataclass
class _Run:
    connection: Connection
    random: np.random.Generator
    genres: Mapping[str, int]
    centers: Mapping[str, Any]
    collection: int
    recipe: int
    model: int
    audit: int
    tracks: int = 0

    def track(self, artist: int | None, title: str, sounds_like: str) -> int:
        self.tracks += 1
        path = f"{self.tracks:03}/{title}.mp3"
        track = add_track(self.connection, self.collection, artist=artist, title=title, path=path)
        sound = self.centers[sounds_like] + self.random.normal(0, 1.4, DIMENSIONS)
        add_vector(self.connection, self.recipe, track, sound)
        return track

    def support(self, name: str, artists: int, tracks: int) -> None:
        counts_for = name if name in CLASSES else "Rock" if name == "Folk Rock" else None
        reason = f"{artists * tracks} tracks by {artists} artist{'s' * (artists > 1)}; needs 5 artists"
        add_support(
            self.connection,
            self.model,
            self.genres[name],
            tracks=artists * tracks,
            artists=artists,
            counts_for=self.genres[counts_for] if counts_for else None,
            reason="" if name in CLASSES else reason,
        )

    def artist(self, name: str, artist_name: str, tracks: int, *, fold: int) -> None:
        artist = add_artist(self.connection, artist_name)
        doubted: dict[int, float] = {}
        for number in range(tracks):
            track = self.track(artist, f"{name} Song {number + 1}", name)
            say(self.connection, track, self.genres[name])
            heard = name if name in CLASSES else "Rock"
            if name in CLASSES and self.random.random() > 0.72:
                heard = str(self.random.choice((*CLASSES, "Punk", "Punk")))
            answered = self.random.random() < 0.75
            predict(
                self.connection,
                self.model,
                track,
                self.genres[heard],
                suggested=self.genres[heard] if answered else None,
                fold=fold if name in CLASSES else None,
            )
            if heard == "Punk" and name != "Punk" and answered:
                doubted[track] = 0.5 + 0.4 * self.random.random()
        if doubted:
            add_case(
                self.connection,
                self.audit,
                doubted,
                artist=artist,
                tagged=self.genres[name],
                suggested=self.genres["Punk"],
                reasons=[prediction_reason(self.genres["Punk"], 0.61, self.genres[name], 0.08)],
            )

    def wrong_band(self) -> int:
        band = add_artist(self.connection, BAND)
        wrong, right = self.genres[WRONG_TAG], self.genres[RIGHT_TAG]
        doubted = {}
        for number in range(WRONG_TRACKS):
            track = self.track(band, f"Folded Light {number + 1}", RIGHT_TAG)
            say(self.connection, track, wrong)
            predict(self.connection, self.model, track, right, suggested=right, fold=3, probability=0.81)
            doubted[track] = 0.97 - 0.01 * number
        add_case(
            self.connection,
            self.audit,
            doubted,
            artist=band,
            tagged=wrong,
            suggested=right,
            relation="broader",
            reasons=[
                prediction_reason(right, 0.81, wrong, 0.04),
                {"kind": "neighbors", "genre_id": right, "tracks": 9, "of": 10},
            ],
        )
        return band

    def untagged(self, way: str | None, number: int, band: int) -> None:
        artist = band if way == "artist" else add_artist(self.connection, f"Lost Tape {way} {number}")
        name = str(self.random.choice(CLASSES))
        predict(
            self.connection,
            self.model,
            self.track(artist, f"Side {number + 1}", name),
            self.genres[name],
            suggested=self.genres[name] if way else None,
            by=way,
            probability=0.4 + 0.5 * self.random.random(),
        )

    def failure(self, number: int) -> None:
        track = add_track(
            self.connection, self.collection, artist=None, title=None, path=f"clips/click {number}.mp3"
        )
        add_failure(self.connection, track, "too-short", "0.13 s of sound; at least 0.5 s are needed")
