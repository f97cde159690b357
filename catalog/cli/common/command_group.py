"""Command group that suggests the right name for a mistyped or renamed command, option or argument."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

OLD_NAMES = {
    "features use": "features activate",
    "genres place": "genres set-parent",
    "review wrong": "review wrong-recording",
    "collections complete": "collections mark-complete",
}
"""Renamed commands: old name to new name, each with its group."""


class CommandGroup(click.Group):
    """A click group whose usage errors name the command that was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolves the command as click does. Fails with a suggestion for a renamed or mistyped name."""
        name, names = args[0], self.list_commands(ctx)
        if name not in names:
            groups = ctx.command_path.split()[1:]
            if new_name := OLD_NAMES.get(" ".join([*groups, name])):
                ctx.fail(f"No such command {name!r}. It was renamed: catalog {new_name}")
            if matches := get_close_matches(name, names, 1):
                ctx.fail(f"No such command {name!r}. Did you mean {matches[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands with the whole first sentence of their help; click would cut it."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(1_000)) for name, command in commands if command is not None
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def renamed_option(old_name: str, new_name: str) -> Callable[[Function], Function]:
    """Adds a hidden option that fails and names its successor."""

    def fail(context: click.Context, _option: click.Parameter, value: object) -> None:
        if value is not None and not context.resilient_parsing:
            raise click.UsageError(f"No such option {old_name}. It was renamed: {new_name}", context)

    name = f"renamed_{old_name.strip('-').replace('-', '_')}"  # not the name of the successor
    return click.option(old_name, name, hidden=True, expose_value=False, callback=fail, metavar="VALUE")


def renamed_argument(new_name: str) -> Callable[[Function], Function]:
    """Adds a hidden argument that fails and names the option that took its place."""

    def fail(context: click.Context, _argument: click.Parameter, values: tuple[str, ...]) -> None:
        if values and not context.resilient_parsing:
            raise click.UsageError(
                f"Unexpected argument {values[0]!r}. Write: {new_name} {values[0]}", context
            )

    return click.argument("renamed", nargs=-1, metavar="", expose_value=False, callback=fail)


def examples(*lines: str, note: str = "") -> str:
    """Returns an epilog with one command per line, and a paragraph after them, for the help of a command."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines), "", note]).rstrip()
