"""The plan, progress and report of a run of the analysis."""

from __future__ import annotations

import shutil
from pathlib import Path

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import track
from tests.integration.workers.in_process import analyze_in_process
from tests.integration.workers.sound import QUIET, RAISES, AddTracks
from workers.pool.analysis_run import prepare_analysis


def test_progress_counts_done_and_failed_tracks(
    database: Database, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    ids = add_tracks(QUIET, QUIET, RAISES)
    run = prepare_analysis(database, [tiny])
    assert (run.total, run.unmounted, run.progress(database).done) == (3, 0, 0)
    analyze_in_process(database, [tiny], track.c.id.in_(ids[1:]))
    progress = run.progress(database)
    assert (progress.done, progress.remaining, progress.failed) == (2, 1, 1)
    report = run.report(database)
    assert (report.analyzed, report.failed, report.missing) == (1, 1, 0)


def test_tracks_of_an_unmounted_collection_are_not_planned(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    add_tracks(QUIET, QUIET)
    shutil.rmtree(music)
    run = prepare_analysis(database, [tiny])
    assert (run.total, run.unmounted) == (0, 2)
