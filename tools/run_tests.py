"""Runs the tests in parallel, and repeats failed tests one at a time.

    python tools/run_tests.py [PYTEST ARGUMENT]...

Tests use real servers and processes, and a busy machine can make one miss its time limit. A test that fails twice
fails the run. A test that passes only on the second try is printed in the last lines, because it may be a race.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
TESTS_FAILED = 1
"""Exit code of pytest when tests failed; any other code above 0 is a usage or internal error."""


def run_pytest(arguments: list[str]) -> int:
    """Runs pytest and returns its exit code."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def failed_tests() -> list[str]:
    """Node ids of the tests that failed in the last run."""
    return sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []


def main() -> int:
    """Returns the exit code of the first run, or of the second run if tests failed in the first."""
    code = run_pytest(["-n", "2", "--dist", "worksteal", *sys.argv[1:]])
    if code != TESTS_FAILED:
        return code
    first_failures = failed_tests()
    code = run_pytest(["--last-failed", "--last-failed-no-failures", "none", *sys.argv[1:]])
    passed = sorted(set(first_failures) - set(failed_tests()))
    if passed:
        print(f"\n{len(passed)} of the tests passed only on the second try:")
        print("\n".join(f"  {test}" for test in passed))
    return code


if __name__ == "__main__":
    sys.exit(main())
