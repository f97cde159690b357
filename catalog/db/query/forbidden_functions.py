"""Names in a question to PostgreSQL by which it could do more than read, whatever role asks it."""

from __future__ import annotations

import re
from typing import Any

import psycopg

from catalog.db.query.query import READ_ONLY, QueryRejectedError

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
"""Functions that PostgreSQL calls volatile because their answers differ, and that change nothing."""

RUN_TEXT = frozenset({"connectby", "crosstab", "crosstab2", "crosstab3", "crosstab4", "xpath_table"})
"""Functions of extensions that run SQL given as text and are not called volatile."""

SECRETS = frozenset({"pg_authid", "pg_shadow", "pg_subscription", "pg_user_mapping"})
"""What holds passwords; `pg_read_all_data` may read it."""

WORD = re.compile(r"[^\W\d]\w*")
SPELLED_BY_CODE = re.compile(r"u&\"", re.IGNORECASE)

VOLATILE = """
    SELECT DISTINCT proname::text FROM pg_catalog.pg_proc
    WHERE provolatile = 'v' AND proname = ANY (%s)
      AND prorettype <> 'trigger'::regtype AND NOT 'internal'::regtype = ANY (proargtypes)
"""
"""Those of so many names that are functions with side effects, and that a question can call."""


def reject_forbidden_functions(connection: psycopg.Connection[Any], question: str) -> None:
    """Refuses a question in which a function that may change something, or a table of passwords, is named.

    A READ ONLY transaction forbids none of `pg_terminate_backend`, `pg_read_file` and `lo_export`; and a superuser who
    asks as somebody else can take the right to them back by `set_config` and a function that runs text as SQL, such as
    `query_to_xml`. Of all functions PostgreSQL itself says which may have side effects. Any word counts, also one in a
    literal: to tell them apart would need PostgreSQL's own parser. Raises QueryRejectedError.
    """
    if SPELLED_BY_CODE.search(question):
        raise QueryRejectedError('write names as they are: U&"..." is not taken here')
    words = {word.lower() for word in WORD.findall(question)}
    found = words & (RUN_TEXT | SECRETS)
    volatile = connection.execute(VOLATILE, [sorted(words - HARMLESS)]).fetchall()
    found |= {name for (name,) in volatile}
    if found:
        raise QueryRejectedError(f"{min(found)} may do more than read, or shows secrets; {READ_ONLY}")
