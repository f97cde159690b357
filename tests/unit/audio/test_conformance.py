"""Whatever is registered, a third party's feature set included, holds to what a feature set is;

ours keep their numbers.
"""

import os
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets import installed
from catalog.audio.feature_sets.conformance import check_feature_set
from tests.unit.audio import golden

OURS = ("grid", "musicnn", "summary")
HERE = os.getpid()
NUMBERS = iter(range(1_000_000))
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


@pytest.mark.parametrize("name", installed.feature_sets())
def test_every_registered_feature_set_is_one(name):
    assert check_feature_set(installed.feature_set(name)) == []


def moved(features: FeatureSet, tolerance: float) -> str | None:
    """What has changed since the golden vector was written, and what to do; None where nothing has."""
    recipe, before = golden.read(features)
    if recipe != features.hash:
        return f"{features.name} is another recipe now: python -m tests.unit.audio.golden {features.name}"
    today = golden.vector(features)
    if before.shape != today.shape:
        return f"raise the version of {features.name}: {len(before)} numbers before, {len(today)} today"
    off = np.flatnonzero(~np.isclose(today, before, rtol=tolerance, atol=tolerance))
    if not len(off):
        return None
    some = ", ".join(f"{features.dimensions[at]}: {before[at]:g} -> {today[at]:g}" for at in off[:5])
    return f"raise the version of {features.name}: {len(off)} numbers moved, as {some}"


@pytest.mark.parametrize("name", [name for name in installed.feature_sets() if name in OURS])
def test_every_recipe_still_gives_the_numbers_of_its_version(name):
    assert moved(installed.feature_set(name), golden.TOLERANCES[name]) is None


def test_all_of_ours_are_registered_and_have_a_golden_vector():
    assert set(OURS) <= set(installed.feature_sets())
    assert sorted(path.stem for path in golden.FOLDER.iterdir()) == sorted(OURS)


def make(compute, dimensions=("level", "length"), version=1, libraries=("numpy",)):
    return FeatureSet("fake", version, {}, dimensions, 8_000, compute, libraries)


def measure(waveform):
    return np.array([np.abs(waveform.samples).mean(), len(waveform.samples)], np.float32)


def test_numbers_that_move_ask_for_a_new_version(tmp_path, monkeypatch):
    monkeypatch.setattr(golden, "FOLDER", tmp_path)
    golden.write(make(measure))
    assert moved(make(measure), 1e-6) is None
    assert moved(make(lambda waveform: measure(waveform) * np.float32(1.001)), 1e-2) is None
    message = moved(make(lambda waveform: measure(waveform) * np.float32(1.001)), 1e-6)
    assert message is not None
    assert message.startswith("raise the version of fake: 2 numbers moved, as level: ")
    message = moved(make(measure, version=2), 1e-6)
    assert message is not None
    assert "golden fake" in message


def _writes(waveform):
    waveform.samples[0] = 1
    return measure(waveform)


def _forks_badly(waveform):
    return measure(waveform) + np.float32(os.getpid() != HERE)


def _counts_threads(waveform):
    blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return measure(waveform) + np.float32(sum(blas) if len(waveform.samples) > 8_000 else 0)


def _dies_elsewhere(waveform):
    if os.getpid() != HERE:
        os._exit(9)
    return measure(waveform)


@pytest.mark.parametrize(
    ("features", "fault"),
    [
        (make(lambda waveform: measure(waveform).astype(np.float64)), "returns float64 instead of float32"),
        (make(lambda _: None), "returns NoneType instead of float32"),
        (make(lambda waveform: measure(waveform)[:1]), "returns shape (1,) for 2 dimensions"),
        (
            make(lambda waveform: measure(waveform) / np.float32(np.ptp(waveform.samples) or np.nan)),
            "level is nan",
        ),
        (
            make(lambda _: np.full(2, next(NUMBERS), np.float32)),
            "different numbers on the second call",
        ),
        (
            make(lambda waveform: measure(waveform) + 1 / len(waveform.samples[8_000:])),
            "raises ZeroDivisionError",
        ),
        (make(_writes), "the samples were modified"),
        (make(_forks_badly), "different numbers in a forked process"),
        (make(_dies_elsewhere), "crashes in a forked process"),
        (make(measure, version=0), "version 0"),
        (make(measure, libraries=("numpy", "no-such-thing")), "unknown distribution 'no-such-thing'"),
        (make(_counts_threads), "different numbers with two threads"),
        (make(measure, dimensions=("", "b")), "empty or not printable"),
        (make(lambda _: np.empty(0, np.float32), dimensions=()), "no dimensions"),
    ],
)
def test_every_way_to_break_the_rules_is_found(features, fault):
    found = check_feature_set(features)
    assert any(fault in line for line in found), found


GUEST = """
import numpy as np
from catalog.audio.feature_set import FeatureSet

def compute(waveform):
    return np.array([np.abs(waveform.samples).max()], np.float32)

GUEST = FeatureSet("guest", 3, {"of": "peak"}, ("peak",), 11_025, compute)
"""


@pytest.fixture
def guest(tmp_path, monkeypatch):
    """A feature set of somebody else's distribution, found by its entry point."""
    (tmp_path / "guest_recipe.py").write_text(GUEST)
    information = tmp_path / "guest_recipe-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: guest-recipe\nVersion: 1\n")
    (information / "entry_points.txt").write_text(
        "[music_catalog.feature_sets]\nguest = guest_recipe:GUEST\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for cached in (installed._entries, installed.feature_set):
        cached.cache_clear()
    yield
    for cached in (installed._entries, installed.feature_set):
        cached.cache_clear()
    sys.modules.pop("guest_recipe", None)


def test_a_feature_set_of_somebody_else_is_found_and_held_to_the_same(guest):
    found = installed.feature_sets()
    assert list(found) == sorted([*OURS, "guest"])
    assert (found["guest"].version, check_feature_set(found["guest"])) == (3, [])
