"""SQL files in one dialect for both databases."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

UTC_TIME = re.compile(r"strftime\('%Y-%m-%dT%H:%M:%S\+00:00', ([\w.]+)\)")
"""The expression for a time as text with its zone, which SQLite does not store."""


@cache
def read_sql(name: str, dialect: str) -> str:
    """The text of `catalog/db/<name>`, translated for the dialect.

    The files are written for SQLite. PostgreSQL has other names for two functions, and no hint `unlikely`.
    """
    text = files("catalog.db").joinpath(name).read_text(encoding="utf-8")
    if dialect == "postgresql":
        text = re.sub(r"\bgroup_concat\(", "string_agg(", text)
        text = re.sub(r"\bunlikely\(", "(", text)
        text = UTC_TIME.sub(r"""to_char(\1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')""", text)
    return text
