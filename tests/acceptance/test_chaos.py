"""Fault injection with real servers and workers, and damaged files: no track is lost.

A small part of what benchmarks/chaos.py and benchmarks/mutated.py run in hundreds and thousands of rounds.
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


def run_benchmark(name: str, *options: str) -> dict[str, Any]:
    """The JSON output of a benchmark."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", "--json", *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    output: dict[str, Any] = json.loads(done.stdout)
    return output


def test_no_track_is_lost_after_a_fault() -> None:
    result = run_benchmark(
        "chaos",
        *("--rounds", str(len(FAULTS)), "--seed", "7", "--calm"),
        *("--tracks", "24", "--collection", "20", "--longest-pause", "0.8"),
        *(part for fault in FAULTS for part in ("--only", fault)),
    )
    assert result["broken"] is None
    assert sorted(one["fault"] for one in result["rounds"]) == sorted(FAULTS)
    assert all(one["tracks"] >= 12 for one in result["rounds"])
    assert any(one["share"] < 0.9 for one in result["rounds"]), "no fault happened during the work"


def test_a_damaged_file_ends_with_a_vector_or_a_reason() -> None:
    result = run_benchmark("mutated", "--files", "60", "--seed", "7")
    assert result["wrong"] == []
    assert result["files"] > 90, "damaged files, unusual files and intact files"
    assert result["vectors"] > 40
    assert sum(result["reasons"].values()) > 20
