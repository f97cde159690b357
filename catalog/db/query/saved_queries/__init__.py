"""Questions with a name: one `.sql` file each, its first comment the description, `-- :name = value` the defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from catalog.db.sql import read_sql

DEFAULT = re.compile(r"--\s*:(\w+)\s*=\s*(.*)")


@dataclass(frozen=True)
class SavedQuery:
    """A question kept under a name."""

    name: str
    description: str
    defaults: dict[str, str]
    """Values of its placeholders where nobody gives others."""
    text: str
    """The SQL, for the database at hand."""


@cache
def saved_query_names() -> tuple[str, ...]:
    """The names of all saved questions, in order."""
    entries = files("catalog.db.query.saved_queries").iterdir()
    return tuple(sorted(entry.name.removesuffix(".sql") for entry in entries if entry.name.endswith(".sql")))


def saved_query(name: str, dialect: str) -> SavedQuery:
    """The question of that name. Raises KeyError where there is none."""
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
