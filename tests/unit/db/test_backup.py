"""Parts of a backup that need no database: names, the configuration without secrets, free space."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.db.transfer.backup import configuration_without_urls, default_name, require_room, sha256_of


def test_the_default_name_holds_the_time() -> None:
    assert default_name(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "catalog-20260102-030405.zip"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ('redis_url = "redis://:secret@host"\n[train]\nseed = 1\n', "[train]\nseed = 1\n"),
        ('  database_url="postgresql://u:secret@h/d"\n', ""),
        ('"database_url" = "postgresql://u:secret@h/d"\n', None),
        ("not toml", None),
    ],
)
def test_addresses_are_removed_or_nothing_is_kept(text: str, expected: str | None) -> None:
    assert configuration_without_urls(text) == expected


def test_digest_and_free_space(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"x" * 100_000).hexdigest()
    require_room(tmp_path / "not" / "there", 1)
    with pytest.raises(OSError, match="GB are needed"):
        require_room(tmp_path, 10**18)
