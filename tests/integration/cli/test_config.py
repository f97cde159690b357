"""`catalog config`: effective settings and their sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.cli.main import run


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CATALOG_HOME", "CATALOG_DATABASE_URL", "CATALOG_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def settings(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, Any]]:
    assert run([*arguments, "config", "--json"]) == 0
    return {row["name"]: row for row in json.loads(capsys.readouterr().out)}


def test_each_source_is_named_and_the_stronger_one_wins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(
        'redis_url = "redis://:hidden@host:1"\n[train]\nseed = 3\nmin_tracks = 7\n'
        "[audit.clusters]\nclusters = 5\n"
    )
    monkeypatch.setenv("CATALOG_TRAIN_SEED", "9")
    monkeypatch.setenv("CATALOG_QUIET", "1")
    found = settings(capsys, "--home", str(tmp_path))
    assert (found["home"]["value"], found["home"]["source"]) == (str(tmp_path), "option")
    assert found["database_url"]["source"] == "default"
    assert (found["redis_url"]["value"], found["redis_url"]["source"]) == (
        "redis://:***@host:1",
        "config.toml",
    )
    assert (found["quiet"]["value"], found["quiet"]["set_by"]) == (True, "CATALOG_QUIET")
    assert found["train --seed"] == {
        "name": "train --seed",
        "value": "9",
        "source": "environment",
        "set_by": "CATALOG_TRAIN_SEED",
    }
    assert found["train --min-tracks"]["source"] == "config.toml"
    assert str(found["audit clusters --clusters"]["value"]) == "5"
    assert "train --precision" not in found


def test_all_lists_the_defaults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(tmp_path), "config", "--all", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["train --min-tracks"]["value"], rows["train --min-tracks"]["source"]) == (10, "default")
    assert list(tmp_path.iterdir()) == []


def test_passwords_are_masked_and_unknown_variables_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOG_TRAIN_SEEED", "9")
    url = "postgresql://ada:hidden@host/name?sslpassword=hidden"
    assert run(["config", "--home", str(tmp_path), "--database-url", url]) == 0
    printed = capsys.readouterr()
    assert "hidden" not in printed.out + printed.err
    assert "CATALOG_TRAIN_SEEED sets no option" in printed.err
