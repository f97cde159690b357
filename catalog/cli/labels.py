"""The verb `labels`: brings a list of genres in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo, print_json, say, warn
from catalog.collection.labels.labels import LabelsReport, import_labels
from catalog.settings import Settings
from catalog.text import pluralize, printable


@click.group()
def labels() -> None:
    """Bring a list of genres in."""


@labels.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="What a column is called in the file, such as genre=Stil; may be repeated or separated by commas.",
)
@click.option("--encoding", metavar="NAME", help="Such as cp1250, where the one that is found is not right.")
@click.option("--collection", "collection_name", help="Only tracks of this collection.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@dry_run_option
@pass_settings
def import_verb(
    settings: Settings,
    file: Path,
    columns: tuple[str, ...],
    encoding: str | None,
    collection_name: str | None,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Import a CSV of `path` or `external_id`, `genre`, and any of `artist`, `album`, `title`.

    Separator and encoding are found. A second time nothing changes. A row that names no track is counted and left out.
    """
    with open_catalog(settings) as database:
        report = import_labels(
            database,
            file,
            columns=parse_columns(columns),
            encoding=encoding,
            collection_name=collection_name,
            dry_run=dry_run,
        )
    if as_json:
        print_json(asdict(report))
    else:
        print_labels(report)


def parse_columns(given: tuple[str, ...]) -> dict[str, str]:
    """`("genre=Stil,path=Datei",)` as a mapping. Raises click.BadParameter for what is none."""
    columns = {}
    for each in ",".join(given).split(","):
        role, equals, column = each.partition("=")
        if not each.strip():
            continue
        if not equals or not column.strip():
            raise click.BadParameter(f"{each!r} is not ROLE=COLUMN", param_hint="--columns")
        columns[role.strip()] = column.strip()
    return columns


def print_labels(report: LabelsReport) -> None:
    """Prints what an import did, in words; what was left out goes to stderr."""
    would = " (a dry run: nothing was changed)" if report.dry_run else ""
    echo(
        f"{report.file}: {pluralize(report.rows, 'row')}, with genres for {pluralize(report.tracks, 'track')}{would}"
    )
    echo(f"  {report.statements:,} of them new")
    if report.filled:
        echo(f"  {pluralize(report.filled, 'track')} got a title, artist or album that was not known")
    for each in report.new_terms:
        place = f"under {each.broader}" if each.broader else "a term of its own"
        echo(f"  new genre: {printable(each.as_written)} ({pluralize(each.tracks, 'track')}), {place}")
    say(f"  read as {report.encoding}, separated by {report.separator!r}")
    if report.without_genre:
        say(f"  {pluralize(report.without_genre, 'row')} without a genre, passed over")
    if report.unknown:
        listed = "; ".join(f"line {line}: {printable(name)}" for line, name in report.unknown_examples)
        warn(f"{pluralize(report.unknown, 'row')} with no track of that name: {listed}")
