"""Names, titles and paths cannot send control sequences to the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.cli.common import output
from catalog.cli.main import run
from catalog.text import printable

HOSTILE = "a\x1b]0;owned\x07\x9b31m\r\u202egpj.exe [/red] [bold]"
CONTROLS = {*map(chr, range(32)), *map(chr, range(127, 160))}


@given(st.text())
def test_printable_removes_control_characters(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not CONTROLS & set(shown)
    assert "\u202e" not in shown
    assert shown.splitlines() in ([], [shown])


@pytest.mark.parametrize("text", ["初音\u3000ミク", "1\u00a0000", "👩\u200d🎤", "Motörhead"])
def test_printable_keeps_ordinary_text(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("printer", [output.echo, output.say, output.warn])
def test_remarks_are_harmless(printer: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    printer(f"{HOSTILE}\nnext")
    printed = "".join(capsys.readouterr())
    assert CONTROLS & set(printed) == {"\n"}
    assert printed.endswith("[/red] [bold]\nnext\n")


@pytest.mark.parametrize("output_format", ["table", "csv", "json"])
def test_rows_on_a_terminal_are_harmless(
    output_format: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")  # on others the head of a table is bold
    output.print_rows([{"title": HOSTILE}], output_format)
    assert CONTROLS & set(capsys.readouterr().out) <= {"\n", "\r"}


def test_json_is_harmless_and_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"title": HOSTILE})
    printed = capsys.readouterr().out
    assert CONTROLS & set(printed) == {"\n"}
    assert json.loads(printed) == {"schema": output.JSON_SCHEMA, "title": HOSTILE}


def test_csv_for_programs_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_rows([{"title": "a\x1bb"}], "csv")
    assert "a\x1bb" in capsys.readouterr().out


def test_an_error_is_harmless(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise FileNotFoundError(2, "No such file", HOSTILE)

    monkeypatch.setattr(click.Group, "main", fail)
    assert run(["scan"]) == 1
    assert CONTROLS & set(capsys.readouterr().err) == {"\n"}


@pytest.mark.parametrize(
    ("is_quiet", "dry_run", "printed"),
    [(False, False, "done\n"), (True, False, ""), (True, True, "done\n"), (False, True, "done\n")],
)
def test_quiet_hides_the_summary_but_not_the_result_of_a_dry_run(
    is_quiet: bool, dry_run: bool, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    context = click.Context(click.Command("scan"))
    context.meta["catalog.quiet"] = is_quiet
    context.params["dry_run"] = dry_run
    with context:
        output.echo_summary("done")
    assert capsys.readouterr().out == printed
