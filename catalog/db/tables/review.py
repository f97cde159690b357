"""What people decided, and what was written to files because of it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, Column, LargeBinary, Text

from catalog.db.columns import UTCDateTime, key, metadata, now, one_of, reference

decision = sa.Table(
    "decision",
    metadata,
    key(),
    reference("track"),
    reference("genre", nullable=True),
    Column("verdict", Text, nullable=False),
    reference("genre", name="chosen_genre_id", nullable=True),
    Column("reviewer", Text, nullable=False),
    Column("decided_at", UTCDateTime, nullable=False, default=now),
    Column("drawn_by", Text, nullable=False),
    Column("blind", Boolean, nullable=False, default=False),
    reference("decision", name="undoes_id", nullable=True, index=True),
    sa.Column("suspect_id", sa.ForeignKey("suspect.id", ondelete="SET NULL"), index=True),
    reference("statement", nullable=True, index=True),
    one_of("verdict", "keep", "accept", "relabel", "add", "unsure", "wrong_recording", "undo"),
    one_of("drawn_by", "queue", "sample", "search"),
    sa.Index("ix_decision_track", "track_id", "genre_id"),
)

review_lease = sa.Table(
    "review_lease",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("reviewer", Text, nullable=False),
    Column("until", UTCDateTime, nullable=False),
)

tag_write = sa.Table(
    "tag_write",
    metadata,
    key(),
    reference("track", index=True),
    reference("statement", nullable=True, index=True),
    Column("path_bytes", LargeBinary, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("state", Text, nullable=False, default="planned"),
    Column("written_at", UTCDateTime),
    Column("undone_at", UTCDateTime),
    one_of("state", "planned", "written", "undone", "failed"),
)
