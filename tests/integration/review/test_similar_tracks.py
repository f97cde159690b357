"""The similar tracks of a case are the tracks that the audit counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.audit.labels.label_audit import audit_labels
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from catalog.review.audit_sample.audit_sample import draw_sample
from catalog.review.case_list import list_cases
from catalog.review.case_view import view_case, view_track
from catalog.review.decision import OpenSuspect, decide
from catalog.review.similar_tracks import load_neighbor_index
from tests.integration.labeled_collection import Filled, fill_labeled, tag

__all__ = ["fill_labeled"]

WIDE = FeatureSet(
    name="wide",
    version=1,
    parameters={},
    dimensions=tuple(f"wide.{number}" for number in range(200)),
    sample_rate=16_000,
    compute=lambda _waveform: np.zeros(200, np.float32),
)
"""A second feature set with many large numbers, in which neighbors are random."""


@pytest.fixture
def audited(database: Database, fill_labeled: Callable[..., Filled], tmp_path: Path) -> Filled:
    """A collection with two feature sets of different scale and three wrong tags."""
    filled = fill_labeled()
    random = np.random.default_rng(1)
    with database.write() as connection:
        wide = register_feature_set(connection, WIDE)
        for track_id in connection.execute(sa.select(t.track.c.id)).scalars():
            store_vector(connection, wide, track_id, (1_000 * random.normal(size=200)).astype(np.float32))
        metal = connection.execute(sa.select(t.genre.c.id).where(t.genre.c.name == "Metal")).scalar_one()
        wrong = [*filled.tracks["Jazz"][:2], filled.tracks["Ambient"][0]]
        for track_id in wrong:
            tag(connection, track_id, metal, "Metal")
        refresh_track_status(connection, wrong)
    train(database, tmp_path, TrainingOptions(feature_sets=("blobs", "wide")))
    audit_labels(database)
    return filled


def test_the_tracks_shown_are_the_tracks_counted(database: Database, audited: Filled) -> None:
    with database.read() as connection:
        index = load_neighbor_index(connection)
        cases = list_cases(connection).cases
        views = [view_case(connection, case.case_id, index) for case in cases]
    assert len(views) >= 2
    for view in views:
        for track in view.tracks:
            (reason,) = (each for each in track.reasons if each["kind"] == "neighbors")
            counted = [each for each in track.neighbors if each.is_counted]
            assert (len(counted), len(track.neighbors)) == (reason["tracks"], reason["of"])
            assert {each.genres for each in counted} <= {(view.case.suggested_genre,)}
            suggested = view.case.suggested_genre
            sentence = (
                f"{len(counted)} of the {len(track.neighbors)} most similar tracks by other artists "
                f"are tagged {suggested} or a kind of {suggested}"
            )
            assert any(sentence in each for each in track.explanations)
    shown = [
        genre == view.case.suggested_genre
        for view in views
        for track in view.tracks
        for each in track.neighbors
        for genre in each.genres
    ]
    assert sum(shown) > 0.6 * len(shown), "both feature sets together would find each of three genres alike"


def test_a_track_without_a_case_is_searched_in_the_same_feature_set(
    database: Database, audited: Filled
) -> None:
    jazz = audited.tracks["Jazz"][-1]
    with database.read() as connection:
        track = view_track(connection, jazz, load_neighbor_index(connection))
    assert len(track.neighbors) == 10
    assert [each.genres for each in track.neighbors].count(("Jazz",)) >= 7, "two of them are tagged Metal"
    assert all(each.is_counted is None for each in track.neighbors)
    assert track.artist not in {each.artist for each in track.neighbors}


def test_a_counted_track_of_the_audit_sample_has_neither_name_nor_tags(
    database: Database, audited: Filled
) -> None:
    with database.write() as connection:
        draw_sample(connection, 500, overlap=0)
        # The tracks of the case are judged, so that the case is shown.
        connection.execute(
            sa.delete(t.audit_sample_track).where(
                t.audit_sample_track.c.track_id.in_(sa.select(t.suspect.c.track_id))
            )
        )
        case = list_cases(connection).cases[0]
        track = view_case(connection, case.case_id, load_neighbor_index(connection)).tracks[0]
    hidden = [each for each in track.neighbors if each.hidden == "sample"]
    assert hidden
    assert all(each.title is None and each.artist is None and each.genres == () for each in hidden)
    assert len(track.neighbors) == 10


def test_a_tag_that_changed_after_the_audit_is_marked(database: Database, audited: Filled) -> None:
    with database.write() as connection:
        index = load_neighbor_index(connection)
        case_id = list_cases(connection).cases[0].case_id
        first = view_case(connection, case_id, index).tracks[0].neighbors[0]
        ambient = connection.execute(sa.select(t.genre.c.id).where(t.genre.c.name == "Ambient")).scalar_one()
        tagged = connection.execute(
            sa.select(t.track_status.c.tagged_genre_id).where(t.track_status.c.track_id == first.track_id)
        ).scalar_one()
        decide(connection, [OpenSuspect(first.track_id, tagged)], "relabel", "ada", genre_id=ambient)
        changed = view_case(connection, case_id, index).tracks[0].neighbors[0]
    assert (first.is_changed, changed.is_changed) == (False, True)
    assert changed.genres == ("Ambient",)
    assert changed.is_counted == first.is_counted, "the count is that of the audit"
