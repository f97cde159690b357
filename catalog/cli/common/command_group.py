"""Command group that suggests the right name for a mistyped or renamed command."""

from __future__ import annotations

from difflib import get_close_matches

import click

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
