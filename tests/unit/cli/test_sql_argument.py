"""SQL, saved queries and views as arguments."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import click
import pytest

from catalog.cli.common.sql_argument import resolve
from catalog.db.query.answer import QueryRejectedError

DATABASE: Any = SimpleNamespace(reader=SimpleNamespace(dialect=SimpleNamespace(name="sqlite")))


def test_sql_is_returned_unchanged_with_its_parameters() -> None:
    assert resolve(DATABASE, "SELECT :a, :b", ("a=1", "b=x=y")) == ("SELECT :a, :b", {"a": "1", "b": "x=y"})


def test_a_saved_query_has_defaults_that_parameters_override() -> None:
    text, values = resolve(DATABASE, "untagged-confident", ())
    assert ":least" in text
    assert set(values) >= {"least"}
    assert resolve(DATABASE, "untagged-confident", ("least=0.5",))[1]["least"] == "0.5"


def test_a_view_is_selected_and_an_unknown_name_is_rejected() -> None:
    assert resolve(DATABASE, " suspects ", ()) == ("SELECT * FROM suspects", {})
    with pytest.raises(QueryRejectedError, match="no saved query or view 'nix'"):
        resolve(DATABASE, "nix", ())


@pytest.mark.parametrize(("parameters", "message"), [(("a",), "not NAME=VALUE"), (("a=1", "a=2"), "twice")])
def test_malformed_parameters_are_usage_errors(parameters: tuple[str, ...], message: str) -> None:
    with pytest.raises(click.BadParameter, match=message):
        resolve(DATABASE, "SELECT 1", parameters)
