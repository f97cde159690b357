"""`catalog fma`: import the metadata of the Free Music Archive (FMA)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catalog.cli.common.command_group import CommandGroup
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo_summary, print_json, say, warn
from catalog.cli.common.progress import progress
from catalog.collection.fma.fma_import import NAME, FmaReport, import_fma, require_usable
from catalog.collection.fma.fma_tracks import SUBSETS
from catalog.features.bulk_write import VectorsReport
from catalog.settings import Settings
from catalog.text import pluralize

SHOWN = 10


@click.group(cls=CommandGroup)
def fma() -> None:
    """Import the metadata of the Free Music Archive (FMA)."""


@fma.command("import")
@click.argument("place", metavar="FOLDER|ZIP|FILE", type=click.Path(path_type=Path))
@click.option(
    "--subset",
    type=click.Choice(SUBSETS),
    default="full",
    help="Only tracks of this subset; each includes the smaller ones.",
)
@click.option(
    "--audio",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Folder that contains 000/000002.mp3. Tracks with a file there can be analyzed.",
)
@click.option("--name", help=f"Name of the collection.  [default: {NAME}]")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@dry_run_option
@pass_settings
def import_verb(
    settings: Settings,
    place: Path,
    subset: str,
    audio: Path | None,
    name: str | None,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Import the tables of the FMA metadata.

    Imports tracks.csv and, if present, genres.csv, features.csv and echonest.csv.
    The argument is the FOLDER with these files, fma_metadata.zip (read without unpacking), or a tracks.csv FILE.
    Importing again changes nothing; an interrupted import continues.
    """
    require_usable(place, audio)  # a rejected input must not leave an empty catalog behind
    with open_catalog(settings, create=True, dry_run=dry_run) as database, progress("importing") as advance:
        report = import_fma(
            database, place, subset=subset, audio=audio, name=name, dry_run=dry_run, on_progress=advance
        )
    if as_json:
        print_json(asdict(report))
    else:
        print_fma(report)


def print_fma(report: FmaReport) -> None:
    """Prints the report of an import; skipped rows go to stderr."""
    note = " (dry run: nothing was changed)" if report.dry_run else ""
    done = report.recorded
    echo_summary(f"{report.collection}: {pluralize(report.tracks, 'track')} in {report.place}{note}")
    echo_summary(f"  {done.added:,} new, {done.changed:,} changed, {done.unchanged:,} unchanged")
    if done.with_file:
        echo_summary(f"  {done.with_file:,} have a file; run: catalog analyze")
    echo_summary(
        f"  {pluralize(done.statements, 'new genre label')}; "
        f"{pluralize(done.without_genre, 'track')} {'has' if done.without_genre == 1 else 'have'} no genre"
    )
    if done.contradicting:
        verb = "track contradicts itself" if done.contradicting == 1 else "tracks contradict themselves"
        echo_summary(
            f"  {done.contradicting:,} {verb}: the top genre is not an ancestor of any of the genres"
        )
    for each in report.vectors:
        print_vectors(each)
    print_problems(report.skipped, report.problems)


def print_vectors(report: VectorsReport) -> None:
    """Prints the report of a vector import."""
    echo_summary(
        f"  {report.feature_set}: {pluralize(report.matched, 'vector')} of {report.dimensions:,} numbers, "
        f"{report.new:,} new, {report.changed:,} changed"
    )
    if report.blank:
        say(f"    {pluralize(report.blank, 'row')} without any number")
    if report.unknown:
        say(
            f"    {pluralize(report.unknown, 'row')} {'matches' if report.unknown == 1 else 'match'} no track"
        )


def print_problems(skipped: int, problems: list[str]) -> None:
    """Prints the number of skipped rows, and the first problems with file and line."""
    if skipped:
        echo_summary(f"  {pluralize(skipped, 'row')} skipped or imported in part")
    for line in problems[:SHOWN]:
        warn(line)
    if skipped > SHOWN:
        warn(f"and {skipped - SHOWN:,} more")
