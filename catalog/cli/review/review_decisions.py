"""`catalog review keep`, `accept`, `relabel`, `add`, `unsure`, `wrong-recording`, `undo` and `redo`: decisions."""

from __future__ import annotations

import getpass
import shlex
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.common.audit_notice import warn_of_stale_audit
from catalog.cli.common.command_group import examples
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.output import echo_summary, say, warn
from catalog.cli.common.standard_input import expand_arguments
from catalog.cli.review.review_filters import filter_options, filters_from, resolve_genres
from catalog.settings import Settings
from catalog.text import percent, pluralize, printable

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from catalog.review.bulk_preview import DecisionPreview
    from catalog.review.decision import DecisionSource, OpenSuspect
    from catalog.review.verdict import Verdict


def login() -> str:
    """Returns the login name. Raises click.UsageError where there is none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError("there is no login name; give the reviewer: --reviewer NAME") from None


class ReviewerName(click.ParamType[str]):
    """A reviewer name, normalized as on the review page."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the normalized name. Fails for an invalid one."""
        from catalog.review.reviewer import ReviewerError, proper_name

        try:
            return proper_name(value)
        except ReviewerError as error:
            self.fail(str(error), param, ctx)


reviewer_option = click.option(
    "--reviewer",
    metavar="NAME",
    type=ReviewerName(),
    default=login,
    show_default="the login name",
    help="Name of the reviewer.",
)
genre_option = click.option("--genre", required=True, metavar="GENRE", help="Genre of the vocabulary.")


def _decision_command(
    name: str, verdict: Verdict, summary: str, *, takes_genre: bool = False
) -> click.Command:
    """Builds a command that decides on the given tracks and cases, or on all suspects that match filters."""

    def callback(
        settings: Settings,
        /,
        targets: tuple[str, ...],
        reviewer: str,
        dry_run: bool,
        yes: bool,
        genre: str | None = None,
        **filters: Any,
    ) -> None:
        _decide(
            settings, verdict, expand_arguments(targets), filters, reviewer, genre, dry_run=dry_run, yes=yes
        )

    callback.__doc__ = (
        f"{summary}\n\nTARGET is a case or a track. A case is named by its number in the list, such as c3, by its id, "
        "or by its artist. A track is named by its id (a plain number), path, external id, or a part of its title. "
        "A - reads targets from standard input, one per line. Without TARGET, applies to all open suspects matching "
        "the filters; at least one besides --suspicion is required."
    )
    decorated = pass_settings(callback)
    for decorator in (
        yes_option,
        dry_run_option,
        reviewer_option,
        filter_options,
        *([genre_option] if takes_genre else []),
        click.argument("targets", nargs=-1, metavar="[TARGET]..."),
    ):
        decorated = decorator(decorated)
    return click.command(name, epilog=_examples(name, takes_genre=takes_genre))(decorated)


def _examples(name: str, *, takes_genre: bool) -> str:
    genre = " --genre Jazz" if takes_genre else ""
    return examples(
        f"catalog review {name} 2f6c0d1e9b7a4835{genre}", f'catalog review {name} --artist "The Doors"{genre}'
    )


DECISION_COMMANDS = (
    _decision_command("keep", "keep", "Keep the tags: they are correct."),
    _decision_command("accept", "accept", "Accept the suggestion: it replaces the flagged tag."),
    _decision_command("relabel", "relabel", "Replace the flagged tag by GENRE.", takes_genre=True),
    _decision_command("add", "add", "Keep the tags and add GENRE.", takes_genre=True),
    _decision_command("unsure", "unsure", "Close the case without an answer: the tags stay."),
    _decision_command(
        "wrong-recording", "wrong_recording", "Report that a file is another recording than named."
    ),
)


@click.command("undo")
@click.argument("target", required=False)
@reviewer_option
@dry_run_option
@pass_settings
def undo_verb(settings: Settings, target: str | None, reviewer: str, dry_run: bool) -> None:
    """Undo a decision (default: your latest).

    TARGET is a case or a track, whose latest decision is undone. Decisions that were made together are undone
    together. The history keeps both the decision and the undo.
    """
    from catalog.review.case_lookup import find_case
    from catalog.review.decision import last_batch, undo

    with open_catalog(settings) as database, database.write() as connection:
        if target is None:
            batch = last_batch(connection, reviewer=reviewer)
        elif (case := find_case(connection, target)) is not None:
            batch = last_batch(connection, case_id=case.case_id)
        else:
            from catalog.collection.track_lookup import find_track

            batch = last_batch(connection, track_id=find_track(connection, target))
        if batch is None:
            raise click.ClickException("there is no decision to undo; see: catalog sql decided")
        undone = undo(connection, batch, reviewer)
        summary = f"{(undone.verdict or '').replace('_', ' ')} of {pluralize(len(undone.track_ids), 'track')}"
        if dry_run:
            connection.rollback()
    echo_summary(f"would undo {summary}" if dry_run else f"undone: {summary}")
    if not dry_run:
        say(f"to redo: catalog review redo{_reviewer_argument(reviewer)}")


@click.command("redo")
@reviewer_option
@dry_run_option
@pass_settings
def redo_verb(settings: Settings, reviewer: str, dry_run: bool) -> None:
    """Redo the decision you last undid, on the current tags.

    Repeat the command to redo all decisions that you undid since your last new decision.
    """
    from catalog.review.redo import last_undo, redo

    with open_catalog(settings) as database, database.write() as connection:
        batch = last_undo(connection, reviewer)
        if batch is None:
            raise click.ClickException(
                f"{reviewer} has no undo since their last new decision; to decide again: catalog review accept TARGET"
            )
        result = redo(connection, batch)
        if dry_run:
            connection.rollback()
    for message in result.messages:
        warn(message)
    summary = f"{result.verdict.replace('_', ' ')} of {pluralize(len(result.track_ids), 'track')}"
    echo_summary(f"would redo {summary}" if dry_run else f"redone: {summary}")


def _decide(
    settings: Settings,
    verdict: Verdict,
    targets: tuple[str, ...],
    options: dict[str, Any],
    reviewer: str,
    genre: str | None,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    from catalog.genres.vocabulary_store import load_vocabulary
    from catalog.review.bulk_preview import preview_decisions
    from catalog.review.decision import decide, filtered_suspects, resolve_genre

    filters = filters_from(options)
    in_bulk = not targets
    if targets and (filters.narrows or filters.suspicion is not None):
        raise click.UsageError("give either targets or filters")
    if in_bulk and not filters.narrows:
        raise click.UsageError("give a case, a track, or a filter besides --suspicion, such as --tagged")
    with open_catalog(settings) as database:
        with database.read() as connection:
            genre_id = None if genre is None else resolve_genre(connection, genre)
            suspects = (
                filtered_suspects(connection, resolve_genres(connection, filters))
                if in_bulk
                else _target_suspects(connection, targets)
            )
            preview = preview_decisions(connection, suspects)
            if in_bulk and suspects:
                warn_of_stale_audit(connection)
            if genre_id is not None:
                genre = load_vocabulary(connection).by_id[genre_id].name
        if not suspects:
            raise click.ClickException("no open suspect matches; see: catalog review list --state all")
        if in_bulk:
            _print_preview(preview)
        answer = f"{verdict.replace('_', ' ')}{'' if genre is None else f' ({genre})'}"
        summary = f"{answer}: {pluralize(len(suspects), 'track')}"
        if dry_run:
            echo_summary(f"would decide {summary}")
            return
        if in_bulk and not yes:
            click.confirm(f"Decide {summary}?", abort=True, err=True)
        with database.write() as connection:
            source: DecisionSource = (
                "search" if in_bulk or any(each.suspect_id is None for each in suspects) else "queue"
            )
            result = decide(connection, suspects, verdict, reviewer, genre_id=genre_id, source=source)
    for message in result.messages:
        warn(message)
    echo_summary(f"decided {summary}")
    say(f"to undo: catalog review undo{_reviewer_argument(reviewer)}")


def _reviewer_argument(reviewer: str) -> str:
    """Returns the --reviewer option for undo and redo, which default to the decisions under the login name."""
    return "" if reviewer == login() else f" --reviewer {shlex.quote(reviewer)}"


def _target_suspects(connection: Connection, targets: tuple[str, ...]) -> list[OpenSuspect]:
    from catalog.collection.track_lookup import describe_tracks, find_track
    from catalog.review.case_lookup import describe_case, find_case
    from catalog.review.decision import case_suspects, track_suspect

    by_tag: dict[tuple[int, int | None], OpenSuspect] = {}
    for target in targets:
        case = find_case(connection, target)
        if case is not None:
            suspects = case_suspects(connection, case.case_id)
            if target != case.case_id:
                say(f"  {printable(describe_case(case))}")
        else:
            track_id = find_track(connection, target)
            suspects = [track_suspect(connection, track_id)]
            # Show the track: a part of a title may match an unexpected one.
            say(f"  {printable(describe_tracks(connection, [track_id])[0])}")
        by_tag |= {(each.track_id, each.genre_id): each for each in suspects}
    return list(by_tag.values())


def _print_preview(preview: DecisionPreview) -> None:
    for each in preview.examples:
        name = f"{each.artist or 'unknown artist'} - {each.title or each.path}"
        change = f"{each.tagged_genre} -> {each.suggested_genre}, suspicion {percent(each.suspicion)}"
        click.echo(f"  {printable(name)}: {change}", err=True)
    if preview.tracks > len(preview.examples):
        click.echo(f"  ... {pluralize(preview.tracks, 'track')} in total", err=True)
    precision = preview.expected_right
    share = "unknown before 100 decisions" if precision is None else f"{precision:.0%}"
    click.echo(f"  expected share of correct suggestions: {share}", err=True)
