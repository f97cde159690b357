"""Each classifier written with scikit-learn alone, with the default parameters of this project."""

from collections.abc import Mapping
from typing import Any

from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from catalog.learning.classifiers import ALGORITHMS

Parameters = Mapping[str, Any]


def logistic_regression(p: Parameters, _tracks: int, _dimensions: int) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=p["C"], max_iter=p["max_iter"]))


def svm(p: Parameters, tracks: int, dimensions: int) -> Any:
    gamma = p["gamma"] / dimensions
    if tracks <= p["exact_up_to"]:
        return make_pipeline(StandardScaler(), SVC(C=p["C"], gamma=gamma))
    kernel = Nystroem(gamma=gamma, n_components=p["components"], random_state=0)
    alpha = 1 / (p["C"] * tracks)
    linear = SGDClassifier(alpha=alpha, max_iter=20, tol=None, average=True, random_state=0)
    return make_pipeline(StandardScaler(), kernel, linear)


def knn(p: Parameters, _tracks: int, _dimensions: int) -> Any:
    neighbors = KNeighborsClassifier(p["neighbors"], weights="distance", algorithm="brute")
    return make_pipeline(StandardScaler(), neighbors)


def naive_bayes(p: Parameters, _tracks: int, _dimensions: int) -> Any:
    return make_pipeline(StandardScaler(), GaussianNB(var_smoothing=p["var_smoothing"]))


def neural_network(p: Parameters, _tracks: int, _dimensions: int) -> Any:
    network = MLPClassifier(
        (p["units"],), alpha=p["alpha"], max_iter=p["rounds"], batch_size=32, random_state=0
    )
    return make_pipeline(StandardScaler(), network)


def decision_tree(p: Parameters, _tracks: int, _dimensions: int) -> Any:
    return DecisionTreeClassifier(
        max_depth=p["max_depth"], min_samples_leaf=p["min_samples_leaf"], random_state=0
    )


def random_forest(p: Parameters, tracks: int, _dimensions: int) -> Any:
    return RandomForestClassifier(
        p["trees"],
        min_samples_leaf=p["min_samples_leaf"],
        max_samples=min(p["tracks_a_tree"], tracks),
        random_state=0,
    )


def bagging(p: Parameters, tracks: int, _dimensions: int) -> Any:
    return BaggingClassifier(
        DecisionTreeClassifier(min_samples_leaf=p["min_samples_leaf"]),
        p["trees"],
        max_features=p["max_features"],
        max_samples=min(p["tracks_a_tree"], tracks),
        random_state=0,
    )


def adaboost(p: Parameters, _tracks: int, _dimensions: int) -> Any:
    tree = DecisionTreeClassifier(max_depth=p["max_depth"], max_features="sqrt")
    return AdaBoostClassifier(tree, n_estimators=p["trees"], learning_rate=p["learning_rate"], random_state=0)


def gradient_boosting(p: Parameters, _tracks: int, _dimensions: int) -> Any:
    return HistGradientBoostingClassifier(
        max_iter=p["rounds"],
        learning_rate=p["learning_rate"],
        max_leaf_nodes=p["max_leaf_nodes"],
        min_samples_leaf=p["min_samples_leaf"],
        max_features=p["max_features"],
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )


PLAIN = {
    make.__name__: make
    for make in (
        logistic_regression,
        svm,
        knn,
        naive_bayes,
        decision_tree,
        random_forest,
        bagging,
        adaboost,
        gradient_boosting,
        neural_network,
    )
}
"""Without `stack`: scikit-learn's stacking does not keep artists apart."""


def plain(name: str, tracks: int, dimensions: int) -> Any:
    """An unfitted scikit-learn classifier for a matrix (tracks, dimensions)."""
    return PLAIN[name](ALGORITHMS[name].defaults, tracks, dimensions)
