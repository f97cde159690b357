"""The single numbers that people ask for are filled in where a feature set holds them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import Database
from catalog.db.tables import track_descriptor
from catalog.features.stored_feature_set import find_feature_set
from catalog.features.vectors import load_matrix
from tests.integration.workers.in_process import analyze_in_process
from tests.integration.workers.sound import AddTracks


def test_what_summary_holds_is_filled_in_and_nothing_else_forgets_it(
    database: Database, add_tracks: AddTracks
) -> None:
    (track_id,) = add_tracks(0.3, seconds=2)
    grid, summary = feature_set("grid"), feature_set("summary")
    analyze_in_process(database, [grid])
    row = sa.select(track_descriptor).where(track_descriptor.c.track_id == track_id)
    with database.read() as connection:
        before = connection.execute(row).one()
    assert before.loudness == pytest.approx(-10.5, abs=0.5)
    assert (before.tempo, before.brightness, before.harmonic_share) == (None, None, None)
    analyze_in_process(database, [summary])
    with database.read() as connection:
        after = connection.execute(row).one()
        recipe = find_feature_set(connection, summary.hash)
        assert recipe is not None
        _, (vector,) = load_matrix(connection, recipe)
    for name, value in summary.describe(vector).items():
        assert getattr(after, name) == pytest.approx(value, rel=1e-6), name
    assert after.brightness == pytest.approx(1_500, rel=0.6)
    assert 0.5 < after.harmonic_share <= 1
    assert after.loudness == before.loudness
    assert after.speech_probability is None
