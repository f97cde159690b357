"""`--json` of every command has the keys that docs/json.md documents."""

from __future__ import annotations

import json
import re
import wave
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import sqlalchemy as sa

from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.main import cli
from catalog.cli.write import COLUMNS
from catalog.collection.collection_merge import MergeResult
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import genre
from catalog.learning.pca_feature_set import ProjectionReport
from tests.integration.cli.conftest import Invoke
from tests.integration.cli.test_train import HERE, Fill
from tests.integration.collection.fma_files import row, write_tracks
from tests.integration.labeled_collection import tag

CASE = "the case of the list"
"""Stands for the id of a case in the steps."""
MAY_BE_EMPTY = {"genres unmapped", "write"}
PAGE = Path(__file__).parents[3] / "docs" / "json.md"
ROW = re.compile(r"^\| `([^`]+)` \| (object|rows) \| (.*) \|$", re.MULTILINE)


def documented() -> dict[str, tuple[str, set[str], set[str]]]:
    """Shape, keys, and optional keys by command; `?` marks an optional key."""
    commands = {}
    for name, shape, cell in ROW.findall(PAGE.read_text(encoding="utf-8")):
        keys = re.findall(r"`([^`]+)`(\?)?", cell)
        optional = {key for key, mark in keys if mark}
        commands[name] = (shape, {key for key, _ in keys} - optional, optional)
    return commands


def with_json(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The commands with an option --json."""
    if any("--json" in parameter.opts for parameter in command.params):
        yield " ".join(path)
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), name)
            assert child is not None
            yield from with_json(child, (*path, name))


def write_sound(path: Path, seconds: float) -> None:
    samples = 3_000 * np.sin(np.arange(int(seconds * 22_050)) / 9)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes(samples.astype("<i2").tobytes())


def faults(name: str, value: Any) -> list[str]:
    """Compares the shape and the keys of a command's JSON with the page."""
    shape, keys, optional = documented()[name]
    objects = [value] if isinstance(value, dict) else value
    found = []
    if isinstance(value, dict) != (shape == "object") or (
        shape == "object" and next(iter(value.items())) != ("schema", 1)
    ):
        found.append(f"{name} does not print {shape}")
    if not objects and name not in MAY_BE_EMPTY:
        found.append(f"{name} printed no row to check")
    for one in objects[:1]:
        printed = set(one) - {"schema"}
        found += [f"{name}: {key} is documented and not printed" for key in sorted(keys - printed)]
        found += [f"{name}: {key} is printed and not documented" for key in sorted(printed - keys - optional)]
    return found


def test_every_command_with_json_is_documented() -> None:
    pages = {name.partition(" --")[0] for name in documented()}
    assert set(with_json()) - {"audit", "sql"} == pages - {"sql"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with lists and sounds."""
    (tmp_path / "labels.csv").write_text("path,genre\nmusic/short.wav,Jazz\n")
    (tmp_path / "vectors.csv").write_text("track_id,a,b\n1,0.5,1\n2,1.5,0\n")
    (tmp_path / "music").mkdir()
    write_sound(tmp_path / "music" / "short.wav", 0.1)
    write_sound(tmp_path / "tone.wav", 3)
    return tmp_path


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_json_of_a_catalog_has_the_documented_keys(
    database: Database, invoke: Invoke, fill_labeled: Fill, files: Path
) -> None:
    filled = fill_labeled()
    with database.write() as connection:
        metal = connection.execute(sa.select(genre.c.id).where(genre.c.name == "Metal")).scalar_one()
        for track_id in filled.tracks["Jazz"][:2]:
            tag(connection, track_id, metal, "Metal")
        refresh_track_status(connection)
    assert invoke("review", "reviewers", "add", "ada").code == 0
    write_tracks(files / "fma" / "tracks.csv", [row(2), row(3)])
    case, found = "", list[str]()
    for name, words in steps(files):
        done = invoke(*(case if word == CASE else word for word in words), "--json")
        assert done.code in {0, EXIT_FILES_FAILED}, (name, done.err)
        value = json.loads(done.out)
        found += faults(name, value)
        if name == "review list":
            case = value[0]["case_id"]
            assert invoke("review", "accept", case).code == 0
    assert not found, "\n".join(found)


def test_the_keys_of_a_projection_are_documented() -> None:
    assert (
        faults(
            "features pca", {"schema": 1, **dict.fromkeys(field.name for field in fields(ProjectionReport))}
        )
        == []
    )


def test_the_keys_of_a_merge_are_documented() -> None:
    keys = (*(field.name for field in fields(MergeResult)), "dry_run")
    assert faults("collections merge", {"schema": 1, **dict.fromkeys(keys)}) == []


def test_the_columns_of_write_are_documented() -> None:
    assert faults("write", [dict.fromkeys(COLUMNS)]) == []


def steps(files: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The commands in an order in which each has something to print."""
    other = ("--home", files / "other", "--database-url", f"sqlite:///{files}/other/catalog.db")
    restored = (*other, "db", "restore", files / "backup.zip")
    yield "train", ("train", *HERE)
    yield "train --compare", ("train", *HERE, "--compare", "--algorithm", "naive_bayes")
    yield (
        "features import",
        ("features", "import", files / "vectors.csv", "--name", "mine", "--key", "catalog"),
    )
    yield "predict", ("predict",)
    yield "audit labels", ("audit", "labels")
    yield "audit duplicates", ("audit", "duplicates")
    yield "audit clusters", ("audit", "clusters", "--feature-set", "blobs", "--clusters", "3")
    yield "audit clusters --list", ("audit", "clusters", "--list")
    yield "audit clusters --show", ("audit", "clusters", "--show", "1")
    yield "audit clusters --compare", ("audit", "clusters", "--compare", "1", "1")
    yield "review list", ("review", "list")
    yield "review show", ("review", "show", CASE)
    yield "review sample", ("review", "sample", "10")
    yield "review progress", ("review", "progress")
    yield "review reviewers list", ("review", "reviewers", "list")
    yield "models list", ("models", "list")
    yield "models show", ("models", "show")
    yield "models card", ("models", "card")
    yield "models compare", ("models", "compare", "1", "1")
    yield "genres list", ("genres", "list")
    yield "queue status", ("queue", "status", "--feature-set", "summary")
    yield "collections list", ("collections", "list")
    yield "features list", ("features", "list")
    yield "write", ("write", "--dry-run")
    yield "show", ("show", "1")
    yield "stats", ("stats",)
    yield "report", ("report",)
    yield "config", ("config",)
    yield "doctor", ("doctor",)
    yield "db check", ("db", "check")
    yield "db backup", ("db", "backup", "--output", files / "backup.zip")
    yield "db copy", ("db", "copy", "--to", f"sqlite:///{files}/copy.db")
    yield "inspect", ("inspect", files / "tone.wav")
    yield "scan", ("scan", files / "music")
    yield "labels import", ("labels", "import", files / "labels.csv", "--dry-run")
    yield "fma import", ("fma", "import", files / "fma", "--dry-run")
    yield "db restore", restored
    yield "ingest --dry-run", ("ingest", files / "music", "--dry-run")
    yield "ingest", ("ingest", files / "music", "--feature-set", "summary")
    yield "failures list", ("failures", "list")
    yield "genres unmapped", ("genres", "unmapped")
