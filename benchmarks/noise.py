"""Inject label errors and measure how many the audit finds, compared with two other rankings.

    python benchmarks/noise.py HOME|MATRIX.npz [--seeds N] [--rates R...] [--by GROUP] [--json]

HOME is the home of a catalog with a trained model. The script uses the tracks whose tag counts for a class of the
model, with their vectors of the model's first feature set, and of `summary` if all have them; the audit's classifier
then trains on both. MATRIX contains `X` (tracks, dimensions of musicnn), `y` (genre) and `group` (artist), and
optionally `S` (tracks, dimensions of summary). 3, 10 and 20 % of the labels are changed, in four ways:

- single: single tracks, to a random genre
- single, confused: single tracks, to the genre that people confuse theirs with, by a table in this file
- artist: all tracks of an artist, to a random genre
- artist, confused: all tracks of an artist, to the confused genre

The output has the average precision over all tracks, as the mean over seeds with the half width of its 95 % interval.
`suspicion` is the ranking of `catalog audit labels`. `forest` ranks by one minus the out-of-fold probability of the
label, from a random forest on `summary` (musicnn if there is none), with folds grouped by artist. `cleanlab` is
cleanlab's default ranking, from the probabilities that suspicion starts from.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score

from catalog.audit.labels.audited_tracks import AuditedTracks, GenreInfo
from catalog.audit.labels.label_evidence import gather_evidence
from catalog.audit.labels.label_issues import find_suspects
from catalog.db.database import open_database
from catalog.db.schema.schema_state import require_current
from catalog.learning.classifiers import DEFAULT, class_probabilities, get_algorithm
from catalog.learning.dataset.exclusion import excluded_genres
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.registry.registry import require_active

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CONFUSED = {
    "blues": "jazz",
    "classical": "jazz",
    "country": "folk",
    "disco": "pop",
    "electronic": "hiphop",
    "experimental": "electronic",
    "folk": "country",
    "folk rock": "country",
    "hiphop": "reggae",
    "instrumental": "classical",
    "international": "folk",
    "jazz": "blues",
    "metal": "rock",
    "oldies": "pop",
    "pop": "rock",
    "punk": "metal",
    "reggae": "hiphop",
    "rock": "metal",
    "soul": "disco",
}
"""Genre -> the genre it is confused with.

If a collection lacks that genre, its own entry is used, and so on; the last choice is `rock`.
"""
RATES = (0.03, 0.1, 0.2)
KINDS = ("single", "single, confused", "artist", "artist, confused")
TREES = 200


@dataclass(frozen=True, eq=False)
class Material:
    """Labeled vectors."""

    X: Floats
    S: Floats | None
    y: Integers
    group: Integers
    names: list[str]


def load_home(home: Path) -> Material:
    """Load the input of a catalog's label audit. Raises NoModelError, and SystemExit if vectors are missing."""
    database = open_database(f"sqlite:///{home / 'catalog.db'}")
    require_current(database)
    with database.read() as connection:
        row = require_active(connection)
        evidence = gather_evidence(connection, row, excluded_genres(connection, ()))
    database.close()
    audited, terms = evidence.audited, evidence.genres
    if audited.vectors is None:
        raise SystemExit(f"{home}: not all tagged tracks have vectors; run `catalog --home {home} analyze`")
    return Material(
        X=audited.vectors.astype(np.float64),
        S=audited.further[0].astype(np.float64) if audited.further else None,
        y=audited.y,
        group=audited.groups,
        names=[terms.names[genre] for genre in terms.hierarchy.classes],
    )


def load_matrix(path: Path, by: str) -> Material:
    """Load the tracks of the genres with at least ten tracks by at least three artists."""
    arrays = np.load(path, allow_pickle=False)
    selected = np.array(
        [
            (arrays["y"] == name).sum() >= 10 and len(set(arrays[by][arrays["y"] == name])) >= 3
            for name in arrays["y"]
        ]
    )
    names, y = np.unique(arrays["y"][selected], return_inverse=True)
    group = np.unique(arrays[by][selected], return_inverse=True)[1]
    S = arrays["S"][selected].astype(np.float64) if "S" in arrays else None
    return Material(arrays["X"][selected].astype(np.float64), S, y, group, [str(name) for name in names])


def wrong_labels(material: Material, rate: float, kind: str, random: np.random.Generator) -> Integers:
    """(n,): the labels, with about `rate` of them changed.

    An artist after the first is skipped if the changes so far and half of their tracks exceed the intended number.
    """
    y, classes = material.y.copy(), len(material.names)
    changes = max(1, round(rate * len(y)))

    def other(was: int) -> int:
        if kind.endswith("confused"):
            return confused(material.names, was)
        return int((was + random.integers(1, classes)) % classes)

    if kind.startswith("single"):
        for row in random.permutation(len(y))[:changes]:
            y[row] = other(int(y[row]))
        return y
    changed = 0
    for artist in random.permutation(np.unique(material.group)):
        rows = np.flatnonzero(material.group == artist)
        if changed and changed + len(rows) / 2 > changes:
            continue
        for was in np.unique(material.y[rows]):
            y[rows[material.y[rows] == was]] = other(int(was))
        changed += len(rows)
        if changed >= changes:
            break
    return y


def confused(names: list[str], was: int) -> int:
    """The class that people confuse this one with, among the existing classes."""
    folded = [name.casefold().replace("-", "") for name in names]
    seen = {folded[was]}
    term = CONFUSED.get(folded[was], "rock")
    while term not in folded or term in seen:
        if term in seen:
            return (was + 1) % len(names)
        seen.add(term)
        term = CONFUSED.get(term, "rock")
    return folded.index(term)


def out_of_fold(
    X: Floats,
    y: Integers,
    group: Integers,
    classes: int,
    fit: Callable[[Floats, Integers, Integers], object],
) -> Floats:
    """(n, classes): out-of-fold probabilities, with folds grouped by artist."""
    probability = np.zeros((len(y), classes))
    fold = stratified_group_folds(y, group, number_of_folds(y, group), seed=0)
    for number in np.unique(fold):
        test = fold == number
        model = fit(X[~test], y[~test], group[~test])
        probability[test] = class_probabilities(model, X[test], classes)  # type: ignore[arg-type]
    return probability


def by_default(blocks: tuple[int, ...], X: Floats, y: Integers, group: Integers) -> object:
    classifier = get_algorithm(DEFAULT).over(blocks).build({}, seed=0)
    classifier.fit(X, y, group)
    return classifier


def by_forest(X: Floats, y: Integers, _: Integers) -> object:
    return RandomForestClassifier(TREES, random_state=0).fit(X, y)


def suspicion(material: Material, probability: Floats, y: Integers) -> Floats:
    """(n,): the suspicion of the audit; 0 for tracks that it does not flag."""
    classes = tuple(range(1, len(material.names) + 1))
    broader = dict.fromkeys(classes)
    terms = GenreInfo(
        Hierarchy.of(classes, broader),
        broader,
        {genre: genre for genre in classes},
        dict(zip(classes, material.names, strict=True)),
    )
    further = [] if material.S is None else [material.S]
    audited = AuditedTracks(
        probability,
        y,
        [(classes[column],) for column in y],
        material.group,
        [f"artist {group}" for group in material.group],
        material.X,
        further,
    )
    scores = np.zeros(len(y))
    for one in find_suspects(audited, terms, least=0.0, most=len(y)):
        scores[one.row] = max(scores[one.row], one.suspicion)
    return scores


def measure(material: Material, rate: float, kind: str, seed: int) -> dict[str, float]:
    """Average precision of each ranking."""
    random = np.random.default_rng([seed, KINDS.index(kind), round(rate * 100)])
    y = wrong_labels(material, rate, kind, random)
    wrong = y != material.y
    classes = len(material.names)
    features = material.X if material.S is None else np.hstack([material.X, material.S])
    blocks = () if material.S is None else (material.X.shape[1], material.S.shape[1])
    probability = out_of_fold(features, y, material.group, classes, partial(by_default, blocks))
    classic = material.X if material.S is None else material.S
    forest = out_of_fold(classic, y, material.group, classes, by_forest)
    ranked = {
        "suspicion": suspicion(material, probability, y),
        "forest": 1 - forest[np.arange(len(y)), y],
        "cleanlab": 1 - probability[np.arange(len(y)), y],  # cleanlab's default, the self-confidence
    }
    return {name: float(average_precision_score(wrong, score)) for name, score in ranked.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("material", type=Path, metavar="HOME|MATRIX.npz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--by", default="group", help="array of MATRIX with the artist of each track [group]")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    home = options.material.is_dir()
    material = load_home(options.material) if home else load_matrix(options.material, options.by)
    print(
        f"{len(material.y)} tracks, {len(material.names)} genres, {len(np.unique(material.group))} artists",
        file=sys.stderr,
    )
    rows = []
    for rate in options.rates:
        for kind in KINDS:
            scores_by_way: defaultdict[str, list[float]] = defaultdict(list)
            for seed in range(options.seeds):
                for name, value in measure(material, rate, kind, seed).items():
                    scores_by_way[name].append(value)
            means = {name: mean(values) for name, values in scores_by_way.items()}
            rows.append({"rate": rate, "kind": kind, **means})
            if not options.json:
                scores = "  ".join(f"{name} {row[0]:.2f} ±{row[1]:.2f}" for name, row in means.items())
                print(f"{rate:4.0%} {kind:17} {scores}", flush=True)
    if options.json:
        print(json.dumps(rows))


def mean(values: list[float]) -> tuple[float, float]:
    """The mean, and half the width of its 95 % interval by Student's t."""
    if len(values) < 2:
        return float(np.mean(values)), float("nan")
    width = float(stats.t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return float(np.mean(values)), width


if __name__ == "__main__":
    main()
