"""`catalog report`: write the HTML report."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from catalog.cli.context import open_catalog, pass_settings
from catalog.cli.output import echo, print_json, say
from catalog.settings import Settings


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    show_envvar=True,
    help="The file to write.  [default: report/index.html in the home]",
)
@click.option("--json", "as_json", is_flag=True, show_envvar=True, help="Print path and size as JSON.")
@click.option("--open", "open_it", is_flag=True, show_envvar=True, help="Show it in the browser.")
@pass_settings
def report(settings: Settings, output: Path | None, as_json: bool, open_it: bool) -> None:
    """Write the HTML report: one file that needs nothing else, to read or to send."""
    from catalog.report.page import write_report

    with open_catalog(settings) as database:
        path = write_report(database, output or settings.report / "index.html", command=settings.command)
    if as_json:
        print_json({"path": str(path), "bytes": path.stat().st_size})
    else:
        echo(str(path))
    if open_it and not webbrowser.open(path.as_uri()):
        say("no browser was found; open the file yourself")
