"""Feature sets, vectors, descriptors, and the tags of the pretrained networks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, Column, Float, Integer, Text

from catalog.db.columns import UTCDateTime, Vector, foreign_key, metadata, now, primary_key

feature_set = sa.Table(
    "feature_set",
    metadata,
    primary_key(),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("dimensions", JSON, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("active", Boolean, nullable=False, default=True, comment="the version that its name stands for"),
    Column("created_at", UTCDateTime, nullable=False, default=now),
    sa.UniqueConstraint("name", "hash"),
)

feature_vector = sa.Table(
    "feature_vector",
    metadata,
    foreign_key("feature_set", primary_key=True),
    foreign_key("track", primary_key=True, cascade=True, index=True),
    Column("vector", Vector, nullable=False),
    Column("file_signature", Text, comment="of the analyzed file"),
    Column(
        "provenance",
        JSON,
        comment="decoder, library versions, excerpt: information, never makes the vector stale",
    ),
    Column("computed_at", UTCDateTime, nullable=False, default=now, index=True),
)

track_descriptor = sa.Table(
    "track_descriptor",
    metadata,
    foreign_key("track", primary_key=True, cascade=True),
    Column("tempo", Float, comment="beats per minute"),
    Column("onset_rate", Float, comment="onsets per second"),
    Column("loudness", Float, comment="dBFS RMS of the excerpt without silence"),
    Column("brightness", Float, comment="mean spectral centroid in hertz"),
    Column("harmonic_share", Float, comment="of the energy, 0 to 1"),
    Column("percussive_share", Float, comment="of the energy, 0 to 1"),
    Column("speech_probability", Float, comment="0 to 1"),
)

network_tag = sa.Table(
    "network_tag",
    metadata,
    primary_key(),
    Column("network", Text, nullable=False),
    Column("tag", Text, nullable=False),
    sa.UniqueConstraint("network", "tag"),
)

track_network_tag = sa.Table(
    "track_network_tag",
    metadata,
    foreign_key("track", primary_key=True, cascade=True),
    foreign_key("network_tag", primary_key=True, index=True),
    Column("probability", Float, nullable=False),
)
