"""Snapshots, trials, models, predictions, and the status of every track."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, SmallInteger, Text

from catalog.db.columns import (
    UTCDateTime,
    Vector,
    check_in,
    foreign_key,
    metadata,
    now,
    partial_index,
    primary_key,
)

CHOICES = 5
"""The number of most probable genres that a prediction stores in columns."""

snapshot = sa.Table(
    "snapshot",
    metadata,
    primary_key(),
    Column("hash", Text, nullable=False, unique=True),
    Column("level", Text, nullable=False),
    Column("parameters", JSON, nullable=False, comment="class rule, fold seed"),
    Column("tracks", Integer, nullable=False),
    Column("classes", Integer, nullable=False),
    Column("groups", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False, default=now),
    check_in("level", "leaf", "top"),
)

snapshot_member = sa.Table(
    "snapshot_member",
    metadata,
    foreign_key("snapshot", primary_key=True, cascade=True),
    foreign_key("track", primary_key=True, index=True),
    foreign_key("genre"),
    Column("group_id", Integer, nullable=False, comment="tracks of one group are in the same fold"),
    Column("fold", SmallInteger, nullable=False),
)

trial = sa.Table(
    "trial",
    metadata,
    primary_key(),
    foreign_key("snapshot", cascade=True),
    Column("algorithm", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("parameters_hash", Text, nullable=False),
    Column("fold", SmallInteger, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("seconds", Float),
    Column("created_at", UTCDateTime, nullable=False, default=now),
    sa.UniqueConstraint("snapshot_id", "algorithm", "parameters_hash", "fold"),
)

search = sa.Table(
    "search",
    metadata,
    primary_key(),
    foreign_key("snapshot", cascade=True, index=True),
    Column("scheme", Text, nullable=False),
    Column("parameters", JSON, nullable=False, comment="candidates, seed, budget of each round"),
    Column("outcome", JSON, comment="the candidates, best first; NULL until all trials are done"),
    Column("started_at", UTCDateTime, nullable=False, default=now),
    Column("finished_at", UTCDateTime),
    check_in("scheme", "compare", "grid", "random", "halving"),
)

model = sa.Table(
    "model",
    metadata,
    primary_key(),
    Column("algorithm", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    foreign_key("snapshot", nullable=True),
    Column("class_order", JSON, nullable=False, comment="genre ids in the order of the probability columns"),
    Column("artifact", Text, comment="file name under models/"),
    Column("artifact_sha256", Text),
    Column("metrics", JSON, nullable=False),
    Column("threshold", Float),
    Column("seed", Integer),
    Column("versions", JSON, nullable=False, comment="versions of the libraries that fitted it"),
    Column("status", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False, default=now),
    Column("promoted_at", UTCDateTime),
    check_in("status", "candidate", "active", "retired", "rejected"),
    sa.Index(
        "uq_model_active",
        "status",
        unique=True,
        **partial_index("status = 'active'"),
    ),
)

model_feature_set = sa.Table(
    "model_feature_set",
    metadata,
    foreign_key("model", primary_key=True, cascade=True),
    foreign_key("feature_set", primary_key=True),
    Column("position", SmallInteger, nullable=False),
)

model_class = sa.Table(
    "model_class",
    metadata,
    foreign_key("model", primary_key=True, cascade=True),
    foreign_key("genre", primary_key=True),
    Column("tracks", Integer, nullable=False),
    Column("artists", Integer, nullable=False),
    Column("albums", Integer, nullable=False),
    foreign_key("genre", name="counts_for_id", nullable=True),
    Column("judged", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
)

prediction = sa.Table(
    "prediction",
    metadata,
    foreign_key("model", primary_key=True, cascade=True),
    foreign_key("track", primary_key=True, cascade=True, index=True),
    Column("unit", Text, nullable=False, default="track"),
    Column("fold", SmallInteger, comment="NULL: not in the training set"),
    *(
        column
        for place in range(1, CHOICES + 1)
        for column in (
            foreign_key("genre", name=f"genre_{place}_id", nullable=True),
            Column(f"probability_{place}", Float),
        )
    ),
    Column("probabilities", Vector, comment="all probabilities in class order, for labeled tracks"),
    foreign_key("genre", name="suggested_genre_id", nullable=True),
    Column("suggested_probability", Float),
    Column("suggested_by", Text),
    Column("predicted_at", UTCDateTime, nullable=False, default=now),
    check_in("unit", "track", "album"),
    check_in("suggested_by", "audio", "album", "artist", "zero_shot"),
)

prediction_chunk = sa.Table(
    "prediction_chunk",
    metadata,
    foreign_key("model", primary_key=True, cascade=True),
    Column("basis", Text, primary_key=True, comment="hash of the inputs of the predictions"),
    Column("chunk", Integer, primary_key=True, autoincrement=False),
    Column("track_ids", LargeBinary, nullable=False, comment="int64, little-endian"),
    Column("probability", LargeBinary, nullable=False, comment="tracks x classes, float64, little-endian"),
    Column("resemblance", LargeBinary, comment="the same shape; NULL if the model does not need it"),
    comment="partial results of a distributed prediction run; empty otherwise",
)

track_status = sa.Table(
    "track_status",
    metadata,
    foreign_key("track", primary_key=True, cascade=True),
    foreign_key("statement", nullable=True, index=True),
    foreign_key("genre", name="tagged_genre_id", nullable=True),
    Column("tagged_genre", Text),
    Column("tagged_genres", Text),
    foreign_key("genre", name="artist_genre_id", nullable=True),
    Column("artist_genre", Text),
    foreign_key("model", nullable=True, cascade=True),
    foreign_key("genre", name="predicted_genre_id", nullable=True),
    Column("predicted_genre", Text),
    Column("probability", Float),
    foreign_key("genre", name="suggested_genre_id", nullable=True),
    Column("suggested_genre", Text),
    Column("suggested_by", Text),
    Column("relation", Text),
    Column("out_of_fold", Boolean),
    sa.Index("ix_track_status_tagged_genre", "tagged_genre", "track_id"),
    sa.Index("ix_track_status_predicted_genre", "predicted_genre", "track_id"),
    sa.Index("ix_track_status_relation", "relation", "track_id"),
)

confusion_count = sa.Table(
    "confusion_count",
    metadata,
    foreign_key("model", primary_key=True, cascade=True),
    foreign_key("genre", name="tagged_genre_id", primary_key=True),
    foreign_key("genre", name="predicted_genre_id", primary_key=True),
    Column("tracks", Integer, nullable=False),
)
