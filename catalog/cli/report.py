"""`catalog report`: write the HTML report."""

from __future__ import annotations

import webbrowser
from datetime import UTC, datetime
from pathlib import Path

import click

from catalog.cli.common.command_group import examples
from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import echo, print_json, say
from catalog.cli.common.progress import progress
from catalog.settings import Settings


@click.command(
    epilog=examples(
        "catalog report --open",
        "catalog report --output report.html --since 2026-01-01",
    )
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write.  [default: report/index.html in the home]",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    metavar="DATE",
    help="Count corrections and new tracks since this date (UTC).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the path and size as JSON.")
@click.option("--open", "open_it", is_flag=True, help="Open the report in the browser.")
@pass_settings
def report(
    settings: Settings, output: Path | None, since: datetime | None, as_json: bool, open_it: bool
) -> None:
    """Write the HTML report.

    The report is one self-contained file. Its first page is a one-page summary for print; the technical part follows.
    In the home folder the model card of the active model is written next to it.
    """
    from catalog.report.html_report import write_report
    from catalog.report.model_card import write_report_folder

    moment = None if since is None else since.replace(tzinfo=UTC)
    with open_catalog(settings) as database, progress("reporting"):
        if output is None:
            path = write_report_folder(database, settings.report, command=settings.command, since=moment)
        else:
            path = write_report(database, output, command=settings.command, since=moment)
    if as_json:
        print_json({"path": str(path), "bytes": path.stat().st_size})
    else:
        echo(str(path))
    if open_it and not webbrowser.open(path.as_uri()):
        say("no browser was found; open the file manually")
