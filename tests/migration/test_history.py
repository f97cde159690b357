"""The history of the schema as pytest-alembic sees it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.config import Config
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)

from catalog.db.database import Database
from catalog.db.schema import VERSION_TABLE
from catalog.db.schema import alembic_config as configuration

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
