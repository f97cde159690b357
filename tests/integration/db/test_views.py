"""Views: docs/sql.md documents every view and column, and its examples give the results that it shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.schema.views import view_names
from tests.integration.db.documented_results import documented_csv

PAGE = (Path(__file__).parents[3] / "docs" / "sql.md").read_text(encoding="utf-8")
SECTIONS = {
    match[1]: match[2]
    for match in re.finditer(r"^## (\w+)\n(.*?)(?=^##? |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}


def columns_documented(section: str) -> list[str]:
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def test_every_view_has_a_section() -> None:
    assert sorted(set(SECTIONS) & set(view_names())) == view_names()


@pytest.mark.parametrize("view", view_names())
def test_every_column_is_documented_in_order(database: Database, view: str) -> None:
    with database.read() as connection:
        columns = [column["name"] for column in sa.inspect(connection).get_columns(view)]
    assert columns_documented(SECTIONS[view]) == columns


@pytest.mark.parametrize("view", view_names())
def test_documented_results(database: Database, sample: Any, view: str) -> None:
    (example, result) = re.findall(r"```(?:sql|csv)\n(.*?)```", SECTIONS[view], re.DOTALL)
    assert re.search(rf"\b{view}\b", example)
    assert result.count("\n") > 1, "an example has at least one row"
    assert documented_csv(database, example) == result
