"""Run the classic study of genres in the Free Music Archive, and this project on the same tracks.

    python benchmarks/classic_study.py FMA_DIR [--home DIR] [--workers N] [--whole-grid] [--json | --csv]

FMA_DIR contains fma_metadata (the folder or the zip) and, if there is audio, fma_medium. The classes are twelve top
genres of the medium subset. The classic recipes are eight classifiers, each searched over a grid, on summary statistics
and on principal components of spectrograms. Both are computed from the audio; without audio the 518 published features
are used. This project's recipes have default parameters. Each recipe is scored on random folds, as in the study, on
folds grouped by artist, and on the official split. The catalog in --home stores all results. A second run, or one after
an interruption, computes only the missing ones.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catalog.threads import ONE_THREAD

os.environ.update(ONE_THREAD)

import numpy as np
import numpy.typing as npt
from study_material import ARTISTS, RANDOM, NoProblemError, Problem, load_problem
from study_recipes import Recipe, classic, ours
from study_scores import Answers, by_folds, by_official_split

from catalog.db.database import Database, open_database
from catalog.features.stored_feature_set import active_feature_set
from catalog.learning.dataset.catalog_tracks import load_tracks
from catalog.learning.dataset.feature_matrix import load_feature_matrix
from catalog.learning.metrics.baselines import artist_majority, majority_class
from catalog.learning.metrics.bootstrap import mean_interval
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.registry.task_context import TaskContext, set_context, set_context_from
from catalog.learning.search.search import SearchData

Integers = npt.NDArray[np.int64]

OFFICIAL = "official split"
PUBLISHED = "fma-518"
COMPUTED = ("summary", "grid", "musicnn")
FILES_FAILED = 3
INTERRUPTED = 130


@dataclass(frozen=True, eq=False)
class Row:
    """A recipe or a baseline with its predictions in each splitting scheme."""

    kind: str
    title: str
    settings: int
    answers: Mapping[str, Answers]


def catalog(home: Path, *arguments: str) -> None:
    """Run the command line. Files that fail are reported and left out."""
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


def import_collection(folder: Path, home: Path, workers: int) -> tuple[str, ...]:
    """Import the metadata and extract missing vectors; return the feature sets that every track needs."""
    metadata = next(
        (folder / name for name in ("fma_metadata", "fma_metadata.zip") if (folder / name).exists()), None
    )
    if metadata is None:
        sys.exit(f"{folder} has no fma_metadata: unpack fma_metadata.zip of the Free Music Archive in it")
    audio = folder / "fma_medium"
    has_audio = audio.is_dir()
    with_audio = ["--audio", str(audio)] if has_audio else []
    catalog(home, "fma", "import", str(metadata), "--subset", "medium", *with_audio)
    if not has_audio:
        log(f"no audio in {audio}: the published features are used")
        return (PUBLISHED,)
    set_options = [option for name in COMPUTED for option in ("--feature-set", name)]
    catalog(home, "analyze", *set_options, "--workers", str(max(1, workers)))
    return COMPUTED


def load(database: Database, feature_sets: Sequence[str], min_tracks: int, min_artists: int) -> Problem:
    with database.read() as connection:
        recipes = [active_feature_set(connection, name) for name in feature_sets]
        if None in recipes:
            missing = feature_sets[recipes.index(None)]
            sys.exit(f"no track has {missing}; is features.csv in fma_metadata?")
        available = [one for one in recipes if one is not None]
        analyzed, _ = load_feature_matrix(connection, available, load_tracks(connection).ids)
        return load_problem(connection, analyzed, min_tracks=min_tracks, min_artists=min_artists)


def recipes_for(feature_sets: Sequence[str], *, whole: bool) -> list[Recipe]:
    if PUBLISHED in feature_sets:
        return [*classic([PUBLISHED], whole=whole), *ours(PUBLISHED)]
    return [*classic(["summary", "pca"], whole=whole), *ours("musicnn", "summary")]


def study(
    database: Database, home: Path, problem: Problem, recipes: Sequence[Recipe], options: argparse.Namespace
) -> list[Row]:
    vectors = [recipe.feature_sets for recipe in recipes]
    search_data = {
        scheme: problem.search_data(database, scheme, vectors, options.seed) for scheme in (RANDOM, ARTISTS)
    }
    official = all((problem.split == part).any() for part in ("training", "validation", "test"))
    if not official:
        log("a part of the official split has no tracks: the official split is skipped")
    rows = []
    executor = open_executor(database, home / "models", options.workers)
    try:
        for number, recipe in enumerate(recipes, start=1):
            head = f"{number}/{len(recipes)} {recipe.title}"
            answers = {
                scheme: by_folds(
                    database,
                    executor,
                    data,
                    recipe,
                    max(1, options.workers),
                    ProgressLog(f"{head}, {scheme}"),
                )
                for scheme, data in search_data.items()
            }
            if official:
                store = home / "official.jsonl"
                progress = ProgressLog(f"{head}, {OFFICIAL}")
                answers[OFFICIAL] = by_official_split(
                    executor, search_data[ARTISTS], problem, recipe, store, progress
                )
            rows.append(Row(recipe.kind, recipe.title, len(recipe.candidates), answers))
    finally:
        executor.shutdown(cancel_futures=True)
    return [*baselines(problem, search_data, official=official), *rows]


def open_executor(database: Database, models: Path, workers: int) -> Executor:
    """A pool of processes with access to the catalog; without workers, an executor in this process."""
    if not workers:
        set_context(TaskContext(database, models))
        return InProcessExecutor()
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=set_context_from,
        initargs=(database.url.render_as_string(hide_password=False), str(models)),
    )


def baselines(problem: Problem, search_data: Mapping[str, SearchData], *, official: bool) -> list[Row]:
    """The two baselines that need no audio.

    Copying uses the artist's other labels. With artists apart the recipes have no track of that artist.
    """
    y, test = problem.y, problem.split == "test"
    majority = {scheme: majority_class(y, data.folds) for scheme, data in search_data.items()}
    copied = dict.fromkeys(search_data, artist_majority(y, problem.artists))
    if official:
        commonest = np.bincount(y[problem.split == "training"]).argmax()
        majority[OFFICIAL] = np.full(int(test.sum()), commonest)
        copied[OFFICIAL] = copied[ARTISTS][test]
    predictions = {"always the commonest genre": majority, "copying the artist's other tracks": copied}
    return [
        Row(
            "baseline",
            title,
            0,
            {scheme: Answers(choice, None, 0.0, None) for scheme, choice in choices.items()},
        )
        for title, choices in predictions.items()
    ]


def scored(problem: Problem, row: Row) -> dict[str, Any]:
    """The row as JSON: scores 0 to 1 with the 95 % interval of a bootstrap over artists."""
    scores: dict[str, Any] = {"kind": row.kind, "recipe": row.title, "settings": row.settings}
    for scheme, answers in row.answers.items():
        if answers.choice is None:
            scores[scheme] = {"remark": answers.remark}
            continue
        scored_tracks = problem.split == "test" if scheme == OFFICIAL else np.ones(len(problem.y), np.bool_)
        groups = problem.groups.number[scored_tracks]
        result = evaluate(problem.y[scored_tracks], answers.choice, groups, len(problem.genres))
        scores[scheme] = {
            "accuracy": asdict(result.accuracy),
            "balanced_accuracy": asdict(result.balanced_accuracy),
            "macro_f1": asdict(result.macro_f1),
            "seconds": round(answers.seconds, 1),
            "chosen": answers.chosen,
        }
    return scores


def ahead(problem: Problem, rows: Sequence[Row]) -> dict[str, Any] | None:
    """Paired difference in accuracy, with artists apart, between the default and the best classic recipe."""
    hits = {
        row: choice == problem.y
        for row in rows
        if (choice := row.answers[ARTISTS].choice) is not None and row.kind != "baseline"
    }
    classics = [row for row in hits if row.kind == "classic"]
    default = next(row for row in rows if row.kind == "ours")
    if not classics or default not in hits:
        return None
    best = max(classics, key=lambda row: int(hits[row].sum()))
    difference = mean_interval(hits[default].astype(float) - hits[best].astype(float), problem.groups.number)
    return {"default": default.title, "best_classic": best.title, "accuracy": asdict(difference)}


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as one table row, with one number per cell."""
    cells = {"kind": row["kind"], "recipe": row["recipe"], "settings": row["settings"]}
    for scheme in (RANDOM, ARTISTS, OFFICIAL):
        for name in ("accuracy", "balanced_accuracy", "macro_f1"):
            result = row.get(scheme, {}).get(name)
            column = f"{scheme.replace(' ', '_')}_{name}"
            cells[column] = None if result is None else round(result["value"], 4)
            if scheme == ARTISTS and name == "accuracy":
                cells |= {f"{column}_{end}": result and round(result[end], 4) for end in ("low", "high")}
    cells["seconds"] = round(
        sum(row.get(scheme, {}).get("seconds", 0) for scheme in (RANDOM, ARTISTS, OFFICIAL)), 1
    )
    return cells


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    print(f"{'':50}{RANDOM:>13}  {ARTISTS:^39}  {OFFICIAL:^22}")
    scores = f"{'accuracy':>9}{'balanced':>10}{'macro F1':>10}"
    print(
        f"{'recipe':38}{'settings':>9}{'accuracy':>16}  {'accuracy':>20}{'balanced':>10}{'macro F1':>9}  {scores}"
    )
    for row in rows:
        cells = flat(row)
        values = [cells[name] for name in cells if name.endswith(("accuracy", "macro_f1"))]
        low, high = cells["artists_apart_accuracy_low"], cells["artists_apart_accuracy_high"]
        interval_text = "" if low is None else f" ({low:.2f} to {high:.2f})"
        text = [_number(value) for value in values]
        print(
            f"{_named(row)[:38]:38}{row['settings'] or '':>9}{text[0]:>16}  {text[3] + interval_text:>20}{text[4]:>10}"
            f"{text[5]:>9}  {text[6]:>9}{text[7]:>10}{text[8]:>10}"
        )


def _named(row: Mapping[str, Any]) -> str:
    return f"ours: {row['recipe']}" if row["kind"] == "ours" else str(row["recipe"])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


class InProcessExecutor(Executor):
    """Runs every task in this process.

    It replaces the executor of the package `workers` that does the same.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- the future raises it for its caller
            future.set_exception(error)
        return future


class ProgressLog:
    """Prints progress to standard error, at most one line in five seconds."""

    def __init__(self, head: str) -> None:
        self.head, self.logged, self.last = head, -1, time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        if done != self.logged and (done == of or now - self.last > 5):
            log(f"{self.head}: {done} of {of} fits")
            self.logged, self.last = done, now


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FMA_DIR")
    parser.add_argument("--home", type=Path, default=Path("classic-study"), help="[default: %(default)s]")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="number of processes; 0 uses this process  [default: one per core]",
    )
    parser.add_argument("--whole-grid", action="store_true", help="search the full grid of each classifier")
    parser.add_argument(
        "--min-tracks", type=int, default=10, metavar="N", help="smallest number of tracks of a genre"
    )
    parser.add_argument(
        "--min-artists", type=int, default=5, metavar="N", help="smallest number of artists of a genre"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--csv", action="store_true")
    options = parser.parse_args()
    feature_sets = import_collection(options.folder, options.home, options.workers)
    database = open_database(f"sqlite:///{options.home / 'catalog.db'}")
    try:
        problem = load(database, feature_sets, options.min_tracks, options.min_artists)
        log(
            f"{len(problem.y):,} tracks of {len(problem.genres)} genres, "
            f"in {len(problem.groups.sizes):,} groups by artist"
        )
        for name, tracks in problem.too_rare.items():
            log(f"{name} is left out: {tracks} tracks")
        recipes = recipes_for(feature_sets, whole=options.whole_grid)
        rows = study(database, options.home, problem, recipes, options)
    except NoProblemError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        log("interrupted; run the same command again to continue")
        return INTERRUPTED
    finally:
        database.close()
    show(problem, rows, options)
    return 0


def show(problem: Problem, rows: Sequence[Row], options: argparse.Namespace) -> None:
    result = [scored(problem, row) for row in rows]
    difference = ahead(problem, rows)
    if options.json:
        counts = np.bincount(problem.y).tolist()
        classes = dict(zip(problem.genres.values(), counts, strict=True))
        print(json.dumps({"classes": classes, "rows": result, "ahead": difference}, indent=1))
    elif options.csv:
        table = [flat(row) for row in result]
        writer = csv.DictWriter(sys.stdout, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    else:
        print_table(result)
        if difference is not None:
            points = [100 * difference["accuracy"][name] for name in ("value", "low", "high")]
            print(
                f"Our default, {difference['default']}, is {points[0]:+.1f} points of accuracy ahead of "
                f"the best classic recipe with artists apart, {difference['best_classic']} "
                f"(95 % interval over artists {points[1]:+.1f} to {points[2]:+.1f})"
            )


if __name__ == "__main__":
    sys.exit(main())
