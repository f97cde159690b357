"""The size of a fitted network."""

from tests.unit.learning.classifier_problem import quick, three_classes


def test_a_fitted_network_holds_no_optimizer():
    X, y = three_classes()
    network = quick("neural_network").fit(X, y)
    assert "_optimizer" not in vars(network.estimator)
    assert network.estimator.batch_size == 32
