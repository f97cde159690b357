"""The verbs that place genres and join spellings, and what they say."""

from __future__ import annotations

import codecs
import getpass
import io
import json
from pathlib import Path
from typing import Any

import pytest

from catalog.cli.common.context import create_or_upgrade_catalog
from catalog.db.database import Database
from catalog.db.derived.track_status import track_status_differences
from tests.integration.cli.conftest import Invoke


@pytest.fixture
def vocabulary(database: Database) -> None:
    create_or_upgrade_catalog(database)


@pytest.mark.usefixtures("vocabulary")
def test_a_dry_run_says_what_would_be(invoke: Invoke) -> None:
    placed = invoke("genres", "set-parent", "techno", "Jazz", "--dry-run")
    assert (placed.out, placed.err) == ("Techno would become a subgenre of Jazz; nothing was changed\n", "")
    joined = invoke("genres", "alias", "Teckno", "Techno", "--dry-run")
    assert (joined.out, joined.err) == (
        "Teckno would become an alias of Techno; this affects 0 tracks; nothing was changed\n",
        "",
    )
    assert invoke("genres", "set-parent", "techno", "--top").out == "Techno is now a top-level genre\n"


@pytest.mark.usefixtures("vocabulary")
def test_a_user_without_a_name_can_add_a_spelling(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    joined = invoke("genres", "alias", "Teckno", "Techno")
    assert (joined.code, joined.out) == (0, "Teckno is now an alias of Techno; this affects 0 tracks\n")


@pytest.mark.usefixtures("vocabulary")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--seed", "-5"], 2, "a seed is a whole number from 0"),
        (["--seed", str(2**32)], 2, "a seed is a whole number from 0"),
        (["--parameter", "C=abc"], 1, "C of logistic_regression is a number above 0, not 'abc'"),
    ],
)
def test_what_cannot_be_trained_with(invoke: Invoke, arguments: list[str], code: int, says: str) -> None:
    refused = invoke("train", *arguments)
    assert refused.code == code
    assert says in refused.err


def test_suggestions_of_a_merged_genre_are_shown_as_the_other_one(
    invoke: Any, sample: Any, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "house.csv"
    file.write_text("Kategorie;Auch\nRockmusik;Rock\n")
    done = invoke("genres", "import", file, "--columns", "name=Kategorie,aliases=Auch")
    assert done.code == 0, done.err
    assert "Next: catalog train" in done.err
    columns = "tagged_genre, predicted_genre, suggested_genre, relation"
    query = f"SELECT {columns} FROM predicted_vs_tagged WHERE title = 'Amber'"
    assert invoke("sql", query, "--csv").out.splitlines()[1] == "Rockmusik,Rockmusik,Rockmusik,same"
    shown = json.loads(invoke("show", "Amber", "--json").out)
    assert shown["prediction"]["suggested_genre"] == "Rockmusik"
    with database.read() as connection:
        assert track_status_differences(connection) == 0


def test_lists_of_genres_through_pipes(
    invoke: Any, sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "genres.csv"
    assert invoke("genres", "export", "--output", target).code == 0
    assert target.read_bytes().startswith(codecs.BOM_UTF8)
    piped = invoke("genres", "export", "-o", "-").out
    assert target.read_text("utf-8-sig") == piped
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped.encode())))
    assert "0 added, 0 changed" in invoke("genres", "import", "-").out
    assert invoke("genres", "export", "-o", tmp_path / "genres.xlsx").code == 0
    assert "0 added, 0 changed" in invoke("genres", "import", tmp_path / "genres.xlsx").out
