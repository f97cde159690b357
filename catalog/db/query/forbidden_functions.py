"""Functions and tables that a PostgreSQL query must not name, because they do more than read in any role."""

from __future__ import annotations

import re
from typing import Any

import psycopg

from catalog.db.query.answer import READ_ONLY, QueryRejectedError

HARMLESS = frozenset(
    {
        "array_sample",
        "array_shuffle",
        "clock_timestamp",
        "currval",
        "gen_random_uuid",
        "lastval",
        "pg_sleep",
        "random",
        "random_normal",
        "setseed",
        "timeofday",
        "uuidv4",
        "uuidv7",
    }
)
"""Functions that PostgreSQL calls volatile because their results vary, and that change nothing."""

RUN_TEXT = frozenset({"connectby", "crosstab", "crosstab2", "crosstab3", "crosstab4", "xpath_table"})
"""Functions of extensions that run SQL given as text and are not called volatile."""

SECRETS = frozenset({"pg_authid", "pg_shadow", "pg_subscription", "pg_user_mapping"})
"""Tables with passwords; `pg_read_all_data` may read them."""

WORD = re.compile(r"[^\W\d]\w*")
SPELLED_BY_CODE = re.compile(r"u&\"", re.IGNORECASE)

VOLATILE = """
    SELECT DISTINCT proname::text FROM pg_catalog.pg_proc
    WHERE provolatile = 'v' AND proname = ANY (%s)
      AND prorettype <> 'trigger'::regtype AND NOT 'internal'::regtype = ANY (proargtypes)
"""
"""The given names that are callable functions with side effects."""


def reject_forbidden_functions(connection: psycopg.Connection[Any], query: str) -> None:
    """Rejects a query that names a function with side effects or a table of passwords.

    A READ ONLY transaction does not forbid `pg_terminate_backend`, `pg_read_file` and `lo_export`. A superuser who has
    switched to another role can switch back by `set_config` and a function that runs text as SQL, such as
    `query_to_xml`. The database itself lists the functions that may have side effects. Every word of the query counts,
    also in a literal: telling them apart would need PostgreSQL's own parser. Raises QueryRejectedError.
    """
    if SPELLED_BY_CODE.search(query):
        raise QueryRejectedError('names in the form U&"..." are not supported; write them plainly')
    words = {word.lower() for word in WORD.findall(query)}
    forbidden = words & (RUN_TEXT | SECRETS)
    volatile = connection.execute(VOLATILE, [sorted(words - HARMLESS)]).fetchall()
    forbidden |= {name for (name,) in volatile}
    if forbidden:
        raise QueryRejectedError(
            f"{min(forbidden)} can do more than read data, or shows secrets; {READ_ONLY}"
        )
