"""The number of stored tracks."""

import pytest

from tests.unit.learning.classifier_problem import quick, three_classes


@pytest.mark.parametrize("balance", ["none", "sampling"])
def test_the_number_of_stored_tracks_is_limited(balance):
    X, y = three_classes(300)
    few, all_of_them = (
        quick("knn", {"tracks": number, "balance": balance}).fit(X, y).estimator.n_samples_fit_
        for number in (100, 300)
    )
    assert (few, all_of_them) == (100, 300)
