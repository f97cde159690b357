"""`catalog config`: the effective settings and where they come from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click
from click.core import ParameterSource

from catalog.cli.command_list import COMMANDS
from catalog.cli.common.command_group import examples
from catalog.cli.common.config_file import option_defaults
from catalog.cli.common.context import pass_settings
from catalog.cli.common.option_conventions import PREFIX
from catalog.cli.common.output import format_options, print_rows, warn
from catalog.log import without_passwords
from catalog.settings import URLS, Settings, read_config

SOURCES = {
    ParameterSource.COMMANDLINE: "option",
    ParameterSource.ENVIRONMENT: "environment",
}


@click.command(
    epilog=examples("catalog config", "catalog config --all", "catalog config --home /srv/catalog")
)
@click.option(
    "--all", "wants_all", is_flag=True, help="Include the options of all commands with their defaults."
)
@format_options
@pass_settings
@click.pass_context
def config(context: click.Context, settings: Settings, wants_all: bool, output_format: str) -> None:
    """Show the effective settings and where they come from.

    The source is option, environment, config.toml or default; an earlier one in this order wins. Options of commands
    are listed if the environment or config.toml sets them. Passwords in URLs are masked.
    """
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    rows = [*_global_settings(root, settings), *_command_options(root, settings, wants_all=wants_all)]
    print_rows(rows, output_format, ["name", "value", "source", "set_by"])
    known = {option.envvar for _, option in _options(root.command, root)}
    for name in sorted(name for name in os.environ if name.startswith(f"{PREFIX}_") and name not in known):
        warn(f"the environment variable {name} sets no option")


def _global_settings(root: click.Context, settings: Settings) -> Iterator[dict[str, Any]]:
    file = read_config(settings.home)
    values = {**root.params, "home": settings.home, "database_url": settings.database_url}
    for parameter in root.command.params:
        name = parameter.name
        if not isinstance(parameter, click.Option) or name is None or not parameter.expose_value:
            continue
        source = SOURCES.get(root.get_parameter_source(name) or ParameterSource.DEFAULT)
        if source is None:
            source = "config.toml" if name in URLS and name in file else "default"
        value = settings.redis_url if name == "redis_url" else values[name]
        yield _row(name, value, source, parameter)


def _command_options(root: click.Context, settings: Settings, *, wants_all: bool) -> Iterator[dict[str, Any]]:
    assert isinstance(root.command, click.Group)
    tables = read_config(settings.home)
    file = settings.home / "config.toml"
    for name in COMMANDS:
        command = root.command.get_command(root, name)
        assert command is not None
        defaults = option_defaults(file, command, tables[name], name) if name in tables else {}
        for path, option in _options(command, root, name):
            yield from _command_option(path, option, _in_table(defaults, path, option), wants_all=wants_all)


def _command_option(
    path: tuple[str, ...], option: click.Option, configured: Any, *, wants_all: bool
) -> Iterator[dict[str, Any]]:
    variable = option.envvar if option.allow_from_autoenv else None
    label = " ".join([*path, max(option.opts, key=len)])
    if isinstance(variable, str) and os.environ.get(variable):
        yield _row(label, os.environ[variable], "environment", option)
    elif configured is not None:
        yield _row(label, configured, "config.toml", option)
    elif wants_all:
        default = option.get_default(click.Context(click.Command("")), call=False)
        yield _row(label, None if callable(default) else default, "default", option)


def _row(name: str, value: Any, source: str, option: click.Option) -> dict[str, Any]:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    is_plain = value is None or isinstance(value, (bool, int, float))
    set_by = {"environment": option.envvar, "config.toml": "config.toml", "option": max(option.opts, key=len)}
    return {
        "name": name,
        "value": value if is_plain else without_passwords(text),
        "source": source,
        "set_by": set_by.get(source),
    }


def _in_table(defaults: dict[str, Any], path: tuple[str, ...], option: click.Option) -> Any:
    """The value of an option in the defaults from config.toml; None if it has none."""
    for name in path[1:]:
        defaults = defaults.get(name, {})
    return defaults.get(option.name or "")


def _options(
    command: click.Command, context: click.Context, *path: str
) -> Iterator[tuple[tuple[str, ...], click.Option]]:
    """Yields the options of a command and its subcommands, with the path of the command."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.expose_value and not parameter.hidden:
            yield path, parameter
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand is not None:
                yield from _options(subcommand, context, *path, name)
