"""The SQLite authorizer of queries: reads are allowed, all other actions are denied."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.db.query.query_sqlite import FORBIDDEN_FUNCTIONS, HARMLESS_PRAGMAS, authorize

READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
DECIDED_BY_NAME = {sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_UPDATE}


@given(action=st.integers(0, 60), first=st.text() | st.none(), second=st.text() | st.none())
def test_all_other_actions_are_denied(action: int, first: str | None, second: str | None) -> None:
    if action not in DECIDED_BY_NAME:
        expected = sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY
        assert authorize(action, first, second, "main", None) == expected


@given(
    name=st.text()
    | st.sampled_from(["journal_mode", "query_only", "writable_schema", "temp_store_directory"])
)
def test_unknown_settings_are_denied(name: str) -> None:
    if name.lower() not in HARMLESS_PRAGMAS:
        assert authorize(sqlite3.SQLITE_PRAGMA, name, None, None, None) == sqlite3.SQLITE_DENY


@pytest.mark.parametrize("name", sorted(FORBIDDEN_FUNCTIONS))
def test_functions_with_side_effects_are_denied(name: str) -> None:
    for spelling in (name, name.upper()):
        assert authorize(sqlite3.SQLITE_FUNCTION, None, spelling, None, None) == sqlite3.SQLITE_DENY
    assert authorize(sqlite3.SQLITE_FUNCTION, None, "count", None, None) == sqlite3.SQLITE_OK


def test_updates_are_denied() -> None:
    assert authorize(sqlite3.SQLITE_UPDATE, "track", "title", "main", None) == sqlite3.SQLITE_DENY
