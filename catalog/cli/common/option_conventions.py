"""Conventions for the options of every command: environment variables, metavars, completion."""

from __future__ import annotations

import click

from catalog.cli.common.completion import COMPLETERS, CompletedType

PREFIX = "CATALOG"
"""Prefix of every environment variable."""
WITHOUT_VARIABLE = frozenset({"yes", "dry_run", "as_json", "output_format"})
"""Parameters that belong to one call: a variable left in the environment must not confirm or hide anything."""
METAVARS = {
    "album": "TITLE",
    "artist": "NAME",
    "collection_name": "NAME",
    "database_url": "URL",
    "feature_sets": "NAME",
    "genre": "GENRE",
    "name": "NAME",
    "redis_url": "URL",
    "reason": "REASON",
    "precision": "SHARE",
    "variance": "SHARE",
    "port": "PORT",
    "days": "DAYS",
    "timeout": "SECONDS",
}
"""Metavars of parameters whose type has no plain word."""


def apply_conventions(command: click.Command, *path: str) -> None:
    """Names the environment variables of a command and its subcommands, and sets metavars and completion.

    The variable follows the option: `--min-tracks` of `catalog train` is CATALOG_TRAIN_MIN_TRACKS. `path` is the path
    of the command without the program.
    """
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            _name_variable(parameter, path)
            if parameter.metavar is None:
                parameter.metavar = METAVARS.get(parameter.name or "") or _metavar(parameter.type)
        completer = COMPLETERS.get(parameter.name or "")
        if completer is not None and not isinstance(parameter.type, (click.Choice, CompletedType)):
            parameter.type = CompletedType(parameter.type, completer)
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            apply_conventions(subcommand, *path, name)


def _name_variable(option: click.Option, path: tuple[str, ...]) -> None:
    if option.name in WITHOUT_VARIABLE or not option.expose_value:
        option.allow_from_autoenv = False
    else:
        longest = max(option.opts, key=len)
        option.envvar = (
            option.envvar or "_".join([PREFIX, *path, longest.lstrip("-")]).replace("-", "_").upper()
        )


def _metavar(kind: click.ParamType[object]) -> str | None:
    """A plain word for a type; None if click's own metavar is good."""
    if isinstance(kind, (click.types.FloatParamType, click.FloatRange)):
        return "NUMBER"
    if isinstance(kind, (click.types.IntParamType, click.IntRange)):
        return "N"
    if isinstance(kind, click.DateTime):
        return "DATE"
    if isinstance(kind, click.Path):
        return "FOLDER" if not kind.file_okay else "FILE"
    return None
