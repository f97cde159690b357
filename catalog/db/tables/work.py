"""Workers, claims, failures."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, Column, Float, Integer, Text

from catalog.db.columns import UTCDateTime, foreign_key, metadata, now, partial_index, primary_key

worker = sa.Table(
    "worker",
    metadata,
    primary_key(),
    Column("name", Text, nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("started_at", UTCDateTime, nullable=False, default=now),
    Column("heartbeat_at", UTCDateTime, nullable=False, default=now),
    Column("stopped_at", UTCDateTime),
    Column(
        "analyzed", Integer, nullable=False, default=0, server_default="0", comment="tracks since the start"
    ),
    Column(
        "failed", Integer, nullable=False, default=0, server_default="0", comment="tracks since the start"
    ),
    Column(
        "seconds",
        Float,
        nullable=False,
        default=0,
        server_default="0",
        comment="total analysis time of these tracks",
    ),
    Column("durations", JSON, comment="histogram of analysis times"),
)

claim = sa.Table(
    "claim",
    metadata,
    foreign_key("track", primary_key=True, cascade=True),
    foreign_key("worker", nullable=True, index=True),
    Column("claimed_at", UTCDateTime),
    Column("deaths", Integer, nullable=False, default=0, comment="number of workers that died on this track"),
    Column("file_signature", Text, comment="of the file on which they died"),
)

failure = sa.Table(
    "failure",
    metadata,
    primary_key(),
    foreign_key("track", cascade=True, index=True),
    Column("stage", Text, nullable=False),
    foreign_key("feature_set", nullable=True),
    Column("reason", Text, nullable=False, index=True, comment="code such as too-short"),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=1),
    Column("file_signature", Text, comment="of the failed file"),
    Column("failed_at", UTCDateTime, nullable=False, default=now),
    sa.Index(
        "uq_failure_decoding",
        "track_id",
        "stage",
        unique=True,
        **partial_index("feature_set_id IS NULL"),
    ),
    sa.Index(
        "uq_failure_feature_set",
        "track_id",
        "stage",
        "feature_set_id",
        unique=True,
        **partial_index("feature_set_id IS NOT NULL"),
    ),
)
