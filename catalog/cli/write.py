"""The verb `write`: genres that people decided, written to the tags of the files, and undone."""

from __future__ import annotations

from collections.abc import Sequence

import click

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.common.output import format_options, print_rows, progress, say, warn
from catalog.collection.track_lookup import find_track
from catalog.db.database import Database
from catalog.genres.vocabulary import Vocabulary
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.settings import Settings
from catalog.text import pluralize, printable
from catalog.writeback.formats.tag_format import TagFormatError
from catalog.writeback.replace_files import WriteReport
from catalog.writeback.target_file import FileWriteError
from catalog.writeback.write_lock import only_writer
from catalog.writeback.write_plan import Plan, Selection, TagChange, plan_changes
from catalog.writeback.write_recovery import recover
from catalog.writeback.write_run import check_writable, write_tags
from catalog.writeback.write_undo import Written, undo_writes, written_rows

SHOWN = 10
SHOWN_WARNINGS = 20
COLUMNS = ["track_id", "path", "before", "after", "state", "message"]
NEWEST = ""
"""What `--undo` means without a name."""


Filters = tuple[str | None, str | None, str | None, str | None]
"""Collection, artist, album, genre."""


@click.command()
@click.argument("tracks", nargs=-1, metavar="[TRACK]...")
@click.option("--collection", "collection_name", help="Only files of this collection.")
@click.option("--artist", help="Only files by this artist.")
@click.option("--album", help="Only files of albums with this title.")
@click.option("--genre", help="Only files that were decided to be of this genre.")
@click.option(
    "--undo",
    is_flag=False,
    flag_value=NEWEST,
    metavar="[BATCH]",
    help="Make the files of a write what they were; of the newest one without a name.",
)
@format_options
@dry_run_option
@yes_option
@pass_settings
def write(
    settings: Settings,
    tracks: tuple[str, ...],
    collection_name: str | None,
    artist: str | None,
    album: str | None,
    genre: str | None,
    undo: str | None,
    output_format: str,
    dry_run: bool,
    yes: bool,
) -> int:
    """Write the genres that people decided to the tags of the files; a prediction never becomes a tag by itself.

    Only files that say another genre are touched, and in them only the genre: other tags, the kind of tag, padding,
    times and the sound stay. A file that changed since it was scanned is skipped. The exit code is 3 where files
    could not be written; decisions are kept.
    """
    filters = (collection_name, artist, album, genre)
    if undo is not None and (tracks or any(each is not None for each in filters)):
        raise click.UsageError("--undo takes the name of a write and nothing else")
    with open_catalog(settings) as database:
        with database.read() as connection:
            vocabulary = load_vocabulary(connection)
        if dry_run:
            return _show(database, vocabulary, undo, _selection(database, tracks, filters), output_format)
        with only_writer(database):
            _finish_killed(database, vocabulary)
            if undo is not None:
                return _undo(database, vocabulary, undo, output_format, yes=yes)
            return _write(database, vocabulary, _selection(database, tracks, filters), output_format, yes=yes)


def _selection(database: Database, tracks: tuple[str, ...], filters: Filters) -> Selection:
    with database.read() as connection:
        ids = tuple(find_track(connection, each) for each in tracks)
    return Selection(*filters, ids)


def _show(
    database: Database, vocabulary: Vocabulary, undo: str | None, selection: Selection, output_format: str
) -> int:
    """Prints what would be done."""
    if undo is not None:
        with database.read() as connection:
            rows = written_rows(connection, undo or None)
        print_rows([_undo_row(row) for row in rows], output_format, COLUMNS)
        say(f"would undo {pluralize(len(rows), 'file')}; nothing was changed")
        return 0
    with database.read() as connection:
        plan = plan_changes(connection, selection, vocabulary)
    planned = [_planned_row(change) for change in plan.changes]
    print_rows(planned, output_format, COLUMNS)
    _say_plan(plan)
    skipped = sum(row["state"] == "skipped" for row in planned)
    but = f" and leave {pluralize(skipped, 'file')} as before" if skipped else ""
    say(f"would write {pluralize(len(planned) - skipped, 'file')}{but}; nothing was changed")
    return 0


def _write(
    database: Database, vocabulary: Vocabulary, selection: Selection, output_format: str, *, yes: bool
) -> int:
    with database.read() as connection:
        plan = plan_changes(connection, selection, vocabulary)
    _say_plan(plan)
    if not plan.changes:
        _print(WriteReport(None), output_format)
        say(
            f"nothing to write: {pluralize(plan.agreeing, 'file')} with a decision, saying so already"
            if plan.agreeing or plan.left_out
            else "nothing to write: nobody has decided on such a track; see: catalog review list"
        )
        return 0
    if not yes:
        for change in plan.changes[:SHOWN]:
            say(f"  {printable(change.shown)}: {change.before or 'no genre'} -> {change.after or 'no genre'}")
        if len(plan.changes) > SHOWN:
            say(f"  and {len(plan.changes) - SHOWN:,} more: catalog write --dry-run")
        click.confirm(f"Write the genre of {pluralize(len(plan.changes), 'file')}?", abort=True, err=True)
    with progress("writing tags") as advance:
        report = write_tags(database, plan.changes, vocabulary, on_progress=advance)
    return _sum_up(report, "written", output_format)


def _undo(database: Database, vocabulary: Vocabulary, name: str, output_format: str, *, yes: bool) -> int:
    with database.read() as connection:
        rows = written_rows(connection, name or None)
    if not yes:
        question = f"Undo the write {rows[0].batch}, {pluralize(len(rows), 'file')}?"
        click.confirm(question, abort=True, err=True)
    with progress("undoing") as advance:
        report = undo_writes(database, rows, vocabulary, on_progress=advance)
    code = _sum_up(report, "undone", output_format)
    say("the decisions stand, and the next catalog write writes them again")
    return code


def _sum_up(report: WriteReport, state: str, output_format: str) -> int:
    _print(report, output_format)
    done, failed = report.count(state), report.count("failed")
    if output_format == "table":
        click.echo(f"{state}: {pluralize(done, 'file')}")
    told = [each for each in report.outcomes if each.message is not None]
    for each in told[:SHOWN_WARNINGS]:
        warn(f"{printable(each.path)}: {each.message}")
    if len(told) > SHOWN_WARNINGS:
        warn(f"and {len(told) - SHOWN_WARNINGS:,} more; --json names all, and so does the table tag_write")
    if report.other_names:
        say(
            f"{pluralize(report.other_names, 'file')} had other names (hard links), which keep the file as it was"
        )
    if failed:
        say(f"{pluralize(failed, 'file')} left as before")
    if state == "written" and done:
        say(f"to take it back: catalog write --undo {report.batch}")
    return EXIT_FILES_FAILED if failed else 0


def _print(report: WriteReport, output_format: str) -> None:
    """The rows, where a program reads them; for people the sum is enough."""
    if output_format != "table":
        rows = [{name: getattr(each, name) for name in COLUMNS} for each in report.outcomes]
        print_rows(rows, output_format, COLUMNS)


def _say_plan(plan: Plan) -> None:
    for each in plan.left_out[:SHOWN]:
        warn(f"{printable(each.shown)}: {each.reason}")
    if len(plan.left_out) > SHOWN:
        warn(f"and {len(plan.left_out) - SHOWN:,} more whose decision is not written")


def _planned_row(change: TagChange) -> dict[str, object]:
    message = None
    try:
        check_writable(change)
    except (FileWriteError, TagFormatError) as error:
        message = str(error)
    state = "planned" if message is None else "skipped"
    return dict(
        zip(
            COLUMNS,
            [change.track_id, change.shown, change.before, change.after, state, message],
            strict=True,
        )
    )


def _undo_row(row: Written) -> dict[str, object]:
    values: Sequence[object] = [
        row.track_id,
        row.path,
        "; ".join(row.after),
        "; ".join(row.before),
        "planned",
        None,
    ]
    return dict(zip(COLUMNS, values, strict=True))


def _finish_killed(database: Database, vocabulary: Vocabulary) -> None:
    found = recover(database, vocabulary)
    if found.written or found.undone or found.untouched:
        say(
            f"a run was ended before its time; the journal is whole again: {found.written:,} written, "
            f"{found.undone:,} undone, {found.untouched:,} as they were"
        )
