"""SQL files in the dialect of each database."""

from __future__ import annotations

import pytest

from catalog.db.schema.views import view_names
from catalog.db.sql_files import read_sql


def test_sqlite_reads_the_file_as_it_is() -> None:
    assert "group_concat(" in read_sql("derived/track_status.sql", "sqlite")


@pytest.mark.parametrize(
    "name", ["derived/track_status.sql", *(f"schema/views/{name}.sql" for name in view_names())]
)
def test_postgresql_has_its_own_functions(name: str) -> None:
    text = read_sql(name, "postgresql")
    for word in ("group_concat(", "unlikely(", "strftime("):
        assert word not in text
