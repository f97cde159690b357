"""Staging folders and the publication of finished files."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.db.transfer.staging import publish, staging


def test_a_staging_folder_is_removed_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staging(tmp_path / "home", "test") as folder:
        (folder / "missing" / "file").write_bytes(b"x")
    assert list((tmp_path / "home").iterdir()) == []


def test_leftovers_are_removed_unless_they_are_in_use(tmp_path: Path) -> None:
    leftover = tmp_path / ".catalog-test-dead"
    leftover.mkdir()
    with staging(tmp_path, "test") as first:
        assert not leftover.exists()
        with staging(tmp_path, "test") as second:
            assert first.is_dir()
            assert second != first


def test_publish_does_not_overwrite(tmp_path: Path) -> None:
    staged, place = tmp_path / "staged", tmp_path / "place"
    staged.write_bytes(b"new")
    publish(staged, place)
    assert place.read_bytes() == b"new"
    with pytest.raises(FileExistsError):
        publish(staged, place)
