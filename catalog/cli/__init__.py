"""The command line: one thin click module per verb, loaded when the verb is used."""

from __future__ import annotations

import errno
import gc
import logging
import os
import re
import signal
import sqlite3
import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from catalog.cli.common.config_file import option_defaults
from catalog.errors import CatalogError
from catalog.log import is_json_log, set_up_log
from catalog.settings import URLS, ConfigError, make_settings, read_config

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_FILES_FAILED = 3
EXIT_INTERRUPTED = 130

UNWRITABLE = re.compile("readonly|unable to open")
"""What SQLite says of a file or folder that may not be written to; which of both depends on whose disk it is."""

log = logging.getLogger("catalog")

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""What is logged, by how often --verbose was given."""

GARBAGE = 10_000
"""New objects after which Python looks whether some can go; it does so at 700 by itself."""

AGAIN_SECONDS = 0.05
"""After which an interruption that was lost comes again."""

PREFIX = "CATALOG"
"""What every environment variable of ours begins with."""

COMMANDS = {
    "ingest": "catalog.cli.ingest.ingest:ingest",
    "scan": "catalog.cli.scan:scan",
    "labels": "catalog.cli.labels:labels",
    "fma": "catalog.cli.fma:fma",
    "genres": "catalog.cli.genres:genres",
    "analyze": "catalog.cli.analyze:analyze",
    "worker": "catalog.cli.worker:worker",
    "queue": "catalog.cli.queue:queue",
    "train": "catalog.cli.train.train:train",
    "models": "catalog.cli.models.models:models",
    "predict": "catalog.cli.predict:predict",
    "audit": "catalog.cli.audit.audit:audit",
    "review": "catalog.cli.review.review:review",
    "write": "catalog.cli.write:write",
    "show": "catalog.cli.show:show",
    "inspect": "catalog.cli.inspect:inspect",
    "sql": "catalog.cli.sql:sql",
    "export": "catalog.cli.export:export",
    "stats": "catalog.cli.stats:stats",
    "report": "catalog.cli.report:report",
    "collections": "catalog.cli.collections:collections",
    "prune": "catalog.cli.prune:prune",
    "features": "catalog.cli.features:features",
    "failures": "catalog.cli.failures:failures",
    "db": "catalog.cli.db.db:db",
    "doctor": "catalog.cli.doctor:doctor",
}
"""Every verb and where it is, in the order of the help."""


class LazyGroup(click.Group):
    """Verbs that are imported only when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The verbs, in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb, or None."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        name_environment(command, f"{PREFIX}_{_as_variable(cmd_name)}")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's; what is nearly a verb is answered with the verb."""
        if args[0] not in COMMANDS and (near := get_close_matches(args[0], COMMANDS, 1)):
            ctx.fail(f"No such verb {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the verb. Where the reader of our output has gone, as `head` does, that is no error; to click it is."""
        # Before anything can be wrong with the verb: how that is said depends on it.
        is_json, verbose = ctx.params["log_json"], ctx.params["verbose"]
        set_up_log(LEVELS[min(max(verbose, is_json), 2)], is_json=is_json)
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Nothing is left to say, not even what is still in the buffer at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(0) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, from the first sentences kept here, so that help imports none of them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, SUMMARIES[verb]) for verb in self.list_commands(ctx)])


SUMMARIES = {
    "ingest": "Listen to folders of music: scan, analyze, learn, predict, audit, report.",
    "scan": "Bring the files of a folder in, without listening to them.",
    "labels": "Bring a list of genres in.",
    "fma": "The Free Music Archive's metadata: import.",
    "genres": "The vocabulary of genres: list, import, export, unmapped, alias.",
    "analyze": "Compute features here and now.",
    "worker": "Run a worker until it is stopped.",
    "queue": "What is pending, who works, and bringing both together.",
    "train": "Learn a model from the tagged tracks.",
    "models": "Models: list, show, card, compare, importance, promote, roll back.",
    "predict": "Apply the active model to tracks that lack a prediction.",
    "audit": "Look for tags that are probably wrong.",
    "review": "Decide on them, in the browser or here: serve, list, show, keep, accept, relabel, undo, sample, progress.",
    "write": "Write what people decided to the tags of the files, and undo it.",
    "show": "All that is known of a track.",
    "inspect": "What the sound of a file shows, as a picture and as JSON.",
    "sql": "Ask the catalog a question in SQL, read-only.",
    "export": "An answer as a file: CSV, JSON lines, Parquet, or a playlist.",
    "stats": "Numbers at a glance.",
    "report": "Write the HTML report.",
    "collections": "Collections: list, move, remove.",
    "prune": "Forget tracks whose files have long been missing.",
    "features": "Feature sets and their versions: list, use, remove, check, import, pca.",
    "failures": "Tracks that could not be analyzed: list, retry.",
    "db": "The database: upgrade, downgrade, check, copy, backup, restore.",
    "doctor": "Check that everything the catalog needs is well.",
}


@click.group(
    cls=LazyGroup,
    context_settings={
        "auto_envvar_prefix": PREFIX,
        "show_default": True,
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the catalog.  [default: the platform's data folder]",
)
@click.option(
    "--database-url",
    help="sqlite:///FILE or postgresql://...  [default: catalog.db in the home]",
)
@click.option("--redis-url", help="redis://... or rediss://...  [default: an embedded Valkey]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks.")
@click.option("-v", "--verbose", count=True, help="Tracebacks and a log; twice: more of it.")
@click.option("--log-json", is_flag=True, help="Log to stderr, one JSON object a line.")
@click.version_option(version("music-catalog"), prog_name="catalog")
@click.pass_context
def cli(
    context: click.Context,
    home: Path | None,
    database_url: str | None,
    redis_url: str | None,
    quiet: bool,
    verbose: int,  # noqa: ARG001 -- heard before
    log_json: bool,
) -> None:
    """A music catalog: ingest a collection, query its genres in SQL, find the wrong tags.

    Begin with: catalog ingest FOLDER
    """
    settings = make_settings(home, database_url, redis_url)
    context.obj = settings
    context.default_map = _defaults(context, settings.home)
    context.meta["catalog.quiet"] = quiet
    context.meta["catalog.log_json"] = log_json


def _defaults(context: click.Context, home: Path) -> dict[str, Any]:
    """What `config.toml` says of the options of the verb that runs; those of other verbs are not looked at."""
    file = home / "config.toml"
    tables = {name: table for name, table in read_config(home).items() if name not in URLS}
    if strange := sorted(tables.keys() - COMMANDS.keys()):
        raise ConfigError(f"{file}: {strange[0]} is no verb; see: catalog --help")
    verb = context.invoked_subcommand
    if verb not in tables:
        return {}
    assert isinstance(context.command, click.Group)
    command = context.command.get_command(context, verb)
    assert command is not None, "click has found it already"
    return {verb: option_defaults(file, command, tables[verb], verb)}


def name_environment(command: click.Command, prefix: str) -> None:
    """Gives every option of a verb, and of the verbs below it, an environment variable that its help names.

    It is called like the option: `--min-tracks` of `catalog train` is CATALOG_TRAIN_MIN_TRACKS.
    """
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.expose_value:
            longest = max(parameter.opts, key=len)
            parameter.envvar = parameter.envvar or f"{prefix}_{_as_variable(longest.lstrip('-'))}"
            parameter.show_envvar = True
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            name_environment(below, f"{prefix}_{_as_variable(name)}")


def _as_variable(name: str) -> str:
    return name.replace("-", "_").upper()


name_environment(cli, PREFIX)


def main() -> None:
    """The console script: runs a verb, turns what goes wrong into one line, and exits with the right code."""
    # As Ctrl-C: every verb then ends in order, and with it what it has started.
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.default_int_handler)
    sys.unraisablehook = _reraise_in_callback
    # What the imports of a verb make stays: to look through it for garbage, over and over, takes as long as a short verb.
    gc.set_threshold(GARBAGE)
    code = run(sys.argv[1:])
    # The system takes all of it back at once.
    gc.freeze()
    sys.exit(code)


def _reraise_in_callback(unraisable: sys.UnraisableHookArgs) -> None:
    """Python drops what is raised in a destructor or a callback, a Ctrl-C or SIGTERM too that came just then: it comes again."""
    if unraisable.exc_type is KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(unraisable)


def run(arguments: list[str]) -> int:
    """Runs a verb and gives its exit code: 0 done, 1 error, 2 usage, 3 files failed, 130 interrupted.

    Why it ends with 1 is one line that begins with `catalog:`; why with 2, click's `Error:` below how the verb is used.
    """
    wants_traceback = _is_verbose(arguments)
    try:
        code = cli.main(arguments, prog_name="catalog", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt) as stopped:
        # What click makes of Ctrl-C has a cause; a question that was not answered with yes has none.
        is_refusal = isinstance(stopped, click.Abort) and stopped.__cause__ is None
        if is_refusal and not sys.stdin.isatty():
            click.echo(err=True)
        words = "nothing was changed" if is_refusal else "interrupted; the same command goes on from here"
        _end(words, logging.WARNING)
        return EXIT_INTERRUPTED
    except click.UsageError as error:
        # Click's words, behind how the verb is used: what was typed is wrong.
        if is_json_log():
            _end(error.format_message(), logging.ERROR)
        else:
            error.show()
        return EXIT_USAGE
    except Exception as error:
        if wants_traceback and not is_json_log():
            raise
        from catalog.text import printable  # `catalog --help` needs no database

        _end(printable(describe(error)), logging.ERROR, prefix="catalog: ", with_traceback=wants_traceback)
        return EXIT_ERROR
    return code if isinstance(code, int) else 0


def _end(words: str, level: int, *, prefix: str = "", with_traceback: bool = False) -> None:
    """Says why the command ends: in a line for people, or in an entry of the log where that is what is read."""
    if is_json_log():
        log.log(level, words, exc_info=with_traceback)
    else:
        click.echo(f"{prefix}{words}", err=True)


def describe(error: Exception) -> str:
    """One line for a person: what is wrong and what to do."""
    remedy = _remedy(error)
    if remedy is not None:
        return remedy
    if isinstance(error, click.ClickException):
        return " ".join(error.format_message().split())
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, CatalogError):
        return text
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {os.fsdecode(error.filename)}"
    return f"unexpected {type(error).__name__}: {text[:300]} (run again with -v for the traceback)"


def _remedy(error: Exception) -> str | None:
    """What to do about what befalls a disk or a database; None for anything else."""
    from catalog.db.retry import is_connection_lost, is_disk_full  # `catalog --help` needs no database

    origin = error.__cause__ or getattr(error, "orig", None) or error
    if getattr(origin, "errno", None) == errno.ENOSPC or (
        isinstance(origin, Exception) and is_disk_full(origin)
    ):
        return "the disk is full; free some space, then run the same command again"
    if is_connection_lost(error) and not isinstance(error, CatalogError):
        return "the database went away in the middle; the same command goes on when it is back"
    if isinstance(origin, sqlite3.OperationalError) and UNWRITABLE.search(str(origin)):
        return "the database cannot be written to; check the permissions of its file and folder"
    if isinstance(origin, sqlite3.OperationalError) and "is locked" in str(origin):
        return "others have been writing to the catalog without a pause; run the same command again"
    if isinstance(origin, sqlite3.DatabaseError) and "malformed" in str(origin):
        return "the database file is damaged; catalog db check says where, and a backup is the way back"
    return None


def _is_verbose(arguments: list[str]) -> bool:
    """Whether -v stands before the verb; click may not have come that far."""
    for argument in arguments:
        if argument in COMMANDS:
            return False
        if argument == "--verbose" or (argument.startswith("-v") and set(argument[1:]) == {"v"}):
            return True
    return False
