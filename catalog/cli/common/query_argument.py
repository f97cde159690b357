"""What is asked on a command line: SQL, or the name of a saved question or of a view, and the values it needs."""

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
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="The value of :NAME."
)


def resolve(database: Database, asked: str, parameters: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """The SQL and its values: of a saved question or a view, where the name of one was given.

    Raises QueryRejectedError for a name that nothing has.
    """
    given: dict[str, str] = {}
    for parameter in parameters:
        name, value = _split(parameter)
        if name in given:
            raise click.BadParameter(f"{name} is given twice", param_hint="--parameter")
        given[name] = value
    name = asked.strip()
    if not NAME.fullmatch(name):
        return asked, given
    if name in saved_query_names():
        saved = saved_query(name, database.reader.dialect.name)
        return saved.text, saved.defaults | given
    if name in view_names():
        return f"SELECT * FROM {name}", given  # noqa: S608 - the name is one of ours
    raise QueryRejectedError(
        f"there is no question called {name}; there are {', '.join(saved_query_names())}, and the views: catalog sql --list"
    )


def _split(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not equals or not name.isidentifier():
        raise click.BadParameter(f"{parameter!r} is not NAME=VALUE", param_hint="--parameter")
    return name, value
