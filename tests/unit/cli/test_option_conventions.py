"""Conventions of all options: variables, metavars, names, summaries, examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from catalog.cli.command_list import COMMANDS, SECTIONS
from catalog.cli.common.exit_codes import EXIT_USAGE
from catalog.cli.common.option_conventions import WITHOUT_VARIABLE
from catalog.cli.main import cli, run

MOST_CHARACTERS = 60
WITH_EXAMPLES = (
    "ingest",
    "scan",
    "train",
    "review",
    "review list",
    "review serve",
    "review accept",
    "review relabel",
    "write",
    "report",
    "show",
    "sql",
    "export",
    "labels import",
    "audit labels",
    "config",
)


def commands(
    command: click.Command = cli, path: tuple[str, ...] = (), parent: click.Context | None = None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    settings = cli.context_settings if command is cli else {}
    context = click.Context(command, info_name=path[-1] if path else "catalog", parent=parent, **settings)
    yield " ".join(path), command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, (*path, name), context)


ALL = {name: (command, context) for name, command, context in commands()}


def test_the_first_sentence_of_every_help_is_short_and_whole() -> None:
    for name, (command, _) in ALL.items():
        if name:
            summary = command.get_short_help_str(1_000)
            assert len(summary) <= MOST_CHARACTERS, (name, summary)
            assert summary.endswith("."), name


def test_the_summaries_are_the_first_sentences() -> None:
    for name, summary in COMMANDS.items():
        assert ALL[name][0].get_short_help_str(1_000) == summary


def test_the_help_lists_the_commands_by_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    places = [printed.index(f"\n{section}:\n") for section in SECTIONS]
    assert places == sorted(places)
    assert list(SECTIONS) == ["Every day", "Ask", "Learn", "Catalog", "Operate"]


def test_no_group_cuts_a_summary() -> None:
    for name, (command, context) in ALL.items():
        if isinstance(command, click.Group) and name:
            assert "..." not in command.get_help(context).replace("[ARGS]...", ""), name


def test_no_help_shows_variables_or_names_of_types() -> None:
    for name, (command, context) in ALL.items():
        text = command.get_help(context)
        assert "env var" not in text, name
        assert not re.search(r"\b(TEXT|INTEGER|FLOAT|RANGE|DIRECTORY)\b|%Y", text), name


def test_flags_of_one_call_have_no_variable() -> None:
    for command, _ in ALL.values():
        for parameter in command.params:
            if parameter.name in WITHOUT_VARIABLE and isinstance(parameter, click.Option):
                assert parameter.envvar is None
                assert not parameter.allow_from_autoenv


def test_a_variable_does_not_confirm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_WRITE_YES", "1")
    monkeypatch.setenv("CATALOG_WRITE_DRY_RUN", "1")
    monkeypatch.setenv("CATALOG_WRITE_JSON", "1")
    command, context = ALL["write"]
    assert context.parent is not None
    parsed = command.make_context("write", [], parent=context.parent)
    assert (parsed.params["yes"], parsed.params["dry_run"], parsed.params["output_format"]) == (
        False,
        False,
        "table",
    )


def test_output_files_have_one_option() -> None:
    for name, (command, _) in ALL.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and "--output" in parameter.opts:
                assert "-o" in parameter.opts, name


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_example_is_a_valid_command(name: str, tmp_path: object) -> None:
    lines = re.findall(r"^ +catalog (.+)$", ALL[name][0].epilog or "", re.MULTILINE)
    assert len(lines) >= 2
    for line in lines:
        words = shlex.split(line)
        command: click.Command = cli
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            child = command.get_command(click.Context(command), words[0])
            assert child is not None, line
            command, words = child, words[1:]
        # Options exist; files and folders of the example need not.
        parser = command.make_parser(click.Context(command))
        parser.ignore_unknown_options = False
        if command.name != "config":
            parser.parse_args(list(words))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ingest", "--genres", "Rock", "."], "No such option --genres. It was renamed: --genre"),
        (["genres", "export", "genres.csv"], "Unexpected argument 'genres.csv'. Write: --output genres.csv"),
        (["db", "backup", "b.zip"], "Unexpected argument 'b.zip'. Write: --output b.zip"),
    ],
)
def test_an_old_name_is_a_usage_error_that_names_the_new_one(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == EXIT_USAGE
    assert words in capsys.readouterr().err
