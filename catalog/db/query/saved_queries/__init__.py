"""Saved queries: one `.sql` file each. The first comment is the description, `-- :name = value` sets a default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from catalog.db.sql_files import read_sql

DEFAULT = re.compile(r"--\s*:(\w+)\s*=\s*(.*)")


@dataclass(frozen=True)
class SavedQuery:
    """A query with a name."""

    name: str
    description: str
    defaults: dict[str, str]
    """Default values of its placeholders."""
    text: str
    """The SQL in the requested dialect."""


@cache
def saved_query_names() -> tuple[str, ...]:
    """The names of all saved queries, sorted."""
    entries = files("catalog.db.query.saved_queries").iterdir()
    return tuple(sorted(entry.name.removesuffix(".sql") for entry in entries if entry.name.endswith(".sql")))


def saved_query(name: str, dialect: str) -> SavedQuery:
    """The saved query with this name. Raises KeyError if there is none."""
    if name not in saved_query_names():
        raise KeyError(name)
    text = read_sql(f"query/saved_queries/{name}.sql", dialect)
    description: list[str] = []
    defaults: dict[str, str] = {}
    query: list[str] = []
    for line in text.splitlines():
        if default := DEFAULT.match(line):
            defaults[default[1]] = default[2].strip()
        elif line.startswith("--"):
            description.append(line.removeprefix("--").strip())
        else:
            query.append(line)
    return SavedQuery(name, " ".join(description), defaults, "\n".join(query).strip())
