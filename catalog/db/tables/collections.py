"""Collections and what they hold: artists, albums, tracks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, Text

from catalog.db.columns import UTCDateTime, check_in, foreign_key, metadata, now, partial_index, primary_key

collection = sa.Table(
    "collection",
    metadata,
    primary_key(),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False, comment="folder, or data_set for what was imported without files"),
    Column("root", Text, comment="the root folder as text for people"),
    Column("root_bytes", LargeBinary, unique=True, comment="the root folder as the system names it"),
    Column(
        "tags_complete", Boolean, nullable=False, default=False, comment="a genre not given is a genre denied"
    ),
    Column("added_at", UTCDateTime, nullable=False, default=now),
    Column("scanned_at", UTCDateTime),
    check_in("kind", "folder", "data_set"),
)

artist = sa.Table(
    "artist",
    metadata,
    primary_key(),
    Column(
        "key", Text, nullable=False, unique=True, comment="folded name, or the id of the data set it is from"
    ),
    Column("name", Text, nullable=False, index=True),
    Column("folded", Text, nullable=False, index=True),
    Column(
        "is_placeholder",
        Boolean,
        nullable=False,
        default=False,
        comment="Various, Unknown: keeps nothing together",
    ),
    Column("external_id", Text),
)

album = sa.Table(
    "album",
    metadata,
    primary_key(),
    Column("key", Text, nullable=False, unique=True, comment="folded artist and title, or the data set's id"),
    Column("title", Text, nullable=False, index=True),
    Column("folded", Text, nullable=False, index=True),
    foreign_key("artist", nullable=True, index=True),
    Column("external_id", Text),
    Column("released", Text, comment="as written: a year or a date"),
    Column("information", Text),
)

track = sa.Table(
    "track",
    metadata,
    primary_key(),
    foreign_key("collection"),
    Column("path", Text, comment="relative to the root, as text for people"),
    Column("path_bytes", LargeBinary, comment="relative to the root, as the system gives it"),
    Column("state", Text, nullable=False, default="present"),
    Column("size", sa.BigInteger),
    Column("mtime_ns", sa.BigInteger),
    Column("file_signature", Text, comment="BLAKE2b of the size and 64 KB from the middle of the file"),
    Column(
        "audio_hash",
        Text,
        comment="BLAKE2b-128 of the audio packets: equal after a change of tags",
    ),
    Column("duration", Float, comment="seconds"),
    Column("codec", Text),
    Column("sample_rate", Integer),
    Column("channels", Integer),
    Column("bit_rate", Integer),
    Column("title", Text),
    Column("year", Integer),
    Column("track_number", Integer),
    foreign_key("artist", nullable=True, index=True),
    foreign_key("album", nullable=True, index=True),
    Column("external_id", Text),
    Column("added_at", UTCDateTime, nullable=False, default=now),
    Column("seen_at", UTCDateTime, comment="when a scan last found the file"),
    sa.UniqueConstraint("collection_id", "path_bytes"),
    sa.UniqueConstraint("collection_id", "external_id"),
    # A track without a file has neither, and need not stand in an index of them.
    sa.Index(None, "file_signature", **partial_index("file_signature IS NOT NULL")),
    sa.Index(None, "audio_hash", **partial_index("audio_hash IS NOT NULL")),
    check_in("state", "present", "missing", "metadata"),
)
