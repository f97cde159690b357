"""Option defaults from `config.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from catalog.settings import ConfigError


def option_defaults(
    file: Path, command: click.Command, table: Mapping[str, Any], *names: str
) -> dict[str, Any]:
    """Returns the defaults of a command and its subcommands, by click's parameter names.

    A key is the option's name, `min_tracks` or `min-tracks` for `--min-tracks`. A list gives the values of a
    repeatable option, or values separated by commas. `names` is the path of the command and the name of its table.
    Raises ConfigError for an unknown key: a typo must not silently change what the command does.
    """
    subcommands = command.commands if isinstance(command, click.Group) else {}
    options = _options(command)
    defaults: dict[str, Any] = {}
    place = f"{file}: [{'.'.join(names)}]"
    for key, value in table.items():
        if key in subcommands and isinstance(value, Mapping):
            defaults[key] = option_defaults(file, subcommands[key], value, *names, key)
        elif option := options.get(key.replace("-", "_")):
            defaults |= _default(*option, value, f"{place} {key}")
        else:
            keys = ", ".join([*sorted(options), *(f"[{name}]" for name in sorted(subcommands))])
            raise ConfigError(f"{place} has no option {key!r}; options: {keys}")
    return defaults


def _options(command: click.Command) -> dict[str, tuple[click.Option, bool]]:
    """Returns the options by long name, and whether the name is the negative one of a pair, such as --no-priors."""
    options = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for names, switches_off in ((parameter.opts, False), (parameter.secondary_opts, True)):
                for name in names:
                    if name.startswith("--"):
                        options[name.lstrip("-").replace("-", "_")] = (parameter, switches_off)
    return options


def _default(option: click.Option, switches_off: bool, value: Any, place: str) -> dict[str, Any]:
    assert option.name is not None
    if option.is_flag:
        if not isinstance(value, bool):
            raise ConfigError(f"{place} must be true or false")
        if option.is_bool_flag:
            return {option.name: value != switches_off}
        # One of several flags with one parameter, such as --json and --csv: false leaves the parameter unset.
        return {option.name: option.flag_value} if value else {}
    values = value if isinstance(value, list) else [value]
    if any(isinstance(each, (Mapping, list, bool)) for each in values):
        raise ConfigError(f"{place} must be a string, a number, or a list of these")
    texts = [str(each) for each in values]
    return {option.name: texts if option.multiple else ",".join(texts)}
