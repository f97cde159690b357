"""Functions that a query on PostgreSQL must not call, in any spelling."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.db.database import Database
from catalog.db.query.answer import QueryRejectedError
from catalog.db.query.query import run_query
from catalog.db.query.query_postgresql import HARMLESS

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
BEFORE = st.sampled_from(
    ["SELECT ", "SELECT 1,", "SELECT 'x'||", "SELECT $$b$$||", "SELECT 1 WHERE 1=", "VALUES ("]
)
NAMES = st.sampled_from(["set_config", "query_to_xml", "pg_reload_conf", "lo_unlink", "ts_stat", "pg_authid"])
AROUND = st.sampled_from(["{}(", '"{}"(', "pg_catalog.{} (", "{}/**/(", "{}--\n(", 'pg_catalog."{}"('])


@POSTGRESQL
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(before=BEFORE, name=NAMES, around=AROUND, swap=st.booleans())
def test_forbidden_names_are_found_in_every_spelling(
    database: Database, before: str, name: str, around: str, swap: bool
) -> None:
    spelled = around.format(name.swapcase() if swap else name)
    with pytest.raises(QueryRejectedError, match=name), run_query(database, f"{before}{spelled}"):
        pass


@POSTGRESQL
def test_volatile_functions_without_side_effects_are_allowed(database: Database) -> None:
    known = sorted(HARMLESS)
    listed = ", ".join(f"'{name}'" for name in known)
    question = f"SELECT DISTINCT proname::text FROM pg_proc WHERE proname IN ({listed})"
    with run_query(database, question) as answer:
        assert {name for (name,) in answer.rows} <= set(known)
