"""The Free Music Archive's own columns of a track."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "fma_track",
        sa.Column("track_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "subset",
            sa.Text(),
            nullable=True,
            comment="the smallest that holds it; a larger one holds it too",
        ),
        sa.Column("split", sa.Text(), nullable=True, comment="the official one"),
        sa.Column("genre_top", sa.Text(), nullable=True, comment="as written; NULL for half of the tracks"),
        sa.Column(
            "contradicts", sa.Boolean(), nullable=False, comment="genre_top is above none of the genres"
        ),
        sa.Column("license", sa.Text(), nullable=True),
        sa.Column("listens", sa.Integer(), nullable=True),
        sa.Column("favorites", sa.Integer(), nullable=True),
        sa.Column("interest", sa.Integer(), nullable=True),
        sa.Column("created", sa.Text(), nullable=True, comment="when it came into the archive, as written"),
        sa.Column("recorded", sa.Text(), nullable=True, comment="as written"),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("composer", sa.Text(), nullable=True),
        sa.Column("publisher", sa.Text(), nullable=True),
        sa.Column(
            "tags",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="words that its owner chose; NULL where there are none",
        ),
        sa.CheckConstraint("split IN ('training', 'validation', 'test')", name=op.f("ck_fma_track_split")),
        sa.CheckConstraint("subset IN ('small', 'medium', 'large')", name=op.f("ck_fma_track_subset")),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_fma_track_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_fma_track")),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("fma_track")
