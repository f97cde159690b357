"""Compare the default model with a random forest on summary statistics and with two baselines.

    python benchmarks/against_classic.py FOLDER... [--home DIR] [--workers N] [--level leaf|top] [--no-search] [--json]

Each FOLDER is a collection of music with genres in its tags, or with a labels.csv. The script scans it into a separate
catalog below --home; a second run reuses the vectors stored there. All rows are out of fold, with folds grouped by
artist. All recipes use the same folds. Scores are means over five fold assignments. Differences are paired, and their
intervals resample artists.

The default is trained on `musicnn` and `summary` concatenated, as `catalog train` does with this number of labeled
tracks. A separate row has `musicnn` alone. "Uncalibrated" is the most probable genre of the classifier, as in the
study; "calibrated" is the prediction that `catalog train` reports. The forest has both rows, and two more with
searched settings, so that calibration favors neither side. The last row is the suggestion for an untagged track whose
artist has other tracks: it combines their tags with the audio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catalog.threads import ONE_THREAD

os.environ.update(ONE_THREAD)

import numpy as np
import numpy.typing as npt

from catalog.db.database import open_database
from catalog.learning.classifiers import DEFAULT, class_probabilities, get_algorithm
from catalog.learning.dataset.catalog_tracks import load_broader, load_predictable
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.dataset.snapshot import ClassRule
from catalog.learning.dataset.snapshot_data import Vectors, load_vectors
from catalog.learning.fitting.calibration import cross_fitted
from catalog.learning.fitting.cross_fit import cross_fit
from catalog.learning.metrics.baselines import artist_majority, majority_class
from catalog.learning.metrics.bootstrap import Interval, bootstrap_draws, interval
from catalog.learning.metrics.evaluation import Evaluation, evaluate
from catalog.learning.registry.default_feature_sets import DEFAULTS
from catalog.learning.scoring.artist_aware_score import choices_with_artists, suggestions_as_if_untagged
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import TrainingSet, build_training_set

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

REPEATS = 5
INNER_FOLDS = 3
FILES_FAILED = 3
COPYING = "copying the artist's other tracks"
TOGETHER = "default and the artist's other tracks"
FOREST = {"trees": 300, "min_samples_leaf": 1, "balance": "none"}
"""The classic recipe: a forest with scikit-learn's defaults and 300 trees."""
MUSICNN, SUMMARY = ("musicnn",), ("summary",)
SETTINGS = [
    {"trees": 100, "min_samples_leaf": leaf, "balance": balance}
    for leaf in (1, 3, 10)
    for balance in ("none", "weights")
]
"""Settings of the searched forest. Each fold uses the one with the highest accuracy on the other folds."""


@dataclass(frozen=True, eq=False)
class Collection:
    """The evaluated tracks of a folder, n of them."""

    name: str
    genres: tuple[str, ...]
    y: Integers
    groups: Integers
    artists: Sequence[str | None]
    vectors: Mapping[tuple[str, ...], Vectors]
    material: TrainingSet
    broader: Mapping[int, int | None]
    suggestable: frozenset[int]

    def folds(self, seed: int) -> Integers:
        """(n,): the folds that `catalog train` assigns."""
        return stratified_group_folds(self.y, self.groups, number_of_folds(self.y, self.groups), seed=seed)


def catalog(home: Path, *arguments: str) -> None:
    command = [
        sys.executable,
        "-c",
        "from catalog.cli.main import main; main()",
        "--home",
        str(home),
        *arguments,
    ]
    code = subprocess.run(command, check=False, stdout=sys.stderr).returncode
    if code not in {0, FILES_FAILED}:
        sys.exit(code)


def load(folder: Path, home: Path, workers: int, level: str) -> Collection:
    """Scan the folder, import its labels, extract the missing vectors and return the evaluated tracks."""
    catalog(home, "scan", str(folder))
    if (folder / "labels.csv").exists():
        catalog(home, "labels", "import", str(folder / "labels.csv"))
    catalog(home, "analyze", *(f"--feature-set={name}" for name in DEFAULTS), "--workers", str(workers))
    database = open_database(f"sqlite:///{home / 'catalog.db'}")
    training_options = TrainingOptions(rule=ClassRule(10, 5, "top" if level == "top" else "leaf"))
    with database.read() as connection:
        material = build_training_set(connection, training_options)
        frozen = material.snapshot
        if frozen is None:
            sys.exit(f"{folder}: no model can be trained: {material.reason}")
        vectors = {
            names: load_vectors(connection, names, frozen.track_ids) for names in (MUSICNN, SUMMARY, DEFAULTS)
        }
        broader, _ = load_broader(connection)
        suggestable = load_predictable(connection)
    database.close()
    return Collection(
        folder.name,
        tuple(material.names[genre] for genre in frozen.classes),
        frozen.y,
        frozen.groups.number,
        [material.tracks.artists[at] for at in material.tracks.at(frozen.track_ids)],
        vectors,
        material,
        broader,
        suggestable,
    )


def choices(collection: Collection, *, searched: bool) -> dict[str, Integers]:
    """(REPEATS, n) per recipe: the predicted class of each track. Baselines are first, the default is last."""
    results: dict[str, list[Integers]] = {}
    for seed in range(REPEATS):
        fold, y, groups = collection.folds(seed), collection.y, collection.groups
        forest = out_of_fold(collection, SUMMARY, "random_forest", [FOREST], fold, seed)
        alone = out_of_fold(collection, MUSICNN, DEFAULT, [{}], fold, seed)
        default = out_of_fold(collection, DEFAULTS, DEFAULT, [{}], fold, seed)
        row = {
            "always the commonest genre": majority_class(y, fold),
            COPYING: artist_majority(y, collection.artists),
            "forest on summary, uncalibrated": forest.argmax(axis=1),
            "forest on summary, calibrated": cross_fitted(forest, y, fold, groups).argmax(axis=1),
            "default on musicnn alone, calibrated": cross_fitted(alone, y, fold, groups).argmax(axis=1),
            "default, uncalibrated": default.argmax(axis=1),
            "default, calibrated": cross_fitted(default, y, fold, groups).argmax(axis=1),
            TOGETHER: with_artists(collection, seed),
        }
        if searched:
            best = out_of_fold(collection, SUMMARY, "random_forest", SETTINGS, fold, seed)
            row["forest on summary, searched"] = best.argmax(axis=1)
            row["forest on summary, searched and calibrated"] = cross_fitted(best, y, fold, groups).argmax(
                axis=1
            )
        for name, choice in row.items():
            results.setdefault(name, []).append(choice)
        print(f"{collection.name}: fold assignment {seed + 1} of {REPEATS}", file=sys.stderr, flush=True)
    return {name: np.stack(results[name]) for name in sorted(results, key=_place)}


def with_artists(collection: Collection, seed: int) -> Integers:
    """(n,): the suggestion for each track as if it were the only untagged one."""
    frozen, material = collection.material.snapshot, collection.material
    assert frozen is not None
    vectors = collection.vectors[DEFAULTS]
    learner = get_algorithm(DEFAULT).over(vectors.blocks)
    fitted = cross_fit(vectors.X, collection.y, collection.groups, material.hierarchy, learner, seed=seed)
    suggested = suggestions_as_if_untagged(
        frozen, fitted, material.tracks, material.hierarchy, collection.broader, collection.suggestable
    )
    return choices_with_artists(suggested, fitted.choice, frozen.classes, collection.broader)


def _place(name: str) -> int:
    return ["always", "copying", "forest", "default"].index(name.partition(" ")[0].rstrip(","))


def out_of_fold(
    collection: Collection,
    feature_sets: tuple[str, ...],
    name: str,
    settings: Sequence[Mapping[str, Any]],
    fold: Integers,
    seed: int,
) -> Floats:
    """(n, classes): probabilities from classifiers that were fitted without the artist.

    Of several settings, each fold uses the one with the highest accuracy on the other folds, also grouped by artist.
    """
    vectors, y, groups = collection.vectors[feature_sets], collection.y, collection.groups
    X, over = vectors.X, vectors.blocks
    probability = np.zeros((len(y), len(collection.genres)))
    for number in np.unique(fold):
        training = fold != number
        fold_data = X[training], y[training], groups[training]
        best = settings[0] if len(settings) == 1 else _best(*fold_data, name, settings, seed)
        classifier = get_algorithm(name).over(over).build(best, seed=seed).fit(*fold_data)
        probability[~training] = class_probabilities(classifier, X[~training], probability.shape[1])
    return probability


def _best(
    X: Float32, y: Integers, groups: Integers, name: str, settings: Sequence[Mapping[str, Any]], seed: int
) -> Mapping[str, Any]:
    folds = stratified_group_folds(y, groups, number_of_folds(y, groups, maximum=INNER_FOLDS), seed=seed)
    right = np.zeros(len(settings))
    for number in np.unique(folds):
        training = folds != number
        for at, setting in enumerate(settings):
            classifier = get_algorithm(name).build(setting, seed=seed).fit(X[training], y[training])
            probability = class_probabilities(classifier, X[~training], int(y.max()) + 1)
            right[at] += (probability.argmax(axis=1) == y[~training]).sum()
    return settings[int(right.argmax())]


def ahead(collection: Collection, mine: Integers, theirs: Integers) -> dict[str, Interval]:
    """Difference between the scores of two arrays of predictions (REPEATS, n), on the same resamples of artists."""
    names, group = np.unique(collection.groups, return_inverse=True)
    parts = [np.ones((1, names.size)), *bootstrap_draws(names.size)]
    results = np.concatenate(
        [
            np.mean([_scores(collection.y, one, part[:, group]) for one in mine], axis=0)
            - np.mean([_scores(collection.y, one, part[:, group]) for one in theirs], axis=0)
            for part in parts
        ]
    )
    return {
        name: interval(float(results[0, at]), results[1:, at])
        for at, name in enumerate(("accuracy", "balanced_accuracy", "macro_f1"))
    }


def _scores(y: Integers, choice: Integers, weights: Floats) -> Floats:
    """(m, 3): accuracy, balanced accuracy and macro F1 of tracks weighted by weights (m, n)."""
    classes = np.arange(int(y.max()) + 1)
    true, predicted = (y[:, None] == classes).astype(float), (choice[:, None] == classes).astype(float)
    hits, of_class, answers = weights @ (true * predicted), weights @ true, weights @ predicted
    occurs = of_class > 0
    number = np.maximum(occurs.sum(axis=1), 1)
    recall = np.where(occurs, hits / np.maximum(of_class, 1), 0).sum(axis=1) / number
    f1 = np.where(occurs, 2 * hits / np.maximum(of_class + answers, 1), 0).sum(axis=1) / number
    return np.stack([hits.sum(axis=1) / weights.sum(axis=1), recall, f1], axis=1)


def report(collection: Collection, results: Mapping[str, Integers]) -> dict[str, Any]:
    """All scores, 0 to 1, and the difference between the default and each other row."""
    rows = {
        name: evaluate(collection.y, choice, collection.groups, len(collection.genres))
        for name, choice in results.items()
    }
    mine = results["default, calibrated"]
    counts = np.bincount(collection.y).tolist()
    return {
        "collection": collection.name,
        "genres": dict(zip(collection.genres, counts, strict=True)),
        "tracks": len(collection.y),
        "groups": int(np.unique(collection.groups).size),
        "rows": {name: _as_json(row) for name, row in rows.items()},
        "default_ahead_of": {
            name: {score: asdict(one) for score, one in ahead(collection, mine, choice).items()}
            for name, choice in results.items()
            if name not in {"default, calibrated", "default, uncalibrated", TOGETHER}
        },
        "together_ahead_of_copying": {
            score: asdict(one)
            for score, one in ahead(collection, results[TOGETHER], results[COPYING]).items()
        },
    }


def _as_json(row: Evaluation) -> dict[str, Any]:
    return {name: asdict(getattr(row, name)) for name in ("accuracy", "balanced_accuracy", "macro_f1")}


def print_report(results: Mapping[str, Any]) -> None:
    genres = ", ".join(f"{name} {tracks}" for name, tracks in results["genres"].items())
    print(
        f"\n{results['collection']}: {results['tracks']} tracks, {results['groups']} groups by artist: {genres}"
    )
    print(f"{'':44}{'accuracy':>20}{'balanced':>20}{'macro F1':>20}")
    for name, row in results["rows"].items():
        print(f"{name:44}" + "".join(f"{_within(one, ''):>20}" for one in row.values()))
    print("the default, calibrated, minus:")
    for name, row in results["default_ahead_of"].items():
        print(f"  {name:42}" + "".join(f"{_within(one, '+'):>20}" for one in row.values()))
    print(f"{TOGETHER}, minus copying:")
    print(
        " " * 44
        + "".join(f"{_within(one, '+'):>20}" for one in results["together_ahead_of_copying"].values())
    )


def _within(one: Mapping[str, float], sign: str) -> str:
    value, low, high = (100 * one[name] for name in ("value", "low", "high"))
    return f"{value:{sign}.0f} ({low:{sign}.0f} to {high:{sign}.0f})"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--home", type=Path, default=Path("against-classic"), help="[default: %(default)s]")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="[default: one per core]"
    )
    parser.add_argument("--level", choices=["leaf", "top"], default="leaf")
    parser.add_argument("--no-search", action="store_true", help="skip the forest with searched settings")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for folder in options.folders:
        collection = load(folder.resolve(), options.home / folder.name, options.workers, options.level)
        results.append(report(collection, choices(collection, searched=not options.no_search)))
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        for one in results:
            print_report(one)
    return 0


if __name__ == "__main__":
    sys.exit(main())
