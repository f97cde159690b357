"""Collections, artists, albums, tracks, and metadata of the Free Music Archive that other tracks do not have."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, Text

from catalog.db.columns import UTCDateTime, check_in, foreign_key, metadata, now, partial_index, primary_key

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


collection = sa.Table(
    "collection",
    metadata,
    primary_key(),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False, comment="folder, or data_set for an import without files"),
    Column("root", Text, comment="the root folder as readable text"),
    Column(
        "root_bytes", LargeBinary, unique=True, comment="the root folder as the operating system names it"
    ),
    Column(
        "tags_complete",
        Boolean,
        nullable=False,
        default=False,
        comment="tags are complete: a genre that is not listed is absent",
    ),
    Column("added_at", UTCDateTime, nullable=False, default=now),
    Column("scanned_at", UTCDateTime),
    Column("root_inode", sa.BigInteger, comment="inode of the root folder at the last scan"),
    check_in("kind", "folder", "data_set"),
)

artist = sa.Table(
    "artist",
    metadata,
    primary_key(),
    Column("key", Text, nullable=False, unique=True, comment="folded name, or the id in its data set"),
    Column("name", Text, nullable=False, index=True),
    Column("folded", Text, nullable=False, index=True),
    Column(
        "is_placeholder",
        Boolean,
        nullable=False,
        default=False,
        comment="Various, Unknown: not an artist, connects no tracks",
    ),
    Column("external_id", Text),
)

album = sa.Table(
    "album",
    metadata,
    primary_key(),
    Column(
        "key", Text, nullable=False, unique=True, comment="folded artist and title, or the id in its data set"
    ),
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
    Column("path", Text, comment="relative to the root, as readable text"),
    Column("path_bytes", LargeBinary, comment="relative to the root, as the operating system names it"),
    Column("state", Text, nullable=False, default="present"),
    Column("size", sa.BigInteger),
    Column("mtime_ns", sa.BigInteger),
    Column("file_signature", Text, comment="BLAKE2b of the size and 64 KB from the middle of the file"),
    Column(
        "audio_hash",
        Text,
        comment="BLAKE2b-128 of the audio packets: unchanged by retagging",
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
    Column("seen_at", UTCDateTime, comment="when a scan last saw the file"),
    Column("ctime_ns", sa.BigInteger, comment="when the file or its status last changed"),
    Column("inode", sa.BigInteger),
    Column("tag_reader", Integer, comment="version of the reader that read its tags"),
    sa.UniqueConstraint("collection_id", "path_bytes"),
    sa.UniqueConstraint("collection_id", "external_id"),
    # Tracks without a file have neither and are left out of the indexes.
    sa.Index(None, "file_signature", **partial_index("file_signature IS NOT NULL")),
    sa.Index(None, "audio_hash", **partial_index("audio_hash IS NOT NULL")),
    check_in("state", "present", "missing", "metadata"),
)
