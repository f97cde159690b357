"""The verb `scan`: brings the files of a folder in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings, paths_argument
from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.common.output import echo, print_json, progress, say, warn
from catalog.collection.scan.scan import ScanReport
from catalog.collection.scan.scan import scan as scan_folder
from catalog.settings import Settings
from catalog.text import pluralize, printable

SHOWN_WARNINGS = 20
SHOWN_TERMS = 15


@click.command()
@paths_argument
@click.option("--name", help="What to call the collection.  [default: the folder's name]")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@dry_run_option
@pass_settings
def scan(settings: Settings, paths: tuple[Path, ...], name: str | None, as_json: bool, dry_run: bool) -> int:
    """Bring the audio files of each PATH in, or up to date: names, tags and stream facts. Files are only read.

    A second time only new and changed files are opened. The exit code is 3 where files could not be read.
    """
    if name is not None and len(paths) > 1:
        raise click.UsageError("--name goes with one PATH")
    reports = []
    with open_catalog(settings, create=True, dry_run=dry_run) as database:
        for path in paths:
            with progress(f"scanning {click.format_filename(path, shorten=True)}") as advance:
                report = scan_folder(database, path, name=name, on_progress=advance, dry_run=dry_run)
            reports.append(report)
            if not as_json:
                print_scan(report)
    if as_json:
        print_json([asdict(report) | {"files": report.files} for report in reports])
    return EXIT_FILES_FAILED if any(report.unread for report in reports) else 0


def print_scan(report: ScanReport) -> None:
    """Prints what a scan found, in words; warnings go to stderr."""
    would = " (a dry run: nothing was changed)" if report.dry_run else ""
    echo(f"{report.collection}: {pluralize(report.files, 'file')} in {report.root}{would}")
    done = [
        f"{count:,} {what}"
        for count, what in (
            (report.added, "new"),
            (report.changed, "changed"),
            (report.moved, "moved"),
            (report.back, "back again"),
            (report.missing, "missing"),
            (report.unchanged, "unchanged"),
        )
        if count
    ]
    echo(f"  {', '.join(done) or 'nothing to do'}")
    echo(f"  {pluralize(report.artists, 'artist')}, {pluralize(report.albums, 'album')}")
    echo(
        f"  {pluralize(len(report.spellings), 'spelling')} of genre, {report.known_spellings:,} of them known"
    )
    for each in report.new_terms[:SHOWN_TERMS]:
        place = f"under {printable(each.broader)}" if each.broader else "a term of its own"
        echo(f"    new: {printable(each.as_written)} ({each.tracks:,}), {place}")
    if len(report.new_terms) > SHOWN_TERMS:
        echo(f"    and {len(report.new_terms) - SHOWN_TERMS:,} more; see: catalog genres unmapped")
    if report.outside:
        say(f"  {outside(report)}")
    if report.skipped:
        listed = ", ".join(f"{count:,} {suffix}" for suffix, count in list(report.skipped.items())[:10])
        say(f"  not audio: {listed}")
    for line in report.warnings[:SHOWN_WARNINGS]:
        warn(line)
    if report.warned > SHOWN_WARNINGS:
        warn(f"and {report.warned - SHOWN_WARNINGS:,} more")


def outside(report: ScanReport) -> str:
    """What becomes of files that links lead to."""
    lie = "lies" if report.outside == 1 else "lie"
    return (
        f"{pluralize(report.outside, 'file')} {lie} outside of the folder, where links lead: "
        "analyzed, but not played in the review, nor written to"
    )
