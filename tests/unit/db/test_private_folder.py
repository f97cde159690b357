"""Folders that only their owner can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.db.private_folder import make_private_folder
from catalog.db.transfer.archive import write_archive
from catalog.db.transfer.staging import staging
from catalog.learning.registry.artifact import write_artifact


@pytest.fixture(autouse=True)
def lax_umask() -> Iterator[None]:
    """A umask that hides nothing."""
    before = os.umask(0o000)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_folders_are_private_and_existing_ones_keep_their_mode(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    make_private_folder(tmp_path / "there" / "home" / "run")
    make_private_folder(tmp_path / "there" / "home" / "run")
    assert mode(tmp_path / "there" / "home") == 0o700
    assert mode(tmp_path / "there" / "home" / "run") == 0o700
    assert mode(tmp_path / "there") == 0o755


def test_models_backups_and_staging_folders_are_private(tmp_path: Path) -> None:
    name, _ = write_artifact(tmp_path / "home" / "models", b"x", ".skops")
    assert mode(tmp_path / "home" / "models" / name) == 0o600
    assert mode(tmp_path / "home") == 0o700
    with staging(tmp_path / "backups", "backup") as folder:
        assert mode(folder) == 0o700
        with write_archive(folder / "archive", lambda _size: None):
            assert mode(folder / "archive") == 0o600
