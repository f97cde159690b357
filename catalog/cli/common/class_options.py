"""Options that decide which genres become classes of a model."""

from __future__ import annotations

from typing import Any

import click


def class_rule_options(function: Any) -> Any:
    """Adds --min-tracks and --min-artists."""
    function = click.option(
        "--min-artists",
        type=click.IntRange(min=0),
        default=5,
        help="Minimum artists per genre; genres with fewer are merged into their parent. 0: artists are unknown.",
    )(function)
    return click.option(
        "--min-tracks",
        type=click.IntRange(min=1),
        default=10,
        help="Minimum tracks per genre; smaller genres are merged into their parent.",
    )(function)


def exclude_genre_option(function: Any) -> Any:
    """Adds --exclude-genre as `exclude_genres`."""
    return click.option(
        "--exclude-genre",
        "exclude_genres",
        multiple=True,
        metavar="GENRE",
        help="Exclude the tracks of a genre and its subgenres: not used for training, never flagged. Repeatable.",
    )(function)
