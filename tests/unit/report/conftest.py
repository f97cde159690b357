"""A filled catalog on both databases."""

from __future__ import annotations

import pytest

from catalog.db.database import Database
from tests.unit.report.filled import fill


@pytest.fixture
def filled(database: Database) -> Database:
    """344 tracks, as a run over a messily tagged collection leaves them."""
    fill(database)
    return database
