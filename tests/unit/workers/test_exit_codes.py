"""Exit statuses in words."""

from __future__ import annotations

import signal

import pytest

from workers.host.exit_codes import describe_exit


@pytest.mark.parametrize(
    ("code", "words"),
    [(-signal.SIGSEGV, "by SIGSEGV"), (-signal.SIGKILL, "by SIGKILL"), (3, "with exit code 3")],
)
def test_an_exit_status_is_described(code: int, words: str) -> None:
    assert describe_exit(code) == words
