"""The filters that the verbs of `review` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from catalog.cli.context import FiniteRange
from catalog.review.case import Filters

Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS = (
    ("--tagged", {"metavar": "GENRE", "help": "Only tracks with this doubted tag."}),
    ("--suggested", {"metavar": "GENRE", "help": "Only tracks with this suggestion."}),
    ("--artist", {"metavar": "NAME", "help": "Only tracks by this artist."}),
    ("--album", {"metavar": "TITLE", "help": "Only tracks on this album."}),
    ("--collection", {"metavar": "NAME", "help": "Only tracks of this collection."}),
    (
        "--source",
        {"type": click.Choice(["file", "import", "human"]), "help": "Only tags that this source says."},
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
