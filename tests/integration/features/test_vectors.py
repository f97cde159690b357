"""Recipes as rows, vectors as a matrix, and which tracks lack one."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_set import FeatureSet
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.tables import collection, failure, feature_vector, network_tag, track
from catalog.features.stored_feature_set import (
    activate_feature_set,
    active_feature_set,
    find_feature_set,
    register_feature_set,
    tag_dimensions,
)
from catalog.features.vectors import (
    count_tracks_without_vector,
    load_matrix,
    mark_vectors_current,
    store_vector,
    tracks_without_vector,
)


def features(
    name: str = "tiny", version: int = 1, dimensions: tuple[str, ...] = ("a", "b", "c")
) -> FeatureSet:
    return FeatureSet(name, version, {"bands": 3}, dimensions, 8_000, lambda _: np.zeros(3, np.float32))


def add_tracks(connection: Connection, count: int) -> list[int]:
    home = connection.execute(
        sa.insert(collection)
        .values(name="music", kind="folder", root="/music", root_bytes=b"/music")
        .returning(collection.c.id)
    ).scalar_one()
    return [
        connection.execute(
            sa.insert(track)
            .values(
                collection_id=home,
                path=f"{n}.wav",
                path_bytes=f"{n}.wav".encode(),
                file_signature=f"print-{n}",
            )
            .returning(track.c.id)
        ).scalar_one()
        for n in range(count)
    ]


def test_registering_twice_gives_the_same_row(database: Database) -> None:
    with database.write() as connection:
        first = register_feature_set(connection, features())
        assert register_feature_set(connection, features()) == first
        assert find_feature_set(connection, first.hash) == first
        assert first.dimensions == ("a", "b", "c")


def test_a_new_version_stands_beside_the_old_until_someone_switches(database: Database) -> None:
    with database.write() as connection:
        old = register_feature_set(connection, features())
        new = register_feature_set(connection, features(version=2))
        assert (old.active, new.active) == (True, False)
        assert active_feature_set(connection, "tiny") == old
        activate_feature_set(connection, new)
        found = active_feature_set(connection, "tiny")
        assert found is not None
        assert found.id == new.id
        assert active_feature_set(connection, "other") is None


def test_words_of_a_network_are_known_before_the_first_track(database: Database) -> None:
    dimensions = ("msd.penultimate.000", "msd.tag.rock", "mtt.tag.no. 1")
    with database.write() as connection:
        register_feature_set(connection, features(dimensions=dimensions))
        words = connection.execute(sa.select(network_tag.c.network, network_tag.c.tag)).all()
    assert set(words) >= {("msd", "rock"), ("mtt", "no. 1")}
    assert tag_dimensions(dimensions) == {("msd", "rock"): 1, ("mtt", "no. 1"): 2}


def test_vectors_come_back_as_a_matrix_in_the_order_of_the_tracks(database: Database) -> None:
    with database.write() as connection:
        recipe = register_feature_set(connection, features())
        ids = add_tracks(connection, 4)
        for place in (2, 0, 3):
            store_vector(connection, recipe, ids[place], np.full(3, place, np.float32))
        store_vector(connection, recipe, ids[0], np.full(3, 7, np.float32), provenance={"decoder": "none"})
    with database.read() as connection:
        found, matrix = load_matrix(connection, recipe)
        assert found.tolist() == [ids[0], ids[2], ids[3]]
        assert matrix.dtype == np.float32
        assert matrix[:, 0].tolist() == [7, 2, 3]
        found, matrix = load_matrix(connection, recipe, [ids[3], ids[1], ids[2], ids[3]])
        assert (found.tolist(), matrix[:, 1].tolist()) == ([ids[2], ids[3]], [2, 3])
        found, matrix = load_matrix(connection, recipe, [])
        assert (found.shape, matrix.shape) == ((0,), (0, 3))


def test_a_vector_of_another_length_is_refused(database: Database) -> None:
    with database.write() as connection:
        recipe = register_feature_set(connection, features())
        (track_id,) = add_tracks(connection, 1)
        with pytest.raises(ValueError, match="3 dimensions"):
            store_vector(connection, recipe, track_id, np.zeros(4, np.float32))


def test_pending_is_what_has_no_fresh_vector_and_no_failure(database: Database) -> None:
    with database.write() as connection:
        recipe = register_feature_set(connection, features())
        fresh, stale, imported, missing, failed, failed_before, untouched = ids = add_tracks(connection, 7)
        for track_id, file_signature in ((fresh, "print-0"), (stale, "old"), (imported, None)):
            store_vector(connection, recipe, track_id, np.zeros(3, np.float32), file_signature=file_signature)
        connection.execute(sa.update(track).where(track.c.id == missing).values(state="missing"))
        for track_id, file_signature in ((failed, "print-4"), (failed_before, "old")):
            connection.execute(
                sa.insert(failure).values(
                    track_id=track_id,
                    stage="decoding",
                    reason="empty",
                    message="x",
                    file_signature=file_signature,
                )
            )

        def pending(*recipes: int, where: sa.ColumnElement[bool] | None = None) -> set[int]:
            return set(connection.execute(tracks_without_vector(recipes, where)).scalars())

        assert pending(recipe.id) == {stale, failed_before, untouched}
        assert pending(recipe.id, where=track.c.id > stale) == {failed_before, untouched}
        connection.execute(sa.update(failure).values(failed_at=now() - timedelta(days=1)))
        newer = register_feature_set(connection, features(version=2))
        assert pending(newer.id) == set(ids) - {missing}
        assert pending(recipe.id, newer.id) == set(ids) - {missing}


def test_renewing_makes_vectors_fresh_without_hearing_again(database: Database) -> None:
    with database.write() as connection:
        recipe = register_feature_set(connection, features())
        (track_id,) = add_tracks(connection, 1)
        store_vector(connection, recipe, track_id, np.zeros(3, np.float32), file_signature="old")
        mark_vectors_current(connection, [recipe.id], track_id, "print-0")
        assert connection.execute(tracks_without_vector([recipe.id])).all() == []
        assert connection.execute(sa.select(feature_vector.c.file_signature)).scalar_one() == "print-0"


@pytest.mark.parametrize("seed", range(4))
def test_what_is_pending_is_counted_from_the_other_side(database: Database, seed: int) -> None:
    random = np.random.default_rng(seed)
    with database.write() as connection:
        recipes = [register_feature_set(connection, features(name)) for name in ("tiny", "small")]
        track_ids = add_tracks(connection, 60)
        moments = [now() - timedelta(days=1), now() + timedelta(days=1)]
        for track_id in track_ids:
            state = str(random.choice(["present", "present", "present", "missing", "metadata"]))
            own = connection.execute(
                sa.update(track)
                .where(track.c.id == track_id)
                .values(state=state, file_signature=f"print-{track_id}" if random.random() < 0.5 else None)
                .returning(track.c.file_signature)
            ).scalar_one()
            for recipe in recipes:
                if random.random() < 0.6:
                    store_vector(connection, recipe, track_id, np.zeros(3, np.float32))
                    file_signature = random.choice(np.array([own, "another", None], dtype=object))
                    connection.execute(
                        sa.update(feature_vector)
                        .where(
                            feature_vector.c.track_id == track_id,
                            feature_vector.c.feature_set_id == recipe.id,
                        )
                        .values(file_signature=file_signature)
                    )
                if random.random() < 0.3:
                    connection.execute(
                        sa.insert(failure).values(
                            track_id=track_id,
                            stage=f"by {recipe.name}",
                            feature_set_id=random.choice(np.array([recipe.id, None], dtype=object)),
                            reason="not-audio",
                            message="",
                            file_signature=random.choice(np.array([own, "another"], dtype=object)),
                            failed_at=moments[int(random.integers(2))],
                        )
                    )
        for ids in ([recipes[0].id], [recipe.id for recipe in recipes]):
            for where in (None, track.c.id > track_ids[30]):
                waiting = connection.execute(tracks_without_vector(ids, where)).scalars().all()
                assert count_tracks_without_vector(connection, ids, where) == len(waiting)
                assert len(waiting) == len(set(waiting))
