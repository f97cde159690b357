from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catalog.db.database import Database
from catalog.report.figures.tsne_map import HEIGHT, WIDTH, PlottedTracks, draw_map, read_plotted_tracks
from tests.integration.report.filled import WRONG_TRACKS, add_collection, add_recipe, add_track, add_vector


def heard(vectors, **changes) -> PlottedTracks:
    number = len(vectors)
    values: dict[str, Any] = {
        "vectors": np.asarray(vectors, dtype=np.float64),
        "names": [f"track {at}" for at in range(number)],
        "genres": [None] * number,
        "labels": [""] * number,
        "is_suspect": [False] * number,
        "groups": {},
        "group_names": (),
        "analyzed": number,
    }
    return PlottedTracks(**(values | changes))


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros((8, 4)),
        np.ones((40, 3)) * 1e30,
        np.eye(6),
        np.arange(7.0).reshape(7, 1),
        np.random.default_rng(0).normal(size=(60, 10)).repeat(2, axis=0),
    ],
    ids=["silence", "all alike", "all apart", "one dimension", "twins"],
)
def test_every_dot_lies_in_the_drawing(vectors):
    found = draw_map(heard(vectors))
    assert found is not None
    assert len(found.dots) == len(vectors)
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in found.dots)


def test_what_sounds_alike_lies_together():
    random = np.random.default_rng(0)
    vectors = np.concatenate([random.normal(size=(40, 12)), random.normal(size=(40, 12)) + 6])
    found = draw_map(heard(vectors, genres=[1] * 40 + [2] * 40, groups={1: 0, 2: 1}, group_names=("a", "b")))
    assert found is not None
    places = {group: [(dot.x, dot.y) for dot in found.dots if dot.group == group] for group in "01"}
    centers = {group: np.mean(places[group], axis=0) for group in places}
    spread = max(np.std(places[group], axis=0).max() for group in places)
    assert np.linalg.norm(centers["0"] - centers["1"]) > 2 * spread
    assert [key.dots for key in found.legend] == [40, 40]


def test_too_few_tracks_have_no_map():
    assert draw_map(heard(np.zeros((4, 3)))) is None
    assert draw_map(heard(np.zeros((0, 0)))) is None


def test_the_doubtful_are_drawn_last(filled: Database):
    with filled.read() as connection:
        found = draw_map(read_plotted_tracks(connection, 1))
    assert found is not None
    assert found.suspects >= WRONG_TRACKS
    assert all(dot.is_suspect for dot in found.dots[-found.suspects :])
    assert found.analyzed == 340
    assert not found.is_sample


def test_a_sample_is_spread_and_the_same_each_time(database: Database):
    with database.write() as connection:
        collection, recipe = add_collection(connection), add_recipe(connection, 3)
        for number in range(400):
            track = add_track(connection, collection, artist=None, title=str(number), path=f"{number}.mp3")
            add_vector(connection, recipe, track, [number, 1, 2])
    with database.read() as connection:
        first, second = (
            read_plotted_tracks(connection, recipe, 100),
            read_plotted_tracks(connection, recipe, 100),
        )
    assert 50 <= len(first.names) <= 100
    assert first.names == second.names
    assert first.analyzed == 400
    positions = first.vectors[:, 0]
    assert positions.min() < 40
    assert positions.max() > 360


def test_vectors_that_are_no_numbers_are_left_out(database: Database):
    with database.write() as connection:
        collection, recipe = add_collection(connection), add_recipe(connection, 2)
        for number, vector in enumerate(([0, 1], [1, 0], [np.nan, 1], [1, np.inf], [1, 2, 3], [2, 2])):
            track = add_track(connection, collection, artist=None, title=str(number), path=f"{number}.mp3")
            add_vector(connection, recipe, track, vector)
    with database.read() as connection:
        found = read_plotted_tracks(connection, recipe)
    assert found.vectors.tolist() == [[0, 1], [1, 0], [2, 2]]
