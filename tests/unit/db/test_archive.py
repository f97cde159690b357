"""Backup archives: what is written can be read, and changed archives are rejected."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from catalog.db.transfer.archive import FORMAT, MANIFEST, ArchiveError, Manifest, open_archive, write_archive


def write(path: Path, content: bytes = b"rows") -> Manifest:
    with write_archive(path, lambda _size: None) as archive:
        archive.add("catalog.db", io.BytesIO(content))
        archive.add("models/a.skops", io.BytesIO(b"model"))
        members = tuple(archive.members)
        manifest = Manifest(
            FORMAT, "2026-01-02T03:04:05+00:00", "0.1.0", "sqlite", "0001", {"track": 1}, members
        )
        archive.finish(manifest)
    return manifest


def rewrite(path: Path, name: str, content: bytes) -> None:
    """Replaces or adds a member."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in (members | {name: content}).items():
            archive.writestr(member, data)


def test_an_archive_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = write(tmp_path / "a.zip")
    with open_archive(tmp_path / "a.zip") as archive:
        assert archive.manifest == manifest
        assert (manifest.size, manifest.database_member) == (9, "catalog.db")
        archive.extract(manifest.members[0], tmp_path / "extracted")
    assert (tmp_path / "extracted").read_bytes() == b"rows"


def test_changed_content_is_rejected_on_extraction(tmp_path: Path) -> None:
    manifest = write(tmp_path / "a.zip")
    rewrite(tmp_path / "a.zip", "catalog.db", b"sour")
    with (
        open_archive(tmp_path / "a.zip") as archive,
        pytest.raises(ArchiveError, match=r"catalog\.db in the backup"),
    ):
        archive.extract(manifest.members[0], tmp_path / "extracted")


@pytest.mark.parametrize("name", ["../outside", "models/../x", "unlisted"])
def test_unlisted_members_are_rejected(tmp_path: Path, name: str) -> None:
    write(tmp_path / "a.zip")
    rewrite(tmp_path / "a.zip", name, b"x")
    with pytest.raises(ArchiveError), open_archive(tmp_path / "a.zip"):
        pass


@pytest.mark.parametrize("text", ["", "[]", '{"format": "music-catalog backup 99"}', '{"format": 1}'])
def test_a_broken_manifest_is_rejected(tmp_path: Path, text: str) -> None:
    write(tmp_path / "a.zip")
    rewrite(tmp_path / "a.zip", MANIFEST, text.encode())
    with pytest.raises(ArchiveError), open_archive(tmp_path / "a.zip"):
        pass


def test_other_files_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"not a zip file")
    with pytest.raises(ArchiveError, match="cannot be read"), open_archive(tmp_path / "a.zip"):
        pass
