"""Compare local classifiers, one classifier over all classes and the most common class on sub-genres.

    python benchmarks/subgenres.py DIR [--algorithm NAME]... [--parameter NAME=VALUE]... [--seeds N] [--json]

DIR contains `genres.csv` of the Free Music Archive, `ntds2017_fma_tracks.csv` (track, genre id, 0 = unknown) and
`ntds2017_fma_features.csv` (MFCC statistics with a header of three rows). A genre with ten tracks is a class. A rarer
genre counts for its nearest broader term. All three use the same folds.

The data contain no artists, so the folds are not grouped by artist and every score is too optimistic. This affects all
rows in the same way. Path accuracy counts a prediction as correct if it is the genre of the tag. A prediction at the
top level is correct if the tag is at the top level.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.cli.train.train import parse_parameters
from catalog.learning.classifiers import DEFAULT, Matrix, get_algorithm
from catalog.learning.classifiers.local_per_parent import class_chains
from catalog.learning.dataset.class_support import LabeledTrack, class_support, classes_of
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import NOTHING, is_correct
from catalog.learning.fitting.cross_fit import cross_fit
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.metrics.baselines import majority_class
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.metrics.probability_scores import log_loss
from catalog.learning.scoring.hierarchical_metrics import hierarchical_score
from catalog.learning.scoring.hierarchy_selection import choose_structure

Integers = npt.NDArray[np.int64]
MINIMUM_TRACKS = 10


@dataclass(frozen=True, eq=False)
class Material:
    """n labeled tracks and their classes."""

    X: Matrix
    y: Integers
    groups: Integers
    """(n,): one group per track."""
    hierarchy: Hierarchy
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Row:
    """The scores of one way, means over the seeds; shares are 0 to 1."""

    algorithm: str
    way: str
    top_level: float
    """Accuracy of the top term of the prediction."""
    path: float
    """Accuracy of the exact class."""
    macro_f1: float
    hierarchical_precision: float
    hierarchical_recall: float
    hierarchical_f1: float
    log_loss: float | None
    answered: float | None
    """Share of tracks above the threshold, out of fold."""
    answered_right: float | None
    """Share of these with the right class or a broader term."""
    seconds: float
    """Processor seconds per seed."""


def read(folder: Path) -> Material:
    broader: dict[int, int | None] = {}
    names = {}
    with (folder / "genres.csv").open(newline="", encoding="utf-8") as file:
        for one in csv.DictReader(file):
            genre = int(one["genre_id"])
            broader[genre], names[genre] = int(one["parent"]) or None, one["title"]
    with (folder / "ntds2017_fma_tracks.csv").open(newline="", encoding="utf-8") as file:
        genres = {int(one["track_id"]): int(one["genre"]) for one in csv.DictReader(file)}
    with (folder / "ntds2017_fma_features.csv").open(newline="", encoding="utf-8") as file:
        vectors = {int(line[0]): line[1:] for line in csv.reader(file) if line and line[0].isdigit()}
    ids = [one for one, genre in genres.items() if genre and one in vectors]
    tagged = [LabeledTrack(genres[one], str(one), None) for one in ids]
    support = class_support(tagged, broader, minimum_tracks=MINIMUM_TRACKS, minimum_artists=0, names=names)
    classes = classes_of(support)
    column = {genre: at for at, genre in enumerate(classes)}
    columns = [column.get(support[genres[one]].counts_for or 0, NOTHING) for one in ids]
    selected = [at for at, one in enumerate(columns) if one != NOTHING]
    return Material(
        np.array([vectors[ids[at]] for at in selected], np.float32),
        np.array([columns[at] for at in selected], np.int64),
        np.arange(len(selected)),
        Hierarchy.of(classes, broader),
        names,
    )


def rows(material: Material, name: str, parameters: Mapping[str, Any], seeds: int) -> Iterator[Row]:
    flat = TrainingRecipe(name, get_algorithm(name).complete(parameters), None)
    for way, recipe in (
        ("local", replace(flat, chains=class_chains(material.hierarchy))),
        ("flat", flat),
    ):
        yield mean([scored(material, recipe, way, seed) for seed in range(seeds)])


def scored(material: Material, recipe: TrainingRecipe, way: str, seed: int) -> Row:
    y, hierarchy = material.y, material.hierarchy
    begin = time.process_time()
    fit = cross_fit(
        material.X,
        y,
        material.groups,
        hierarchy,
        recipe.full_algorithm,
        recipe.parameters,
        novelty=False,
        seed=seed,
    )
    seconds = time.process_time() - begin
    node = fit.selections.node
    answered = node != NOTHING
    return row(
        material,
        recipe.algorithm,
        way,
        fit.choice,
        log_loss=log_loss(fit.probability, y),
        answered=float(answered.mean()),
        answered_right=float(is_correct(node, y, hierarchy)[answered].mean()) if answered.any() else None,
        seconds=seconds,
    )


def row(material: Material, name: str, way: str, choice: Integers, **more: Any) -> Row:
    y, hierarchy = material.y, material.hierarchy
    results = evaluate(y, choice, material.groups, len(hierarchy.classes), resamples=1)
    terms = hierarchical_score(choice, y, hierarchy)
    tops = np.array([path[-1] for path in hierarchy.paths])
    return Row(
        name,
        way,
        top_level=float((tops[y] == tops[choice]).mean()),
        path=results.accuracy.value,
        macro_f1=results.macro_f1.value,
        hierarchical_precision=terms.precision,
        hierarchical_recall=terms.recall,
        hierarchical_f1=terms.f1,
        **more,
    )


def commonest(material: Material) -> Row:
    """Always predict the most common class of the other folds."""
    fold = np.arange(len(material.y)) % 5
    choice = majority_class(material.y, fold)
    return row(
        material, "", "commonest", choice, log_loss=None, answered=None, answered_right=None, seconds=0.0
    )


def mean(results: list[Row]) -> Row:
    numbers = {
        name: None if value is None else float(np.mean([getattr(one, name) for one in results]))
        for name, value in asdict(results[0]).items()
        if name not in {"algorithm", "way"}
    }
    return replace(results[0], **numbers)


def choose_for_training(material: Material, name: str, parameters: Mapping[str, Any]) -> str:
    """The structure that `catalog train` would choose, on folds that differ from those of the scores."""
    recipe = TrainingRecipe(name, get_algorithm(name).complete(parameters), None)
    _, choice = choose_structure(recipe, "auto", material.X, material.y, material.groups, material.hierarchy)
    return "flat" if choice is None else choice.chosen


def print_table(results: list[Row]) -> None:
    print(
        f"{'algorithm':20} {'way':9} {'top':>6} {'path':>6} {'macro F1':>8} {'hP':>6} {'hR':>6} {'hF':>6} "
        f"{'log loss':>8} {'answered':>8} {'right':>6} {'seconds':>7}"
    )
    for one in results:
        loss = "" if one.log_loss is None else f"{one.log_loss:.3f}"
        answered, good = (
            "" if value is None else f"{value:.1%}" for value in (one.answered, one.answered_right)
        )
        print(
            f"{one.algorithm:20} {one.way:9} {one.top_level:6.1%} {one.path:6.1%} {one.macro_f1:8.3f} "
            f"{one.hierarchical_precision:6.1%} {one.hierarchical_recall:6.1%} {one.hierarchical_f1:6.1%} "
            f"{loss:>8} {answered:>8} {good:>6} {one.seconds:7.1f}"
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--algorithm", action="append", dest="algorithms")
    parser.add_argument("--parameter", action="append", default=[], dest="parameters")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    parameters = parse_parameters(None, None, tuple(options.parameters))
    material = read(options.folder)
    print(
        f"{len(material.y):,} tracks, {len(material.hierarchy.classes)} classes, the commonest "
        f"{np.bincount(material.y).max():,}; no artist is known: the scores are too optimistic",
        file=sys.stderr,
    )
    results = [commonest(material)]
    for name in options.algorithms or [DEFAULT]:
        results += rows(material, name, parameters, options.seeds)
        print(
            f"{name}: catalog train would choose {choose_for_training(material, name, parameters)}",
            file=sys.stderr,
        )
    if options.json:
        print(json.dumps([asdict(one) for one in results], indent=1))
    else:
        print_table(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
