"""Leave out each class in turn and measure how a model of the other classes predicts its tracks.

    python benchmarks/unknown.py HOME... [--feature-set NAME] [--min-tracks N] [--min-artists N] [--algorithm NAME]
                                 [--talk FOLDER] [--json]

HOME is the home of a catalog with labeled tracks, or a .npz file with `X` (tracks, dimensions), `y` (genre) and
`group` (artist). The model of the other classes should give the tracks of the class left out no suggestion or a broader
term. The table has the share of tracks for which it does, by probability alone and with novelty. It also has the share
of suggestions and the share of correct suggestions for the other classes, all out of fold. Artists on both sides are
removed from the other classes. Tracks of genres that are not classes are predicted too, by the model of all classes.
With --talk, the recordings of a folder without music are predicted as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from catalog.audio.audio_error import AudioError
from catalog.audio.feature_sets.analysis import analyze
from catalog.audio.feature_sets.musicnn import MUSICNN
from catalog.db.database import open_database
from catalog.features.stored_feature_set import active_feature_set
from catalog.features.vectors import load_matrix
from catalog.learning.classifiers import get_algorithm
from catalog.learning.dataset.catalog_tracks import load_broader, load_tracks
from catalog.learning.dataset.class_support import class_support, classes_of
from catalog.learning.dataset.groups import connected_groups
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top
from catalog.learning.fitting.abstention import NOTHING, choose_threshold, cross_fitted_selections, is_correct
from catalog.learning.fitting.cross_fit import CrossFit, FittedModel, cross_fit

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
NO_CLASS = -1


@dataclass(frozen=True, eq=False)
class Material:
    """Labeled vectors."""

    name: str
    X: Floats
    genre: Integers
    """(n,): the genre id that each track counts for; its own genre if that is not a class."""
    group: Integers
    classes: tuple[int, ...]
    broader: dict[int, int | None]
    names: dict[int, str]


@dataclass(frozen=True)
class Shares:
    """The results of one way of deciding; all 0 to 1."""

    precision: float | None
    answered: float
    unknown: float
    broader: float
    wrong: float


@dataclass(frozen=True)
class Row:
    """The results for the tracks of one genre that is not in the model."""

    collection: str
    genre: str
    tracks: int
    classes: int
    by_probability: Shares
    with_novelty: Shares


def from_home(home: Path, feature_set: str, min_tracks: int, min_artists: int) -> Material:
    database = open_database(f"sqlite:///{home / 'catalog.db'}")
    with database.read() as connection:
        recipe = active_feature_set(connection, feature_set)
        if recipe is None:
            sys.exit(f"{home} has no vectors of {feature_set}")
        tracks = load_tracks(connection)
        broader, names = load_broader(connection)
        ids, X = load_matrix(connection, recipe, tracks.ids[tracks.is_tagged])
    database.close()
    at = tracks.at(ids)
    support = class_support(
        tracks.labeled(at), broader, minimum_tracks=min_tracks, minimum_artists=min_artists, names=names
    )
    genre_ids = [support[int(genre)].counts_for or int(genre) for genre in tracks.genres[at]]
    groups = connected_groups([tracks.origins[one] for one in at])
    return Material(
        home.name,
        X.astype(np.float64),
        np.array(genre_ids, np.int64),
        groups.number,
        classes_of(support),
        dict(broader),
        dict(names),
    )


def from_file(path: Path, min_tracks: int, min_artists: int) -> Material:
    arrays = np.load(path, allow_pickle=False)
    names, genre = np.unique(arrays["y"], return_inverse=True)
    group = np.unique(arrays["group"], return_inverse=True)[1]
    classes = tuple(
        int(one)
        for one in np.unique(genre)
        if (genre == one).sum() >= min_tracks and len(np.unique(group[genre == one])) >= min_artists
    )
    return Material(
        path.stem,
        arrays["X"].astype(np.float64),
        genre.astype(np.int64),
        group.astype(np.int64),
        classes,
        dict.fromkeys(range(len(names)), None),
        dict(enumerate(map(str, names))),
    )


def model_of(
    material: Material, classes: list[int], without: Integers, learner: str
) -> tuple[CrossFit, Integers, Integers]:
    """The cross-fit of these classes without those groups, with its classes and groups."""
    inside = np.isin(material.genre, classes) & ~np.isin(material.group, without)
    y = np.searchsorted(classes, material.genre[inside])
    hierarchy = Hierarchy.of(classes, material.broader)
    group = material.group[inside]
    return cross_fit(material.X[inside], y, group, hierarchy, get_algorithm(learner)), y, group


def by_probability(fit: CrossFit, y: Integers, group: Integers) -> CrossFit:
    """The same cross-fit, with decisions by probability alone."""
    hierarchy = fit.model.hierarchy
    threshold = choose_threshold(fit.probability, y, hierarchy, groups=group)
    return replace(
        fit,
        selections=cross_fitted_selections(fit.probability, y, fit.fold, hierarchy, groups=group),
        model=replace(fit.model, threshold=threshold, novelty=None),
    )


def shares(fit: CrossFit, y: Integers, X: Floats, true: int | None, broader: dict[int, int | None]) -> Shares:
    """The shares for the tracks of the model, and for vectors of a genre outside it (None: no genre)."""
    answered = fit.selections.node != NOTHING
    hits = is_correct(fit.selections.node, y, fit.model.hierarchy)
    node = select_nodes(fit.model, X)
    above = set() if true is None else set(path_to_top(true, broader))
    good = np.array([one != NOTHING and fit.model.hierarchy.nodes[one] in above for one in node])
    return Shares(
        precision=float(hits[answered].mean()) if answered.any() else None,
        answered=float(answered.mean()),
        unknown=float((node == NOTHING).mean()),
        broader=float(good.mean()),
        wrong=float(((node != NOTHING) & ~good).mean()),
    )


def select_nodes(model: FittedModel, X: Floats) -> Integers:
    return model.select(model.probability(X), model.resemblance(X)).node


def rows(material: Material, learner: str, talk: Floats | None) -> list[Row]:
    results = []
    others = [one for one in np.unique(material.genre).tolist() if one not in material.classes]
    left_out = [(one, [c for c in material.classes if c != one]) for one in [*material.classes, *others]]
    for genre, classes in left_out:
        if len(classes) < 2:
            continue
        outside = material.genre == genre
        try:
            fit, y, group = model_of(material, classes, material.group[outside], learner)
        except ValueError as error:
            print(f"{material.name}: {material.names[genre]} cannot be left out: {error}", file=sys.stderr)
            continue
        results.append(row(material, material.names[genre], fit, y, group, material.X[outside], genre))
    if talk is not None and len(talk):
        fit, y, group = model_of(material, list(material.classes), np.empty(0, np.int64), learner)
        results.append(row(material, "(talk)", fit, y, group, talk, None))
    return results


def row(
    material: Material, name: str, fit: CrossFit, y: Integers, group: Integers, X: Floats, true: int | None
) -> Row:
    plain = by_probability(fit, y, group)
    return Row(
        material.name,
        name,
        len(X),
        len(fit.model.hierarchy.classes),
        shares(plain, y, X, true, material.broader),
        shares(fit, y, X, true, material.broader),
    )


def extract_folder(folder: Path) -> Floats:
    """(n, dimensions): the musicnn vectors of the recordings in a folder."""
    vectors = []
    for path in sorted(folder.iterdir()):
        try:
            vectors.append(analyze(path, [MUSICNN]).vectors[MUSICNN.name])
        except AudioError as failure:
            print(f"{path.name}: {failure}", file=sys.stderr)
    return np.array(vectors, dtype=np.float64).reshape(len(vectors), len(MUSICNN.dimensions))


def print_table(results: list[Row]) -> None:
    print(f"{'':34}  {'by probability alone':^36}  {'with novelty':^36}")
    titles = "  ".join([f"{'right':>6} {'answered':>8} {'unknown':>7} {'broader':>7}"] * 2)
    print(f"{'collection':12} {'left out':16} {'n':>4}  {titles}")
    for one in results:
        columns = [
            f"{_percent(part.precision):>6} {part.answered:>8.0%} {part.unknown:>7.0%} {part.broader:>7.0%}"
            for part in (one.by_probability, one.with_novelty)
        ]
        print(f"{one.collection[:12]:12} {one.genre[:16]:16} {one.tracks:>4}  {'  '.join(columns)}")
    for title, parts in (
        ("by probability alone", [one.by_probability for one in results]),
        ("with novelty", [one.with_novelty for one in results]),
    ):
        not_wrong = [1 - part.wrong for part in parts]
        enough = sum(one >= 0.5 for one in not_wrong)
        print(
            f"{title}: {np.mean(not_wrong):.0%} unknown or broader; "
            f"at least half of the tracks for {enough} of {len(not_wrong)}"
        )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("collections", nargs="+", type=Path, metavar="HOME")
    parser.add_argument("--feature-set", default="musicnn")
    parser.add_argument("--min-tracks", type=int, default=10)
    parser.add_argument("--min-artists", type=int, default=5)
    parser.add_argument("--algorithm", default="logistic_regression")
    parser.add_argument("--talk", type=Path, metavar="FOLDER", help="folder with recordings of speech")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    talk = None if options.talk is None else extract_folder(options.talk)
    results = []
    for path in options.collections:
        rule = options.min_tracks, options.min_artists
        material = (
            from_file(path, *rule) if path.suffix == ".npz" else from_home(path, options.feature_set, *rule)
        )
        results += rows(material, options.algorithm, talk)
    if options.json:
        print(json.dumps([asdict(one) for one in results], indent=1))
    else:
        print_table(results)


if __name__ == "__main__":
    main()
