"""Query argument of `sql` and `export`: SQL, a saved query, or a view, with its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from catalog.db.database import Database
from catalog.db.query.answer import QueryRejectedError
from catalog.db.query.saved_queries import saved_query, saved_query_names
from catalog.db.schema.views import view_names

Function = TypeVar("Function", bound=Callable[..., Any])

NAME = re.compile(r"[a-z][a-z0-9_-]*")

parameter_option: Callable[[Function], Function] = click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of the bind parameter :NAME. Repeatable.",
)


def resolve(database: Database, query: str, parameters: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Returns the SQL text and its parameter values; `query` is SQL, or the name of a saved query or view.

    Raises QueryRejectedError for an unknown name.
    """
    values: dict[str, str] = {}
    for parameter in parameters:
        name, value = _split(parameter)
        if name in values:
            raise click.BadParameter(f"{name} is given twice", param_hint="--parameter")
        values[name] = value
    name = query.strip()
    if not NAME.fullmatch(name):
        return query, values
    if name in saved_query_names():
        saved = saved_query(name, database.reader.dialect.name)
        return saved.text, saved.defaults | values
    if name in view_names():
        return f"SELECT * FROM {name}", values  # noqa: S608 - the name is one of our views
    raise QueryRejectedError(
        f"there is no saved query or view {name!r}; saved queries: {', '.join(saved_query_names())}; "
        "for the views see: catalog sql --list"
    )


def _split(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not equals or not name.isidentifier():
        raise click.BadParameter(f"{parameter!r} is not NAME=VALUE", param_hint="--parameter")
    return name, value
