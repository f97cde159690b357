"""Rows on a terminal: a table where there is room for one, else a line for every value."""

from __future__ import annotations

import sys

import pytest

from catalog.cli.common.output import print_rows

ROWS: list[dict[str, object]] = [
    {"artist": "Night Shift", "title": "A title that is rather long", "suspicion": 0.5},
    {"artist": "B"},
]


def show(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    print_rows(ROWS, "table")


def test_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    show(monkeypatch, 40)
    assert capsys.readouterr().out == (
        "artist     Night Shift\ntitle      A title that is rather long\nsuspicion  0.5\n\n"
        "artist     B\ntitle\nsuspicion\n"
    )


def test_a_wide_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    show(monkeypatch, 44)
    lines = capsys.readouterr().out.splitlines()
    assert "artist" in lines[0]
    assert "suspicion" in lines[0]
    assert lines[1].startswith("Night Shift  A title that is")


def test_a_pipe_has_room_for_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    print_rows(ROWS, "table")
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_minus_nothing_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"lost": -0.0}, {"lost": -0.5}], "table")
    assert capsys.readouterr().out.split() == ["lost", "0", "-0.5"]
