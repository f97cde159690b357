"""Shell completion of names in the catalog."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import collection, model

PROGRAM = Path(sys.executable).with_name("catalog")


def complete(*words: str, shell: str = "zsh", **variables: str) -> list[str]:
    """Returns the completions of the last word as lines: type, value and description for zsh."""
    environment = {
        **os.environ,
        "_CATALOG_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": shlex.join(["catalog", *words]),
        "COMP_CWORD": str(len(words)),
        **variables,
    }
    done = subprocess.run(
        [PROGRAM], capture_output=True, text=True, check=False, env=environment, timeout=100
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line]


def values(lines: list[str]) -> list[str]:
    return lines[1::3]


@pytest.fixture
def url(database: Database, database_url: str) -> str:
    """The URL of a catalog with a model and a collection."""
    with database.write() as connection:
        connection.execute(sa.insert(collection).values(name="My Music", kind="folder"))
        connection.execute(
            sa.insert(model).values(
                algorithm="svm", parameters={}, class_order=[], metrics={}, versions={}, status="candidate"
            )
        )
    return database_url


def test_names_of_the_catalog_are_completed(url: str) -> None:
    at = ("--database-url", url)
    assert "Rock" in values(complete(*at, "review", "list", "--tagged", "ro"))
    assert "Jazz" not in values(complete(*at, "review", "list", "--tagged", "ro"))
    assert values(complete(*at, "write", "--collection", "my")) == ["My Music"]
    assert complete(*at, "models", "show", "") == ["plain", "1", "svm candidate"]
    assert values(complete("review", "list", *at, "--exclude", "")) == []
    assert "Jazz" in values(complete("audit", "labels", *at, "--exclude-genre", "Ja"))
    assert values(complete(*at, "review", "show", "")) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_bash_gets_escaped_spaces(url: str) -> None:
    words = ("--database-url", url, "write", "--collection", "")
    assert complete(*words, shell="bash") == ["plain,My\\ Music"]


def test_saved_queries_views_and_feature_sets_need_no_catalog(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path / "none"))
    assert {"top-suspects", "suspects"} <= set(values(complete(*home, "sql", "")))
    assert {"musicnn", "summary"} <= set(values(complete(*home, "analyze", "--feature-set", "")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 100])
def test_completion_creates_nothing_and_never_fails(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "catalog.db").write_bytes(content)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert complete("--home", str(tmp_path), "review", "list", "--tagged", "") == []
    assert complete("--database-url", "postgresql://localhost:1/none", "write", "--genre", "") == []
    assert complete("--database-url", "nonsense", "write", "--genre", "") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_completion_leaves_the_folder_as_it_is(database: Database, url: str) -> None:
    database.close()
    assert database.file is not None
    before = sorted(path.name for path in database.file.parent.iterdir())
    assert values(complete("--database-url", url, "write", "--genre", "Jazz"))
    assert sorted(path.name for path in database.file.parent.iterdir()) == before
