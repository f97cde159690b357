"""The genre vocabulary."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Integer, Text

from catalog.db.columns import check_in, foreign_key, metadata, primary_key

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
