"""The verb `doctor`: whether everything the catalog needs is well."""

from __future__ import annotations

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
    """Check that everything the catalog needs is well: libraries, disk, database, broker, decoders, networks, model.

    Nothing is changed. The exit code is 1 where there is a problem.
    """
    findings = list(run_health_checks(settings))
    rows = [
        {"subject": each.subject, "state": each.state, "finding": each.finding, "advice": each.advice}
        for each in findings
    ]
    print_rows(rows, output_format)
    problems = sum(each.state == "problem" for each in findings)
    warnings = sum(each.state == "warning" for each in findings)
    ill = f"{pluralize(problems, 'problem')}, {pluralize(warnings, 'warning')}"
    say(ill if problems or warnings else "all is well")
    return 1 if problems else 0
