"""Options of the program that follow the command: `catalog stats --home FOLDER`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

Options = Mapping[str, click.Option]


def global_options_first(root: click.Group, arguments: list[str]) -> list[str]:
    """Returns the arguments with the options of the program moved in front of the command.

    An option that the command itself has stays where it is, and so does the value of an option. Nothing after `--`
    is moved.
    """
    return _Arguments(root, arguments).sorted()


class _Arguments:
    """Splits arguments into options of the program and the rest."""

    def __init__(self, root: click.Group, arguments: list[str]) -> None:
        self.global_options = {name: option for name, option in _options(root).items() if not option.is_eager}
        self.command: click.Command = root
        self.own: Options = self.global_options
        self.remaining = list(arguments)
        self.front: list[str] = []
        self.rest: list[str] = []

    def sorted(self) -> list[str]:
        while self.remaining:
            argument = self.remaining.pop(0)
            if argument == "--":
                self.rest += [argument, *self.remaining]
                break
            if argument.startswith("--"):
                self._add_long(argument)
            elif argument.startswith("-") and len(argument) > 1:
                self._add_short(argument)
            else:
                self.rest.append(argument)
                self._enter(argument)
        return self.front + self.rest

    def _enter(self, name: str) -> None:
        """Continues with the options of a subcommand."""
        if isinstance(self.command, click.Group):
            subcommand = self.command.get_command(click.Context(self.command), name)
            if subcommand is not None:
                self.command, self.own = subcommand, _options(subcommand)

    def _add_long(self, argument: str) -> None:
        name, equals, _ = argument.partition("=")
        option = self.own.get(name) or self.global_options.get(name)
        target = self._target(name)
        target.append(argument)
        if not equals:
            target.extend(self._values(option))

    def _add_short(self, argument: str) -> None:
        """Adds a cluster of flags such as `-vy`, or an option with its value such as `-oFILE`."""
        letters = argument[1:]
        for index, letter in enumerate(letters):
            name = f"-{letter}"
            option = self.own.get(name) or self.global_options.get(name)
            target = self._target(name)
            if option is None or not _takes_value(option):
                target.append(name)
                continue
            value = letters[index + 1 :]
            target.append(name + value)
            if not value:
                target.extend(self._values(option))
            return

    def _target(self, name: str) -> list[str]:
        is_global = name in self.global_options and (self.own is self.global_options or name not in self.own)
        return self.front if is_global else self.rest

    def _values(self, option: click.Option | None) -> Iterator[str]:
        """Takes the values of an option from the remaining arguments."""
        if option is None or not _takes_value(option):
            return
        for _ in range(option.nargs):
            is_optional = isinstance(option.flag_value, str)
            if not self.remaining or (is_optional and self.remaining[0].startswith("-")):
                return
            yield self.remaining.pop(0)


def _options(command: click.Command) -> dict[str, click.Option]:
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return {name: option for option in options for name in (*option.opts, *option.secondary_opts)}


def _takes_value(option: click.Option) -> bool:
    return not option.is_flag and not option.count
