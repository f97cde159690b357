"""The option --feature-set of the commands that analyze tracks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from catalog.audio.feature_set import FeatureSet
    from catalog.db.database import Database

Function = TypeVar("Function", bound=Callable[..., Any])


def feature_set_option(function: Function) -> Function:
    """Adds --feature-set; the command receives `feature_sets`, a tuple of FeatureSet, for `or_needed`."""
    return click.option(
        "--feature-set",
        "feature_sets",
        multiple=True,
        metavar="NAME",
        callback=_find,
        help="Feature set to extract. Repeatable.  [default: those of the active model, else musicnn and summary]",
    )(function)


def or_needed(database: Database, feature_sets: tuple[FeatureSet, ...]) -> tuple[FeatureSet, ...]:
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
