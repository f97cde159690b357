"""`catalog models`: manage models."""

from __future__ import annotations

from typing import Any

import click

from catalog.cli.common.audit_notice import warn_of_stale_audit
from catalog.cli.common.command_group import CommandGroup
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.executors import executor_factory
from catalog.cli.common.output import format_options, print_rows, say
from catalog.cli.models.models_importance import importance_verb
from catalog.cli.models.models_show import card_verb, compare_verb, show_verb
from catalog.settings import Settings


@click.group(cls=CommandGroup)
def models() -> None:
    """Show, compare and activate models."""


@models.command("list")
@format_options
@pass_settings
def list_models(settings: Settings, output_format: str) -> None:
    """List the models with their scores, newest first."""
    from catalog.learning.registry.registry import list_models as registered

    with open_catalog(settings) as database, database.read() as connection:
        rows = registered(connection)
    print_rows(rows, output_format)
    if not rows:
        say("no model was trained yet; run: catalog train")


@models.command()
@click.argument("model", type=int)
@dry_run_option
@pass_settings
def promote(settings: Settings, model: int, dry_run: bool) -> None:
    """Activate a model after computing its missing predictions."""
    _activate(settings, model, dry_run=dry_run)


for command in (show_verb, card_verb, compare_verb, importance_verb):
    models.add_command(command)


@models.command()
@dry_run_option
@pass_settings
def rollback(settings: Settings, dry_run: bool) -> None:
    """Activate the previously active model again."""
    from catalog.learning.registry.registry import previous_model

    with open_catalog(settings) as database, database.read() as connection:
        previous = previous_model(connection)
    _activate(settings, previous["id"], dry_run=dry_run)


def _activate(settings: Settings, model: int, *, dry_run: bool) -> None:
    from catalog.learning.prediction.fill_predictions import fill_predictions
    from catalog.learning.registry.registry import get_model
    from catalog.learning.registry.registry import promote as activate

    with open_catalog(settings) as database:
        with database.read() as connection:
            row: Any = get_model(connection, model)
        if row["status"] == "active":
            say(f"model {model} is already active")
            return
        if dry_run:
            say(f"would activate model {model} ({row['algorithm']})")
            return
        fill_predictions(
            database, settings.models, model, executor_factory=executor_factory(database, settings)
        )
        with database.write() as connection:
            activate(connection, model)
            warn_of_stale_audit(connection)
    say(f"model {model} is now active")
