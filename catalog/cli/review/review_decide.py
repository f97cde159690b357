"""`review keep`, `accept`, `relabel`, `add`, `unsure`, `wrong`, `undo` and `redo`: decisions from the command line."""

from __future__ import annotations

import getpass
import shlex
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.output import echo, say, warn
from catalog.cli.review.review_filters import by_vocabulary, filter_options, filters_from
from catalog.settings import Settings
from catalog.text import pluralize, printable

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from catalog.review.decision import DecisionSource, OpenSuspect
    from catalog.review.verdict import Verdict


def login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError("nobody is logged in here; say who decides: --reviewer NAME") from None


class ReviewerName(click.ParamType[str]):
    """A name that people can read, and that the page and the command line know as the same."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is kept. Fails for one that is none."""
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
    help="Who decides.",
)
genre_option = click.option("--genre", required=True, metavar="GENRE", help="A genre of the vocabulary.")


def _deciding(name: str, verdict: Verdict, words: str, *, takes_genre: bool = False) -> click.Command:
    """A verb that decides on the tracks and cases named, or on all that filters choose."""

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
        _decide(settings, verdict, targets, filters, reviewer, genre, dry_run=dry_run, yes=yes)

    callback.__doc__ = (
        f"{words}\n\nTARGET is a case, or a track: its id, path, external id, or a part of its title. Without a TARGET "
        "it is all open suspects that the filters choose; --suspicion alone chooses nothing."
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
    return click.command(name)(decorated)


DECIDING = (
    _deciding("keep", "keep", "The tags are right."),
    _deciding("accept", "accept", "The suggestion is right: it takes the doubted tag's place."),
    _deciding("relabel", "relabel", "GENRE is right: it takes the doubted tag's place.", takes_genre=True),
    _deciding("add", "add", "The tags are right, and GENRE too.", takes_genre=True),
    _deciding("unsure", "unsure", "Nobody can say: the tags stay as they are."),
    _deciding("wrong", "wrong_recording", "The file is not the recording that it is named after."),
)


@click.command("undo")
@click.argument("target", required=False)
@reviewer_option
@dry_run_option
@pass_settings
def undo_verb(settings: Settings, target: str | None, reviewer: str, dry_run: bool) -> None:
    """Take back the newest decision on TARGET, a case or a track; without one, your own newest.

    What was decided at one stroke is undone at one. Nothing is lost: an undo is one more row.
    """
    from catalog.review.decision import last_batch, undo

    with open_catalog(settings) as database, database.write() as connection:
        if target is None:
            batch = last_batch(connection, reviewer=reviewer)
        elif _is_case(connection, target):
            batch = last_batch(connection, case_id=target)
        else:
            from catalog.collection.track_lookup import find_track

            batch = last_batch(connection, track_id=find_track(connection, target))
        if batch is None:
            raise click.ClickException("there is no decision to undo; see: catalog sql decided")
        undone = undo(connection, batch, reviewer)
        words = f"{(undone.verdict or '').replace('_', ' ')} of {pluralize(len(undone.track_ids), 'track')}"
        if dry_run:
            connection.rollback()
    echo(f"would undo {words}" if dry_run else f"undone: {words}")
    if not dry_run:
        say(f"bring it back: catalog review redo{_own(reviewer)}")


@click.command("redo")
@reviewer_option
@dry_run_option
@pass_settings
def redo_verb(settings: Settings, reviewer: str, dry_run: bool) -> None:
    """Take back your newest undo: what it took back is decided again, on the tags as they are now.

    Again and again it brings back all that you undid since you last decided anything new.
    """
    from catalog.review.redo import last_undo, redo

    with open_catalog(settings) as database, database.write() as connection:
        batch = last_undo(connection, reviewer)
        if batch is None:
            raise click.ClickException(
                f"{reviewer} has undone nothing since the last new decision; decide again: catalog review accept TARGET"
            )
        done = redo(connection, batch)
        if dry_run:
            connection.rollback()
    for message in done.messages:
        warn(message)
    words = f"{done.verdict.replace('_', ' ')} of {pluralize(len(done.track_ids), 'track')}"
    echo(f"would redo {words}" if dry_run else f"redone: {words}")


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
        raise click.UsageError("name targets or give filters, not both")
    if in_bulk and not filters.narrows:
        raise click.UsageError(
            "name a case or a track, or give a filter beside --suspicion, such as --tagged"
        )
    with open_catalog(settings) as database:
        with database.read() as connection:
            genre_id = None if genre is None else resolve_genre(connection, genre)
            doubts = (
                filtered_suspects(connection, by_vocabulary(connection, filters))
                if in_bulk
                else _named(connection, targets)
            )
            about = preview_decisions(connection, doubts)
            if genre_id is not None:
                genre = load_vocabulary(connection).by_id[genre_id].name
        if not doubts:
            raise click.ClickException("no open suspect fits; see: catalog review list --state all")
        if in_bulk:
            _show(about)
        words = f"{verdict.replace('_', ' ')}{'' if genre is None else f' ({genre})'}: {pluralize(len(doubts), 'track')}"
        if dry_run:
            echo(f"would decide {words}")
            return
        if in_bulk and not yes:
            click.confirm(f"Decide {words}?", abort=True, err=True)
        with database.write() as connection:
            source: DecisionSource = (
                "search" if in_bulk or any(each.suspect_id is None for each in doubts) else "queue"
            )
            done = decide(connection, doubts, verdict, reviewer, genre_id=genre_id, source=source)
    for message in done.messages:
        warn(message)
    echo(f"decided {words}")
    say(f"take it back: catalog review undo{_own(reviewer)}")


def _own(reviewer: str) -> str:
    """Undo and redo are of one's own: who decided under another name has to say that name again."""
    return "" if reviewer == login() else f" --reviewer {shlex.quote(reviewer)}"


def _named(connection: Connection, targets: tuple[str, ...]) -> list[OpenSuspect]:
    from catalog.collection.track_lookup import describe_tracks, find_track
    from catalog.review.decision import case_suspects, track_suspect

    found: dict[tuple[int, int | None], OpenSuspect] = {}
    for target in targets:
        if _is_case(connection, target):
            doubts = case_suspects(connection, target)
        else:
            track_id = find_track(connection, target)
            doubts = [track_suspect(connection, track_id)]
            # A part of a title may be of another track than somebody thinks.
            say(f"  {printable(describe_tracks(connection, [track_id])[0])}")
        found |= {(each.track_id, each.genre_id): each for each in doubts}
    return list(found.values())


def _is_case(connection: Connection, target: str) -> bool:
    from catalog.review.case_list import find_case_row

    return target.isascii() and find_case_row(connection, target) is not None


def _show(about: Any) -> None:
    for each in about.examples:
        name = f"{each.artist or 'unknown artist'} - {each.title or each.path}"
        words = f"{each.tagged_genre} -> {each.suggested_genre}, suspicion {each.suspicion:.2f}"
        click.echo(f"  {printable(name)}: {words}", err=True)
    if about.tracks > len(about.examples):
        click.echo(f"  ... {pluralize(about.tracks, 'track')} in all", err=True)
    share = (
        "not known before 100 decisions" if about.expected_right is None else f"{about.expected_right:.0%}"
    )
    click.echo(f"  suggestions expected to be right: {share}", err=True)
