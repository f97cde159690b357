"""Exclusion of genres and of wrong recordings from the training set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import decision, genre, model_class, snapshot, track_status
from catalog.genres.vocabulary import UnknownGenreError
from catalog.learning.dataset.exclusion import REASON, excluded_genres, wrong_recordings
from catalog.learning.dataset.snapshot import ClassRule
from catalog.learning.training import options_of_active_model, train
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import build_training_set
from tests.integration.labeled_collection import Filled

TREE = ("Rock", "Punk", "Metal", "Jazz")
WANTED = TrainingOptions(feature_sets=("blobs",))
Fill = Callable[..., Filled]


def without(*names: str) -> TrainingOptions:
    return replace(WANTED, rule=ClassRule(10, 5, "leaf", names))


def genre_ids(connection: sa.Connection) -> dict[str, int]:
    return {row.name: row.id for row in connection.execute(sa.select(genre.c.name, genre.c.id))}


def judge(connection: sa.Connection, track_id: int, verdict: str, **more: object) -> int:
    return int(
        connection.execute(
            sa.insert(decision)
            .values(track_id=track_id, verdict=verdict, reviewer="anna", source="search", **more)
            .returning(decision.c.id)
        ).scalar_one()
    )


def test_an_excluded_genre_is_neither_class_nor_member(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled((*TREE, "Ambient"))
    with database.read() as connection:
        ids = genre_ids(connection)
        plain = build_training_set(connection, WANTED).snapshot
        material = build_training_set(connection, without("rock"))  # whatever the spelling
        assert plain is not None
        assert material.snapshot is not None
        assert material.snapshot.rule.excluded == ("Rock",)
        assert material.snapshot.hash != plain.hash
        assert set(material.snapshot.classes) == {ids["Jazz"], ids["Ambient"]}
        left_out = {one for name in ("Rock", "Punk", "Metal") for one in filled.tracks[name]}
        assert not left_out & set(material.snapshot.track_ids.tolist())
        for name in ("Rock", "Punk", "Metal"):
            row = material.support[ids[name]]
            assert (row.judged, row.counts_for, row.reason) == (False, None, REASON)
            assert row.own_tracks == 18
    report = train(database, tmp_path, without("Rock"))
    with database.read() as connection:
        (stored,) = connection.execute(sa.select(snapshot.c.parameters)).scalars()
        assert stored["excluded_genres"] == ["Rock"]
        judged = dict(
            connection.execute(
                sa.select(genre.c.name, model_class.c.judged)
                .join_from(model_class, genre, genre.c.id == model_class.c.genre_id)
                .where(model_class.c.model_id == report.model_id)
            ).all()
        )
        assert judged == {"Rock": False, "Punk": False, "Metal": False, "Jazz": True, "Ambient": True}
        relations = set(
            connection.execute(
                sa.select(track_status.c.relation).where(track_status.c.track_id.in_(left_out))
            ).scalars()
        )
        assert relations == {"not_judged"}
        kept = options_of_active_model(connection, WANTED)
        assert kept.rule.excluded == ("Rock",)
    assert train(database, tmp_path, kept).outcome == "unchanged"


def test_an_excluded_genre_excludes_narrower_genres(database: Database, fill_labeled: Fill) -> None:
    fill_labeled(TREE)
    with database.read() as connection:
        ids = genre_ids(connection)
        frozen = build_training_set(connection, without("Punk", "Jazz", "Punk")).snapshot
        assert frozen is not None
        assert frozen.rule.excluded == ("Jazz", "Punk")
        assert set(frozen.classes) == {ids["Rock"], ids["Metal"]}
        assert ids["Hardcore"] in excluded_genres(connection, ["Punk"]).genre_ids
        for name in ("punk", "Punk Music", "(43)", "id3:43"):
            assert excluded_genres(connection, [name]) == excluded_genres(connection, ["Punk"])


def test_an_unknown_genre_cannot_be_excluded(database: Database, fill_labeled: Fill) -> None:
    fill_labeled()
    with (
        database.read() as connection,
        pytest.raises(UnknownGenreError, match="no genre 'Jaz'; see: catalog"),
    ):
        build_training_set(connection, without("Jaz"))


def test_a_wrong_recording_is_excluded(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    wrong, changed, undone, kept = filled.tracks["Jazz"][:4]
    with database.write() as connection:
        judge(connection, wrong, "keep")
        judge(connection, wrong, "wrong_recording")
        judge(connection, changed, "wrong_recording")
        judge(connection, changed, "keep")
        first = judge(connection, undone, "wrong_recording")
        judge(connection, undone, "undo", undoes_id=first)
        judge(connection, kept, "keep")
    with database.read() as connection:
        assert wrong_recordings(connection).tolist() == [wrong]
        frozen = build_training_set(connection, WANTED).snapshot
        assert frozen is not None
        assert not {wrong} & set(frozen.track_ids.tolist())
        assert {changed, undone, kept} <= set(frozen.track_ids.tolist())


def test_an_undone_verdict_restores_the_one_before(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    track_id = filled.tracks["Jazz"][0]
    with database.write() as connection:
        judge(connection, track_id, "wrong_recording")
        later = judge(connection, track_id, "keep")
        judge(connection, track_id, "undo", undoes_id=later)
    with database.read() as connection:
        assert wrong_recordings(connection).tolist() == [track_id]
