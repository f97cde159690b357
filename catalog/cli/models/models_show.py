"""`catalog models show`, `card` and `compare`: details of one or two models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import echo, format_options, print_json, print_rows, say
from catalog.cli.common.plot_options import plot_options
from catalog.report.figures.figure_files import PlotWidth
from catalog.settings import Settings
from catalog.text import pluralize, printable


@click.command("show")
@click.argument("model", type=int, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option(
    "--figure",
    type=click.Choice(["confusion", "calibration"]),
    default="confusion",
    help="The figure to plot.",
)
@plot_options("the figure")
@pass_settings
def show_verb(
    settings: Settings,
    model: int | None,
    as_json: bool,
    figure: str,
    plot: Path | None,
    plot_width: PlotWidth,
) -> None:
    """Show recipe, training set and scores of a model."""
    from catalog.learning.registry.registry import get_model, require_active
    from catalog.report.model_card import read_card
    from catalog.report.score_report import score_report

    with open_catalog(settings) as database, database.read() as connection:
        row = dict(require_active(connection) if model is None else get_model(connection, model))
        card = read_card(connection, row["id"])
    if plot is not None:
        _plot(card, figure, plot, plot_width)
    if as_json:
        print_json({**row, "snapshot": card.snapshot, **_of_card(card)})
        return
    scores = [] if card.metrics is None else ["", *score_report(card.metrics)]
    echo("\n".join(printable(line) for line in (*_heading(card), *scores)))


@click.command("card")
@click.argument("model", type=int, required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write.  [default: report/model-N.html in the home folder]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON instead of writing a page.")
@pass_settings
def card_verb(settings: Settings, model: int | None, output: Path | None, as_json: bool) -> None:
    """Write the model card of a model (default: the active one).

    One HTML page without scripts: intended use, data, recipe, scores and baselines, calibration, limitations, and the
    feature importance if `models importance` has computed it.
    """
    from catalog.learning.registry.registry import require_active
    from catalog.report.model_card import read_card, write_card

    with open_catalog(settings) as database, database.read() as connection:
        card = read_card(connection, require_active(connection)["id"] if model is None else model)
    if as_json:
        print_json(asdict(card))
        return
    path = write_card(
        card, output or settings.report / f"model-{card.model_id}.html", command=settings.command
    )
    echo(str(path))


@click.command("compare")
@click.argument("model", type=int)
@click.argument("other", type=int)
@plot_options("F1 by genre")
@format_options
@pass_settings
def compare_verb(
    settings: Settings,
    model: int,
    other: int,
    plot: Path | None,
    plot_width: PlotWidth,
    output_format: str,
) -> None:
    """Compare two models on tracks neither was trained on.

    The rows count the tracks whose first choice changed, from genre to genre. The difference is OTHER minus MODEL,
    with an interval by paired bootstrap over artists.
    """
    from catalog.learning.scoring.model_comparison import compare_models

    with open_catalog(settings) as database, database.read() as connection:
        comparison = compare_models(connection, model, other)
    if plot is not None:
        if not comparison.scored:
            raise click.ClickException(
                "no labeled track has a held-out prediction of both models, so there is nothing to plot"
            )
        from catalog.report.figures.comparison_plot import write_comparison

        write_comparison(comparison, plot, plot_width)
    if output_format == "json":
        print_json(asdict(comparison))
        return
    columns = ["from_genre", "to_genre", "tracks", "right_before", "right_after"]
    print_rows([asdict(flow) for flow in comparison.flows], output_format, columns)
    for line in _differences(comparison):
        say(line)


def _plot(card: Any, figure: str, plot: Path, plot_width: PlotWidth) -> None:
    """Draws a figure of the card. Raises click.ClickException for a model without scores."""
    if card.metrics is None:
        raise click.ClickException(f"model {card.model_id} has no scores, so there is nothing to plot")
    if figure == "confusion":
        from catalog.report.figures.matrix_plot import confusion_counts, write_matrix

        write_matrix(confusion_counts(card.metrics.confusion), plot, plot_width)
        return
    from catalog.report.figures.calibration_plot import write_calibration

    write_calibration(card.calibration, plot, plot_width)


def _of_card(card: Any) -> dict[str, Any]:
    return {
        "feature_sets": list(card.feature_sets),
        "metrics": None if card.metrics is None else card.metrics.to_json(),
    }


def _heading(card: Any) -> Iterator[str]:
    sets = (
        ", ".join(f"{one['name']} version {one['version']}" for one in card.feature_sets) or "no feature set"
    )
    yield f"model {card.model_id}: {card.status}, {card.algorithm} on {sets}"
    parameters: Mapping[str, Any] = card.parameters.get("classifier") or {}
    yield from _line("parameters", ", ".join(f"{name} {value}" for name, value in parameters.items()))
    if (snapshot := card.snapshot) is not None:
        sizes = (
            pluralize(snapshot[name], noun)
            for name, noun in (("tracks", "track"), ("classes", "genre"), ("groups", "group"))
        )
        yield from _line("snapshot", f"{snapshot['hash']}: {', '.join(sizes)}")
    yield from _line("seed", "" if card.seed is None else str(card.seed))
    yield from _line("versions", ", ".join(f"{name} {value}" for name, value in card.versions.items()))
    yield from _line("file", card.artifact or "")
    yield from _line("SHA-256", card.artifact_sha256 or "")


def _line(label: str, value: str) -> Iterator[str]:
    if value:
        yield f"{label:12}{value}"


def _differences(comparison: Any) -> Iterator[str]:
    yield (
        f"{pluralize(comparison.changed, 'track')} of {comparison.answered:,} predicted by both models "
        "change their prediction"
    )
    if comparison.macro_f1 is None:
        yield "no labeled track has a held-out prediction of both models, so there is no score to compare"
        return
    macro_f1, (first, second) = comparison.macro_f1, comparison.accuracy
    change = macro_f1.difference
    yield (
        f"on {pluralize(macro_f1.tracks, 'tagged track')} by {pluralize(macro_f1.groups, 'group')}: "
        f"accuracy {first:.1%} and {second:.1%}, macro F1 {macro_f1.champion:.3f} and {macro_f1.challenger:.3f} "
        f"(difference {change.value:+.3f}, {change.low:+.3f} to {change.high:+.3f} 95% interval)"
    )
    for model_id in comparison.found_by_search:
        yield f"model {model_id} was selected by a search: its scores here are slightly biased upward"
