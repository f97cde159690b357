"""The filters that the verbs of `review` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from catalog.cli.common.context import FiniteRange
from catalog.review.case_list import Filters

if TYPE_CHECKING:
    from sqlalchemy import Connection


class KnownName(click.ParamType[str]):
    """A name that something in a catalog can have: bytes that are no text are none."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is."""
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            self.fail("this is no text in UTF-8, and nothing in the catalog is called that", param, ctx)
        return value


Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--tagged", {"type": KnownName(), "metavar": "GENRE", "help": "Only tracks with this doubted tag."}),
    ("--suggested", {"type": KnownName(), "metavar": "GENRE", "help": "Only tracks with this suggestion."}),
    ("--artist", {"type": KnownName(), "metavar": "NAME", "help": "Only tracks by this artist."}),
    ("--album", {"type": KnownName(), "metavar": "TITLE", "help": "Only tracks on this album."}),
    ("--collection", {"type": KnownName(), "metavar": "NAME", "help": "Only tracks of this collection."}),
    (
        "--source",
        {"type": click.Choice(["file", "import", "person"]), "help": "Only tags that this source says."},
    ),
    (
        "--suspicion",
        {"type": FiniteRange(0, 1), "metavar": "LEAST", "help": "Only tracks at least so suspicious."},
    ),
)


def filter_options(function: Function) -> Function:
    """Adds the filters to a verb; it receives `tagged`, `suggested`, ... for `filters_from`."""
    for name, settings in reversed(OPTIONS):
        function = click.option(name, **settings)(function)
    return function


def filters_from(options: dict[str, Any], **more: Any) -> Filters:
    """The filters given on the command line."""
    return Filters(**{name.lstrip("-"): options[name.lstrip("-")] for name, _ in OPTIONS}, **more)


def by_vocabulary(connection: Connection, filters: Filters) -> Filters:
    """The filters with their genres as the vocabulary names them, however they were spelled. Raises InvalidVerdictError."""
    from catalog.genres.vocabulary_store import load_vocabulary
    from catalog.review.decision import resolve_genre

    if filters.tagged is None and filters.suggested is None:
        return filters
    by_id = load_vocabulary(connection).by_id

    def named(spelling: str | None) -> str | None:
        return None if spelling is None else by_id[resolve_genre(connection, spelling)].name

    return replace(filters, tagged=named(filters.tagged), suggested=named(filters.suggested))
