"""`config.toml` sets defaults of every option, and rejects unknown keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.db.database import Database
from tests.integration.cli.conftest import Invoke


@pytest.fixture
def config(home: Path) -> Path:
    home.mkdir(exist_ok=True)
    return home / "config.toml"


@pytest.mark.parametrize(
    "table", ["[sql]\njson = true", "[sql]\njson = true\ncsv = false", "sql.json = true"]
)
def test_a_format_can_be_the_default(invoke: Invoke, database: Database, config: Path, table: str) -> None:
    config.write_text(table)
    assert json.loads(invoke("sql", "SELECT 1 AS one").out) == [{"one": 1}]
    assert invoke("sql", "--csv", "SELECT 1 AS one").out.split() == ["one", "1"]


def test_an_option_that_may_be_repeated(invoke: Invoke, database: Database, config: Path) -> None:
    config.write_text('[sql]\njson = true\nparameter = ["a=x", "b=y"]')
    assert json.loads(invoke("sql", "SELECT :a || :b AS both").out) == [{"both": "xy"}]


def test_a_verb_below_a_verb(invoke: Invoke, database: Database, config: Path) -> None:
    config.write_text("[failures.list]\njson = true")
    assert invoke("failures", "list").out == "[]\n"


def test_dashes_and_the_name_that_switches_off(invoke: Invoke, config: Path) -> None:
    # What click makes of it shows in what it refuses: the number comes from the file.
    config.write_text("[ingest]\nmin-tracks = 0")
    assert "0 is not in the range" in invoke("ingest", "folder").err
    config.write_text("[predict]\nno_priors = 1")
    assert "no_priors must be true or false" in invoke("predict").err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[ingest]\nmin_track = 5", "[ingest] has no option 'min_track'; options: columns"),
        ("[ingest]\nsample = true", "[ingest] sample must be a string, a number"),
        ("[ingest]\njson = 3", "[ingest] json must be true or false"),
        ("[ingest.x]\njson = true", "[ingest] has no option 'x'"),
        ("[ingst]\nsample = 5", "ingst is not a command"),
    ],
)
def test_a_slip_is_refused_in_one_line(invoke: Invoke, config: Path, text: str, says: str) -> None:
    config.write_text(text)
    outcome = invoke("ingest", "folder")
    assert outcome.code == 1
    assert says in outcome.err
    assert outcome.err.count("\n") == 1


def test_what_other_verbs_have_is_not_looked_at(invoke: Invoke, database: Database, config: Path) -> None:
    config.write_text("[ingest]\nmin_track = 5")
    assert invoke("sql", "SELECT 1").code == 0
