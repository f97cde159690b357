"""Checks and derived values of training options."""

import pytest

from catalog.learning.training_options import TrainingOptions, UnusableFeatureSetsError


def test_pca_is_projected_from_grid():
    options = TrainingOptions(feature_sets=("pca",))
    assert options.sources == ("grid",)
    assert options.projection == {"variance": 0.97}
    assert TrainingOptions(feature_sets=("musicnn", "summary")).projection is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("musicnn", "musicnn"), "the feature set musicnn is named twice"),
        (("pca", "musicnn"), "pca cannot be combined with other feature sets"),
    ],
)
def test_feature_sets_that_cannot_be_combined(names, message):
    with pytest.raises(UnusableFeatureSetsError, match=message):
        TrainingOptions(feature_sets=names)
