"""Two versions of a recipe side by side: which tracks have which, switching and back, removing the older one."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.installed import feature_set as feature_set_named
from catalog.db.database import Database
from catalog.db.tables import (
    collection,
    failure,
    feature_set,
    feature_vector,
    model,
    model_feature_set,
    track,
)
from catalog.features.feature_set_versions import (
    Removal,
    UnknownVersionError,
    VersionInUseError,
    activate_version,
    list_versions,
    plan_removal,
    remove_version,
    tracks_lacking_version,
)
from catalog.features.stored_feature_set import (
    StoredFeatureSet,
    activate_feature_set,
    active_feature_set,
    register_feature_set,
)
from catalog.features.vectors import load_matrix, store_vector

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def recipe(version: int, **parameters: object) -> FeatureSet:
    return FeatureSet("fake", version, parameters, ("a", "b"), 8_000, lambda _: np.zeros(2, np.float32))


@pytest.fixture
def tracks(database: Database) -> list[int]:
    """Six tracks, the last of them missing."""
    with database.write() as connection:
        place = connection.execute(
            sa.insert(collection).values(name="music", kind="folder").returning(collection.c.id)
        ).scalar_one()
        return [
            connection.execute(
                sa.insert(track)
                .values(
                    collection_id=place,
                    path=f"{number}.mp3",
                    path_bytes=f"{number}.mp3".encode(),
                    state="missing" if number == 5 else "present",
                )
                .returning(track.c.id)
            ).scalar_one()
            for number in range(6)
        ]


@pytest.fixture
def both(database: Database, tracks: list[int]) -> tuple[StoredFeatureSet, StoredFeatureSet]:
    """Version 1 of all tracks, version 2 of two of them; another feature set beside them."""
    with database.write() as connection:
        old, new = register_feature_set(connection, recipe(1)), register_feature_set(connection, recipe(2))
        register_feature_set(
            connection, FeatureSet("other", 1, {}, ("x",), 8_000, lambda _: np.zeros(1, np.float32))
        )
        for track_id in tracks:
            store_vector(connection, old, track_id, np.array([1, track_id], np.float32))
        for track_id in tracks[:2]:
            store_vector(connection, new, track_id, np.array([2, track_id], np.float32))
    return old, new


def complete(database: Database, new: StoredFeatureSet, tracks: list[int]) -> None:
    with database.write() as connection:
        for track_id in tracks[2:]:
            store_vector(connection, new, track_id, np.array([2, track_id], np.float32))


def add_model(database: Database, takes: StoredFeatureSet, status: str, when: datetime = NOW) -> int:
    with database.write() as connection:
        model_id = connection.execute(
            sa.insert(model)
            .values(
                algorithm="logistic_regression",
                parameters={},
                class_order=[],
                metrics={},
                versions={},
                status=status,
                promoted_at=when,
            )
            .returning(model.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(model_feature_set).values(model_id=model_id, feature_set_id=takes.id, position=0)
        )
    return int(model_id)


def test_versions_are_listed_with_their_tracks(
    database: Database, both: tuple[StoredFeatureSet, StoredFeatureSet], tracks: list[int]
) -> None:
    with database.write() as connection:
        for recipe_id in (both[1].id, None):
            connection.execute(
                sa.insert(failure).values(
                    track_id=tracks[2],
                    stage="features",
                    feature_set_id=recipe_id,
                    reason="error",
                    message="no",
                )
            )
    with database.read() as connection:
        listed = [
            (each.name, each.version, each.active, each.tracks, each.without, each.failed)
            for each in list_versions(connection)
        ]
    assert listed == [
        ("fake", 2, False, 2, 3, 1),
        ("fake", 1, True, 5, 0, 0),
        ("other", 1, True, 0, 5, 0),
    ]


def test_the_first_version_stays_until_somebody_switches_and_back_again(
    database: Database, both: tuple[StoredFeatureSet, StoredFeatureSet]
) -> None:
    for wanted in (both[1], both[0], both[1]):
        with database.write() as connection:
            activate_feature_set(connection, wanted)
        with database.read() as connection:
            found = active_feature_set(connection, "fake")
            assert found is not None
            assert found.hash == wanted.hash
            ids, matrix = load_matrix(connection, found)
            assert set(matrix[:, 0]) == {wanted.version}
            assert len(load_matrix(connection, both[0])[0]) == 6
            other = active_feature_set(connection, "other")
            assert other is not None
    assert len(ids) == 2


def test_a_version_is_chosen_by_its_number_or_its_hash(
    database: Database, both: tuple[StoredFeatureSet, StoredFeatureSet]
) -> None:
    with database.write() as connection:
        again = register_feature_set(connection, recipe(2, another=True))
    with database.read() as connection:
        assert activate_version(connection, "fake", "1").hash == both[0].hash
        for each in (*both, again):
            assert activate_version(connection, "fake", each.hash[:8].upper()).hash == each.hash
        with pytest.raises(
            UnknownVersionError, match=r"more than one version of fake matches '2'; versions: 1 \("
        ):
            activate_version(connection, "fake", "2")
        for wrong in ("3", "zz", ""):
            with pytest.raises(UnknownVersionError, match="no version of fake"):
                activate_version(connection, "fake", wrong)
        with pytest.raises(
            UnknownVersionError, match="no feature set 'fak' in the catalog; stored: fake, other"
        ):
            activate_version(connection, "fak", "1")


def test_the_only_version_is_not_told_to_be_switched(database: Database) -> None:
    with database.write() as connection:
        only = register_feature_set(connection, feature_set_named("summary"))
        with pytest.raises(VersionInUseError, match="is the only version"):
            plan_removal(connection, only)


def test_what_was_imported_by_mistake_can_go_and_come_again(database: Database, tracks: list[int]) -> None:
    """The program cannot compute it: nobody waits for another version."""
    with database.write() as connection:
        only = register_feature_set(connection, recipe(1))
        store_vector(connection, only, tracks[0], np.zeros(2, np.float32))
        assert remove_version(connection, only) == Removal(1, ())
        with pytest.raises(UnknownVersionError):
            activate_version(connection, "fake", "1")
        assert register_feature_set(connection, recipe(1)).active


def test_nothing_is_removed_before_its_successor_is_complete(
    database: Database, both: tuple[StoredFeatureSet, StoredFeatureSet], tracks: list[int]
) -> None:
    old, new = both
    with (
        database.write() as connection,
        pytest.raises(VersionInUseError, match="of fake is active; first activate"),
    ):
        remove_version(connection, old)
    with database.write() as connection:
        activate_feature_set(connection, new)
        connection.execute(
            sa.insert(failure).values(
                track_id=tracks[3], stage="features", feature_set_id=new.id, reason="error", message="no"
            )
        )
    with (
        database.write() as connection,
        pytest.raises(VersionInUseError, match=r"3 tracks .* \(1 of them failed"),
    ):
        remove_version(connection, old)
    with database.read() as connection:
        assert tracks_lacking_version(connection, new, old) == (3, 1)
        assert tracks_lacking_version(connection, old, new) == (0, 0)
        assert len(load_matrix(connection, old)[0]) == 6
    complete(database, new, tracks)
    with database.read() as connection:
        assert plan_removal(connection, old) == Removal(6, ())
        assert len(load_matrix(connection, old)[0]) == 6
    with database.write() as connection:
        assert remove_version(connection, old) == Removal(6, ())
    with database.read() as connection:
        assert [each.version for each in list_versions(connection) if each.name == "fake"] == [2]
        assert len(load_matrix(connection, new)[0]) == 6
        left = sa.select(sa.func.count()).where(feature_vector.c.feature_set_id == old.id)
        assert connection.execute(left).scalar_one() == 0


def test_the_newer_version_can_be_removed_as_well(
    database: Database, both: tuple[StoredFeatureSet, StoredFeatureSet]
) -> None:
    with database.write() as connection:
        assert remove_version(connection, both[1]).vectors == 2
        assert register_feature_set(connection, recipe(2)).active is False


def test_what_a_model_in_force_takes_is_not_removed(
    database: Database, both: tuple[StoredFeatureSet, StoredFeatureSet], tracks: list[int]
) -> None:
    old, new = both
    complete(database, new, tracks)
    with database.write() as connection:
        activate_feature_set(connection, new)
    older = add_model(database, old, "retired", datetime(2025, 1, 1, tzinfo=UTC))
    present = add_model(database, old, "active")
    with (
        database.read() as connection,
        pytest.raises(VersionInUseError, match=f"model {older}, the target of a rollback"),
    ):
        plan_removal(connection, old)
    latest = add_model(database, new, "retired")
    with (
        database.read() as connection,
        pytest.raises(VersionInUseError, match=f"model {present}, the active model"),
    ):
        plan_removal(connection, old)
    with database.write() as connection:
        connection.execute(sa.update(model).where(model.c.id == present).values(status="rejected"))
    with database.write() as connection:
        assert remove_version(connection, old) == Removal(6, (older, present))
    with database.read() as connection:
        # Its row stays: the models can still say what they were made of.
        kept = connection.execute(sa.select(feature_set.c.hash).order_by(feature_set.c.id)).scalars().all()
        assert kept[:2] == [old.hash, new.hash]
        assert len(load_matrix(connection, old)[0]) == 0
    assert latest
