"""The benchmark of calibration runs, and what it measures is small where it ought to be."""

import sys

import pytest

from tests.integration.benchmarks.test_benchmarks import ROOT, load


@pytest.mark.parametrize(("tracks", "code"), [("20000", 0), ("60", 1)])
def test_many_tracks_are_calibrated_and_few_cannot_be(monkeypatch, capsys, tracks, code):
    module = load(ROOT / "benchmarks" / "calibration.py")
    monkeypatch.setattr(sys, "argv", ["calibration.py", "--tracks", tracks, "--classes", "4"])
    assert module.main() == code
    assert "too modest" in capsys.readouterr().out
