"""Filter options of the `catalog review` commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from catalog.cli.common.context import FiniteRange
from catalog.review.case_list import Filters

if TYPE_CHECKING:
    from sqlalchemy import Connection


class TextParameter(click.ParamType[str]):
    """Text in valid UTF-8: click passes undecodable bytes as surrogates, which no stored name contains."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the text unchanged. Fails for surrogates."""
        if any("\ud800" <= character <= "\udfff" for character in value):
            self.fail("not valid UTF-8", param, ctx)
        return value


Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--tagged", {"type": TextParameter(), "metavar": "GENRE", "help": "Only tracks with this flagged tag."}),
    (
        "--suggested",
        {"type": TextParameter(), "metavar": "GENRE", "help": "Only tracks with this suggestion."},
    ),
    ("--artist", {"type": TextParameter(), "metavar": "NAME", "help": "Only tracks by this artist."}),
    ("--album", {"type": TextParameter(), "metavar": "TITLE", "help": "Only tracks on this album."}),
    ("--collection", {"type": TextParameter(), "metavar": "NAME", "help": "Only tracks of this collection."}),
    ("--source", {"type": click.Choice(["file", "import", "person"]), "help": "Only tags from this source."}),
    (
        "--suspicion",
        {
            "type": FiniteRange(0, 1),
            "metavar": "MIN",
            "help": "Only tracks with at least this suspicion (0 to 1).",
        },
    ),
)


def filter_options(function: Function) -> Function:
    """Adds the filters to a command; it receives `tagged`, `suggested`, ... for `filters_from`."""
    for name, settings in reversed(OPTIONS):
        function = click.option(name, **settings)(function)
    return function


def filters_from(options: dict[str, Any], **more: Any) -> Filters:
    """Builds the filters from the command line options."""
    return Filters(**{name.lstrip("-"): options[name.lstrip("-")] for name, _ in OPTIONS}, **more)


def resolve_genres(connection: Connection, filters: Filters) -> Filters:
    """Replaces genre spellings in the filters by the names in the vocabulary. Raises InvalidVerdictError."""
    from catalog.genres.vocabulary_store import load_vocabulary
    from catalog.review.decision import resolve_genre

    if filters.tagged is None and filters.suggested is None:
        return filters
    by_id = load_vocabulary(connection).by_id

    def name_of(spelling: str | None) -> str | None:
        return None if spelling is None else by_id[resolve_genre(connection, spelling)].name

    return replace(filters, tagged=name_of(filters.tagged), suggested=name_of(filters.suggested))
