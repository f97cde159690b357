"""A scanned folder of music with a catalog of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.db.database import Database
from tests.integration.writeback.music_folder import MusicFolder


@pytest.fixture
def music(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> MusicFolder:
    folder = tmp_path / "music"
    folder.mkdir()
    return MusicFolder(database, database_url, tmp_path / "home", folder, capsys)
