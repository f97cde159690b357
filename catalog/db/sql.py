"""SQL kept in files beside the modules, in one dialect for both databases."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def read_sql(name: str, dialect: str) -> str:
    """The text of `catalog/db/<name>`, fit for the dialect.

    The files are written for SQLite. PostgreSQL names one function differently, and has statistics instead of hints.
    """
    text = files("catalog.db").joinpath(name).read_text(encoding="utf-8")
    if dialect == "postgresql":
        text = re.sub(r"\bgroup_concat\(", "string_agg(", text)
        text = re.sub(r"\bunlikely\(", "(", text)
    return text
