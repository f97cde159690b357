"""The output in README.md is the real output of `catalog ingest` and of the example queries."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT, Run

README = (ROOT / "README.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"```sh\n(catalog sql [^\n]+)\n```\n```text\n(.*?)```", README, re.DOTALL)


def test_what_the_readme_shows_is_what_comes_out(catalog: Run, made_collection: Path, tmp_path: Path) -> None:
    music = tmp_path / "music-sample"
    shutil.copytree(made_collection, music)
    home = music / ".catalog"
    done = catalog("--home", home, "ingest", music)
    assert done.returncode == 3, done.stderr
    shown = re.search(r"```text\n(Your files are only read.*?)```", README, re.DOTALL)
    assert shown
    expected = [line for line in shown[1].splitlines() if "analyzed in" not in line]
    said = done.stdout.replace(f"{tmp_path}/", "")
    assert [line for line in said.splitlines() if "analyzed in" not in line] == expected

    assert len(QUESTIONS) == 5
    for command, answer in QUESTIONS:
        asked = catalog("--home", home, *shlex.split(command)[1:])
        assert asked.returncode == 0, asked.stderr
        told, wanted = (
            [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]
            for text in (asked.stdout, answer)
        )
        assert told[0] == wanted[0]
        # The order of rows is the database's where the question leaves it open.
        for row, hoped in zip(sorted(told[1:]), sorted(wanted[1:]), strict=True):
            for cell, hope in zip(row, hoped, strict=True):
                assert cell == hope or float(cell) == pytest.approx(float(hope), abs=0.02)


def test_the_readme_names_files_that_are_there() -> None:
    named = re.findall(r"\]\(([^)#]+)\)", README)
    assert named
    for name in named:
        assert (ROOT / name).exists(), name
