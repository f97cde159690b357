"""Folders that are made for their owner alone, all of them."""

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
from workers.broker.broker import open_broker


@pytest.fixture(autouse=True)
def lax_umask() -> Iterator[None]:
    """As on a machine where everybody may read everything."""
    before = os.umask(0o000)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_that_is_made_is_private_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    make_private_folder(tmp_path / "there" / "home" / "run")
    make_private_folder(tmp_path / "there" / "home" / "run")
    assert mode(tmp_path / "there" / "home") == 0o700
    assert mode(tmp_path / "there" / "home" / "run") == 0o700
    assert mode(tmp_path / "there") == 0o755


def test_models_backups_and_what_is_staged_are_private(tmp_path: Path) -> None:
    name, _ = write_artifact(tmp_path / "home" / "models", b"x", ".skops")
    assert mode(tmp_path / "home" / "models" / name) == 0o600
    assert mode(tmp_path / "home") == 0o700
    with staging(tmp_path / "backups", "backup") as folder:
        assert mode(folder) == 0o700
        with write_archive(folder / "archive", lambda _size: None):
            assert mode(folder / "archive") == 0o600


def test_the_broker_is_private_with_all_that_it_writes(tmp_path: Path) -> None:
    run = tmp_path / "home" / "run"
    with open_broker(None, run) as broker:
        assert broker.folder is not None
        assert mode(broker.folder) == 0o700
        assert mode(run.parent) == 0o700
        assert mode(broker.folder / "valkey.sock") == 0o700
        assert "://" not in repr(broker)
