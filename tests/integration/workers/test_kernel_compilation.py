"""Machine code that crashes is compiled again in a child process, and no track is blamed for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audio import kernel_cache
from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets import installed
from catalog.db.database import Database
from catalog.db.tables import claim, failure, feature_vector
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from workers.pool.analysis_run import prepare_analysis
from workers.pool.analyze_pending import analyze_pending
from workers.process.jobs import work
from workers.process.kernel_compilation import (
    KernelsFailedError,
    compilation_name,
    compile_kernels,
)
from workers.process.worker_context import WorkerContext
from workers.state import liveness

MODULE = """
import os, signal
import numpy as np
from catalog.audio.feature_set import FeatureSet
from catalog.audio.kernel_cache import cache_folder

def compute(waveform):
    if (cache_folder() / "damaged").exists() or "ALWAYS_CRASH" in os.environ:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "ALWAYS_RAISE" in os.environ:
        raise RuntimeError("no such processor")
    return np.ones(1, np.float32)

FRAGILE = FeatureSet("fragile", 1, {}, ("one",), 8_000, compute, libraries=("numba",))
"""


@pytest.fixture
def fragile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FeatureSet]:
    """A feature set that ends the process if the cache folder contains a file "damaged"."""
    folder = tmp_path / "distribution"
    information = folder / "fragile_features-1.dist-info"
    information.mkdir(parents=True)
    (folder / "fragile_features.py").write_text(MODULE)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: fragile-features\nVersion: 1\n")
    (information / "entry_points.txt").write_text(
        "[music_catalog.feature_sets]\nfragile = fragile_features:FRAGILE\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    )
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    for cached in (installed._entries, installed.feature_set, kernel_cache.cache_folder):
        cached.cache_clear()
    yield installed.feature_set("fragile")
    for cached in (installed._entries, installed.feature_set, kernel_cache.cache_folder):
        cached.cache_clear()
    sys.modules.pop("fragile_features", None)


def damage(folder: Path) -> Path:
    file = folder / "damaged"
    file.touch()
    return file


def test_a_crash_discards_the_cache_and_everything_is_compiled_once_more(
    fragile: FeatureSet, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = damage(kernel_cache.cache_folder())
    compile_kernels([fragile])
    assert not damaged.exists()
    assert kernel_cache.is_compiled(compilation_name([fragile]))
    assert "ended by SIGSEGV; the cache is discarded" in caplog.text


def test_what_is_compiled_is_tested_again_on_demand_only(fragile: FeatureSet) -> None:
    compile_kernels([fragile])
    damaged = damage(kernel_cache.cache_folder())
    compile_kernels([fragile])
    assert damaged.exists()
    compile_kernels([fragile], is_forced=True)
    assert not damaged.exists()


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("ALWAYS_CRASH", "a test ended by SIGSEGV"),
        ("ALWAYS_RAISE", "a test ended with exit code 1 (RuntimeError: no such processor)"),
    ],
)
def test_two_crashes_end_the_command_and_no_track_has_failed(
    database: Database,
    settings: Settings,
    fragile: FeatureSet,
    add_tracks: AddTracks,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    message: str,
) -> None:
    add_tracks(QUIET, QUIET)
    monkeypatch.setenv(variable, "1")
    for _ in range(2):
        with pytest.raises(KernelsFailedError) as raised:
            analyze_pending(database, settings, [fragile], workers=1)
        assert message in str(raised.value)
    with database.read() as connection:
        assert connection.execute(sa.select(failure)).all() == []
        assert connection.execute(sa.select(claim)).all() == []


def test_a_cache_that_is_damaged_later_costs_no_track(
    database: Database, settings: Settings, fragile: FeatureSet, add_tracks: AddTracks
) -> None:
    ids = add_tracks(QUIET, QUIET)
    compile_kernels([fragile])
    damage(kernel_cache.cache_folder())
    report = analyze_pending(database, settings, [fragile], workers=1)
    assert (report.analyzed, report.failed) == (2, 0)
    with database.read() as connection:
        assert sorted(connection.execute(sa.select(feature_vector.c.track_id)).scalars()) == ids


def test_a_feature_set_that_a_worker_was_not_started_with_is_compiled_before_a_track_is_claimed(
    database: Database, fragile: FeatureSet, add_tracks: AddTracks, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add_tracks(QUIET)
    prepare_analysis(database, [fragile])
    with database.write() as connection:
        worker_id = liveness.register(connection, "cold", os.getpid())
    monkeypatch.setenv("ALWAYS_CRASH", "1")
    context = WorkerContext(database=database, worker_id=worker_id)
    with pytest.raises(KernelsFailedError):
        work(context, ids, [fragile.hash], 60, is_sandboxed=True)
    with database.read() as connection:
        assert connection.execute(sa.select(claim)).all() == []


def test_feature_sets_without_numba_start_no_child(tiny: FeatureSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    compile_kernels([tiny], is_forced=True)
