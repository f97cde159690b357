"""`catalog write`: write decided genres to the tags of the files, or undo a write."""

from __future__ import annotations

from collections.abc import Sequence

import click

from catalog.cli.common.command_group import examples
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.common.output import echo_summary, format_options, print_rows, say, warn
from catalog.cli.common.progress import progress
from catalog.cli.common.standard_input import expand_arguments
from catalog.collection.track_lookup import find_track
from catalog.db.database import Database
from catalog.genres.vocabulary import Vocabulary
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.settings import Settings
from catalog.text import pluralize, printable
from catalog.writeback.replace_files import WriteReport, reason_of
from catalog.writeback.write_plan import Plan, Selection, TagChange, plan_changes
from catalog.writeback.write_recovery import recover
from catalog.writeback.write_run import check_writable, compare_with_files, only_writer, write_tags
from catalog.writeback.write_undo import Written, undo_writes, written_rows

SHOWN = 10
SHOWN_WARNINGS = 20
COLUMNS = ["track_id", "path", "before", "after", "state", "message"]
LATEST = ""
"""Value of `--undo` without a name."""


Filters = tuple[str | None, str | None, str | None, str | None]
"""Collection, artist, album, genre."""


@click.command(
    epilog=examples(
        "catalog write --dry-run",
        'catalog write --artist "The Doors"',
        "catalog write --undo",
    )
)
@click.argument("tracks", nargs=-1, metavar="[TRACK]...")
@click.option("--collection", "collection_name", help="Only files of this collection.")
@click.option("--artist", help="Only files by this artist.")
@click.option("--album", help="Only files on albums with this title.")
@click.option("--genre", help="Only files with this decided genre.")
@click.option(
    "--undo", is_flag=False, flag_value=LATEST, metavar="[BATCH]", help="Undo a write (default: the latest)."
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
    """Write decided genres to the files, or undo a write.

    Only human decisions are written, never a prediction. Only files whose genre tag differs are changed, and only
    that tag: other tags, the tag format, padding, times and the audio stay the same. A file that changed since the
    last scan is skipped. TRACK is as in catalog show; - reads tracks from standard input, one per line. Exit code 3:
    some files could not be written; their decisions are kept.
    """
    filters = (collection_name, artist, album, genre)
    if undo is not None and (tracks or any(value is not None for value in filters)):
        raise click.UsageError("--undo cannot be combined with tracks or filters")
    tracks = expand_arguments(tracks)
    with open_catalog(settings) as database:
        with database.read() as connection:
            vocabulary = load_vocabulary(connection)
        if dry_run:
            return _preview(database, vocabulary, undo, _selection(database, tracks, filters), output_format)
        with only_writer(database):
            _recover(database, vocabulary)
            if undo is not None:
                return _undo(database, vocabulary, undo, output_format, yes=yes)
            return _write(database, vocabulary, _selection(database, tracks, filters), output_format, yes=yes)


def _selection(database: Database, tracks: tuple[str, ...], filters: Filters) -> Selection:
    with database.read() as connection:
        ids = tuple(find_track(connection, track) for track in tracks)
    return Selection(*filters, ids)


def _preview(
    database: Database, vocabulary: Vocabulary, undo: str | None, selection: Selection, output_format: str
) -> int:
    """Prints the planned changes."""
    if undo is not None:
        with database.read() as connection:
            rows = written_rows(connection, undo or None)
        print_rows([_undo_row(row) for row in rows], output_format, COLUMNS)
        say(f"would undo {pluralize(len(rows), 'file')}; nothing was changed")
        return 0
    plan = _plan(database, vocabulary, selection)
    planned = [_planned_row(change, vocabulary) for change in plan.changes]
    print_rows(planned, output_format, COLUMNS)
    _say_plan(plan)
    skipped = sum(row["state"] == "skipped" for row in planned)
    remark = f" and skip {pluralize(skipped, 'file')}" if skipped else ""
    say(f"would write {pluralize(len(planned) - skipped, 'file')}{remark}; nothing was changed")
    return 0


def _plan(database: Database, vocabulary: Vocabulary, selection: Selection) -> Plan:
    with database.read() as connection:
        plan = plan_changes(connection, selection, vocabulary)
    compare_with_files(plan, selection, vocabulary)
    return plan


def _write(
    database: Database, vocabulary: Vocabulary, selection: Selection, output_format: str, *, yes: bool
) -> int:
    plan = _plan(database, vocabulary, selection)
    _say_plan(plan)
    if not plan.changes:
        _print(WriteReport(None), output_format)
        say(
            f"nothing to write: {pluralize(len(plan.agreeing), 'file')} already with the decided genre"
            if plan.agreeing or plan.left_out
            else "nothing to write: no such track has a decision; see: catalog review list"
        )
        return 0
    if not yes:
        _confirm(plan, vocabulary)
    with progress("writing tags") as advance:
        report = write_tags(database, plan.changes, vocabulary, on_progress=advance)
    return _print_totals(report, "written", output_format)


def _confirm(plan: Plan, vocabulary: Vocabulary) -> None:
    """Asks before a write. Files that cannot be written are not asked for: the write reports them."""
    messages = [_obstacle(change, vocabulary) for change in plan.changes]
    writable = messages.count(None)
    if not writable:
        return
    for change, message in list(zip(plan.changes, messages, strict=True))[:SHOWN]:
        genres = f"{change.before or 'no genre'} -> {change.after or 'no genre'}"
        say(f"  {printable(change.shown)}: {genres}{'' if message is None else f' (skipped: {message})'}")
    if len(messages) > SHOWN:
        say(f"  and {len(messages) - SHOWN:,} more: catalog write --dry-run")
    skipped = len(messages) - writable
    remark = f" and skip {pluralize(skipped, 'file')}" if skipped else ""
    click.confirm(f"Write the genre of {pluralize(writable, 'file')}{remark}?", abort=True, err=True)


def _undo(database: Database, vocabulary: Vocabulary, name: str, output_format: str, *, yes: bool) -> int:
    with database.read() as connection:
        rows = written_rows(connection, name or None)
    if not yes:
        question = f"Undo the write {rows[0].batch}, {pluralize(len(rows), 'file')}?"
        click.confirm(question, abort=True, err=True)
    with progress("undoing") as advance:
        report = undo_writes(database, rows, vocabulary, on_progress=advance)
    code = _print_totals(report, "undone", output_format)
    say("the decisions are kept; the next run of 'catalog write' writes them again")
    return code


def _print_totals(report: WriteReport, state: str, output_format: str) -> int:
    _print(report, output_format)
    done, failed = report.count(state), report.count("failed")
    if output_format == "table":
        echo_summary(f"{state}: {pluralize(done, 'file')}")
    messages = [outcome for outcome in report.outcomes if outcome.message is not None]
    for outcome in messages[:SHOWN_WARNINGS]:
        warn(f"{printable(outcome.path)}: {outcome.message}")
    if len(messages) > SHOWN_WARNINGS:
        warn(f"and {len(messages) - SHOWN_WARNINGS:,} more; --json and the table tag_write have all of them")
    if report.other_names:
        say(f"{pluralize(report.other_names, 'file')} had hard links, whose other names keep the old content")
    if failed:
        say(f"{pluralize(failed, 'file')} not changed")
    if state == "written" and done:
        say(f"to undo this: catalog write --undo {report.batch}")
    return EXIT_FILES_FAILED if failed else 0


def _print(report: WriteReport, output_format: str) -> None:
    """Prints the rows in JSON and CSV; the table output has only the totals."""
    if output_format != "table":
        rows = [{name: getattr(outcome, name) for name in COLUMNS} for outcome in report.outcomes]
        print_rows(rows, output_format, COLUMNS)


def _say_plan(plan: Plan) -> None:
    for excluded in plan.left_out[:SHOWN]:
        warn(f"{printable(excluded.shown)}: {excluded.reason}")
    if len(plan.left_out) > SHOWN:
        warn(f"and {len(plan.left_out) - SHOWN:,} more decisions that are not written")


def _obstacle(change: TagChange, vocabulary: Vocabulary) -> str | None:
    """Why a file cannot be written; None if it can."""
    try:
        check_writable(change, vocabulary)
    except Exception as error:  # noqa: BLE001 - a malicious file may raise anything in a parser
        return reason_of(error)
    return None


def _planned_row(change: TagChange, vocabulary: Vocabulary) -> dict[str, object]:
    message = _obstacle(change, vocabulary)
    state = "planned" if message is None else "skipped"
    return dict(
        zip(
            COLUMNS, [change.track_id, change.shown, change.before, change.after, state, message], strict=True
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


def _recover(database: Database, vocabulary: Vocabulary) -> None:
    report = recover(database, vocabulary)
    if report.written or report.undone or report.untouched:
        say(
            f"recovered an interrupted write: {report.written:,} written, {report.undone:,} undone, "
            f"{report.untouched:,} unchanged"
        )
