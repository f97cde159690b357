"""Status change time, inode and tag reader of a track's file; inode of a collection's root folder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("collection", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "root_inode",
                sa.BigInteger(),
                nullable=True,
                comment="inode of the root folder at the last scan",
            )
        )
    with op.batch_alter_table("track", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "ctime_ns",
                sa.BigInteger(),
                nullable=True,
                comment="when the file or its status last changed",
            )
        )
        batch_op.add_column(sa.Column("inode", sa.BigInteger(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "tag_reader",
                sa.Integer(),
                nullable=True,
                comment="version of the reader that read its tags",
            )
        )


def downgrade() -> None:
    """To the revision before."""
    with op.batch_alter_table("track", schema=None) as batch_op:
        batch_op.drop_column("tag_reader")
        batch_op.drop_column("inode")
        batch_op.drop_column("ctime_ns")
    with op.batch_alter_table("collection", schema=None) as batch_op:
        batch_op.drop_column("root_inode")
