"""The benchmark of questions runs, and every question that it times has an answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "questions.py"


def test_questions_are_timed_on_a_small_and_a_large_catalog() -> None:
    command = [
        sys.executable,
        str(SCRIPT),
        "--sqlite",
        "--small",
        "2000",
        "--tracks",
        "4000",
        "--rounds",
        "1",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    # 1: a question took too long, which on a busy machine at this size means nothing.
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)["sqlite"]
    assert {"genre_confusion", "top-suspects", "first page of one genre"} <= set(found)
    assert all(0 < row["many, ms"] < 60_000 for row in found.values())
