"""The history of the schema as pytest-alembic sees it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)

from catalog.db.database import Database, DatabaseUnusableError
from catalog.db.schema.migrate import alembic_config as configuration
from catalog.db.schema.revisions import known_revisions
from catalog.db.schema.schema_state import VERSION_TABLE

__all__ = [
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture
def alembic_config() -> Config:
    """The program's own configuration."""
    config = configuration()
    config.set_main_option("version_table", VERSION_TABLE)
    return config


@pytest.fixture
def alembic_engine(empty: Database) -> Iterator[sa.Connection]:
    """A connection in a transaction: our env.py takes one and leaves beginning and ending to the program."""
    with empty.write() as connection:
        yield connection


def test_files_are_named_by_what_alembic_finds_in_them() -> None:
    walked = [script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()]
    assert known_revisions() == walked[::-1]


def test_a_program_without_its_migrations_says_so(copied_migrations: Path) -> None:
    for file in copied_migrations.glob("0*.py"):
        file.unlink()
    with pytest.raises(DatabaseUnusableError, match="without its migrations; install it again"):
        known_revisions()
