"""The program `catalog`: global options, command list, error messages, exit codes."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from catalog.cli.command_list import COMMANDS, PACKAGES, SECTIONS
from catalog.cli.common.command_group import CommandGroup
from catalog.cli.common.completion import set_up_completion
from catalog.cli.common.config_file import option_defaults
from catalog.cli.common.error_message import error_message
from catalog.cli.common.exit_codes import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_USAGE
from catalog.cli.common.global_options import global_options_first
from catalog.cli.common.option_conventions import PREFIX, apply_conventions
from catalog.cli.common.standard_streams import prepare_standard_streams
from catalog.log import is_json_log, set_up_log
from catalog.settings import URLS, ConfigError, make_settings, read_config
from catalog.threads import limit_threads

log = logging.getLogger("catalog")

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""Log level by the number of --verbose options."""

GC_THRESHOLD = 10_000
"""New objects before a garbage collection; Python's default is 700."""

RESEND_SECONDS = 0.05
"""Delay before an interrupt that Python dropped is sent again."""

COMPLETION_VARIABLE = f"_{PREFIX}_COMPLETE"
"""Variable in which a shell asks for completions."""


class LazyGroup(CommandGroup):
    """Command group that imports a command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Returns the names of the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports and returns a command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        package = f"catalog.cli.{cmd_name}" if cmd_name in PACKAGES else "catalog.cli"
        command = getattr(import_module(f"{package}.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        apply_conventions(command, cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the options of the program, which may stand before or after the command."""
        return super().parse_args(ctx, global_options_first(self, args))

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command. A closed output pipe, as with `head`, ends it with exit code 0 instead of an error."""
        # First of all: the log format decides how errors of the command are reported.
        is_json, verbose, level = (ctx.params[name] for name in ("log_json", "verbose", "log_level"))
        default = LEVELS[min(max(verbose, is_json), 2)]
        set_up_log(default if level is None else logging.getLevelNamesMapping()[level], is_json=is_json)
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard_output()
            raise click.exceptions.Exit(0) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Writes the commands by section, without importing them."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


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
    "--database-url", help="sqlite:///FILE or postgresql://...  [default: catalog.db in the home folder]"
)
@click.option("--redis-url", help="redis://... or rediss://...  [default: an embedded Redis]")
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Hide progress, remarks and summaries; print only results, warnings and errors.",
)
@click.option(
    "-v",
    "--verbose",
    count=True,
    show_default=False,
    help="Log messages and show tracebacks; twice: log more.",
)
@click.option(
    "--log-level",
    metavar="LEVEL",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    help="Log from DEBUG, INFO, WARNING or ERROR on.  [default: WARNING]",
)
@click.option("--log-json", is_flag=True, help="Log to stderr, one JSON object per line.")
@click.version_option(version("music-catalog"), prog_name="catalog")
@click.pass_context
def cli(
    context: click.Context,
    home: Path | None,
    database_url: str | None,
    redis_url: str | None,
    quiet: bool,
    verbose: int,  # noqa: ARG001 -- read by LazyGroup.invoke
    log_level: str | None,  # noqa: ARG001 -- read by LazyGroup.invoke
    log_json: bool,
) -> None:
    """Catalog a music collection, query its genres in SQL, and find wrong genre tags.

    Start with: catalog ingest FOLDER. The options below may also follow the command. Every option can be set in
    config.toml or by an environment variable: see catalog config.
    """
    settings = make_settings(home, database_url, redis_url)
    context.obj = settings
    context.default_map = _config_defaults(context, settings.home)
    context.meta["catalog.quiet"] = quiet
    context.meta["catalog.log_json"] = log_json


def _config_defaults(context: click.Context, home: Path) -> dict[str, Any]:
    """Reads the option defaults of the invoked command from `config.toml`; tables of other commands are not checked."""
    file = home / "config.toml"
    tables = {name: table for name, table in read_config(home).items() if name not in URLS}
    if unknown := sorted(tables.keys() - COMMANDS.keys()):
        raise ConfigError(f"{file}: {unknown[0]} is not a command; see: catalog --help")
    name = context.invoked_subcommand
    if name not in tables:
        return {}
    assert isinstance(context.command, click.Group)
    command = context.command.get_command(context, name)
    assert command is not None, "click has already resolved it"
    return {name: option_defaults(file, command, tables[name], name)}


apply_conventions(cli)


def main() -> None:
    """Console script: runs a command and exits with its exit code."""
    # Before a command imports numpy, and whatever the environment says.
    limit_threads()
    prepare_standard_streams()
    # Handle both like Ctrl-C, so that every command cleans up and stops its child processes.
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.default_int_handler)
    sys.unraisablehook = _reraise_in_callback
    # Objects made by imports live to the end: repeated collections would take as long as a short command.
    gc.set_threshold(GC_THRESHOLD)
    if COMPLETION_VARIABLE in os.environ:
        set_up_completion()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()
    # The operating system frees the memory faster than a final collection.
    gc.freeze()
    sys.exit(code)


def _discard_output() -> None:
    """Discards what is still in the buffer of stdout: to flush it at exit would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reraise_in_callback(unraisable: sys.UnraisableHookArgs) -> None:
    """Sends an interrupt again that Python dropped because it was raised in a destructor or callback."""
    if unraisable.exc_type is KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, RESEND_SECONDS)
    else:
        sys.__unraisablehook__(unraisable)


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit code: 0 done, 1 error, 2 usage, 3 files failed, 130 interrupted.

    Exit code 1 comes with one line that begins with `catalog:`; exit code 2 with the usage and click's `Error:` line.
    """
    wants_traceback = False
    try:
        arguments = global_options_first(cli, arguments)
        wants_traceback = _is_verbose(arguments)
        code = cli.main(arguments, prog_name="catalog", standalone_mode=False)
        sys.stdout.flush()  # here, where a full disk is reported
    except click.exceptions.Exit as request:
        return request.exit_code
    except (click.Abort, KeyboardInterrupt) as interrupt:
        # Click's Abort has a cause after Ctrl-C, and no cause after a declined confirmation.
        is_declined = isinstance(interrupt, click.Abort) and interrupt.__cause__ is None
        if is_declined and not sys.stdin.isatty():
            click.echo(err=True)
        message = (
            "nothing was changed" if is_declined else "interrupted; run the same command again to continue"
        )
        _report(message, logging.WARNING)
        return EXIT_ERROR if is_declined else EXIT_INTERRUPTED
    except click.UsageError as error:
        if is_json_log():
            _report(error.format_message(), logging.ERROR)
        else:
            error.show()
        return EXIT_USAGE
    except Exception as error:
        if wants_traceback and not is_json_log():
            raise
        from catalog.text import printable  # `catalog --help` needs no database

        message = printable(error_message(error))
        _report(message, logging.ERROR, prefix="catalog: ", with_traceback=wants_traceback)
        return EXIT_ERROR
    return code if isinstance(code, int) else 0


def _report(message: str, level: int, *, prefix: str = "", with_traceback: bool = False) -> None:
    """Prints why the command ends as one line, or as a log entry with --log-json."""
    if is_json_log():
        log.log(level, message, exc_info=with_traceback)
    else:
        print(f"{prefix}{message}", file=sys.stderr, flush=True)


def _is_verbose(arguments: list[str]) -> bool:
    """Whether -v is among the options of the program; click may not have parsed them yet."""
    for argument in arguments:
        if argument in COMMANDS:
            return False
        if argument == "--verbose" or (argument.startswith("-v") and set(argument[1:]) == {"v"}):
            return True
    return False
