"""The verb `fma`: brings the Free Music Archive's metadata in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo, print_json, progress, say, warn
from catalog.collection.fma.fma_import import NAME, FmaReport, import_fma, require_usable
from catalog.collection.fma.fma_tracks import SUBSETS
from catalog.features.bulk_write import VectorsReport
from catalog.settings import Settings
from catalog.text import pluralize

SHOWN = 10


@click.group()
def fma() -> None:
    """The Free Music Archive's metadata: import."""


@fma.command("import")
@click.argument("place", metavar="FOLDER|ZIP|FILE", type=click.Path(path_type=Path))
@click.option(
    "--subset",
    type=click.Choice(SUBSETS),
    default="full",
    help="Only tracks of this subset; each holds the smaller ones.",
)
@click.option(
    "--audio",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where 000/000002.mp3 lies. Tracks whose file is there are present and can be analyzed.",
)
@click.option("--name", help=f"What to call the collection.  [default: {NAME}]")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
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
    """Import tracks.csv and, where they are there, genres.csv, features.csv and echonest.csv.

    They lie in a FOLDER or in fma_metadata.zip, which is not unpacked; or name a FILE that is a tracks.csv by itself.
    A second time nothing changes, and after an interruption the same command goes on.
    """
    require_usable(place, audio)  # before there is a catalog: what is refused leaves none behind
    with open_catalog(settings, create=True, dry_run=dry_run) as database, progress("importing") as advance:
        report = import_fma(
            database, place, subset=subset, audio=audio, name=name, dry_run=dry_run, on_progress=advance
        )
    if as_json:
        print_json(asdict(report))
    else:
        print_fma(report)


def print_fma(report: FmaReport) -> None:
    """Prints what an import did, in words; what was left out goes to stderr."""
    would = " (a dry run: nothing was changed)" if report.dry_run else ""
    done = report.recorded
    echo(f"{report.collection}: {pluralize(report.tracks, 'track')} in {report.place}{would}")
    echo(f"  {done.added:,} new, {done.changed:,} changed, {done.unchanged:,} unchanged")
    if done.with_file:
        echo(f"  {done.with_file:,} have their file; analyze them with: catalog analyze")
    echo(
        f"  {pluralize(done.statements, 'statement')} of genre {'is' if done.statements == 1 else 'are'} new; "
        f"{pluralize(done.without_genre, 'track')} {'has' if done.without_genre == 1 else 'have'} no genre"
    )
    if done.contradicting:
        verb = "track contradicts itself" if done.contradicting == 1 else "tracks contradict themselves"
        echo(f"  {done.contradicting:,} {verb}: the top genre is above none of the genres")
    for each in report.vectors:
        print_vectors(each)
    print_problems(report.skipped, report.problems)


def print_vectors(report: VectorsReport) -> None:
    """Prints what became of a file of vectors."""
    echo(
        f"  {report.feature_set}: {pluralize(report.matched, 'vector')} of {report.dimensions:,} numbers, "
        f"{report.new:,} new, {report.changed:,} changed"
    )
    if report.blank:
        say(f"    {pluralize(report.blank, 'row')} without a single number")
    if report.unknown:
        say(f"    {pluralize(report.unknown, 'row')} {'names' if report.unknown == 1 else 'name'} no track")


def print_problems(skipped: int, problems: list[str]) -> None:
    """Prints how much was left out, and the first of it with file and line."""
    if skipped:
        echo(f"  {pluralize(skipped, 'row')} left out, or not taken whole")
    for line in problems[:SHOWN]:
        warn(line)
    if skipped > SHOWN:
        warn(f"and {skipped - SHOWN:,} more")
