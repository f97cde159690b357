"""`catalog labels`: import genre labels from a CSV file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catalog.cli.common.column_options import columns_option, encoding_option, parse_columns, root_option
from catalog.cli.common.command_group import CommandGroup, examples
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo_summary, print_json, say, warn
from catalog.cli.common.progress import progress
from catalog.collection.labels.label_file import read_label_file
from catalog.collection.labels.labels import LabelsReport, import_labels
from catalog.collection.path_suffixes import parse_moved_roots
from catalog.db.database import Database
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
        r"catalog labels import list.xlsx --root D:\Music=/srv/music",
        "catalog labels import gtzan.csv --create --columns path=filename,genre=label",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@columns_option
@encoding_option
@click.option("--collection", "collection_name", help="Only tracks of this collection.")
@root_option
@click.option(
    "--create",
    is_flag=True,
    help="Add a track without audio for each row that matches none, in --collection or one named like the file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@dry_run_option
@pass_settings
def import_verb(
    settings: Settings,
    file: Path,
    columns: tuple[str, ...],
    encoding: str | None,
    collection_name: str | None,
    roots: tuple[str, ...],
    create: bool,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Import genre labels from a CSV or Excel file.

    The columns are path or external_id, genre, and optionally artist, album, title. FILE - reads the standard input.
    In a file written by catalog export labels, labels set by a person keep their author. Separator and encoding are
    detected. Importing the same file again changes nothing. Rows that match no track are counted and skipped.
    """
    moved_roots, named_columns = parse_moved_roots(roots), parse_columns(columns)

    def check(_database: Database) -> None:
        if str(file) != "-":
            read_label_file(file, named_columns, encoding)

    with (
        open_catalog(settings, create=create, dry_run=dry_run, check=check) as database,
        progress("importing"),
    ):
        report = import_labels(
            database,
            file,
            columns=named_columns,
            encoding=encoding,
            collection_name=collection_name,
            moved_roots=moved_roots,
            create=create,
            dry_run=dry_run,
            on_warning=warn,
        )
    if as_json:
        print_json(asdict(report))
    else:
        print_labels(report)


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
    if report.created:
        echo_summary(f"  {pluralize(report.created, 'track')} without audio added")
    if report.by_suffix:
        say(f"  {pluralize(report.by_suffix, 'row')} matched by the end of the path")
    say(
        f"  encoding {report.encoding}, separator {report.separator!r}"
        if report.separator
        else "  Excel file"
    )
    if report.from_files:
        say(f"  {pluralize(report.from_files, 'row')} from the tags of audio files skipped")
    if report.without_genre:
        say(f"  {pluralize(report.without_genre, 'row')} without a genre skipped")
    if report.too_long:
        lines = ", ".join(map(str, report.too_long[:5]))
        warn(
            f"{pluralize(len(report.too_long), 'row')} with more cells than the header skipped: line {lines}"
        )
    if report.unknown:
        examples = "; ".join(f"line {line}: {printable(name)}" for line, name in report.unknown_examples)
        warn(f"{pluralize(report.unknown, 'row')} matched no track: {examples}")
