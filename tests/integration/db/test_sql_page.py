"""docs/sql.md: every view and column is documented, every example has an answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.query.saved_queries import saved_query, saved_query_names
from catalog.db.schema.views import view_names
from tests.integration.db.answers import answered

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
def test_every_example_answers_what_the_page_shows(database: Database, sample: Any, view: str) -> None:
    (example, shown) = re.findall(r"```(?:sql|csv)\n(.*?)```", SECTIONS[view], re.DOTALL)
    assert re.search(rf"\b{view}\b", example)
    assert shown.count("\n") > 1, "an example without an answer shows nothing"
    assert answered(database, example) == shown


def test_saved_questions_are_documented() -> None:
    table = PAGE.partition("## Saved queries")[2].partition("\n# ")[0]
    documented = {
        match[1]: match[2] for match in re.finditer(r"^\| `([\w-]+)` \| .*? \|(.*)\|$", table, re.MULTILINE)
    }
    assert sorted(documented) == list(saved_query_names())
    for name, parameters in documented.items():
        defaults = {each[0]: each[1] for each in re.findall(r"`(\w+)` = (-?[\d.]+)", parameters)}
        assert defaults == saved_query(name, "sqlite").defaults
