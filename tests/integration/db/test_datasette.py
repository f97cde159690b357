"""The metadata file for Datasette matches the schema of the catalog."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from catalog.db.query.saved_queries import saved_query_names
from catalog.db.schema.views import view_names

ROOT = Path(__file__).parents[3]
METADATA = json.loads((ROOT / "catalog/db/datasette/metadata.json").read_text("utf-8"))["databases"][
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


def test_views_and_columns_exist(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    for name, description in METADATA["tables"].items():
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        assert columns, name
        assert columns >= set(description.get("columns", ())), name
        assert description.get("label_column") in {None, *columns}, name
        assert description.get("sort_desc") in {None, *columns}, name
    for name in view_names():
        assert METADATA["tables"][name]["description"], name
    connection.close()


def test_referenced_tables_have_a_label_column(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    referred = {row[2] for name in tables for row in connection.execute(f"PRAGMA foreign_key_list({name})")}
    # Their rows have no name.
    unnamed = {"audit_sample", "cluster_run", "decision", "suspect"}
    assert {
        name for name in referred if "label_column" in METADATA["tables"].get(name, {})
    } == referred - unnamed
    connection.close()


def test_saved_queries_accept_empty_values(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    empty = dict.fromkeys(
        ("tracks", "least", "piano", "loudness", "voice", "artist", "old", "new", "share"), ""
    )
    assert set(METADATA["queries"]) == {*saved_query_names()} - {*view_names()}
    for query in METADATA["queries"].values():
        assert query["description"]
        connection.execute(query["sql"], empty).fetchall()
    connection.close()
