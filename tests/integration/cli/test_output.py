"""Rows on a terminal: a table where there is room for one, else a line for every value."""

from __future__ import annotations

import sys

import pytest

from catalog.cli.output import print_rows

ROWS = [{"artist": "Night Shift", "title": "A title that is rather long", "suspicion": 0.5}, {"artist": "B"}]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> pytest.MonkeyPatch:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    return monkeypatch


def test_a_narrow_terminal(terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.setenv("COLUMNS", "40")
    print_rows(ROWS, "table")
    assert capsys.readouterr().out == (
        "artist     Night Shift\ntitle      A title that is rather long\nsuspicion  0.5\n\n"
        "artist     B\ntitle\nsuspicion\n"
    )


def test_a_wide_terminal(terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.setenv("COLUMNS", "44")
    print_rows(ROWS, "table")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["artist", "title", "suspicion"]
    assert lines[1].startswith("Night Shift  A title that is")


def test_a_pipe_has_room_for_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    print_rows(ROWS, "table")
    assert len(capsys.readouterr().out.splitlines()) == 3
