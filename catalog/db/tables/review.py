"""Decisions, reviewers, audit samples, and tags written to files."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, Text

from catalog.db.columns import UTCDateTime, check_in, foreign_key, metadata, now, primary_key

decision = sa.Table(
    "decision",
    metadata,
    primary_key(),
    foreign_key("track"),
    foreign_key("genre", nullable=True),
    Column("verdict", Text, nullable=False),
    foreign_key("genre", name="chosen_genre_id", nullable=True),
    Column("reviewer", Text, nullable=False),
    Column("decided_at", UTCDateTime, nullable=False, default=now),
    Column("source", Text, nullable=False),
    Column("blind", Boolean, nullable=False, default=False),
    foreign_key("decision", name="undoes_id", nullable=True, index=True),
    sa.Column("suspect_id", sa.ForeignKey("suspect.id", ondelete="SET NULL"), index=True),
    foreign_key("statement", nullable=True, index=True),
    Column("batch", Text, index=True, comment="decisions made and undone together"),
    foreign_key("statement", name="before_statement_id", nullable=True, index=True),
    check_in("verdict", "keep", "accept", "relabel", "add", "unsure", "wrong_recording", "undo"),
    check_in("source", "queue", "sample", "search"),
    sa.Index("ix_decision_track", "track_id", "genre_id"),
)

review_lease = sa.Table(
    "review_lease",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("reviewer", Text, nullable=False),
    Column("until", UTCDateTime, nullable=False),
)

reviewer = sa.Table(
    "reviewer",
    metadata,
    primary_key(),
    Column("name", Text, nullable=False, unique=True),
    Column("token_sha256", Text, nullable=False, unique=True, comment="of the token in the reviewer's link"),
    Column("added_at", UTCDateTime, nullable=False, default=now),
    Column("revoked_at", UTCDateTime),
)

audit_sample = sa.Table(
    "audit_sample",
    metadata,
    primary_key(),
    Column("seed", Integer, nullable=False),
    Column("tracks", Integer, nullable=False),
    Column("overlap", Integer, nullable=False, comment="number of tracks that two reviewers judge"),
    Column("parameters", JSON, nullable=False, comment="strata and their weights"),
    Column("drawn_at", UTCDateTime, nullable=False, default=now),
    Column("closed_at", UTCDateTime),
)

audit_sample_track = sa.Table(
    "audit_sample_track",
    metadata,
    foreign_key("audit_sample", primary_key=True, cascade=True),
    foreign_key("track", primary_key=True, cascade=True, index=True),
    Column("position", Integer, nullable=False, comment="position in the review queue"),
    foreign_key("genre", nullable=True),
    foreign_key("statement", nullable=True, cascade=True, index=True),
    Column("weight", Float, nullable=False, comment="number of tracks that it represents"),
    Column("overlap", Boolean, nullable=False, comment="judged by two reviewers"),
)

tag_write = sa.Table(
    "tag_write",
    metadata,
    primary_key(),
    foreign_key("track", index=True),
    foreign_key("statement", nullable=True, index=True),
    Column("path_bytes", LargeBinary, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("state", Text, nullable=False, default="planned"),
    Column("written_at", UTCDateTime),
    Column("undone_at", UTCDateTime),
    Column("batch", Text, index=True, comment="tag writes of the same command"),
    Column("message", Text, comment="why the write or undo failed"),
    Column("before_digest", Text, comment="BLAKE2b-128 of the file before the write"),
    Column("after_digest", Text, comment="BLAKE2b-128 of the file after the write"),
    Column("patch", LargeBinary, comment="binary patch that restores the original file"),
    check_in("state", "planned", "written", "undone", "failed"),
)
