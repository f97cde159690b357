from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.db.database import Database
from catalog.learning.scoring import champion_refit
from catalog.learning.training import train
from tests.integration.labeled_collection import Filled
from tests.integration.learning.test_scores import WANTED, draw_sample

Fill = Callable[..., Filled]


def test_the_gate_compares_on_the_audit_sample(
    database: Database, fill_labeled: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = fill_labeled(artists=8, each=4)
    monkeypatch.setattr(champion_refit, "MIN_JUDGED_TRACKS", 12)
    draw_sample(database, [one for name in ("Jazz", "Metal", "Ambient") for one in filled.tracks[name][::8]])
    train(database, tmp_path, WANTED)
    report = train(database, tmp_path, replace(WANTED, parameters={"C": 0.02}))
    assert report.outcome == "promoted"
    assert report.metrics.gate.rejection is None
    assert report.metrics.gate.on_sample.tracks == 12
    assert report.metrics.gate.on_sample.difference.value == 0
    assert report.metrics.forced is None


def test_force_is_recorded(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    fill_labeled()
    assert train(database, tmp_path, WANTED).metrics.gate is None
    assert (
        train(database, tmp_path, replace(WANTED, force=True)).metrics.forced == "the gate had no objection"
    )
