"""`catalog predict`: apply the active model to tracks that lack a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.executors import executor_factory
from catalog.cli.common.output import print_json, say
from catalog.settings import Settings

SHOWN = 5
"""Genres that are named, those first whose share differs most."""


@click.command()
@click.option(
    "--priors/--no-priors",
    default=True,
    help="Estimate how common each genre is among the untagged tracks, and correct by it where that costs tagged tracks no "
    "macro F1.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON.")
@pass_settings
def predict(settings: Settings, priors: bool, as_json: bool) -> None:
    """Apply the active model to the tracks that lack a prediction, or whose prediction is out of date.

    Without a model there is none to apply: `catalog train` or `catalog ingest` makes one.
    """
    from catalog.db.retry import read_with_retry, retry_until_connected
    from catalog.learning.prediction.fill_predictions import fill_predictions
    from catalog.learning.registry.registry import NoModelError, active_model, get_model

    with open_catalog(settings) as database:
        row = read_with_retry(database, active_model)
        if row is None:
            raise NoModelError("there is no model yet; run: catalog train")
        model_id = row["id"]
        filling = partial(
            fill_predictions,
            database,
            settings.models,
            model_id,
            with_priors=priors,
            spread=executor_factory(database, settings),
        )
        changed = retry_until_connected(filling)
        model = read_with_retry(database, lambda connection: get_model(connection, model_id))
    shares = model["metrics"].get("priors")
    if as_json:
        print_json({"model_id": model_id, "changed": changed, "priors": shares})
        return
    say(f"model {model_id}: {changed:,} predictions are new or have changed")
    if shares is not None:
        say(_priors_in_words(shares))


def _priors_in_words(shares: Mapping[str, Any]) -> str:
    by_change = sorted(shares["genres"], key=lambda one: -abs(one["untagged"] - one["training"]))
    most = ", ".join(
        f"{one['genre']} {one['untagged']:.0%} ({one['training']:.0%})" for one in by_change[:SHOWN]
    )
    estimated = f"estimated among the untagged, in brackets among the tagged: {most}"
    if shares["corrected"]:
        return estimated
    refused = f"not corrected by how common the genres are among the untagged: {shares['reason']}"
    return f"{estimated}\n{refused}" if shares.get("macro_f1") else refused
