"""Audits, cluster runs, suspects, cases, duplicates."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, Text

from catalog.db.columns import UTCDateTime, check_in, foreign_key, metadata, now, primary_key

audit = sa.Table(
    "audit",
    metadata,
    primary_key(),
    Column("kind", Text, nullable=False),
    foreign_key("model", nullable=True),
    Column("seed", Integer),
    Column("parameters", JSON, nullable=False),
    Column("summary", JSON),
    Column("started_at", UTCDateTime, nullable=False, default=now),
    Column("finished_at", UTCDateTime, comment="NULL: not finished, not shown"),
    check_in("kind", "labels", "clusters", "duplicates"),
    sa.Index("ix_audit_kind", "kind", "finished_at"),
)

cluster_run = sa.Table(
    "cluster_run",
    metadata,
    primary_key(),
    foreign_key("audit", cascade=True, index=True),
    foreign_key("feature_set"),
    Column("algorithm", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("clusters", Integer, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("tracks", LargeBinary, nullable=False, comment="track ids, little-endian int64"),
    Column("assignments", LargeBinary, nullable=False, comment="clusters, little-endian int32; -1 is noise"),
    Column(
        "centrality",
        LargeBinary,
        comment="little-endian float32: 1 at the center, 0 halfway to the next center",
    ),
)

cluster_count = sa.Table(
    "cluster_count",
    metadata,
    foreign_key("cluster_run", primary_key=True, cascade=True),
    Column("cluster", Integer, primary_key=True, autoincrement=False),
    foreign_key("genre", primary_key=True),
    Column("tracks", Integer, nullable=False),
)

review_case = sa.Table(
    "review_case",
    metadata,
    primary_key(),
    foreign_key("audit", cascade=True),
    Column("case_id", Text, nullable=False, comment="identifies the same case in every audit"),
    foreign_key("artist", nullable=True),
    foreign_key("album", nullable=True),
    foreign_key("genre"),
    foreign_key("genre", name="suggested_genre_id"),
    Column("tracks", Integer, nullable=False),
    Column("suspicion", Float, nullable=False),
    sa.UniqueConstraint("audit_id", "case_id"),
    sa.Index("ix_review_case_suspicion", "audit_id", "suspicion"),
)

suspect = sa.Table(
    "suspect",
    metadata,
    primary_key(),
    foreign_key("audit", cascade=True),
    foreign_key("track", cascade=True, index=True),
    foreign_key("genre"),
    foreign_key("genre", name="suggested_genre_id"),
    foreign_key("review_case", nullable=True, cascade=True, index=True),
    Column("suspicion", Float, nullable=False, comment="0 to 1, a ranking score"),
    Column(
        "expected_right",
        Float,
        comment="estimated probability that the suspicion is right; NULL before 100 decisions",
    ),
    Column("relation", Text, nullable=False),
    Column("reasons", JSON, nullable=False),
    sa.UniqueConstraint("audit_id", "track_id", "genre_id"),
    sa.Index("ix_suspect_suspicion", "audit_id", "suspicion"),
)

duplicate_pair = sa.Table(
    "duplicate_pair",
    metadata,
    foreign_key("audit", primary_key=True, cascade=True),
    foreign_key("track", primary_key=True, cascade=True),
    foreign_key("track", name="other_track_id", primary_key=True, cascade=True, index=True),
    Column("kind", Text, nullable=False),
    Column("similarity", Float, nullable=False, comment="cosine of the embeddings; 1 for the same audio"),
    Column("genres_differ", Boolean, nullable=False),
    check_in("kind", "same_audio", "nearly_same"),
)
