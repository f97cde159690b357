"""Verbs run as a person runs them, in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalog.cli.main import run
from tests.integration.review.conftest import doubted

__all__ = ["doubted"]


@dataclass(frozen=True)
class Outcome:
    """What a verb left: its exit code and what it printed."""

    code: int
    out: str
    err: str


Invoke = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of the catalog, not made yet or made by the database's fixture."""
    return tmp_path / "home"


@pytest.fixture
def invoke(database_url: str, home: Path, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """A function that runs a verb on a fresh catalog, on each of the two databases."""

    def invoked(*arguments: Any) -> Outcome:
        capsys.readouterr()
        code = run(["--home", str(home), "--database-url", database_url, *map(str, arguments)])
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return invoked
