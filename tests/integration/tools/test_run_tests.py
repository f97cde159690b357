"""A test that passes only on the second try is printed in the last lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RUN_TESTS = Path(__file__).parents[3] / "tools" / "run_tests.py"

FLAKY = """
from pathlib import Path

def test_second_try():
    marker = Path(__file__).with_name("marker")
    was_there = marker.exists()
    marker.touch()
    assert was_there

def test_steady():
    pass
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(RUN_TESTS), "-q"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_test_that_passes_on_the_second_try_is_printed(tmp_path: Path) -> None:
    (tmp_path / "test_flaky.py").write_text(FLAKY)
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-2:] == [
        "1 of the tests passed only on the second try:",
        "  test_flaky.py::test_second_try",
    ]


def test_a_test_that_fails_twice_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_broken.py").write_text("def test_broken():\n    assert False\n")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "second try" not in done.stdout
