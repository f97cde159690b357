"""`catalog labels`: import genre labels from a CSV file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catalog.cli.common.command_group import CommandGroup, examples
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo_summary, print_json, say, warn
from catalog.cli.common.progress import progress
from catalog.collection.labels.labels import LabelsReport, import_labels
from catalog.settings import Settings
from catalog.text import pluralize, printable


@click.group(cls=CommandGroup)
def labels() -> None:
    """Import genre labels from a list."""


@labels.command(
    "import",
    epilog=examples(
        "catalog labels import genres.csv",
        "catalog labels import genres.csv --columns path=File,genre=Genre --dry-run",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="Name of a column in the file, such as genre=Stil. Repeatable, or separated by commas.",
)
@click.option("--encoding", metavar="NAME", help="Encoding of the file, such as cp1250.  [default: detected]")
@click.option("--collection", "collection_name", help="Only tracks of this collection.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
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
    """Import genre labels from a CSV file.

    The columns are path or external_id, genre, and optionally artist, album, title.
    In a file written by catalog export labels, labels set by a person keep their author. Separator and encoding are
    detected. Importing the same file again changes nothing. Rows that match no track are counted and skipped.
    """
    with open_catalog(settings) as database, progress("importing"):
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


def parse_columns(texts: tuple[str, ...]) -> dict[str, str]:
    """Parses `("genre=Stil,path=Datei",)` to a mapping from role to column. Raises click.BadParameter."""
    columns = {}
    for assignment in ",".join(texts).split(","):
        role, equals, column = assignment.partition("=")
        if not assignment.strip():
            continue
        if not equals or not column.strip():
            raise click.BadParameter(f"{assignment!r} is not ROLE=COLUMN", param_hint="--columns")
        columns[role.strip()] = column.strip()
    return columns


def print_labels(report: LabelsReport) -> None:
    """Prints the report of an import; skipped rows go to stderr."""
    note = " (dry run: nothing was changed)" if report.dry_run else ""
    echo_summary(
        f"{report.file}: {pluralize(report.rows, 'row')}, with genres for {pluralize(report.tracks, 'track')}{note}"
    )
    echo_summary(f"  {report.statements:,} new")
    if report.persons:
        echo_summary(f"  {pluralize(report.persons, 'track')} with genres that a person stated")
    if report.filled:
        echo_summary(f"  {pluralize(report.filled, 'track')} got a missing title, artist or album")
    for term in report.new_terms:
        parent = f"under {term.broader}" if term.broader else "without a parent"
        echo_summary(
            f"  new genre: {printable(term.as_written)} ({pluralize(term.tracks, 'track')}), {parent}"
        )
    say(f"  encoding {report.encoding}, separator {report.separator!r}")
    if report.from_files:
        say(f"  {pluralize(report.from_files, 'row')} from the tags of audio files skipped")
    if report.without_genre:
        say(f"  {pluralize(report.without_genre, 'row')} without a genre skipped")
    if report.unknown:
        examples = "; ".join(f"line {line}: {printable(name)}" for line, name in report.unknown_examples)
        warn(f"{pluralize(report.unknown, 'row')} matched no track: {examples}")
