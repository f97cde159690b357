"""The sandbox, in a process of its own: what is given up stays given up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, os, subprocess, sys
from pathlib import Path
import numpy as np
from workers.host.sandbox import Sandbox

inside, outside = map(Path, sys.argv[1:])
(outside / "read").write_text("read")
Sandbox(memory_limit=100, writable=[inside]).enter(30)

def tried(action):
    try:
        action()
    except BaseException as error:
        return type(error).__name__
    return "went"

def hog():
    while True:
        pass

print(json.dumps({
    "write inside": tried(lambda: (inside / "new").write_text("x")),
    "remove inside": tried(lambda: (inside / "new").unlink()),
    "read outside": tried(lambda: (outside / "read").read_text()),
    "write outside": tried(lambda: (outside / "new").write_text("x")),
    "change outside": tried(lambda: (outside / "read").write_text("x")),
    "truncate outside": tried(lambda: os.truncate(outside / "read", 0)),
    "remove outside": tried(lambda: (outside / "read").unlink()),
    "start a program": tried(lambda: subprocess.run(["true"], check=True)),
    "some memory": tried(lambda: np.ones(40 * 2**20, np.uint8)),
    "much memory": tried(lambda: np.ones(200 * 2**20, np.uint8)),
    "many files": tried(lambda: [open(os.devnull) for _ in range(300)]),
    "raise the limit": tried(lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_CPU, (99, 99))),
    "privileges": Path("/proc/self/status").read_text().partition("NoNewPrivs:")[2].split()[0],
}))
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folders = [str(tmp_path_factory.mktemp(name)) for name in ("inside", "outside")]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *folders], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def has_landlock() -> bool:
    import ctypes

    return sys.platform == "linux" and ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0


@pytest.mark.skipif(not has_landlock(), reason="this kernel has no Landlock")
def test_nothing_is_written_but_where_it_is_allowed(outcome: dict[str, Any]) -> None:
    assert {name: outcome[name] for name in ("write inside", "remove inside", "read outside")} == {
        "write inside": "went",
        "remove inside": "went",
        "read outside": "went",
    }
    refused = ("write outside", "change outside", "truncate outside", "remove outside", "start a program")
    assert {outcome[name] for name in refused} == {"PermissionError"}


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of Linux")
def test_memory_and_files_are_bounded(outcome: dict[str, Any]) -> None:
    assert (outcome["some memory"], outcome["much memory"]) == ("went", "MemoryError")
    assert (outcome["many files"], outcome["privileges"]) == ("OSError", "1")


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    program = "from workers.host.sandbox import Sandbox\nSandbox(100, []).enter(1)\n"
    program += "print('in', flush=True)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
    assert done.stdout == b"in\n"
    assert done.returncode < 0
