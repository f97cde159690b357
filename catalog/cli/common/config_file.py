"""What `config.toml` says of a verb's options, as click takes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from catalog.settings import ConfigError


def option_defaults(
    file: Path, command: click.Command, table: Mapping[str, Any], *verbs: str
) -> dict[str, Any]:
    """The defaults of a verb and of the verbs below it, by click's names of their options.

    A key is called like the option, `min_tracks` or `min-tracks` for `--min-tracks`; a list stands for an option that
    may be repeated, or for values that are separated by commas. `verbs` lead to the command and name the table.
    Raises ConfigError for a key that is no option: a slip of the pen that went unseen would change what is done.
    """
    below = command.commands if isinstance(command, click.Group) else {}
    options = _options(command)
    defaults: dict[str, Any] = {}
    place = f"{file}: [{'.'.join(verbs)}]"
    for key, value in table.items():
        if key in below and isinstance(value, Mapping):
            defaults[key] = option_defaults(file, below[key], value, *verbs, key)
        elif option := options.get(key.replace("-", "_")):
            defaults |= _default(*option, value, f"{place} {key}")
        else:
            known = ", ".join([*sorted(options), *(f"[{name}]" for name in sorted(below))])
            raise ConfigError(f"{place} has no {key!r}; it has: {known}")
    return defaults


def _options(command: click.Command) -> dict[str, tuple[click.Option, bool]]:
    """The options by their long names, and whether the name is the one that switches a pair such as --no-priors off."""
    found = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for names, switches_off in ((parameter.opts, False), (parameter.secondary_opts, True)):
                for name in names:
                    if name.startswith("--"):
                        found[name.lstrip("-").replace("-", "_")] = (parameter, switches_off)
    return found


def _default(option: click.Option, switches_off: bool, value: Any, place: str) -> dict[str, Any]:
    assert option.name is not None
    if option.is_flag:
        if not isinstance(value, bool):
            raise ConfigError(f"{place} is either true or false")
        if option.is_bool_flag:
            return {option.name: value != switches_off}
        # One of several that share a place, such as --json and --csv: only one that is chosen says anything.
        return {option.name: option.flag_value} if value else {}
    values = value if isinstance(value, list) else [value]
    if any(isinstance(each, (Mapping, list, bool)) for each in values):
        raise ConfigError(f"{place} is a text, a number, or a list of these")
    texts = [str(each) for each in values]
    return {option.name: texts if option.multiple else ",".join(texts)}
