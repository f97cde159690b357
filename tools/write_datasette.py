"""Writes catalog/db/datasette/metadata.json: titles and descriptions of views, tables, columns and saved queries.

    python tools/write_datasette.py          writes the file
    python tools/write_datasette.py --check  fails if the file is out of date

The comments in the SQL files describe the views; docs/sql.md describes their columns.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import catalog.db.tables as _tables  # noqa: F401 - makes every table known
from catalog.db.columns import metadata
from catalog.db.query.bind_parameters import TOKEN
from catalog.db.query.saved_queries import SavedQuery, saved_query, saved_query_names
from catalog.db.schema.views import view_description, view_names

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "catalog" / "db" / "datasette" / "metadata.json"
PAGE = ROOT / "docs" / "sql.md"

LABELS = {
    "album": "title",
    "artist": "name",
    "audit": "kind",
    "network_tag": "tag",
    "collection": "name",
    "review_case": "case_id",
    "feature_set": "name",
    "genre": "name",
    "model": "algorithm",
    "snapshot": "hash",
    "statement": "source",
    "track": "title",
    "worker": "name",
}
"""The column that is shown for a reference to a row of the table."""

SORTED = {"suspects": "suspicion", "narrower_suggestions": "confidence", "cases": "suspicion"}
"""The column by which a view is sorted, descending."""


def content() -> str:
    """Returns the content of the file."""
    described = {
        "title": "Music catalog",
        "description": "What the tags say, what the model heard, and which tags are probably wrong.",
        "databases": {
            "catalog": {
                "tables": {**{name: _view(name) for name in view_names()}, **_tables_described()},
                # One name has one page.
                "queries": {
                    name: _query(saved_query(name, "sqlite"))
                    for name in saved_query_names()
                    if name not in view_names()
                },
            }
        },
    }
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def _view(name: str) -> dict[str, Any]:
    section = re.search(rf"^## {name}\n(.*?)(?=^##? |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    columns: dict[str, str] = {}
    # Only columns with words of their own: the words stand above the rows and push them down.
    for column, words in re.findall(r"^\| `(\w+)` \| (.*) \|$", section[1] if section else "", re.MULTILINE):
        columns[column] = words.replace("`", "")
    sort = {"sort_desc": SORTED[name]} if name in SORTED else {}
    return {"title": _title(name), "description": view_description(name), "columns": columns, **sort}


def _tables_described() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for table in metadata.sorted_tables:
        about: dict[str, Any] = {}
        if columns := {column.name: column.comment for column in table.columns if column.comment}:
            about["columns"] = columns
        if table.name in LABELS:
            about["label_column"] = LABELS[table.name]
        if about:
            found[table.name] = about
    return found


def _query(saved: SavedQuery) -> dict[str, Any]:
    """The query with its defaults: Datasette passes only text, and an empty text for an empty field."""

    def given(match: re.Match[str]) -> str:
        name = match["name"]
        if not name or name not in saved.defaults:
            return match[0]
        return f"CAST(coalesce(nullif(:{name}, ''), {saved.defaults[name]}) AS NUMERIC)"

    about = "".join(f" {name} is {value} where it is left empty." for name, value in saved.defaults.items())
    return {
        "title": _title(saved.name),
        "description": saved.description + about,
        "sql": TOKEN.sub(given, saved.text),
    }


def _title(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()


def main() -> int:
    """Writes the file, or compares it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    if not parser.parse_args().check:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(content(), encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == content():
        return 0
    print(f"{TARGET.name} is out of date; run: python tools/write_datasette.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
