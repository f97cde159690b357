"""Exact and approximate kernel machines."""

from catalog.learning.classifiers import get_algorithm
from tests.unit.learning.classifier_problem import three_classes


def test_above_a_number_of_tracks_a_machine_learns_an_approximate_kernel():
    X, y = three_classes(300)
    exact, approximate = (
        get_algorithm("svm").build({"exact_up_to": number, "components": 50}).fit(X[:240], y[:240])
        for number in (240, 239)
    )
    assert exact.estimator.kernel is None
    assert approximate.estimator.kernel is not None
    same = exact.predict_proba(X[240:]).argmax(axis=1) == approximate.predict_proba(X[240:]).argmax(axis=1)
    assert same.mean() > 0.9
