"""Digests of the views and seeds in the database, to detect those of another version."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from catalog.db.columns import metadata

bundled_content = sa.Table(
    "bundled_content",
    metadata,
    Column("name", Text, primary_key=True, comment="views, or seeds of the vocabulary"),
    Column("digest", Text, nullable=False, comment="SHA-256 of the content"),
)
