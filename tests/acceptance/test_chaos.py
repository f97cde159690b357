"""A working installation is broken on purpose, and files are damaged: nothing is lost, by real servers and real workers.

A few of what benchmarks/chaos.py and benchmarks/mutated.py do by the hundred and the thousand.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FAULTS = (
    "worker killed",
    "work horse killed",
    "FLUSHALL",
    "Redis killed",
    "Redis paused",
    "PostgreSQL killed",
    "PostgreSQL backend killed",
    "network cut",
    "network swallows",
    "clock jumps",
)


def measured(name: str, *options: str) -> dict[str, Any]:
    """What a benchmark says as JSON."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", "--json", *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_whatever_dies_nothing_is_lost() -> None:
    found = measured(
        "chaos",
        *("--rounds", str(len(FAULTS)), "--seed", "7", "--calm"),
        *("--tracks", "24", "--collection", "20", "--longest-pause", "0.8"),
        *(part for fault in FAULTS for part in ("--only", fault)),
    )
    assert found["broken"] is None
    assert sorted(one["fault"] for one in found["rounds"]) == sorted(FAULTS)
    assert all(one["tracks"] >= 12 for one in found["rounds"])
    assert any(one["share"] < 0.9 for one in found["rounds"]), "something struck in the middle of the work"


def test_a_damaged_file_ends_with_a_vector_or_a_reason() -> None:
    found = measured("mutated", "--files", "60", "--seed", "7")
    assert found["wrong"] == []
    assert found["files"] > 90, "the damaged, the zoo and those that are whole"
    assert found["vectors"] > 40
    assert sum(found["reasons"].values()) > 20
