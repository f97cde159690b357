from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.report.model_quality import Quality, Score, quality_of
from tests.integration.report.filled import METRICS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_metrics_as_they_are_stored():
    quality = quality_of(METRICS)
    assert quality is not None
    assert quality.accuracy == Score(0.712, 0.634, 0.787)
    assert quality.majority == Score(0.336, 0.2, 0.48)
    assert quality.artist_copy == Score(0.861, None, None)  # as older models have it
    assert quality.known_artists == Score(0.894, 0.81, 0.95)
    assert (quality.tracks, quality.classes, quality.groups) == (262, 8, 70)
    assert quality.by_class[0].genre == "Rock"
    assert (quality.among_three, quality.random_folds) == (Score(0.93, 0.9, 0.96), Score(0.81, None, None))


@given(st.dictionaries(st.sampled_from(sorted(METRICS)), JSON))
def test_metrics_of_any_other_shape_are_read_as_far_as_they_go(metrics):
    quality = quality_of(metrics)
    assert quality is None or isinstance(quality, Quality)


def test_without_an_accuracy_there_is_no_score():
    assert quality_of({}) is None
    assert quality_of(None) is None
    assert quality_of({"accuracy": {"value": float("nan")}}) is None
