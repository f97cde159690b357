from __future__ import annotations

import numpy as np

from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import NOTHING, Selections
from catalog.learning.prediction.predictions import Predictions, Suggestion, predictions_from_audio

ROCK, METAL, JAZZ = 1, 2, 3


def test_a_row_holds_the_most_probable_genres_and_the_suggestion() -> None:
    predictions = Predictions(
        track_ids=np.array([7, 8]),
        classes=(METAL, JAZZ),
        probability=np.array([[0.25, 0.75], [0.9, 0.1]]),
        suggestions=[Suggestion(JAZZ, 0.75, "audio"), None],
        fold=np.array([0, 3]),
        by_album=np.array([True, False]),
    )
    first, second = predictions.rows()
    assert (first["track_id"], first["unit"], first["fold"]) == (7, "album", 0)
    assert (first["genre_1_id"], first["probability_1"]) == (JAZZ, 0.75)
    assert (first["genre_2_id"], first["probability_2"]) == (METAL, 0.25)
    assert (first["suggested_genre_id"], first["suggested_by"]) == (JAZZ, "audio")
    assert first["probabilities"].dtype == np.float32
    assert (second["unit"], second["suggested_genre_id"], second["suggested_by"]) == ("track", None, None)


def test_selected_nodes_become_suggestions() -> None:
    hierarchy = Hierarchy.of([METAL, JAZZ], {METAL: ROCK, ROCK: None, JAZZ: None})
    rock = hierarchy.nodes.index(ROCK)
    selections = Selections(node=np.array([rock, NOTHING]), probability=np.array([0.9123456789, np.nan]))
    assert predictions_from_audio(selections, hierarchy) == [Suggestion(ROCK, 0.912346, "audio"), None]
