"""The verb `report`: one HTML file in the home, or where it is wanted."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path
from typing import Any

import pytest


def test_the_report_is_in_the_home(invoke: Any, home: Path) -> None:
    done = invoke("report")
    path = home / "report" / "index.html"
    assert (done.code, done.out.strip()) == (0, str(path))
    assert "The catalog has no tracks yet" in path.read_text(encoding="utf-8")


def test_the_report_goes_where_it_is_wanted(invoke: Any, tmp_path: Path) -> None:
    path = tmp_path / "shown" / "music.html"
    done = invoke("report", "--output", path, "--json")
    assert done.code == 0
    assert json.loads(done.out) == {"schema": 1, "path": str(path), "bytes": path.stat().st_size}


def test_work_can_be_counted_from_a_day_on(invoke: Any, home: Path) -> None:
    assert invoke("report", "--since", "2026-02-03").code == 0
    page = (home / "report" / "index.html").read_text(encoding="utf-8")
    assert "since 3 February 2026<br>" in page
    refused = invoke("report", "--since", "yesterday")
    assert (refused.code, "does not match" in refused.err) == (2, True)


def test_a_folder_is_refused_in_one_line(invoke: Any, tmp_path: Path) -> None:
    done = invoke("report", "--output", tmp_path)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "name a file in it" in done.err


def test_it_can_be_opened(invoke: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def open_page(address: str) -> bool:
        shown.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", open_page)
    assert invoke("report", "--open").code == 0
    assert shown == [(home / "report" / "index.html").as_uri()]
