"""Scores that need the database: doubted and corrected tags, the check sample, several genres, near duplicates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audit.labels.label_audit import audit_labels
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import (
    audit_sample,
    audit_sample_track,
    collection,
    decision,
    feature_vector,
    genre,
    label,
    snapshot_member,
    statement,
    track,
)
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.labeled_tracks import load_broader
from catalog.learning.dataset.multilabel import load_tag_sets
from catalog.learning.dataset.sampled_tracks import sample_labels, sampled_tracks
from catalog.learning.registry.registry import get_model
from catalog.learning.scoring import champion_refit
from catalog.learning.scoring.corrected_label_score import (
    CorrectedLabelScore,
    ScoreWithoutSuspects,
    corrected_label_score,
)
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import build_training_set
from tests.integration.labeled_collection import Filled, tag

Fill = Callable[..., Filled]
WANTED = TrainingOptions(feature_sets=("blobs",))


def genre_id(connection: sa.Connection, name: str) -> int:
    return connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()


def retag(database: Database, track_ids: list[int], name: str, source: str = "file") -> None:
    with database.write() as connection:
        for track_id in track_ids:
            tag(connection, track_id, genre_id(connection, name), name, source=source)
        refresh_track_status(connection, track_ids)


def draw_sample(database: Database, track_ids: list[int], verdict: str | None = "keep") -> None:
    with database.write() as connection:
        sample = connection.execute(
            sa.insert(audit_sample)
            .values(seed=0, tracks=len(track_ids), overlap=0, parameters={})
            .returning(audit_sample.c.id)
        ).scalar_one()
        for position, track_id in enumerate(track_ids):
            connection.execute(
                sa.insert(audit_sample_track).values(
                    audit_sample_id=sample, track_id=track_id, position=position, weight=1.0, overlap=False
                )
            )
            if verdict is not None:
                connection.execute(
                    sa.insert(decision).values(
                        track_id=track_id, verdict=verdict, reviewer="me", source="sample", blind=True
                    )
                )


def test_without_doubted_tags_and_with_corrected_ones(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    wrong = filled.tracks["Metal"][:2]
    retag(database, wrong, "Jazz")
    model_id = train(database, tmp_path, WANTED).model_id
    assert model_id is not None

    def score() -> CorrectedLabelScore:
        with database.read() as connection:
            scores = corrected_label_score(connection, get_model(connection, model_id))
        assert scores is not None
        return scores

    before = score()
    assert before.without_suspects == ScoreWithoutSuspects(0, None, None)
    as_tagged = before.corrected.accuracy
    assert before.corrected.changed == 0
    assert as_tagged is not None
    assert as_tagged < 1
    audit_labels(database)
    without = score().without_suspects
    assert without.suspects >= 2
    assert without.accuracy is not None
    assert without.accuracy > as_tagged
    retag(database, wrong, "Metal", source="person")
    corrected = score().corrected
    assert corrected.changed == 2
    assert corrected.accuracy == pytest.approx(as_tagged + 2 / 54)


def test_no_model_learns_from_a_track_of_the_audit_sample(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    drawn = sorted([filled.tracks["Jazz"][0], filled.tracks["Metal"][4]])
    draw_sample(database, drawn, verdict=None)
    with database.read() as connection:
        assert sampled_tracks(connection).tolist() == drawn
        frozen = build_training_set(connection, WANTED).snapshot
        assert sample_labels(connection)[0].size == 0
    assert frozen is not None
    assert len(frozen.track_ids) == 54 - 2
    assert not set(drawn) & set(frozen.track_ids.tolist())


def test_an_undone_or_open_decision_judges_nothing(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    kept, unsure, undone = filled.tracks["Jazz"][:3]
    draw_sample(database, [kept, undone])
    draw_sample(database, [unsure], verdict="unsure")
    with database.write() as connection:
        first = connection.execute(sa.select(decision.c.id).where(decision.c.track_id == undone)).scalar_one()
        connection.execute(
            sa.insert(decision).values(
                track_id=undone, verdict="undo", reviewer="me", source="sample", undoes_id=first
            )
        )
        jazz = genre_id(connection, "Jazz")
        ids, genres = sample_labels(connection)
    assert (ids.tolist(), genres.tolist()) == ([kept], [jazz])


def test_the_audit_sample_has_a_say_in_the_gate(
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


def test_two_encodings_of_one_recording_are_never_apart(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    one, other = filled.tracks["Jazz"][0], filled.tracks["Jazz"][-1]
    with database.write() as connection:
        vector = connection.execute(
            sa.select(feature_vector.c.vector).where(feature_vector.c.track_id == one)
        ).scalar_one()
        connection.execute(
            sa.update(feature_vector).where(feature_vector.c.track_id == other).values(vector=vector)
        )
        connection.execute(sa.update(track).values(duration=200 + 7 * track.c.id))
    with database.read() as connection:
        apart = build_training_set(connection, WANTED).snapshot
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id.in_([one, other])).values(duration=200.5))
    train(database, tmp_path, WANTED)
    with database.read() as connection:
        groups = dict(
            connection.execute(sa.select(snapshot_member.c.track_id, snapshot_member.c.group_id)).all()
        )
    assert apart is not None
    assert groups[one] == groups[other]
    assert len(set(groups.values())) == len(apart.groups.sizes) - 1


def test_all_genres_of_a_track_and_whether_they_are_all(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    several = filled.tracks["Jazz"][0]
    with database.write() as connection:
        names = ("Jazz", "Metal", "Ambient")
        jazz, metal, ambient = (genre_id(connection, name) for name in names)
        death = genre_id(connection, "Death Metal")
        said = connection.execute(
            sa.insert(statement).values(track_id=several, source="person").returning(statement.c.id)
        ).scalar_one()
        for rank, given in enumerate((jazz, death)):
            connection.execute(
                sa.insert(label).values(statement_id=said, rank=rank, genre_id=given, as_written="x")
            )
        refresh_track_status(connection, [several])
    with database.read() as connection:
        broader, _ = load_broader(connection)
        hierarchy = Hierarchy.of((jazz, metal, ambient), broader)
        ids = np.array(filled.tracks["Jazz"][:2])
        given, complete = load_tag_sets(connection, ids, hierarchy, broader)
    assert given.tolist() == [[True, True, False], [True, False, False]]
    assert not complete.any()
    with database.write() as connection:
        connection.execute(sa.update(collection).values(tags_complete=True))
        assert load_tag_sets(connection, ids, hierarchy, broader)[1].all()
