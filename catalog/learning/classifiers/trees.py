"""Decision tree and tree ensembles: random forest, bagging, AdaBoost, gradient boosting."""

from collections.abc import Mapping
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BALANCE, balance_without_weights
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, COUNT, SHARE, Parameter, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make_decision_tree(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.tree import DecisionTreeClassifier

    estimator = DecisionTreeClassifier(
        max_depth=parameters["max_depth"],
        min_samples_leaf=parameters["min_samples_leaf"],
        random_state=seed,
    )
    return _without_scaling(estimator, parameters, seed)


def _make_random_forest(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.ensemble import RandomForestClassifier

    share = parameters["max_features"]
    estimator = RandomForestClassifier(
        n_estimators=parameters["trees"],
        min_samples_leaf=parameters["min_samples_leaf"],
        max_features="sqrt" if share is None else float(share),
        random_state=seed,
        n_jobs=1,
    )
    return _without_scaling(estimator, parameters, seed, at_most={"max_samples": parameters["tracks_a_tree"]})


def _make_bagging(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.ensemble import BaggingClassifier
    from sklearn.tree import DecisionTreeClassifier

    estimator = BaggingClassifier(
        DecisionTreeClassifier(min_samples_leaf=parameters["min_samples_leaf"]),
        n_estimators=parameters["trees"],
        max_features=float(parameters["max_features"]),
        random_state=seed,
        n_jobs=1,
    )
    return _without_scaling(estimator, parameters, seed, at_most={"max_samples": parameters["tracks_a_tree"]})


def _make_adaboost(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    # Every tree is fitted on all tracks, so time would grow with all dimensions: each split sees a few of them.
    tree = DecisionTreeClassifier(max_depth=parameters["max_depth"], max_features="sqrt")
    estimator = AdaBoostClassifier(
        tree,
        n_estimators=parameters["trees"],
        learning_rate=parameters["learning_rate"],
        random_state=seed,
    )
    return _without_scaling(estimator, parameters, seed)


def _make_gradient_boosting(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.ensemble import HistGradientBoostingClassifier

    estimator = HistGradientBoostingClassifier(
        max_iter=parameters["rounds"],
        learning_rate=parameters["learning_rate"],
        max_leaf_nodes=parameters["max_leaf_nodes"],
        min_samples_leaf=parameters["min_samples_leaf"],
        max_features=float(parameters["max_features"]),
        l2_regularization=1.0,
        # Early stopping would use a random validation split, which does not keep artists apart.
        early_stopping=False,
        random_state=seed,
    )
    return _without_scaling(estimator, parameters, seed)


def _without_scaling(
    estimator: Any, parameters: Mapping[str, Any], seed: int, **options: Any
) -> SklearnClassifier:
    return SklearnClassifier(estimator, balance=parameters["balance"], scaled=False, seed=seed, **options)


DECISION_TREE = Algorithm(
    name="decision_tree",
    make=_make_decision_tree,
    parameters={
        "max_depth": Parameter(8, integer(1, 50), tries=(4, 8, 16)),
        "min_samples_leaf": Parameter(5, COUNT, tries=(2, 5, 10, 20)),
        "balance": BALANCE,
    },
)
RANDOM_FOREST = Algorithm(
    name="random_forest",
    make=_make_random_forest,
    parameters={
        "trees": Parameter(200, integer(1, 2000)),
        "min_samples_leaf": Parameter(2, COUNT, tries=(1, 2, 5, 10)),
        "max_features": Parameter(
            None, SHARE.or_null("the square root of the dimensions"), tries=(None, 0.1, 0.3)
        ),
        "tracks_a_tree": Parameter(20_000, COUNT),
        "balance": BALANCE,
    },
)
BAGGING = Algorithm(
    name="bagging",
    make=_make_bagging,
    parameters={
        "trees": Parameter(50, integer(1, 1000)),
        "min_samples_leaf": Parameter(2, COUNT, tries=(1, 2, 5, 10)),
        "max_features": Parameter(0.3, SHARE, tries=(0.1, 0.3, 1.0)),
        "tracks_a_tree": Parameter(10_000, COUNT),
        # Without weights: bagging resamples by them, so they would be the same as sampling.
        "balance": balance_without_weights("sampling"),
    },
)
ADABOOST = Algorithm(
    name="adaboost",
    make=_make_adaboost,
    parameters={
        "trees": Parameter(100, integer(1, 1000)),
        "max_depth": Parameter(4, integer(1, 20), tries=(2, 4, 8)),
        "learning_rate": Parameter(0.5, ABOVE_ZERO, tries=(0.1, 0.5, 1.0)),
        "balance": BALANCE,
    },
)
GRADIENT_BOOSTING = Algorithm(
    name="gradient_boosting",
    make=_make_gradient_boosting,
    parameters={
        "rounds": Parameter(100, integer(1, 2000), tries=(50, 100, 200)),
        "learning_rate": Parameter(0.1, ABOVE_ZERO, tries=(0.05, 0.1)),
        "max_leaf_nodes": Parameter(15, integer(2, 1000), tries=(7, 15, 31)),
        "min_samples_leaf": Parameter(10, COUNT),
        "max_features": Parameter(0.2, SHARE),
        "balance": BALANCE,
    },
)
