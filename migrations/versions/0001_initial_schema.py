"""The initial schema: every table, before the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "artist",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="folded name, or the id in its data set"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column(
            "is_placeholder",
            sa.Boolean(),
            nullable=False,
            comment="Various, Unknown: not an artist, connects no tracks",
        ),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artist")),
        sa.UniqueConstraint("key", name=op.f("uq_artist_key")),
    )
    with op.batch_alter_table("artist", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artist_folded"), ["folded"], unique=False)
        batch_op.create_index(batch_op.f("ix_artist_name"), ["name"], unique=False)

    op.create_table(
        "audit_sample",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.Column(
            "overlap", sa.Integer(), nullable=False, comment="number of tracks that two reviewers judge"
        ),
        sa.Column("parameters", sa.JSON(), nullable=False, comment="strata and their weights"),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_sample")),
    )
    op.create_table(
        "bundled_content",
        sa.Column("name", sa.Text(), nullable=False, comment="views, or seeds of the vocabulary"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the content"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_bundled_content")),
    )
    op.create_table(
        "collection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="folder, or data_set for an import without files"
        ),
        sa.Column("root", sa.Text(), nullable=True, comment="the root folder as readable text"),
        sa.Column(
            "root_bytes",
            sa.LargeBinary(),
            nullable=True,
            comment="the root folder as the operating system names it",
        ),
        sa.Column(
            "tags_complete",
            sa.Boolean(),
            nullable=False,
            comment="tags are complete: a genre that is not listed is absent",
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('folder', 'data_set')", name=op.f("ck_collection_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("name", name=op.f("uq_collection_name")),
        sa.UniqueConstraint("root_bytes", name=op.f("uq_collection_root_bytes")),
    )
    op.create_table(
        "feature_set",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("dimensions", sa.JSON(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False, comment="the version that its name stands for"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_set")),
        sa.UniqueConstraint("hash", name=op.f("uq_feature_set_hash")),
        sa.UniqueConstraint("name", "hash", name=op.f("uq_feature_set_name_hash")),
    )
    op.create_table(
        "genre",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="the preferred spelling"),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("suggest", sa.Boolean(), nullable=False, comment="may be suggested"),
        sa.Column("write", sa.Boolean(), nullable=False, comment="may be written to files"),
        sa.CheckConstraint("origin IN ('fma', 'id3', 'file', 'builtin')", name=op.f("ck_genre_origin")),
        sa.ForeignKeyConstraint(["parent_id"], ["genre.id"], name=op.f("fk_genre_parent_id_genre")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genre")),
        sa.UniqueConstraint("code", name=op.f("uq_genre_code")),
        sa.UniqueConstraint("folded", name=op.f("uq_genre_folded")),
        sa.UniqueConstraint("name", name=op.f("uq_genre_name")),
    )
    with op.batch_alter_table("genre", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_genre_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "network_tag",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_tag")),
        sa.UniqueConstraint("network", "tag", name=op.f("uq_network_tag_network_tag")),
    )
    op.create_table(
        "review_lease",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_review_lease")),
    )
    op.create_table(
        "reviewer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False, comment="of the token in the reviewer's link"),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewer")),
        sa.UniqueConstraint("name", name=op.f("uq_reviewer_name")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_reviewer_token_sha256")),
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False, comment="class rule, fold seed"),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.Column("classes", sa.Integer(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level IN ('leaf', 'top')", name=op.f("ck_snapshot_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("hash", name=op.f("uq_snapshot_hash")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "analyzed", sa.Integer(), server_default="0", nullable=False, comment="tracks since the start"
        ),
        sa.Column(
            "failed", sa.Integer(), server_default="0", nullable=False, comment="tracks since the start"
        ),
        sa.Column(
            "seconds",
            sa.Float(),
            server_default="0",
            nullable=False,
            comment="total analysis time of these tracks",
        ),
        sa.Column("durations", sa.JSON(), nullable=True, comment="histogram of analysis times"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
        sa.UniqueConstraint("name", name=op.f("uq_worker_name")),
    )
    op.create_table(
        "album",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "key", sa.Text(), nullable=False, comment="folded artist and title, or the id in its data set"
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("artist_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("released", sa.Text(), nullable=True, comment="as written: a year or a date"),
        sa.Column("information", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["artist_id"], ["artist.id"], name=op.f("fk_album_artist_id_artist")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_album")),
        sa.UniqueConstraint("key", name=op.f("uq_album_key")),
    )
    with op.batch_alter_table("album", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_album_artist_id"), ["artist_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_album_folded"), ["folded"], unique=False)
        batch_op.create_index(batch_op.f("ix_album_title"), ["title"], unique=False)

    op.create_table(
        "genre_alias",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["genre_id"], ["genre.id"], name=op.f("fk_genre_alias_genre_id_genre")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genre_alias")),
        sa.UniqueConstraint("folded", name=op.f("uq_genre_alias_folded")),
    )
    with op.batch_alter_table("genre_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_genre_alias_genre_id"), ["genre_id"], unique=False)

    op.create_table(
        "genre_ancestor",
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ancestor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False, comment="0 for the genre itself"),
        sa.ForeignKeyConstraint(
            ["ancestor_id"],
            ["genre.id"],
            name=op.f("fk_genre_ancestor_ancestor_id_genre"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["genre_id"], ["genre.id"], name=op.f("fk_genre_ancestor_genre_id_genre"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("genre_id", "ancestor_id", name=op.f("pk_genre_ancestor")),
    )
    with op.batch_alter_table("genre_ancestor", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_genre_ancestor_ancestor_id"), ["ancestor_id"], unique=False)

    op.create_table(
        "model",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "class_order",
            sa.JSON(),
            nullable=False,
            comment="genre ids in the order of the probability columns",
        ),
        sa.Column("artifact", sa.Text(), nullable=True, comment="file name under models/"),
        sa.Column("artifact_sha256", sa.Text(), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("versions", sa.JSON(), nullable=False, comment="versions of the libraries that fitted it"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('candidate', 'active', 'retired', 'rejected')", name=op.f("ck_model_status")
        ),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_model_snapshot_id_snapshot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
    )
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.create_index(
            "uq_model_active",
            ["status"],
            unique=True,
            sqlite_where=sa.text("status = 'active'"),
            postgresql_where=sa.text("status = 'active'"),
        )

    op.create_table(
        "search",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False, comment="candidates, seed, budget of each round"),
        sa.Column(
            "outcome",
            sa.JSON(),
            nullable=True,
            comment="the candidates, best first; NULL until all trials are done",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "scheme IN ('compare', 'grid', 'random', 'halving')", name=op.f("ck_search_scheme")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name=op.f("fk_search_snapshot_id_snapshot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search")),
    )
    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_snapshot_id"), ["snapshot_id"], unique=False)

    op.create_table(
        "trial",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("parameters_hash", sa.Text(), nullable=False),
        sa.Column("fold", sa.SmallInteger(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name=op.f("fk_trial_snapshot_id_snapshot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
        sa.UniqueConstraint(
            "snapshot_id",
            "algorithm",
            "parameters_hash",
            "fold",
            name=op.f("uq_trial_snapshot_id_algorithm_parameters_hash_fold"),
        ),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "finished_at", sa.DateTime(timezone=True), nullable=True, comment="NULL: not finished, not shown"
        ),
        sa.CheckConstraint("kind IN ('labels', 'clusters', 'duplicates')", name=op.f("ck_audit_kind")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_audit_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_kind", ["kind", "finished_at"], unique=False)

    op.create_table(
        "confusion_count",
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tagged_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("predicted_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_confusion_count_model_id_model"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["predicted_genre_id"], ["genre.id"], name=op.f("fk_confusion_count_predicted_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["tagged_genre_id"], ["genre.id"], name=op.f("fk_confusion_count_tagged_genre_id_genre")
        ),
        sa.PrimaryKeyConstraint(
            "model_id", "tagged_genre_id", "predicted_genre_id", name=op.f("pk_confusion_count")
        ),
    )
    op.create_table(
        "model_class",
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.Column("artists", sa.Integer(), nullable=False),
        sa.Column("albums", sa.Integer(), nullable=False),
        sa.Column("counts_for_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("judged", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["counts_for_id"], ["genre.id"], name=op.f("fk_model_class_counts_for_id_genre")
        ),
        sa.ForeignKeyConstraint(["genre_id"], ["genre.id"], name=op.f("fk_model_class_genre_id_genre")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_model_class_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "genre_id", name=op.f("pk_model_class")),
    )
    op.create_table(
        "model_feature_set",
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("feature_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_set_id"],
            ["feature_set.id"],
            name=op.f("fk_model_feature_set_feature_set_id_feature_set"),
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_model_feature_set_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "feature_set_id", name=op.f("pk_model_feature_set")),
    )
    op.create_table(
        "prediction_chunk",
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False, comment="hash of the inputs of the predictions"),
        sa.Column("chunk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("track_ids", sa.LargeBinary(), nullable=False, comment="int64, little-endian"),
        sa.Column(
            "probability",
            sa.LargeBinary(),
            nullable=False,
            comment="tracks x classes, float64, little-endian",
        ),
        sa.Column(
            "resemblance",
            sa.LargeBinary(),
            nullable=True,
            comment="the same shape; NULL if the model does not need it",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_prediction_chunk_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "basis", "chunk", name=op.f("pk_prediction_chunk")),
        comment="partial results of a distributed prediction run; empty otherwise",
    )
    op.create_table(
        "track",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("collection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("path", sa.Text(), nullable=True, comment="relative to the root, as readable text"),
        sa.Column(
            "path_bytes",
            sa.LargeBinary(),
            nullable=True,
            comment="relative to the root, as the operating system names it",
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=True),
        sa.Column(
            "file_signature",
            sa.Text(),
            nullable=True,
            comment="BLAKE2b of the size and 64 KB from the middle of the file",
        ),
        sa.Column(
            "audio_hash",
            sa.Text(),
            nullable=True,
            comment="BLAKE2b-128 of the audio packets: unchanged by retagging",
        ),
        sa.Column("duration", sa.Float(), nullable=True, comment="seconds"),
        sa.Column("codec", sa.Text(), nullable=True),
        sa.Column("sample_rate", sa.Integer(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("bit_rate", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("track_number", sa.Integer(), nullable=True),
        sa.Column("artist_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("album_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), nullable=True, comment="when a scan last saw the file"
        ),
        sa.CheckConstraint("state IN ('present', 'missing', 'metadata')", name=op.f("ck_track_state")),
        sa.ForeignKeyConstraint(["album_id"], ["album.id"], name=op.f("fk_track_album_id_album")),
        sa.ForeignKeyConstraint(["artist_id"], ["artist.id"], name=op.f("fk_track_artist_id_artist")),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name=op.f("fk_track_collection_id_collection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track")),
        sa.UniqueConstraint("collection_id", "external_id", name=op.f("uq_track_collection_id_external_id")),
        sa.UniqueConstraint("collection_id", "path_bytes", name=op.f("uq_track_collection_id_path_bytes")),
    )
    with op.batch_alter_table("track", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_track_album_id"), ["album_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_track_artist_id"), ["artist_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_track_audio_hash"),
            ["audio_hash"],
            unique=False,
            sqlite_where=sa.text("audio_hash IS NOT NULL"),
            postgresql_where=sa.text("audio_hash IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_track_file_signature"),
            ["file_signature"],
            unique=False,
            sqlite_where=sa.text("file_signature IS NOT NULL"),
            postgresql_where=sa.text("file_signature IS NOT NULL"),
        )

    op.create_table(
        "claim",
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("worker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "deaths", sa.Integer(), nullable=False, comment="number of workers that died on this track"
        ),
        sa.Column("file_signature", sa.Text(), nullable=True, comment="of the file on which they died"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_claim_track_id_track"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name=op.f("fk_claim_worker_id_worker")),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_claim")),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_worker_id"), ["worker_id"], unique=False)

    op.create_table(
        "cluster_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("feature_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("clusters", sa.Integer(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("tracks", sa.LargeBinary(), nullable=False, comment="track ids, little-endian int64"),
        sa.Column(
            "assignments",
            sa.LargeBinary(),
            nullable=False,
            comment="clusters, little-endian int32; -1 is noise",
        ),
        sa.Column(
            "centrality",
            sa.LargeBinary(),
            nullable=True,
            comment="little-endian float32: 1 at the center, 0 halfway to the next center",
        ),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.id"], name=op.f("fk_cluster_run_audit_id_audit"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["feature_set_id"], ["feature_set.id"], name=op.f("fk_cluster_run_feature_set_id_feature_set")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_run")),
    )
    with op.batch_alter_table("cluster_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cluster_run_audit_id"), ["audit_id"], unique=False)

    op.create_table(
        "duplicate_pair",
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("other_track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "similarity", sa.Float(), nullable=False, comment="cosine of the embeddings; 1 for the same audio"
        ),
        sa.Column("genres_differ", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('same_audio', 'nearly_same')", name=op.f("ck_duplicate_pair_kind")),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.id"], name=op.f("fk_duplicate_pair_audit_id_audit"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_track_id"],
            ["track.id"],
            name=op.f("fk_duplicate_pair_other_track_id_track"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_duplicate_pair_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("audit_id", "track_id", "other_track_id", name=op.f("pk_duplicate_pair")),
    )
    with op.batch_alter_table("duplicate_pair", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_duplicate_pair_other_track_id"), ["other_track_id"], unique=False
        )

    op.create_table(
        "failure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("feature_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, comment="code such as too-short"),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("file_signature", sa.Text(), nullable=True, comment="of the failed file"),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_set_id"], ["feature_set.id"], name=op.f("fk_failure_feature_set_id_feature_set")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_failure_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failure")),
    )
    with op.batch_alter_table("failure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failure_reason"), ["reason"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_track_id"), ["track_id"], unique=False)
        batch_op.create_index(
            "uq_failure_decoding",
            ["track_id", "stage"],
            unique=True,
            sqlite_where=sa.text("feature_set_id IS NULL"),
            postgresql_where=sa.text("feature_set_id IS NULL"),
        )
        batch_op.create_index(
            "uq_failure_feature_set",
            ["track_id", "stage", "feature_set_id"],
            unique=True,
            sqlite_where=sa.text("feature_set_id IS NOT NULL"),
            postgresql_where=sa.text("feature_set_id IS NOT NULL"),
        )

    op.create_table(
        "feature_vector",
        sa.Column("feature_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("file_signature", sa.Text(), nullable=True, comment="of the analyzed file"),
        sa.Column(
            "provenance",
            sa.JSON(),
            nullable=True,
            comment="decoder, library versions, excerpt: information, never makes the vector stale",
        ),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_set_id"], ["feature_set.id"], name=op.f("fk_feature_vector_feature_set_id_feature_set")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_feature_vector_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feature_set_id", "track_id", name=op.f("pk_feature_vector")),
    )
    with op.batch_alter_table("feature_vector", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feature_vector_computed_at"), ["computed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_feature_vector_track_id"), ["track_id"], unique=False)

    op.create_table(
        "fma_track",
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "subset",
            sa.Text(),
            nullable=True,
            comment="the smallest subset that contains it; larger ones contain it too",
        ),
        sa.Column("split", sa.Text(), nullable=True, comment="the official split"),
        sa.Column("genre_top", sa.Text(), nullable=True, comment="as written; NULL for half of the tracks"),
        sa.Column(
            "contradicts",
            sa.Boolean(),
            nullable=False,
            comment="genre_top is not an ancestor of any of the genres",
        ),
        sa.Column("license", sa.Text(), nullable=True),
        sa.Column("listens", sa.Integer(), nullable=True),
        sa.Column("favorites", sa.Integer(), nullable=True),
        sa.Column("interest", sa.Integer(), nullable=True),
        sa.Column(
            "created", sa.Text(), nullable=True, comment="when it was added to the archive, as written"
        ),
        sa.Column("recorded", sa.Text(), nullable=True, comment="as written"),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("composer", sa.Text(), nullable=True),
        sa.Column("publisher", sa.Text(), nullable=True),
        sa.Column(
            "tags",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="keywords of its owner; NULL if there are none",
        ),
        sa.CheckConstraint("split IN ('training', 'validation', 'test')", name=op.f("ck_fma_track_split")),
        sa.CheckConstraint("subset IN ('small', 'medium', 'large')", name=op.f("ck_fma_track_subset")),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_fma_track_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_fma_track")),
    )
    op.create_table(
        "prediction",
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("fold", sa.SmallInteger(), nullable=True, comment="NULL: not in the training set"),
        sa.Column("genre_1_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("probability_1", sa.Float(), nullable=True),
        sa.Column("genre_2_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("probability_2", sa.Float(), nullable=True),
        sa.Column("genre_3_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("probability_3", sa.Float(), nullable=True),
        sa.Column("genre_4_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("probability_4", sa.Float(), nullable=True),
        sa.Column("genre_5_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("probability_5", sa.Float(), nullable=True),
        sa.Column(
            "probabilities",
            sa.LargeBinary(),
            nullable=True,
            comment="all probabilities in class order, for labeled tracks",
        ),
        sa.Column("suggested_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("suggested_probability", sa.Float(), nullable=True),
        sa.Column("suggested_by", sa.Text(), nullable=True),
        sa.Column("predicted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "suggested_by IN ('audio', 'album', 'artist', 'zero_shot')",
            name=op.f("ck_prediction_suggested_by"),
        ),
        sa.CheckConstraint("unit IN ('track', 'album')", name=op.f("ck_prediction_unit")),
        sa.ForeignKeyConstraint(["genre_1_id"], ["genre.id"], name=op.f("fk_prediction_genre_1_id_genre")),
        sa.ForeignKeyConstraint(["genre_2_id"], ["genre.id"], name=op.f("fk_prediction_genre_2_id_genre")),
        sa.ForeignKeyConstraint(["genre_3_id"], ["genre.id"], name=op.f("fk_prediction_genre_3_id_genre")),
        sa.ForeignKeyConstraint(["genre_4_id"], ["genre.id"], name=op.f("fk_prediction_genre_4_id_genre")),
        sa.ForeignKeyConstraint(["genre_5_id"], ["genre.id"], name=op.f("fk_prediction_genre_5_id_genre")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_prediction_model_id_model"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["suggested_genre_id"], ["genre.id"], name=op.f("fk_prediction_suggested_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_prediction_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "track_id", name=op.f("pk_prediction")),
    )
    with op.batch_alter_table("prediction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prediction_track_id"), ["track_id"], unique=False)

    op.create_table(
        "review_case",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False, comment="identifies the same case in every audit"),
        sa.Column("artist_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("album_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("suggested_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.Column("suspicion", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["album_id"], ["album.id"], name=op.f("fk_review_case_album_id_album")),
        sa.ForeignKeyConstraint(["artist_id"], ["artist.id"], name=op.f("fk_review_case_artist_id_artist")),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.id"], name=op.f("fk_review_case_audit_id_audit"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["genre_id"], ["genre.id"], name=op.f("fk_review_case_genre_id_genre")),
        sa.ForeignKeyConstraint(
            ["suggested_genre_id"], ["genre.id"], name=op.f("fk_review_case_suggested_genre_id_genre")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_case")),
        sa.UniqueConstraint("audit_id", "case_id", name=op.f("uq_review_case_audit_id_case_id")),
    )
    with op.batch_alter_table("review_case", schema=None) as batch_op:
        batch_op.create_index("ix_review_case_suspicion", ["audit_id", "suspicion"], unique=False)

    op.create_table(
        "snapshot_member",
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "group_id", sa.Integer(), nullable=False, comment="tracks of one group are in the same fold"
        ),
        sa.Column("fold", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["genre_id"], ["genre.id"], name=op.f("fk_snapshot_member_genre_id_genre")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["snapshot.id"],
            name=op.f("fk_snapshot_member_snapshot_id_snapshot"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name=op.f("fk_snapshot_member_track_id_track")),
        sa.PrimaryKeyConstraint("snapshot_id", "track_id", name=op.f("pk_snapshot_member")),
    )
    with op.batch_alter_table("snapshot_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snapshot_member_track_id"), ["track_id"], unique=False)

    op.create_table(
        "statement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "stated_by", sa.Text(), nullable=True, comment="the reviewer, or the name of the imported file"
        ),
        sa.Column(
            "origin",
            sa.Text(),
            nullable=True,
            comment="kind of tag, column of a list, or catalog if this program wrote it",
        ),
        sa.Column("as_written", sa.Text(), nullable=True, comment="the full text, verbatim"),
        sa.Column("withdraws_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("source IN ('file', 'import', 'person')", name=op.f("ck_statement_source")),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name=op.f("fk_statement_track_id_track")),
        sa.ForeignKeyConstraint(
            ["withdraws_id"], ["statement.id"], name=op.f("fk_statement_withdraws_id_statement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sa.UniqueConstraint("withdraws_id", name=op.f("uq_statement_withdraws_id")),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statement_track_id"), ["track_id"], unique=False)

    op.create_table(
        "track_descriptor",
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tempo", sa.Float(), nullable=True, comment="beats per minute"),
        sa.Column("onset_rate", sa.Float(), nullable=True, comment="onsets per second"),
        sa.Column("loudness", sa.Float(), nullable=True, comment="dBFS RMS of the excerpt without silence"),
        sa.Column("brightness", sa.Float(), nullable=True, comment="mean spectral centroid in hertz"),
        sa.Column("harmonic_share", sa.Float(), nullable=True, comment="of the energy, 0 to 1"),
        sa.Column("percussive_share", sa.Float(), nullable=True, comment="of the energy, 0 to 1"),
        sa.Column("speech_probability", sa.Float(), nullable=True, comment="0 to 1"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_track_descriptor_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_track_descriptor")),
    )
    op.create_table(
        "track_network_tag",
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("network_tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_tag_id"],
            ["network_tag.id"],
            name=op.f("fk_track_network_tag_network_tag_id_network_tag"),
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_track_network_tag_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "network_tag_id", name=op.f("pk_track_network_tag")),
    )
    with op.batch_alter_table("track_network_tag", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_track_network_tag_network_tag_id"), ["network_tag_id"], unique=False
        )

    op.create_table(
        "audit_sample_track",
        sa.Column("audit_sample_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="position in the review queue"),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("weight", sa.Float(), nullable=False, comment="number of tracks that it represents"),
        sa.Column("overlap", sa.Boolean(), nullable=False, comment="judged by two reviewers"),
        sa.ForeignKeyConstraint(
            ["audit_sample_id"],
            ["audit_sample.id"],
            name=op.f("fk_audit_sample_track_audit_sample_id_audit_sample"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["genre_id"], ["genre.id"], name=op.f("fk_audit_sample_track_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["statement.id"],
            name=op.f("fk_audit_sample_track_statement_id_statement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_audit_sample_track_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("audit_sample_id", "track_id", name=op.f("pk_audit_sample_track")),
    )
    with op.batch_alter_table("audit_sample_track", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_sample_track_statement_id"), ["statement_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_audit_sample_track_track_id"), ["track_id"], unique=False)

    op.create_table(
        "cluster_count",
        sa.Column("cluster_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cluster", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_run_id"],
            ["cluster_run.id"],
            name=op.f("fk_cluster_count_cluster_run_id_cluster_run"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["genre_id"], ["genre.id"], name=op.f("fk_cluster_count_genre_id_genre")),
        sa.PrimaryKeyConstraint("cluster_run_id", "cluster", "genre_id", name=op.f("pk_cluster_count")),
    )
    op.create_table(
        "label",
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "rank", sa.SmallInteger(), autoincrement=False, nullable=False, comment="0 is the first genre"
        ),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("as_written", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["genre_id"], ["genre.id"], name=op.f("fk_label_genre_id_genre")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_label_statement_id_statement")
        ),
        sa.PrimaryKeyConstraint("statement_id", "rank", name=op.f("pk_label")),
    )
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_genre_id"), ["genre_id"], unique=False)

    op.create_table(
        "suspect",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("suggested_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("review_case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("suspicion", sa.Float(), nullable=False, comment="0 to 1, a ranking score"),
        sa.Column(
            "expected_right",
            sa.Float(),
            nullable=True,
            comment="estimated probability that the suspicion is right; NULL before 100 decisions",
        ),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.id"], name=op.f("fk_suspect_audit_id_audit"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["genre_id"], ["genre.id"], name=op.f("fk_suspect_genre_id_genre")),
        sa.ForeignKeyConstraint(
            ["review_case_id"],
            ["review_case.id"],
            name=op.f("fk_suspect_review_case_id_review_case"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["suggested_genre_id"], ["genre.id"], name=op.f("fk_suspect_suggested_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_suspect_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspect")),
        sa.UniqueConstraint(
            "audit_id", "track_id", "genre_id", name=op.f("uq_suspect_audit_id_track_id_genre_id")
        ),
    )
    with op.batch_alter_table("suspect", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suspect_review_case_id"), ["review_case_id"], unique=False)
        batch_op.create_index("ix_suspect_suspicion", ["audit_id", "suspicion"], unique=False)
        batch_op.create_index(batch_op.f("ix_suspect_track_id"), ["track_id"], unique=False)

    op.create_table(
        "tag_write",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("path_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True, comment="tag writes of the same command"),
        sa.Column("message", sa.Text(), nullable=True, comment="why the write or undo failed"),
        sa.Column(
            "before_digest", sa.Text(), nullable=True, comment="BLAKE2b-128 of the file before the write"
        ),
        sa.Column(
            "after_digest", sa.Text(), nullable=True, comment="BLAKE2b-128 of the file after the write"
        ),
        sa.Column(
            "patch", sa.LargeBinary(), nullable=True, comment="binary patch that restores the original file"
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'written', 'undone', 'failed')", name=op.f("ck_tag_write_state")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_tag_write_statement_id_statement")
        ),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name=op.f("fk_tag_write_track_id_track")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_write")),
    )
    with op.batch_alter_table("tag_write", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tag_write_batch"), ["batch"], unique=False)
        batch_op.create_index(batch_op.f("ix_tag_write_statement_id"), ["statement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tag_write_track_id"), ["track_id"], unique=False)

    op.create_table(
        "track_status",
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("tagged_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("tagged_genre", sa.Text(), nullable=True),
        sa.Column("tagged_genres", sa.Text(), nullable=True),
        sa.Column("artist_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("artist_genre", sa.Text(), nullable=True),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("predicted_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("predicted_genre", sa.Text(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("suggested_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("suggested_genre", sa.Text(), nullable=True),
        sa.Column("suggested_by", sa.Text(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("out_of_fold", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["artist_genre_id"], ["genre.id"], name=op.f("fk_track_status_artist_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_track_status_model_id_model"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["predicted_genre_id"], ["genre.id"], name=op.f("fk_track_status_predicted_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_track_status_statement_id_statement")
        ),
        sa.ForeignKeyConstraint(
            ["suggested_genre_id"], ["genre.id"], name=op.f("fk_track_status_suggested_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["tagged_genre_id"], ["genre.id"], name=op.f("fk_track_status_tagged_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_track_status_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_track_status")),
    )
    with op.batch_alter_table("track_status", schema=None) as batch_op:
        batch_op.create_index(
            "ix_track_status_predicted_genre", ["predicted_genre", "track_id"], unique=False
        )
        batch_op.create_index("ix_track_status_relation", ["relation", "track_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_track_status_statement_id"), ["statement_id"], unique=False)
        batch_op.create_index("ix_track_status_tagged_genre", ["tagged_genre", "track_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("chosen_genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("undoes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("suspect_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True, comment="decisions made and undone together"),
        sa.Column("before_statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("source IN ('queue', 'sample', 'search')", name=op.f("ck_decision_source")),
        sa.CheckConstraint(
            "verdict IN ('keep', 'accept', 'relabel', 'add', 'unsure', 'wrong_recording', 'undo')",
            name=op.f("ck_decision_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["before_statement_id"], ["statement.id"], name=op.f("fk_decision_before_statement_id_statement")
        ),
        sa.ForeignKeyConstraint(
            ["chosen_genre_id"], ["genre.id"], name=op.f("fk_decision_chosen_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(["genre_id"], ["genre.id"], name=op.f("fk_decision_genre_id_genre")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_decision_statement_id_statement")
        ),
        sa.ForeignKeyConstraint(
            ["suspect_id"], ["suspect.id"], name=op.f("fk_decision_suspect_id_suspect"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name=op.f("fk_decision_track_id_track")),
        sa.ForeignKeyConstraint(["undoes_id"], ["decision.id"], name=op.f("fk_decision_undoes_id_decision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_batch"), ["batch"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_decision_before_statement_id"), ["before_statement_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_decision_statement_id"), ["statement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_suspect_id"), ["suspect_id"], unique=False)
        batch_op.create_index("ix_decision_track", ["track_id", "genre_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_undoes_id"), ["undoes_id"], unique=False)

    if op.get_context().dialect.name == "postgresql":
        # Vectors are not compressible; trying costs time at every write.
        op.execute("ALTER TABLE feature_vector ALTER COLUMN vector SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_undoes_id"))
        batch_op.drop_index("ix_decision_track")
        batch_op.drop_index(batch_op.f("ix_decision_suspect_id"))
        batch_op.drop_index(batch_op.f("ix_decision_statement_id"))
        batch_op.drop_index(batch_op.f("ix_decision_before_statement_id"))
        batch_op.drop_index(batch_op.f("ix_decision_batch"))

    op.drop_table("decision")
    with op.batch_alter_table("track_status", schema=None) as batch_op:
        batch_op.drop_index("ix_track_status_tagged_genre")
        batch_op.drop_index(batch_op.f("ix_track_status_statement_id"))
        batch_op.drop_index("ix_track_status_relation")
        batch_op.drop_index("ix_track_status_predicted_genre")

    op.drop_table("track_status")
    with op.batch_alter_table("tag_write", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tag_write_track_id"))
        batch_op.drop_index(batch_op.f("ix_tag_write_statement_id"))
        batch_op.drop_index(batch_op.f("ix_tag_write_batch"))

    op.drop_table("tag_write")
    with op.batch_alter_table("suspect", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suspect_track_id"))
        batch_op.drop_index("ix_suspect_suspicion")
        batch_op.drop_index(batch_op.f("ix_suspect_review_case_id"))

    op.drop_table("suspect")
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_label_genre_id"))

    op.drop_table("label")
    op.drop_table("cluster_count")
    with op.batch_alter_table("audit_sample_track", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_sample_track_track_id"))
        batch_op.drop_index(batch_op.f("ix_audit_sample_track_statement_id"))

    op.drop_table("audit_sample_track")
    with op.batch_alter_table("track_network_tag", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_track_network_tag_network_tag_id"))

    op.drop_table("track_network_tag")
    op.drop_table("track_descriptor")
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_statement_track_id"))

    op.drop_table("statement")
    with op.batch_alter_table("snapshot_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_snapshot_member_track_id"))

    op.drop_table("snapshot_member")
    with op.batch_alter_table("review_case", schema=None) as batch_op:
        batch_op.drop_index("ix_review_case_suspicion")

    op.drop_table("review_case")
    with op.batch_alter_table("prediction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prediction_track_id"))

    op.drop_table("prediction")
    op.drop_table("fma_track")
    with op.batch_alter_table("feature_vector", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feature_vector_track_id"))
        batch_op.drop_index(batch_op.f("ix_feature_vector_computed_at"))

    op.drop_table("feature_vector")
    with op.batch_alter_table("failure", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_failure_feature_set",
            sqlite_where=sa.text("feature_set_id IS NOT NULL"),
            postgresql_where=sa.text("feature_set_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_failure_decoding",
            sqlite_where=sa.text("feature_set_id IS NULL"),
            postgresql_where=sa.text("feature_set_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_failure_track_id"))
        batch_op.drop_index(batch_op.f("ix_failure_reason"))

    op.drop_table("failure")
    with op.batch_alter_table("duplicate_pair", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duplicate_pair_other_track_id"))

    op.drop_table("duplicate_pair")
    with op.batch_alter_table("cluster_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cluster_run_audit_id"))

    op.drop_table("cluster_run")
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_worker_id"))

    op.drop_table("claim")
    with op.batch_alter_table("track", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_track_file_signature"),
            sqlite_where=sa.text("file_signature IS NOT NULL"),
            postgresql_where=sa.text("file_signature IS NOT NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_track_audio_hash"),
            sqlite_where=sa.text("audio_hash IS NOT NULL"),
            postgresql_where=sa.text("audio_hash IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_track_artist_id"))
        batch_op.drop_index(batch_op.f("ix_track_album_id"))

    op.drop_table("track")
    op.drop_table("prediction_chunk")
    op.drop_table("model_feature_set")
    op.drop_table("model_class")
    op.drop_table("confusion_count")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_kind")

    op.drop_table("audit")
    op.drop_table("trial")
    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_search_snapshot_id"))

    op.drop_table("search")
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_model_active",
            sqlite_where=sa.text("status = 'active'"),
            postgresql_where=sa.text("status = 'active'"),
        )

    op.drop_table("model")
    with op.batch_alter_table("genre_ancestor", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_genre_ancestor_ancestor_id"))

    op.drop_table("genre_ancestor")
    with op.batch_alter_table("genre_alias", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_genre_alias_genre_id"))

    op.drop_table("genre_alias")
    with op.batch_alter_table("album", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_album_title"))
        batch_op.drop_index(batch_op.f("ix_album_folded"))
        batch_op.drop_index(batch_op.f("ix_album_artist_id"))

    op.drop_table("album")
    op.drop_table("worker")
    op.drop_table("snapshot")
    op.drop_table("reviewer")
    op.drop_table("review_lease")
    op.drop_table("network_tag")
    with op.batch_alter_table("genre", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_genre_parent_id"))

    op.drop_table("genre")
    op.drop_table("feature_set")
    op.drop_table("collection")
    op.drop_table("bundled_content")
    op.drop_table("audit_sample")
    with op.batch_alter_table("artist", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_artist_name"))
        batch_op.drop_index(batch_op.f("ix_artist_folded"))

    op.drop_table("artist")
