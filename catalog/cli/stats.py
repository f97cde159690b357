"""`catalog stats`: show statistics of the catalog."""

from __future__ import annotations

from typing import Any

import click

from catalog.cli.common.audit_notice import warn_of_stale_audit
from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_json, print_rows
from catalog.report.catalog_statistics import catalog_statistics
from catalog.settings import Settings


@click.command()
@format_options
@pass_settings
def stats(settings: Settings, output_format: str) -> None:
    """Show statistics of the catalog.

    Tracks, genres, features, failures, active model, suspects, decisions.
    """
    with open_catalog(settings) as database, database.read() as connection:
        figures = catalog_statistics(connection)
        warn_of_stale_audit(connection)
    if output_format == "json":
        grouped: dict[str, dict[str, Any]] = {}
        for figure in figures:
            grouped.setdefault(figure.about, {})[figure.name] = figure.value
        print_json(grouped)
    else:
        rows = [{"about": each.about, "what": each.name, "value": each.value} for each in figures]
        print_rows(rows, output_format, ["about", "what", "value"])
