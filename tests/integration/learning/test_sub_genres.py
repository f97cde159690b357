"""Sub-genres and excluded genres from the tags to the predictions, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import decision, genre, model, model_class, snapshot, track_status
from catalog.genres.vocabulary import UnknownGenreError
from catalog.learning.classifiers.local_per_parent import LocalClassifiers
from catalog.learning.dataset.exclusion import REASON, excluded_genres, wrong_recordings
from catalog.learning.dataset.snapshot import ClassRule
from catalog.learning.registry.artifact import load_artifact
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


@pytest.mark.parametrize("wanted", ["local", "auto"])
def test_the_structure_is_kept_and_the_model_answers_by_it(
    database: Database, fill_labeled: Fill, tmp_path: Path, wanted: str
) -> None:
    fill_labeled(TREE)
    asked = replace(WANTED, hierarchy=wanted)
    report = train(database, tmp_path, asked)
    assert report.outcome == "promoted"
    chosen = report.metrics.hierarchy.chosen
    assert wanted in {chosen, "auto"}
    assert (report.metrics.hierarchy.flat is not None) == (wanted == "auto")
    assert report.metrics.macro_f1.value > 0.8
    with database.read() as connection:
        row = connection.execute(sa.select(model).where(model.c.id == report.model_id)).mappings().one()
        assert row["parameters"]["hierarchy"] == wanted
        assert options_of_active_model(connection, WANTED).hierarchy == wanted
    fitted = load_artifact(tmp_path, row["artifact"], row["artifact_sha256"])
    assert isinstance(fitted.classifier, LocalClassifiers) == (chosen == "local")
    assert train(database, tmp_path, asked).outcome == "unchanged"


def test_a_model_learned_locally_is_refitted_so_at_the_gate(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled(TREE)
    train(database, tmp_path, replace(WANTED, hierarchy="local"))
    report = train(database, tmp_path, replace(WANTED, hierarchy="flat"))
    assert report.metrics.gate.on_folds.champion > 0.8
    same = train(database, tmp_path, replace(WANTED, hierarchy="local", force=True))
    assert same.metrics.gate is not None  # the one in force is flat


def test_without_sub_genres_nothing_is_said_of_them(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    report = train(database, tmp_path, replace(WANTED, hierarchy="local"))
    assert report.metrics.hierarchy is None
    with database.read() as connection:
        (parameters,) = connection.execute(sa.select(model.c.parameters)).scalars()
    assert "hierarchy" not in parameters


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


def test_only_the_excluded_genre_goes_with_what_is_narrower(database: Database, fill_labeled: Fill) -> None:
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


def test_everything_excluded_leaves_nothing_to_learn(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    report = train(database, tmp_path, without("Jazz", "Metal", "Ambient"))
    assert report.outcome == "nothing to learn"
    assert report.model_id is None


def test_nothing_is_learned_from_a_wrong_recording(database: Database, fill_labeled: Fill) -> None:
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


def test_a_verdict_taken_back_leaves_the_one_before(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    track_id = filled.tracks["Jazz"][0]
    with database.write() as connection:
        judge(connection, track_id, "wrong_recording")
        later = judge(connection, track_id, "keep")
        judge(connection, track_id, "undo", undoes_id=later)
    with database.read() as connection:
        assert wrong_recordings(connection).tolist() == [track_id]
