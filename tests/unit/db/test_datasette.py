"""What Datasette is told of the catalog is what the catalog has."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from catalog.db.query.saved_queries import saved_query_names
from catalog.db.schema.views import view_names

ROOT = Path(__file__).parents[3]
DESCRIBED = json.loads((ROOT / "catalog/db/datasette/metadata.json").read_text("utf-8"))["databases"][
    "catalog"
]


def test_the_file_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "write_datasette.py", "--check"],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_view_and_every_column_named_is_there(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    for name, about in DESCRIBED["tables"].items():
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        assert columns, name
        assert columns >= set(about.get("columns", ())), name
        assert about.get("label_column") in {None, *columns}, name
        assert about.get("sort_desc") in {None, *columns}, name
    for name in view_names():
        assert DESCRIBED["tables"][name]["description"], name
    connection.close()


def test_what_is_referred_to_by_number_has_a_label(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    referred = {row[2] for name in tables for row in connection.execute(f"PRAGMA foreign_key_list({name})")}
    # These are known by their numbers.
    unnamed = {"audit_sample", "cluster_run", "decision", "suspect"}
    assert {
        name for name in referred if "label_column" in DESCRIBED["tables"].get(name, {})
    } == referred - unnamed
    connection.close()


def test_every_question_is_a_form_that_may_be_left_empty(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    empty = dict.fromkeys(
        ("tracks", "least", "piano", "loudness", "voice", "artist", "old", "new", "share"), ""
    )
    assert set(DESCRIBED["queries"]) == {*saved_query_names()} - {*view_names()}
    for query in DESCRIBED["queries"].values():
        assert query["description"]
        connection.execute(query["sql"], empty).fetchall()
    connection.close()
