"""Suggestions from tags and from audio are scored by class."""

import numpy as np
import pytest

from catalog.learning.dataset.groups import Groups
from catalog.learning.dataset.snapshot import ClassRule, Snapshot
from catalog.learning.prediction.predictions import Suggestion
from catalog.learning.scoring.artist_aware_score import SourceScore, score_artist_aware

ROCK, METAL, JAZZ, BEBOP = range(1, 5)
BROADER = {ROCK: None, METAL: ROCK, JAZZ: None, BEBOP: JAZZ}


def scored(genres, suggested, heard):
    """A training set of one artist a track, with METAL and JAZZ as its classes."""
    count = len(genres)
    groups = Groups(np.arange(count), np.ones(count, np.int64), 0.0)
    column = {METAL: 0, JAZZ: 1}
    y = np.array([column[genre] for genre in genres])
    frozen = Snapshot(ClassRule(10, 5, "leaf"), 0, np.arange(count) + 1, (METAL, JAZZ), y, groups)
    return score_artist_aware(suggested, np.array([column[genre] for genre in heard]), frozen, BROADER)


def test_suggestions_by_artist_replace_wrong_predictions():
    found = scored(
        [METAL, METAL, JAZZ, JAZZ],
        [
            Suggestion(METAL, None, "artist"),
            None,
            Suggestion(BEBOP, None, "album"),
            Suggestion(METAL, 0.9, "audio"),
        ],
        [JAZZ, METAL, METAL, METAL],
    )
    assert found.accuracy.value == 0.75
    assert found.macro_f1.value == pytest.approx((0.8 + 2 / 3) / 2)
    assert (found.share_answered, found.answered_precision) == (0.75, pytest.approx(2 / 3))
    assert found.by_source == (
        SourceScore("album", 1, 1),
        SourceScore("artist", 1, 1),
        SourceScore("audio", 1, 0),
    )


def test_a_broader_suggestion_is_correct():
    found = scored([METAL, METAL], [Suggestion(ROCK, 0.9, "audio")] * 2, [METAL, JAZZ])
    assert (found.accuracy.value, found.answered_precision) == (0.5, 1.0)


def test_without_a_suggestion_the_prediction_is_scored():
    found = scored([METAL, JAZZ], [None, None], [METAL, METAL])
    assert (found.accuracy.value, found.share_answered, found.answered_precision) == (0.5, 0.0, None)
    assert found.by_source == ()
