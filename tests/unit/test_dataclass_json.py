"""Dataclasses from stored JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pytest

from catalog.dataclass_json import StoredJsonError, from_json


@dataclass(frozen=True)
class Interval:
    value: float
    low: float | None = None


@dataclass(frozen=True)
class Report:
    name: str
    kind: Literal["flat", "local"]
    tracks: int
    intervals: tuple[Interval, ...]
    best: Interval | None = None


REPORT = Report("a", "flat", 3, (Interval(1.0, 0.5), Interval(2.0)), Interval(0.5))


def test_a_round_trip_through_json() -> None:
    assert from_json(Report, json.loads(json.dumps(asdict(REPORT)))) == REPORT


def test_integers_become_floats() -> None:
    value = from_json(Interval, {"value": 1}).value
    assert (type(value), value) == (float, 1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": 1}, r"Report\.name: unexpected value 1"),
        ({"kind": "deep"}, r"Report\.kind: unexpected value 'deep'"),
        ({"tracks": True}, r"Report\.tracks"),
        ({"intervals": 5}, r"Report\.intervals"),
        ({"intervals": [{}]}, "Interval: 'value' is missing"),
        ({"best": 1}, "Interval: expected an object, not int"),
        ({"more": 1}, "Report: unknown key 'more'"),
    ],
)
def test_other_values_are_rejected(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StoredJsonError, match=message):
        from_json(Report, json.loads(json.dumps(asdict(REPORT))) | changes)
