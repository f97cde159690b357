"""Options of the commands that analyze tracks: feature sets, limits per track."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from catalog.audio.feature_set import FeatureSet
    from catalog.db.database import Database

Function = TypeVar("Function", bound=Callable[..., Any])

MIN_MEMORY_MB = 64


def _find(
    _context: click.Context, _option: click.Parameter, names: tuple[str, ...]
) -> tuple[FeatureSet, ...]:
    from catalog.audio.feature_sets.installed import FeatureSetNotInstalledError, feature_set

    if "pca" in names:
        raise click.BadParameter(
            "pca is fitted, not extracted; run: catalog analyze --feature-set grid, then catalog features pca"
        )
    try:
        return tuple(feature_set(name) for name in dict.fromkeys(names))
    except FeatureSetNotInstalledError as error:
        raise click.BadParameter(str(error)) from None


feature_set_option = click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    metavar="NAME",
    callback=_find,
    help="Feature set to extract. Repeatable.  [default: those of the active model, else musicnn and summary]",
)
"""Adds --feature-set; the command receives `feature_sets`, a tuple of FeatureSet, for `or_needed`."""


def limit_options(function: Function) -> Function:
    """Adds --time-limit and --memory-limit; the command receives `time_limit` and `memory_limit`."""
    function = click.option(
        "--memory-limit",
        type=click.IntRange(min=MIN_MEMORY_MB),
        default=2048,
        metavar="MB",
        help="Memory limit per track; a track that needs more fails.",
    )(function)
    return click.option(
        "--time-limit",
        type=click.IntRange(min=1),
        default=120,
        metavar="SECONDS",
        help="Time limit per track; a track that takes longer fails.",
    )(function)


def given_or_needed(database: Database, feature_sets: tuple[FeatureSet, ...]) -> tuple[FeatureSet, ...]:
    """Returns the given feature sets; if empty, those that new tracks of this catalog need."""
    from catalog.audio.feature_sets.installed import feature_set
    from catalog.learning.registry.default_feature_sets import feature_sets_to_compute

    if feature_sets:
        return feature_sets
    with database.read() as connection:
        return tuple(feature_set(name) for name in feature_sets_to_compute(connection))


def require_feature_sets(
    context: click.Context, option: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Checks the names early and returns them unchanged. Raises click.BadParameter for an unknown feature set."""
    _find(context, option, names)
    return names
