"""`catalog models importance`: feature importance by feature group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_json, print_rows, say
from catalog.cli.common.plot_options import plot_options
from catalog.cli.common.progress import progress
from catalog.report.figures.figure_files import PlotWidth
from catalog.settings import Settings


@click.command("importance")
@click.argument("model", type=int, required=False)
@click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    metavar="NAME",
    help="Refit the model's recipe on these vectors, such as summary, whose feature groups have names. Repeatable.  "
    "[default: the model's own]",
)
@click.option(
    "--by",
    type=click.Choice(["group", "genre"]),
    default="group",
    help="Print a row per feature group, or per feature group and genre.",
)
@plot_options("the importance", width="double")
@format_options
@pass_settings
def importance_verb(
    settings: Settings,
    model: int | None,
    feature_sets: tuple[str, ...],
    by: str,
    plot: Path | None,
    plot_width: PlotWidth,
    output_format: str,
) -> None:
    """Show the importance of each feature group.

    Default: of the active model.     Permuted: the macro F1 that is lost if the group's columns are permuted in
    held-out folds. Alone: the macro F1 of a model that is fitted on the group alone. Folds keep artists apart. The
    result is stored with the model, so that a second run fits nothing.
    """
    from catalog.learning.registry.registry import require_active
    from catalog.learning.scoring.model_importance import model_importance

    with open_catalog(settings) as database:
        if model is None:
            with database.read() as connection:
                model = require_active(connection)["id"]
        with progress("fitting") as advance:
            importance = model_importance(
                database, model, feature_sets, on_progress=lambda done, total: advance(done, total, "")
            )
    if plot is not None:
        from catalog.report.figures.importance_plot import write_importance

        write_importance(importance, plot, plot_width)
    if output_format == "json":
        print_json(importance)
        return
    print_rows((_by_group if by == "group" else _by_genre)(importance), output_format)
    full = importance["full"]
    say(
        f"macro F1 by all feature groups {full['value']:.3f} (95 % interval {full['low']:.3f} to {full['high']:.3f}), "
        f"{importance['tracks']:,} tracks, {'+'.join(importance['feature_sets'])}"
    )


def _by_group(importance: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for group in importance["feature_groups"]:
        yield {
            "feature_group": group["name"],
            "dimensions": group["dimensions"],
            **_columns("permuted", group["permuted"]),
            **_columns("alone", group["alone"]),
        }


def _by_genre(importance: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for group in importance["feature_groups"]:
        for row in group["by_genre"]:
            yield {
                "genre": row["genre"],
                "feature_group": group["name"],
                **_columns("f1_drop", row["f1_drop"]),
                "recall_drop": row["recall_drop"],
                "alone_f1": row["alone_f1"],
            }


def _columns(name: str, score: Mapping[str, float]) -> dict[str, float]:
    """A score and its interval as three columns."""
    return {name: score["value"], f"{name}_low": score["low"], f"{name}_high": score["high"]}
