"""The command `stats`."""

from __future__ import annotations

import csv
import io
import json
from typing import Any


def test_the_numbers(invoke: Any, sample: Any) -> None:
    done = invoke("stats", "--json")
    assert done.code == 0
    numbers = json.loads(done.out)
    assert numbers["model"].pop("active") == sample.model_id
    assert numbers == {
        "schema": 1,
        "collections": {"records": 8},
        "tracks": {"present": 8, "missing": 0, "metadata": 0, "hours": 0.4, "artists": 2, "albums": 3},
        "genres": {"tagged": 6, "untagged": 2, "distinct": 4},
        "features": {"musicnn": 8},
        "failures": {"too-short": 1},
        "model": {
            "algorithm": "logistic",
            "since": "2026-01-02T03:04:05+00:00",
            "accuracy on new artists": 0.5,
            "accuracy, lower bound": 0.3,
            "accuracy, upper bound": 0.7,
            "accuracy of the most common genre": 0.34,
            "accuracy of the artist's other tags": 0.4,
            "accuracy with the artist's tags": 0.84,
            "classes": 4,
            "tracks": 6,
        },
        "suggestions for untagged tracks": {"album": 1, "none": 1},
        "suspects": {"total": 2, "undecided": 1, "cases": 1},
        "decisions": {"keep": 1},
    }


def test_an_empty_catalog_has_numbers_too(invoke: Any) -> None:
    done = invoke("stats", "--csv")
    assert done.code == 0
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert {"about": "tracks", "what": "present", "value": "0"} in rows
    assert {"about": "model", "what": "active", "value": ""} in rows


def test_a_table_for_people(invoke: Any, sample: Any) -> None:
    lines = invoke("stats").out.splitlines()
    assert lines[0].split() == ["about", "what", "value"]
    assert any(line.split() == ["suspects", "cases", "1"] for line in lines)
