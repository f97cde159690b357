"""`catalog doctor`: check the installation and the database."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.cli.common.context import pass_settings
from catalog.cli.common.output import format_options, print_rows, say
from catalog.health import run_health_checks
from catalog.settings import Settings
from catalog.text import pluralize


@click.command()
@format_options
@pass_settings
def doctor(settings: Settings, output_format: str) -> int:
    """Check the installation and the database.

    Checks libraries, disk, Redis, decoders, networks, compiled kernels, database, model and workers. Nothing in the
    catalog is changed. Exit code 1: a problem was found.
    """
    results = list(run_health_checks(settings))
    print_rows(map(asdict, results), output_format)
    problems = sum(each.state == "problem" for each in results)
    warnings = sum(each.state == "warning" for each in results)
    counts = f"{pluralize(problems, 'problem')}, {pluralize(warnings, 'warning')}"
    say(counts if problems or warnings else "ok")
    return 1 if problems else 0
