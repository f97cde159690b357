"""Sub-genres: local classifiers, one classifier over all classes and the commonest class, on the same folds.

    python benchmarks/subgenres.py DIR [--algorithm NAME]... [--parameter NAME=VALUE]... [--seeds N] [--json]

DIR holds `genres.csv` of the Free Music Archive, `ntds2017_fma_tracks.csv` (track, genre id, 0 = unknown) and
`ntds2017_fma_features.csv` (MFCC statistics with a header of three rows). A genre with ten tracks is a class; a rarer
one counts for its nearest broader term.

No artist is known of these tracks, so that nothing can keep artists apart: every score here flatters. What is compared
is flattered alike. Path accuracy counts an answer as right where it is the genre of the tag; stopping at the top term
is right where the tag stops there.
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
    """(n,): every track is its own."""
    hierarchy: Hierarchy
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Row:
    """How one way did, means over the seeds; shares of 0 to 1."""

    algorithm: str
    way: str
    top_level: float
    """The top term of the first choice is right."""
    path: float
    """The first choice is the very class."""
    macro_f1: float
    hierarchical_precision: float
    hierarchical_recall: float
    hierarchical_f1: float
    log_loss: float | None
    answered: float | None
    """By the threshold, out of fold."""
    answered_right: float | None
    """The class, or a term above it."""
    seconds: float
    """Of the processor, a seed."""


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
    counted = [column.get(support[genres[one]].counts_for or 0, NOTHING) for one in ids]
    kept = [at for at, one in enumerate(counted) if one != NOTHING]
    return Material(
        np.array([vectors[ids[at]] for at in kept], np.float32),
        np.array([counted[at] for at in kept], np.int64),
        np.arange(len(kept)),
        Hierarchy.of(classes, broader),
        names,
    )


def rows(material: Material, name: str, parameters: Mapping[str, Any], seeds: int) -> Iterator[Row]:
    flat = TrainingRecipe(name, get_algorithm(name).complete(parameters), None)
    for way, learned in (
        ("local", replace(flat, chains=class_chains(material.hierarchy))),
        ("flat", flat),
    ):
        yield mean([scored(material, learned, way, seed) for seed in range(seeds)])


def scored(material: Material, learned: TrainingRecipe, way: str, seed: int) -> Row:
    y, hierarchy = material.y, material.hierarchy
    begin = time.process_time()
    fit = cross_fit(
        material.X,
        y,
        material.groups,
        hierarchy,
        learned.full_algorithm,
        learned.parameters,
        novelty=False,
        seed=seed,
    )
    seconds = time.process_time() - begin
    node = fit.selections.node
    answered = node != NOTHING
    return row(
        material,
        learned.algorithm,
        way,
        fit.choice,
        log_loss=log_loss(fit.probability, y),
        answered=float(answered.mean()),
        answered_right=float(is_correct(node, y, hierarchy)[answered].mean()) if answered.any() else None,
        seconds=seconds,
    )


def row(material: Material, name: str, way: str, choice: Integers, **more: Any) -> Row:
    y, hierarchy = material.y, material.hierarchy
    found = evaluate(y, choice, material.groups, len(hierarchy.classes), resamples=1)
    terms = hierarchical_score(choice, y, hierarchy)
    tops = np.array([path[-1] for path in hierarchy.paths])
    return Row(
        name,
        way,
        top_level=float((tops[y] == tops[choice]).mean()),
        path=found.accuracy.value,
        macro_f1=found.macro_f1.value,
        hierarchical_precision=terms.precision,
        hierarchical_recall=terms.recall,
        hierarchical_f1=terms.f1,
        **more,
    )


def commonest(material: Material) -> Row:
    """Always the commonest class of the other folds."""
    fold = np.arange(len(material.y)) % 5
    choice = majority_class(material.y, fold)
    return row(
        material, "", "commonest", choice, log_loss=None, answered=None, answered_right=None, seconds=0.0
    )


def mean(found: list[Row]) -> Row:
    numbers = {
        name: None if value is None else float(np.mean([getattr(one, name) for one in found]))
        for name, value in asdict(found[0]).items()
        if name not in {"algorithm", "way"}
    }
    return replace(found[0], **numbers)


def chosen(material: Material, name: str, parameters: Mapping[str, Any]) -> str:
    """What `catalog train` would take, by folds that are none of the scores'."""
    learned = TrainingRecipe(name, get_algorithm(name).complete(parameters), None)
    _, choice = choose_structure(learned, "auto", material.X, material.y, material.groups, material.hierarchy)
    return "flat" if choice is None else choice.chosen


def print_table(found: list[Row]) -> None:
    print(
        f"{'algorithm':20} {'way':9} {'top':>6} {'path':>6} {'macro F1':>8} {'hP':>6} {'hR':>6} {'hF':>6} "
        f"{'log loss':>8} {'answered':>8} {'right':>6} {'seconds':>7}"
    )
    for one in found:
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
    """Measures and prints."""
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
        f"{np.bincount(material.y).max():,}; no artist is known: the scores flatter",
        file=sys.stderr,
    )
    found = [commonest(material)]
    for name in options.algorithms or [DEFAULT]:
        found += rows(material, name, parameters, options.seeds)
        print(f"{name}: catalog train would choose {chosen(material, name, parameters)}", file=sys.stderr)
    if options.json:
        print(json.dumps([asdict(one) for one in found], indent=1))
    else:
        print_table(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
