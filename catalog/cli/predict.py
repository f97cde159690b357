"""`catalog predict`: apply the active model to tracks without a current prediction."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.executors import executor_factory
from catalog.cli.common.output import print_json, say
from catalog.cli.common.progress import progress
from catalog.settings import Settings

if TYPE_CHECKING:
    from catalog.learning.scoring.model_metrics import PriorCorrection

SHOWN = 5
"""Number of genres in the message, ordered by the change of their share."""


@click.command()
@click.option(
    "--priors/--no-priors",
    default=True,
    help="Correct the predictions by the estimated genre shares of untagged tracks, unless that lowers macro F1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_settings
def predict(settings: Settings, priors: bool, as_json: bool) -> None:
    """Apply the active model to new and changed tracks.

    Needs a model: run catalog train or catalog ingest first.
    """
    from catalog.db.retry import read_with_retry, retry_until_connected
    from catalog.learning.prediction.fill_predictions import fill_predictions
    from catalog.learning.registry.registry import NoModelError, active_model, get_model
    from catalog.learning.scoring.model_metrics import metrics_of

    with open_catalog(settings) as database:
        row = read_with_retry(database, active_model)
        if row is None:
            raise NoModelError("there is no model yet; run: catalog train")
        model_id = row["id"]
        fill = partial(
            fill_predictions,
            database,
            settings.models,
            model_id,
            with_priors=priors,
            executor_factory=executor_factory(database, settings),
        )
        with progress("predicting"):
            changed = retry_until_connected(fill)
        metrics = metrics_of(read_with_retry(database, lambda connection: get_model(connection, model_id)))
    priors_used = None if metrics is None else metrics.priors
    if as_json:
        shares = None if priors_used is None else asdict(priors_used)
        print_json({"model_id": model_id, "changed": changed, "priors": shares})
        return
    say(f"model {model_id}: {changed:,} new or changed predictions")
    if priors_used is not None:
        say(_describe_priors(priors_used))


def _describe_priors(priors: PriorCorrection) -> str:
    by_change = sorted(priors.genres, key=lambda genre: -abs(genre.untagged - genre.training))
    genres = ", ".join(
        f"{genre.genre} {genre.untagged:.0%} ({genre.training:.0%})" for genre in by_change[:SHOWN]
    )
    estimate = f"estimated genre shares of untagged tracks (tagged tracks): {genres}"
    if priors.corrected:
        return estimate
    refusal = f"prior correction for untagged tracks: off ({priors.reason})"
    return f"{estimate}\n{refusal}" if priors.macro_f1 is not None else refusal
