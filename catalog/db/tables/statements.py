"""Evidence: what a source said of a track's genres at one time. Append-only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, SmallInteger, Text

from catalog.db.columns import UTCDateTime, key, metadata, now, one_of, reference

statement = sa.Table(
    "statement",
    metadata,
    key(),
    reference("track", index=True),
    Column("source", Text, nullable=False),
    Column("said_at", UTCDateTime, nullable=False, default=now),
    Column("said_by", Text, comment="a reviewer, or the name of the imported file"),
    Column("origin", Text, comment="the kind of tag, the column of a list, or that we wrote it ourselves"),
    Column("as_written", Text, comment="the whole text, verbatim"),
    reference("statement", name="withdraws_id", nullable=True, unique=True),
    one_of("source", "file", "import", "human"),
)

label = sa.Table(
    "label",
    metadata,
    reference("statement", primary_key=True),
    Column("rank", SmallInteger, primary_key=True, autoincrement=False, comment="0 is the first genre given"),
    reference("genre", index=True),
    Column("as_written", Text, nullable=False),
)
