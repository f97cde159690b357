"""A working installation is broken on purpose, and files are damaged: nothing is lost, by real servers and real workers.

A few of what benchmarks/chaos.py and benchmarks/mutated.py do by the hundred and the thousand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LASTING = ("Redis killed", "PostgreSQL killed", "network cut")
STRIKES = ("worker killed", "work horse killed", "FLUSHALL", "PostgreSQL backend killed", "clock jumps")


def measured(name: str, folder: Path, *options: str) -> dict[str, Any]:
    """What a benchmark says as JSON."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", "--json", *options],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def only(*faults: str) -> list[str]:
    return [part for fault in faults for part in ("--only", fault)]


@pytest.mark.parametrize(
    ("database", "faults"),
    [("postgresql", LASTING + STRIKES), ("sqlite", ("worker killed", "Redis paused"))],
)
def test_whatever_dies_nothing_is_lost(database: str, faults: tuple[str, ...], tmp_path: Path) -> None:
    found = measured(
        "chaos",
        tmp_path,
        *("--database", database, "--rounds", str(len(faults)), "--seed", "7", "--calm"),
        *("--tracks", "24", "--collection", "40", "--longest-pause", "1.5"),
        *only(*faults),
    )
    assert found["broken"] is None
    assert sorted(one["fault"] for one in found["rounds"]) == sorted(faults)
    assert all(one["tracks"] >= 24 for one in found["rounds"])
    assert any(one["share"] < 0.9 for one in found["rounds"]), "something struck in the middle of the work"


def test_a_damaged_file_ends_with_a_vector_or_a_reason(tmp_path: Path) -> None:
    found = measured("mutated", tmp_path, "--files", "60", "--seed", "7")
    assert found["wrong"] == []
    assert found["files"] > 90, "the damaged, the zoo and those that are whole"
    assert found["vectors"] > 40
    assert sum(found["reasons"].values()) > 20
