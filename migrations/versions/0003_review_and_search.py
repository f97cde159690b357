"""Searches, duplicates, reviewers, check samples, the batches of the tag journal, artists and albums by name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "check_sample",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.Column("overlap", sa.Integer(), nullable=False, comment="tracks that two reviewers judge"),
        sa.Column("parameters", sa.JSON(), nullable=False, comment="the strata and what they weigh"),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_sample")),
    )
    op.create_table(
        "reviewer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False, comment="of what is in the reviewer's link"),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewer")),
        sa.UniqueConstraint("name", name=op.f("uq_reviewer_name")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_reviewer_token_sha256")),
    )
    op.create_table(
        "search",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column(
            "parameters",
            sa.JSON(),
            nullable=False,
            comment="the candidates, the seed, how much each round is given",
        ),
        sa.Column(
            "outcome",
            sa.JSON(),
            nullable=True,
            comment="the candidates in their order; NULL while trials are missing",
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
    with op.batch_alter_table("search") as batch_op:
        batch_op.create_index(batch_op.f("ix_search_snapshot_id"), ["snapshot_id"], unique=False)

    op.create_table(
        "heard",
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False, comment="what the predictions will rest on, as a hash"),
        sa.Column("piece", sa.Integer(), autoincrement=False, nullable=False),
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
            comment="the same; NULL where the model asks for none",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_heard_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "basis", "piece", name=op.f("pk_heard")),
        comment="what workers have heard of a model's predictions that are being made; empty otherwise",
    )
    op.create_table(
        "check_sample_track",
        sa.Column("check_sample_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "position",
            sa.Integer(),
            nullable=False,
            comment="the order in which they are drawn into the queue",
        ),
        sa.Column("genre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("weight", sa.Float(), nullable=False, comment="tracks of the archive that it stands for"),
        sa.Column("overlap", sa.Boolean(), nullable=False, comment="judged by two reviewers"),
        sa.ForeignKeyConstraint(
            ["check_sample_id"],
            ["check_sample.id"],
            name=op.f("fk_check_sample_track_check_sample_id_check_sample"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["genre_id"], ["genre.id"], name=op.f("fk_check_sample_track_genre_id_genre")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["statement.id"],
            name=op.f("fk_check_sample_track_statement_id_statement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_check_sample_track_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("check_sample_id", "track_id", name=op.f("pk_check_sample_track")),
    )
    with op.batch_alter_table("check_sample_track") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_check_sample_track_statement_id"), ["statement_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_check_sample_track_track_id"), ["track_id"], unique=False)

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
    with op.batch_alter_table("duplicate_pair") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_duplicate_pair_other_track_id"), ["other_track_id"], unique=False
        )

    with op.batch_alter_table("decision") as batch_op:
        batch_op.add_column(
            sa.Column("batch", sa.Text(), nullable=True, comment="decided at one stroke, and undone at one")
        )
        batch_op.add_column(
            sa.Column(
                "before_statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.create_index(batch_op.f("ix_decision_batch"), ["batch"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_decision_before_statement_id"), ["before_statement_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_decision_before_statement_id_statement"),
            "statement",
            ["before_statement_id"],
            ["id"],
        )

    with op.batch_alter_table("cluster_run") as batch_op:
        batch_op.add_column(
            sa.Column(
                "depths",
                sa.LargeBinary(),
                nullable=True,
                comment="little-endian float32: 1 at the centre, 0 halfway to the next one",
            )
        )

    with op.batch_alter_table("tag_write") as batch_op:
        batch_op.add_column(
            sa.Column("batch", sa.Text(), nullable=True, comment="written by the same command")
        )
        batch_op.add_column(
            sa.Column("message", sa.Text(), nullable=True, comment="why it could not be written, or undone")
        )
        batch_op.add_column(
            sa.Column(
                "before_digest", sa.Text(), nullable=True, comment="BLAKE2b-128 of the whole file as it was"
            )
        )
        batch_op.add_column(sa.Column("after_digest", sa.Text(), nullable=True, comment="and as it was made"))
        batch_op.add_column(
            sa.Column(
                "patch",
                sa.LargeBinary(),
                nullable=True,
                comment="what makes the file, byte for byte, what it was",
            )
        )
        batch_op.create_index(batch_op.f("ix_tag_write_batch"), ["batch"], unique=False)

    with op.batch_alter_table("worker") as batch_op:
        for name, words in (("analysed", "tracks, since it began"), ("failed", "tracks, since it began")):
            batch_op.add_column(
                sa.Column(name, sa.Integer(), server_default="0", nullable=False, comment=words)
            )
        batch_op.add_column(
            sa.Column(
                "seconds",
                sa.Float(),
                server_default="0",
                nullable=False,
                comment="spent on all these tracks",
            )
        )
        batch_op.add_column(
            sa.Column("durations", sa.JSON(), nullable=True, comment="how many of these tracks took how long")
        )

    with op.batch_alter_table("feature_vector") as batch_op:
        batch_op.create_index(batch_op.f("ix_feature_vector_computed_at"), ["computed_at"], unique=False)

    op.create_table(
        "shipped",
        sa.Column("name", sa.Text(), nullable=False, comment="views, or seeds of the vocabulary"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of what was put in"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shipped")),
    )
    with op.batch_alter_table("artist") as batch_op:
        batch_op.create_index(batch_op.f("ix_artist_name"), ["name"], unique=False)

    with op.batch_alter_table("album") as batch_op:
        batch_op.create_index(batch_op.f("ix_album_title"), ["title"], unique=False)

    for column in ("fingerprint", "audio_hash"):
        op.drop_index(op.f(f"ix_track_{column}"), "track")
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            op.f(f"ix_track_{column}"), "track", [column], sqlite_where=where, postgresql_where=where
        )


def downgrade() -> None:
    """Back to the one before."""
    for column in ("fingerprint", "audio_hash"):
        op.drop_index(op.f(f"ix_track_{column}"), "track")
        op.create_index(op.f(f"ix_track_{column}"), "track", [column])

    with op.batch_alter_table("album") as batch_op:
        batch_op.drop_index(batch_op.f("ix_album_title"))

    with op.batch_alter_table("artist") as batch_op:
        batch_op.drop_index(batch_op.f("ix_artist_name"))

    op.drop_table("shipped")

    with op.batch_alter_table("feature_vector") as batch_op:
        batch_op.drop_index(batch_op.f("ix_feature_vector_computed_at"))

    with op.batch_alter_table("worker") as batch_op:
        for name in ("durations", "seconds", "failed", "analysed"):
            batch_op.drop_column(name)

    with op.batch_alter_table("tag_write") as batch_op:
        batch_op.drop_index(batch_op.f("ix_tag_write_batch"))
        batch_op.drop_column("patch")
        batch_op.drop_column("after_digest")
        batch_op.drop_column("before_digest")
        batch_op.drop_column("message")
        batch_op.drop_column("batch")

    with op.batch_alter_table("cluster_run") as batch_op:
        batch_op.drop_column("depths")

    with op.batch_alter_table("decision") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_decision_before_statement_id_statement"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_decision_before_statement_id"))
        batch_op.drop_index(batch_op.f("ix_decision_batch"))
        batch_op.drop_column("before_statement_id")
        batch_op.drop_column("batch")

    with op.batch_alter_table("duplicate_pair") as batch_op:
        batch_op.drop_index(batch_op.f("ix_duplicate_pair_other_track_id"))

    op.drop_table("duplicate_pair")
    with op.batch_alter_table("check_sample_track") as batch_op:
        batch_op.drop_index(batch_op.f("ix_check_sample_track_track_id"))
        batch_op.drop_index(batch_op.f("ix_check_sample_track_statement_id"))

    op.drop_table("check_sample_track")
    with op.batch_alter_table("search") as batch_op:
        batch_op.drop_index(batch_op.f("ix_search_snapshot_id"))

    op.drop_table("search")
    op.drop_table("heard")
    op.drop_table("reviewer")
    op.drop_table("check_sample")
