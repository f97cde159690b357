"""Progress of long commands: a bar on a terminal, else lines for the start and the end of a stage."""

from __future__ import annotations

import re
import sys
import threading

import click
import pytest

from catalog.cli.common import progress as progress_module
from catalog.cli.common.progress import LineProgress, progress, stage_progress

Capture = pytest.CaptureFixture[str]
HOSTILE = "\x1b]0;owned\x07 \u202egpj.exe\x9b31m [/red] [bold]"


def pretend_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the captured stderr a terminal of 200 columns; to be called in a test, where the capture is in place."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")


def test_a_bar_shows_markup_and_control_characters_as_text(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    pretend_terminal(monkeypatch)
    with progress("[/what]") as advance:
        advance(1, 2, HOSTILE)
    printed = capsys.readouterr().err
    assert "[/what]" in printed
    assert "1/2" in printed
    assert "gpj.exe" in printed
    assert "[/red] [bold]" in printed
    # The bar itself uses escape sequences, but none that set the window title.
    assert not {"\x07", "\x9b", "\u202e"} & set(printed)
    assert "\x1b]0;" not in printed


def test_a_bar_names_its_stage_and_shows_one_time(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    pretend_terminal(monkeypatch)
    with stage_progress("scanning", "training") as stages:
        stages.start("scanning")
        stages.advance(22, None, "reading tags")
        stages.start("training")
    printed = capsys.readouterr().err
    assert "1 of 2 scanning" in printed
    assert "2 of 2 training" in printed
    assert "22/" not in printed
    assert "?" not in re.sub(r"\x1b\[\?25[lh]", "", printed)
    assert "-:--" not in printed


def test_without_a_terminal_each_stage_is_a_line(capsys: Capture) -> None:
    with stage_progress("training", "auditing") as stages:
        stages.start("training")
        stages.advance(1, 2, "remark")
        stages.start("training")
        stages.start("auditing")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == ["1 of 2 training: done in 0 s", "2 of 2 auditing: done in 0 s"]


def test_a_long_stage_prints_its_start_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "START_DELAY", 0.0)
    lines: list[str] = []
    has_started = threading.Event()

    def record(line: str) -> None:
        lines.append(line)
        has_started.set()

    stages = LineProgress(("training",), record)
    stages.start("training")
    assert has_started.wait(30)
    stages.end()
    assert lines == ["training ...", "training: done in 0 s"]


def test_a_stage_that_fails_has_no_end(capsys: Capture) -> None:
    with pytest.raises(KeyboardInterrupt), progress("training"):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("is_terminal", [True, False])
def test_quiet_shows_nothing(is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    context = click.Context(click.Command("train"))
    context.meta["catalog.quiet"] = True
    with context, progress("training") as advance:
        advance(1, 2, "")
    assert capsys.readouterr().err == ""
