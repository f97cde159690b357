"""A filled catalog on both databases."""

from __future__ import annotations

import pytest

from catalog.db.database import Database
from catalog.report import report_data
from tests.integration.report.filled import fill


@pytest.fixture
def filled(database: Database) -> Database:
    """344 tracks, as a run over a messily tagged collection leaves them."""
    fill(database)
    return database


@pytest.fixture
def mapless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The map has tests of its own, and takes seconds."""
    monkeypatch.setattr(report_data, "draw_map", lambda _: None)
