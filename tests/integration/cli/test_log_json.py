"""`--log-json`: every line of stderr is an object, the last one of a command that fails too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from catalog.cli.common.exit_codes import EXIT_ERROR, EXIT_USAGE

CATALOG = (sys.executable, "-P", "-c", "from catalog.cli.main import main; main()")


def run_logged(url: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code, and what was logged."""
    done = subprocess.run(
        [*CATALOG, "--log-json", *arguments],
        env={**os.environ, "CATALOG_DATABASE_URL": url},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.stdout == ""
    return done.returncode, [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "code", "event"),
    [
        (("sql", "SELECT nonsense"), EXIT_ERROR, "no such column: nonsense"),
        (("sql", "--nonsense"), EXIT_USAGE, "No such option"),
        (("nonsense",), EXIT_USAGE, "No such command 'nonsense'"),
    ],
)
def test_why_a_command_ends_is_an_entry(
    sqlite_url: str, arguments: tuple[str, ...], code: int, event: str
) -> None:
    ended, logged = run_logged(sqlite_url, *arguments)
    assert ended == code
    assert logged[-1]["level"] == "error"
    assert event in logged[-1]["event"]
    assert "traceback" not in logged[-1]


def test_a_traceback_that_was_asked_for_stays_in_its_entry(sqlite_url: str) -> None:
    ended, logged = run_logged(sqlite_url, "-v", "sql", "SELECT nonsense")
    assert ended == EXIT_ERROR
    assert "no such column: nonsense" in logged[-1]["traceback"]
