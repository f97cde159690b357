"""The genre vocabulary, and statements: the genres that a source gave a track at one time (append-only)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Integer, SmallInteger, Text

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


genre = sa.Table(
    "genre",
    metadata,
    primary_key(),
    Column("name", Text, nullable=False, unique=True, comment="the preferred spelling"),
    Column("folded", Text, nullable=False, unique=True),
    Column("code", Text, unique=True),
    Column("parent_id", sa.ForeignKey("genre.id"), index=True),
    Column("origin", Text, nullable=False),
    Column("suggest", Boolean, nullable=False, default=True, comment="may be suggested"),
    Column("write", Boolean, nullable=False, default=True, comment="may be written to files"),
    check_in("origin", "fma", "id3", "file", "builtin"),
)

genre_alias = sa.Table(
    "genre_alias",
    metadata,
    primary_key(),
    foreign_key("genre", index=True),
    Column("alias", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),
    Column("added_by", Text, nullable=False),
)

genre_ancestor = sa.Table(
    "genre_ancestor",
    metadata,
    foreign_key("genre", cascade=True, primary_key=True),
    foreign_key("genre", name="ancestor_id", cascade=True, primary_key=True, index=True),
    Column("distance", Integer, nullable=False, comment="0 for the genre itself"),
)
