"""Metadata of the Free Music Archive that other tracks do not have."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, Column, Integer, Text

from catalog.db.columns import check_in, foreign_key, metadata

fma_track = sa.Table(
    "fma_track",
    metadata,
    foreign_key("track", primary_key=True, cascade=True),
    Column("subset", Text, comment="the smallest subset that contains it; larger ones contain it too"),
    Column("split", Text, comment="the official split"),
    Column("genre_top", Text, comment="as written; NULL for half of the tracks"),
    Column(
        "contradicts", Boolean, nullable=False, comment="genre_top is not an ancestor of any of the genres"
    ),
    Column("license", Text),
    Column("listens", Integer),
    Column("favorites", Integer),
    Column("interest", Integer),
    Column("created", Text, comment="when it was added to the archive, as written"),
    Column("recorded", Text, comment="as written"),
    Column("language", Text),
    Column("composer", Text),
    Column("publisher", Text),
    Column("tags", JSON(none_as_null=True), comment="keywords of its owner; NULL if there are none"),
    check_in("subset", "small", "medium", "large"),
    check_in("split", "training", "validation", "test"),
)
