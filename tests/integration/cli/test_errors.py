"""How verbs end that cannot do what they are asked: one rule for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from catalog.cli.common.exit_codes import EXIT_ERROR, EXIT_USAGE
from catalog.cli.main import cli, run
from catalog.db.database import Database
from tests.integration.cli.conftest import Invoke

REPORTS = {("doctor",), ("config",), ("features", "check")}
"""Verbs that need no catalog: what they find is their answer."""


def verbs(
    command: click.Command = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every verb that does something, with its words."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from verbs(below, (*path, name))


EVERY = [pytest.param(path, command, id=" ".join(path)) for path, command in verbs()]


def required(command: click.Command, file: Path) -> list[str]:
    """Something for every argument and option without which a verb does not begin."""
    words: list[str] = []
    for one in command.params:
        if one.required:
            word = "1" if isinstance(one.type, click.types.IntParamType) else str(file)
            words += [max(one.opts, key=len), word] if isinstance(one, click.Option) else [word]
    return words


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_what_is_wrong_with_the_words_is_shown_below_the_usage(
    path: tuple[str, ...], command: click.Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--home", str(tmp_path), *path, "--nonsense"]) == EXIT_USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Usage: catalog {' '.join(path)} ")
    assert said.err.splitlines()[-1].startswith("Error: No such option")


@pytest.mark.parametrize(("path", "command"), [one for one in EVERY if one.values[0] not in REPORTS])
def test_what_cannot_be_done_is_one_line_that_names_the_program(
    path: tuple[str, ...], command: click.Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.wav"
    file.write_bytes(b"no sound")
    catalog = ["--home", str(tmp_path / "home"), "--database-url", "mysql://nobody/nothing"]
    code = run([*catalog, *path, *required(command, file)])
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    if code == EXIT_USAGE:  # some want one of several options
        assert lines[0].startswith(f"Usage: catalog {' '.join(path)} ")
        assert lines[-1].startswith("Error: ")
    else:
        assert code == EXIT_ERROR
        assert len(lines) == 1
        assert lines[0].startswith("catalog: ")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["review", "undo", "--reviewer", "ada"], "there is no decision to undo"),
        (["review", "keep", "--tagged", "Rock", "--reviewer", "ada", "-y"], "no open suspect matches"),
    ],
)
def test_what_a_verb_finds_wrong_itself_is_told_as_the_rest(
    database: Database, invoke: Invoke, words: list[str], said: str
) -> None:
    done = invoke(*words)
    assert done.code == EXIT_ERROR
    assert done.err.startswith(f"catalog: {said}")
    assert done.err.count("\n") == 1
