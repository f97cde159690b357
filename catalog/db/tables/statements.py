"""Statements: the genres that a source gave a track at one time. Append-only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, SmallInteger, Text

from catalog.db.columns import UTCDateTime, check_in, foreign_key, metadata, now, primary_key

statement = sa.Table(
    "statement",
    metadata,
    primary_key(),
    foreign_key("track", index=True),
    Column("source", Text, nullable=False),
    Column("stated_at", UTCDateTime, nullable=False, default=now),
    Column("stated_by", Text, comment="the reviewer, or the name of the imported file"),
    Column("origin", Text, comment="kind of tag, column of a list, or catalog if this program wrote it"),
    Column("as_written", Text, comment="the full text, verbatim"),
    foreign_key("statement", name="withdraws_id", nullable=True, unique=True),
    check_in("source", "file", "import", "person"),
)

label = sa.Table(
    "label",
    metadata,
    foreign_key("statement", primary_key=True),
    Column("rank", SmallInteger, primary_key=True, autoincrement=False, comment="0 is the first genre"),
    foreign_key("genre", index=True),
    Column("as_written", Text, nullable=False),
)
