"""The benchmark of writers runs; a few of its writers meet no lock and lose nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "writers.py"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_writers_of_every_kind_on_few_tracks(kind: str) -> None:
    command = [
        sys.executable,
        str(SCRIPT),
        f"--{kind}",
        "--writers",
        "3",
        "--transactions",
        "120",
        "--tracks",
        "12",
    ]
    done = subprocess.run([*command, "--json"], capture_output=True, check=False, text=True, timeout=120)
    assert done.returncode == 0, (done.stdout, done.stderr)
    found = json.loads(done.stdout)[kind]
    assert found["transactions"] == 120
    assert all(found["done"][what] for what in ("claims", "vectors", "statements", "decisions", "heartbeats"))
