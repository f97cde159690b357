"""A catalog on a medium that may only be read: what only reads works, what writes is told so in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from catalog.cli.common.context import create_or_upgrade_catalog
from catalog.db.database import open_database

CATALOG = [sys.executable, "-P", "-c", "from catalog.cli.main import main; main()"]
# A file system that is mounted read-only in a space of names of its own binds root as well.
MOUNTED = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
MOUNT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && '


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a catalog that was closed in order."""
    folder = tmp_path / "home"
    database = open_database(f"sqlite:///{folder / 'catalog.db'}")
    create_or_upgrade_catalog(database)
    database.close()
    return folder


def on_read_only_medium(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    probe = subprocess.run([*MOUNTED, f'{MOUNT}! touch "$0/x"', home], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("this system lets nobody mount in a space of names of their own")
    command = [*CATALOG, "--home", str(home), *arguments]
    return subprocess.run(
        [*MOUNTED, f'{MOUNT}exec "$@"', str(home), *command], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stats",), "tracks"),
        (("sql", "SELECT count(*) AS genres FROM genre", "--csv"), "genres"),
        (("queue", "status"), "0 pending"),
        (("genres", "list", "--csv"), "Rock"),
    ],
)
def test_what_only_reads_works(home: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = on_read_only_medium(home, *arguments)
    assert answer.returncode == 0, answer.stderr
    assert said in answer.stdout
    assert [each.name for each in home.iterdir()] == ["catalog.db"]


def test_what_writes_is_told_so(home: Path) -> None:
    answer = on_read_only_medium(home, "genres", "alias", "Rokk", "Rock")
    assert answer.returncode == 1
    assert answer.stderr.strip() == (
        "catalog: the database cannot be written to; check the permissions of its file and folder"
    )


def test_a_log_that_nobody_brought_in_is_not_passed_over(home: Path) -> None:
    """What was committed last may stand in the log alone: an answer without it would be wrong."""
    (home / "catalog.db-wal").write_bytes(b"\0" * 32)
    answer = on_read_only_medium(home, "stats")
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "correct the permissions" in answer.stderr
