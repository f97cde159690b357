"""Suggestions for renamed and mistyped commands."""

from __future__ import annotations

import click
import pytest

from catalog.cli.common.command_group import OLD_NAMES
from catalog.cli.common.exit_codes import EXIT_USAGE
from catalog.cli.main import cli, run


@pytest.mark.parametrize(("old_name", "new_name"), OLD_NAMES.items())
def test_a_renamed_command_is_a_usage_error_that_names_its_successor(
    old_name: str, new_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    group, _, subcommand = old_name.partition(" ")
    assert run([group, subcommand, "argument"]) == EXIT_USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"Usage: catalog {group} ")
    assert f"No such command {subcommand!r}. It was renamed: catalog {new_name}" in printed.err


@pytest.mark.parametrize("new_name", OLD_NAMES.values())
def test_every_successor_exists(new_name: str) -> None:
    command: click.Command | None = cli
    for name in new_name.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingst"], "No such command 'ingst'. Did you mean 'ingest'?"),
        (["models", "promot"], "No such command 'promot'. Did you mean 'promote'?"),
        (["models", "xyzzy"], "No such command 'xyzzy'."),
    ],
)
def test_a_mistyped_command_is_a_usage_error_with_a_suggestion(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == EXIT_USAGE
    assert message in capsys.readouterr().err
