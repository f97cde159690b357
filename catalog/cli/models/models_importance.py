"""`catalog models importance`: what a model's score owes to each family of features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_json, print_rows, progress, say
from catalog.settings import Settings


@click.command("importance")
@click.argument("model", type=int, required=False)
@click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    metavar="NAME",
    help="Vectors to fit the model's recipe on instead, such as summary, whose families have names; may be repeated.  "
    "[default: the model's own]",
)
@click.option(
    "--by",
    type=click.Choice(["family", "genre", "pair"]),
    default="family",
    help="A row for each family, for each genre and family, or for each pair of genres and family.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw it into FILE (png, svg or pdf).",
)
@format_options
@pass_settings
def importance_verb(
    settings: Settings,
    model: int | None,
    feature_sets: tuple[str, ...],
    by: str,
    plot: Path | None,
    output_format: str,
) -> None:
    """What the score owes to each family of features: by default of the model in force.

    Three ways, out of fold with artists apart, as macro F1: what is lost where a family's numbers are another track's
    (permuted), what is lost where the model is fitted without it (left out), and what it reaches alone. Families that say
    the same are one group: what one of them loses the others still say. It is kept with the model; a second time nothing
    is fitted.
    """
    from catalog.learning.registry.registry import require_active
    from catalog.learning.scoring.model_importance import model_importance

    if plot is not None:
        from catalog.report.figures.figure_files import figure_format

        figure_format(plot)
    with open_catalog(settings) as database:
        if model is None:
            with database.read() as connection:
                model = require_active(connection)["id"]
        with progress("fitting") as advance:
            found = model_importance(
                database, model, feature_sets, on_progress=lambda done, total: advance(done, total, "")
            )
    if plot is not None:
        from catalog.report.figures.importance_plot import write_importance

        write_importance(found, plot)
    if output_format == "json":
        print_json(found)
        return
    print_rows({"family": _by_family, "genre": _by_genre, "pair": _by_pair}[by](found), output_format)
    full = found["full"]
    say(
        f"macro F1 by all families {full['value']:.3f} ({full['low']:.3f} to {full['high']:.3f} if other artists had been "
        f"there), {found['tracks']:,} tracks, {'+'.join(found['feature_sets'])}"
    )


def _by_family(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in found["parts"]:
        row: dict[str, Any] = {"family": name_of(part), "dimensions": part["dimensions"]}
        for way in ("permuted", "left_out", "alone"):
            for place, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
                row[way + suffix] = None if part[way] is None else part[way][place]
        yield row


def _by_genre(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in found["parts"]:
        for one in part["by_genre"]:
            yield {
                "genre": one["genre"],
                "family": name_of(part),
                "f1_drop": one["f1_drop"]["value"],
                "f1_drop_low": one["f1_drop"]["low"],
                "f1_drop_high": one["f1_drop"]["high"],
                "recall_drop": one["recall_drop"],
                "alone_f1": one["alone_f1"],
            }


def _by_pair(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in found["parts"]:
        for pair in part["by_pair"]:
            yield {
                "genre": pair["genres"][0],
                "other_genre": pair["genres"][1],
                "family": name_of(part),
                "separated_by_all": pair["full"],
                "alone": pair["alone"],
                "drop": pair["drop"]["value"],
                "drop_low": pair["drop"]["low"],
                "drop_high": pair["drop"]["high"],
            }


def name_of(part: Mapping[str, Any]) -> str:
    """The families of a part; one out of a group stands under it, indented."""
    return ("  " if part["within"] is not None else "") + ", ".join(part["families"])
