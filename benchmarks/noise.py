"""Wrong labels that were made on purpose: how well they are found, beside two plain ways.

    python benchmarks/noise.py HOME|MATRIX.npz [--seeds N] [--rates R...] [--by GROUP] [--json]

HOME is the home of a catalog with a trained model: the tracks whose tag counts for one of its classes, with their
vectors of the model's first feature set, and of `summary` where all have them: then what their labels are doubted by
learns from both. MATRIX holds `X` (tracks, dimensions of musicnn), `y` (genre) and `group` (artist), and, where there
is one, `S` (tracks, dimensions of summary). Of the labels 3, 10 and 20 % are changed, in four ways: single tracks at
random; single tracks to the genre that people confuse theirs with, by a table written by hand; all tracks of an
artist, at random; all of an artist, to that genre. Average precision over all tracks, means of the seeds and the half
width of their 95 % interval. `suspicion` is what `catalog audit labels` ranks by; `forest` ranks by one less the
out-of-fold probability of the label by a random forest on `summary` (musicnn without it), artists apart; `cleanlab`
is its ranking, at its defaults, of the very probabilities that suspicion starts from.
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
"""What each genre is taken for; where a collection has no such genre, for that one's own and so on, else for `rock`."""
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
    """What the label audit of a catalog goes by. Raises NoModelError, and SystemExit where the vectors are gone."""
    database = open_database(f"sqlite:///{home / 'catalog.db'}")
    require_current(database)
    with database.read() as connection:
        row = require_active(connection)
        evidence = gather_evidence(connection, row, excluded_genres(connection, ()))
    database.close()
    judged, terms = evidence.audited, evidence.genres
    if judged.vectors is None:
        raise SystemExit(f"{home}: not all tagged tracks have vectors; run: catalog --home {home} analyze")
    return Material(
        X=judged.vectors.astype(np.float64),
        S=judged.further[0].astype(np.float64) if judged.further else None,
        y=judged.y,
        group=judged.groups,
        names=[terms.names[genre] for genre in terms.hierarchy.classes],
    )


def load_matrix(path: Path, by: str) -> Material:
    """The tracks of the genres that at least three artists have, and ten tracks."""
    read = np.load(path, allow_pickle=False)
    kept = np.array(
        [(read["y"] == name).sum() >= 10 and len(set(read[by][read["y"] == name])) >= 3 for name in read["y"]]
    )
    names, y = np.unique(read["y"][kept], return_inverse=True)
    group = np.unique(read[by][kept], return_inverse=True)[1]
    S = read["S"][kept].astype(np.float64) if "S" in read else None
    return Material(read["X"][kept].astype(np.float64), S, y, group, [str(name) for name in names])


def wrong_labels(material: Material, rate: float, kind: str, random: np.random.Generator) -> Integers:
    """(n,): the labels, about `rate` of them changed; whole artists until half a turn more would be too many."""
    y, classes = material.y.copy(), len(material.names)
    wanted = max(1, round(rate * len(y)))

    def other(was: int) -> int:
        if kind.endswith("confused"):
            return confused(material.names, was)
        return int((was + random.integers(1, classes)) % classes)

    if kind.startswith("single"):
        for row in random.permutation(len(y))[:wanted]:
            y[row] = other(int(y[row]))
        return y
    changed = 0
    for artist in random.permutation(np.unique(material.group)):
        rows = np.flatnonzero(material.group == artist)
        if changed and changed + len(rows) / 2 > wanted:
            continue
        for was in np.unique(material.y[rows]):
            y[rows[material.y[rows] == was]] = other(int(was))
        changed += len(rows)
        if changed >= wanted:
            break
    return y


def confused(names: list[str], was: int) -> int:
    """The class that people take this one for, of those that there are."""
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
    """(n, classes), artists apart."""
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
    """(n,): as the audit has it; 0 where nothing is doubted."""
    classes = tuple(range(1, len(material.names) + 1))
    broader = dict.fromkeys(classes)
    terms = GenreInfo(
        Hierarchy.of(classes, broader),
        broader,
        {genre: genre for genre in classes},
        dict(zip(classes, material.names, strict=True)),
    )
    further = [] if material.S is None else [material.S]
    judged = AuditedTracks(
        probability,
        y,
        [(classes[column],) for column in y],
        material.group,
        [f"artist {group}" for group in material.group],
        material.X,
        further,
    )
    found = np.zeros(len(y))
    for one in find_suspects(judged, terms, least=0.0, most=len(y)):
        found[one.row] = max(found[one.row], one.suspicion)
    return found


def measured(material: Material, rate: float, kind: str, seed: int) -> dict[str, float]:
    """Average precision of each way."""
    random = np.random.default_rng([seed, KINDS.index(kind), round(rate * 100)])
    y = wrong_labels(material, rate, kind, random)
    wrong = y != material.y
    classes = len(material.names)
    heard = material.X if material.S is None else np.hstack([material.X, material.S])
    blocks = () if material.S is None else (material.X.shape[1], material.S.shape[1])
    probability = out_of_fold(heard, y, material.group, classes, partial(by_default, blocks))
    classic = material.X if material.S is None else material.S
    forest = out_of_fold(classic, y, material.group, classes, by_forest)
    ranked = {
        "suspicion": suspicion(material, probability, y),
        "forest": 1 - forest[np.arange(len(y)), y],
        "cleanlab": 1 - probability[np.arange(len(y)), y],  # its default, the self-confidence
    }
    return {name: float(average_precision_score(wrong, score)) for name, score in ranked.items()}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("material", type=Path, metavar="HOME|MATRIX.npz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--by", default="group", help="the array that says whose each track is")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    home = asked.material.is_dir()
    material = load_home(asked.material) if home else load_matrix(asked.material, asked.by)
    print(
        f"{len(material.y)} tracks, {len(material.names)} genres, {len(np.unique(material.group))} artists",
        file=sys.stderr,
    )
    rows = []
    for rate in asked.rates:
        for kind in KINDS:
            found: defaultdict[str, list[float]] = defaultdict(list)
            for seed in range(asked.seeds):
                for name, value in measured(material, rate, kind, seed).items():
                    found[name].append(value)
            means = {name: mean(values) for name, values in found.items()}
            rows.append({"rate": rate, "kind": kind, **means})
            if not asked.json:
                scores = "  ".join(f"{name} {row[0]:.2f} ±{row[1]:.2f}" for name, row in means.items())
                print(f"{rate:4.0%} {kind:17} {scores}", flush=True)
    if asked.json:
        print(json.dumps(rows))


def mean(values: list[float]) -> tuple[float, float]:
    """The mean, and half the width of its 95 % interval by Student's t."""
    if len(values) < 2:
        return float(np.mean(values)), float("nan")
    width = float(stats.t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return float(np.mean(values)), width


if __name__ == "__main__":
    main()
