"""The verbs that place genres and join spellings, and what they say."""

from __future__ import annotations

import getpass

import pytest

from catalog.cli.common.context import create_or_upgrade_catalog
from catalog.db.database import Database
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
