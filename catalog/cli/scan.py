"""`catalog scan`: scan folders for audio files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from catalog.cli.common.command_group import examples
from catalog.cli.common.context import (
    dry_run_option,
    open_catalog,
    pass_settings,
    paths_argument,
    reread_option,
    tag_encoding_option,
)
from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.common.output import echo_summary, print_json, say, warn
from catalog.cli.common.progress import progress
from catalog.collection.scan.scan import require_audio
from catalog.collection.scan.scan import scan as scan_folder
from catalog.collection.scan.scan_report import ScanReport
from catalog.settings import Settings
from catalog.text import pluralize, printable

SHOWN_WARNINGS = 20
SHOWN_TERMS = 15


@click.command(
    epilog=examples(
        "catalog scan ~/Music",
        "catalog scan ~/Music /mnt/archive",
        "catalog scan ~/Music --dry-run",
    )
)
@paths_argument
@click.option("--name", help="Name of the collection.  [default: the folder's name]")
@reread_option
@tag_encoding_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@dry_run_option
@pass_settings
def scan(
    settings: Settings,
    paths: tuple[Path, ...],
    name: str | None,
    reread: bool,
    tag_encoding: str | None,
    as_json: bool,
    dry_run: bool,
) -> int:
    """Scan folders for audio files and read their tags.

    Records names, tags and stream properties. Your files are only read; a later scan opens only new and changed
    files. Exit code 3: finished, but some files could not be read.
    """
    if name is not None and len(paths) > 1:
        raise click.UsageError("--name goes with one PATH")
    reports = []
    check = partial(require_audio, paths=paths, name=name)
    with open_catalog(settings, create=True, dry_run=dry_run, check=check) as database:
        for path in paths:
            with progress(f"scanning {click.format_filename(path, shorten=True)}") as advance:
                report = scan_folder(
                    database,
                    path,
                    name=name,
                    on_progress=advance,
                    reread=reread,
                    tag_encoding=tag_encoding,
                    dry_run=dry_run,
                )
            reports.append(report)
            if not as_json:
                print_scan(report)
    if as_json:
        print_json([asdict(report) | {"files": report.files} for report in reports])
    return EXIT_FILES_FAILED if any(report.unread for report in reports) else 0


def print_scan(report: ScanReport) -> None:
    """Prints the report of a scan; warnings go to stderr."""
    note = " (dry run: nothing was changed)" if report.dry_run else ""
    echo_summary(f"{report.collection}: {pluralize(report.files, 'file')} in {report.root}{note}")
    if report.moved_from is not None:
        echo_summary(
            f"  recognized as the collection whose folder was {report.moved_from}; it keeps its tracks"
        )
    changes = [
        f"{count:,} {change}"
        for count, change in (
            (report.added, "new"),
            (report.changed, "changed"),
            (report.moved, "moved"),
            (report.back, "back"),
            (report.missing, "missing"),
            (report.unchanged, "unchanged"),
        )
        if count
    ]
    echo_summary(f"  {', '.join(changes) or 'nothing to do'}")
    echo_summary(f"  {pluralize(report.artists, 'artist')}, {pluralize(report.albums, 'album')}")
    echo_summary(
        f"  {pluralize(len(report.spellings), 'genre spelling')}, {report.known_spellings:,} of them in the vocabulary"
    )
    for term in report.new_terms[:SHOWN_TERMS]:
        parent = f"under {printable(term.broader)}" if term.broader else "without a parent"
        echo_summary(f"    new: {printable(term.as_written)} ({term.tracks:,}), {parent}")
    if len(report.new_terms) > SHOWN_TERMS:
        echo_summary(f"    and {len(report.new_terms) - SHOWN_TERMS:,} more; see: catalog genres unmapped")
    if report.outside:
        say(f"  {describe_outside(report)}")
    for line in describe_image_albums(report):
        echo_summary(f"  {line}")
    if report.skipped:
        listed = ", ".join(f"{count:,} {suffix}" for suffix, count in list(report.skipped.items())[:10])
        say(f"  not audio: {listed}")
    for line in report.warnings[:SHOWN_WARNINGS]:
        warn(line)
    if report.warned > SHOWN_WARNINGS:
        warn(f"and {report.warned - SHOWN_WARNINGS:,} more")


def describe_image_albums(report: ScanReport) -> Iterator[str]:
    """Describes each file that is one recording with several tracks, which is not in the catalog."""
    for path, tracks in list(report.image_albums.items())[:SHOWN_WARNINGS]:
        yield (
            f"{printable(path)}: one recording with {tracks} tracks (CUE sheet); not added, "
            "because a genre would be of the whole album"
        )
    if len(report.image_albums) > SHOWN_WARNINGS:
        yield f"and {len(report.image_albums) - SHOWN_WARNINGS:,} more recordings with several tracks"


def describe_outside(report: ScanReport) -> str:
    """Describes the limits on files that symbolic links reach outside the folder."""
    verb = "is" if report.outside == 1 else "are"
    return (
        f"{pluralize(report.outside, 'file')} {verb} outside the folder (symbolic links): "
        "analyzed, but neither played in the review nor written to"
    )
