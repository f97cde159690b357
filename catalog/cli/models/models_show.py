"""`catalog models show`, `card`, `compare`: what is known of a model, and of two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import echo, format_options, print_json, print_rows, say
from catalog.settings import Settings
from catalog.text import pluralize, printable


@click.command("show")
@click.argument("model", type=int, required=False)
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@pass_settings
def show_verb(settings: Settings, model: int | None, as_json: bool) -> None:
    """What is known of a model, by default of the one in force: recipe, training set, scores."""
    from catalog.learning.registry.registry import get_model, require_active
    from catalog.report.model_card import read_card
    from catalog.report.score_report import score_report

    with open_catalog(settings) as database, database.read() as connection:
        row = dict(require_active(connection) if model is None else get_model(connection, model))
        card = read_card(connection, row["id"])
    if as_json:
        print_json({**row, "snapshot": card.training_set and asdict(card.training_set), **_of_card(card)})
        return
    echo("\n".join(printable(line) for line in (*_heading(card), "", *score_report(card.metrics))))


@click.command("card")
@click.argument("model", type=int, required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write.  [default: report/model-N.html in the home]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON; no page is written.")
@pass_settings
def card_verb(settings: Settings, model: int | None, output: Path | None, as_json: bool) -> None:
    """The model card: intended use, data, recipe, scores beside baselines, calibration, limits; one page without script.

    Without a number it is that of the model in force. What `models importance` computed stands in it.
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
@format_options
@pass_settings
def compare_verb(settings: Settings, model: int, other: int, output_format: str) -> None:
    """Two models side by side, on the tracks that neither had learned from when it answered.

    Rows are the tracks whose first choice changed, from genre to genre. The difference is that of OTHER less MODEL, with
    its interval by the paired bootstrap over artists.
    """
    from catalog.learning.scoring.model_comparison import compare_models

    with open_catalog(settings) as database, database.read() as connection:
        found = compare_models(connection, model, other)
    if output_format == "json":
        print_json(asdict(found))
        return
    columns = ["from_genre", "to_genre", "tracks", "right_before", "right_after"]
    print_rows([asdict(flow) for flow in found.flows], output_format, columns)
    for line in _differences(found):
        say(line)


def _of_card(card: Any) -> dict[str, Any]:
    return {"feature_sets": list(card.feature_sets), "metrics": card.metrics}


def _heading(card: Any) -> Iterator[str]:
    sets = (
        ", ".join(f"{one['name']} version {one['version']}" for one in card.feature_sets) or "no feature set"
    )
    yield f"model {card.model_id}: {card.status}, {card.algorithm} on {sets}"
    parameters: Mapping[str, Any] = card.parameters.get("classifier") or {}
    yield from _line("parameters", ", ".join(f"{name} {value}" for name, value in parameters.items()))
    if (learned := card.training_set) is not None:
        told = f"{pluralize(learned.tracks, 'track')}, {learned.classes} genres, {pluralize(learned.groups, 'group')}"
        yield from _line("snapshot", f"{learned.hash}: {told}")
    yield from _line("seed", "" if card.seed is None else str(card.seed))
    yield from _line("libraries", ", ".join(f"{name} {value}" for name, value in card.versions.items()))
    yield from _line("file", card.artifact or "")
    yield from _line("SHA-256", card.artifact_sha256 or "")


def _line(label: str, value: str) -> Iterator[str]:
    if value:
        yield f"{label:12}{value}"


def _differences(found: Any) -> Iterator[str]:
    yield (
        f"{pluralize(found.changed, 'track')} of {found.answered:,} with an answer of both would be answered differently"
    )
    if found.macro_f1 is None:
        yield "no tagged track was answered by both without having been learned from, so there is no score to compare"
        return
    first, second, change = found.macro_f1.in_force, found.macro_f1.new, found.macro_f1.difference
    yield (
        f"on {pluralize(found.macro_f1.tracks, 'tagged track')} by {pluralize(found.macro_f1.groups, 'group')}: "
        f"accuracy {found.accuracy[0]:.1%} and {found.accuracy[1]:.1%}, macro F1 {first:.3f} and {second:.3f} "
        f"(difference {change.value:+.3f}, {change.low:+.3f} to {change.high:+.3f} if other artists had been there)"
    )
    for model_id in found.found_by_search:
        yield f"model {model_id} is the best that a search found: its scores here flatter it a little"
