"""The classic study of genres in the Free Music Archive, and this project on the same tracks, in one run.

    python benchmarks/classic_study.py FMA_DIR [--home DIR] [--workers N] [--whole-grid] [--json | --csv]

FMA_DIR holds fma_metadata (the folder or the zip) and, if there is any audio, fma_medium. Twelve top genres of the
medium subset. Eight classifiers, each searched over a grid, on summary statistics and on principal components of
spectrograms, computed from the audio; without audio on the 518 published features. Then this project's own recipes as
they come. Each is scored on random folds, as the study was; with artists apart; and on the official split. A second
run, or one after an interruption, computes only what is missing: the catalog in --home remembers.
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

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

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
    """A recipe or a baseline with its choices by each way of dealing."""

    kind: str
    title: str
    settings: int
    answers: Mapping[str, Answers]


def catalog(home: Path, *arguments: str) -> None:
    """Runs the command line. Files that fail are told by it, and left out."""
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


def bring_in(folder: Path, home: Path, workers: int) -> tuple[str, ...]:
    """Imports the metadata and computes what is missing; gives the feature sets that every track needs."""
    metadata = next(
        (folder / name for name in ("fma_metadata", "fma_metadata.zip") if (folder / name).exists()), None
    )
    if metadata is None:
        sys.exit(f"{folder} has no fma_metadata: unpack fma_metadata.zip of the Free Music Archive there")
    audio = folder / "fma_medium"
    heard = audio.is_dir()
    with_audio = ["--audio", str(audio)] if heard else []
    catalog(home, "fma", "import", str(metadata), "--subset", "medium", *with_audio)
    if not heard:
        say(f"no audio in {audio}: the published features are used")
        return (PUBLISHED,)
    named = [option for name in COMPUTED for option in ("--feature-set", name)]
    catalog(home, "analyze", *named, "--workers", str(max(1, workers)))
    return COMPUTED


def load(database: Database, feature_sets: Sequence[str], min_tracks: int, min_artists: int) -> Problem:
    with database.read() as connection:
        recipes = [active_feature_set(connection, name) for name in feature_sets]
        if None in recipes:
            missing = feature_sets[recipes.index(None)]
            sys.exit(f"no track has {missing}; is features.csv in fma_metadata?")
        known = [one for one in recipes if one is not None]
        heard, _ = load_feature_matrix(connection, known, load_tracks(connection).ids)
        return load_problem(connection, heard, min_tracks=min_tracks, min_artists=min_artists)


def recipes_for(feature_sets: Sequence[str], *, whole: bool) -> list[Recipe]:
    if PUBLISHED in feature_sets:
        return [*classic([PUBLISHED], whole=whole), *ours(PUBLISHED)]
    return [*classic(["summary", "pca"], whole=whole), *ours("musicnn", "summary")]


def study(
    database: Database, home: Path, problem: Problem, recipes: Sequence[Recipe], options: argparse.Namespace
) -> list[Row]:
    vectors = [recipe.feature_sets for recipe in recipes]
    grounds = {deal: problem.ground(database, deal, vectors, options.seed) for deal in (RANDOM, ARTISTS)}
    official = all((problem.split == part).any() for part in ("training", "validation", "test"))
    if not official:
        say("the official split lacks a part here: it is left out")
    rows = []
    executor = open_executor(database, home / "models", options.workers)
    try:
        for number, recipe in enumerate(recipes, start=1):
            head = f"{number}/{len(recipes)} {recipe.title}"
            answers = {
                deal: by_folds(
                    database, executor, ground, recipe, max(1, options.workers), Told(f"{head}, {deal}")
                )
                for deal, ground in grounds.items()
            }
            if official:
                store = home / "official.jsonl"
                told = Told(f"{head}, {OFFICIAL}")
                answers[OFFICIAL] = by_official_split(
                    executor, grounds[ARTISTS], problem, recipe, store, told
                )
            rows.append(Row(recipe.kind, recipe.title, len(recipe.candidates), answers))
    finally:
        executor.shutdown(cancel_futures=True)
    return [*baselines(problem, grounds, official=official), *rows]


def open_executor(database: Database, models: Path, workers: int) -> Executor:
    """Processes that find their way to the catalog; without workers this one."""
    if not workers:
        set_context(TaskContext(database, models))
        return Here()
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=set_context_from,
        initargs=(database.url.render_as_string(hide_password=False), str(models)),
    )


def baselines(problem: Problem, grounds: Mapping[str, SearchData], *, official: bool) -> list[Row]:
    """What needs no sound. Copying needs the artist, whom the recipes have not heard with artists apart."""
    y, test = problem.y, problem.split == "test"
    majority = {deal: majority_class(y, ground.folds) for deal, ground in grounds.items()}
    copied = dict.fromkeys(grounds, artist_majority(y, problem.artists))
    if official:
        commonest = np.bincount(y[problem.split == "training"]).argmax()
        majority[OFFICIAL] = np.full(int(test.sum()), commonest)
        copied[OFFICIAL] = copied[ARTISTS][test]
    named = {"always the commonest genre": majority, "copying the artist's other tracks": copied}
    return [
        Row(
            "baseline", title, 0, {deal: Answers(choice, None, 0.0, None) for deal, choice in choices.items()}
        )
        for title, choices in named.items()
    ]


def scored(problem: Problem, row: Row) -> dict[str, Any]:
    """The row as JSON: scores 0 to 1 with the middle 95 % when artists are drawn anew."""
    found: dict[str, Any] = {"kind": row.kind, "recipe": row.title, "settings": row.settings}
    for deal, answers in row.answers.items():
        if answers.choice is None:
            found[deal] = {"remark": answers.remark}
            continue
        asked = problem.split == "test" if deal == OFFICIAL else np.ones(len(problem.y), np.bool_)
        groups = problem.groups.number[asked]
        result = evaluate(problem.y[asked], answers.choice, groups, len(problem.genres))
        found[deal] = {
            "accuracy": asdict(result.accuracy),
            "balanced_accuracy": asdict(result.balanced_accuracy),
            "macro_f1": asdict(result.macro_f1),
            "seconds": round(answers.seconds, 1),
            "chosen": answers.chosen,
        }
    return found


def ahead(problem: Problem, rows: Sequence[Row]) -> dict[str, Any] | None:
    """How far the default is ahead of the best classic recipe with artists apart, in accuracy, paired over artists."""
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
    """The row for a table: one cell a number."""
    cells = {"kind": row["kind"], "recipe": row["recipe"], "settings": row["settings"]}
    for deal in (RANDOM, ARTISTS, OFFICIAL):
        for name in ("accuracy", "balanced_accuracy", "macro_f1"):
            found = row.get(deal, {}).get(name)
            column = f"{deal.replace(' ', '_')}_{name}"
            cells[column] = None if found is None else round(found["value"], 4)
            if deal == ARTISTS and name == "accuracy":
                cells |= {f"{column}_{end}": found and round(found[end], 4) for end in ("low", "high")}
    cells["seconds"] = round(
        sum(row.get(deal, {}).get("seconds", 0) for deal in (RANDOM, ARTISTS, OFFICIAL)), 1
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
        within = "" if low is None else f" ({low:.2f} to {high:.2f})"
        text = [_number(value) for value in values]
        print(
            f"{_named(row)[:38]:38}{row['settings'] or '':>9}{text[0]:>16}  {text[3] + within:>20}{text[4]:>10}"
            f"{text[5]:>9}  {text[6]:>9}{text[7]:>10}{text[8]:>10}"
        )


def _named(row: Mapping[str, Any]) -> str:
    return f"ours: {row['recipe']}" if row["kind"] == "ours" else str(row["recipe"])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


class Here(Executor):
    """Does every task in this process.

    The package `workers` has one too, which the benchmark of that name hides here.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- it is for who asks the future
            future.set_exception(error)
        return future


class Told:
    """Progress on standard error, at most a line in five seconds."""

    def __init__(self, head: str) -> None:
        self.head, self.said, self.last = head, -1, time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        if done != self.said and (done == of or now - self.last > 5):
            say(f"{self.head}: {done} of {of} fits")
            self.said, self.last = done, now


def say(text: str) -> None:
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
        help="0 does all in this process  [default: one per core]",
    )
    parser.add_argument(
        "--whole-grid", action="store_true", help="search all that is worth trying of each classifier"
    )
    parser.add_argument(
        "--min-tracks", type=int, default=10, metavar="N", help="a genre with fewer is left out"
    )
    parser.add_argument(
        "--min-artists", type=int, default=5, metavar="N", help="a genre by fewer is left out"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--csv", action="store_true")
    options = parser.parse_args()
    feature_sets = bring_in(options.folder, options.home, options.workers)
    database = open_database(f"sqlite:///{options.home / 'catalog.db'}")
    try:
        problem = load(database, feature_sets, options.min_tracks, options.min_artists)
        say(
            f"{len(problem.y):,} tracks of {len(problem.genres)} genres, in {len(problem.groups.sizes):,} groups by artist"  # noqa: E501
        )
        for name, tracks in problem.too_rare.items():
            say(f"{name} is left out: {tracks} tracks")
        recipes = recipes_for(feature_sets, whole=options.whole_grid)
        rows = study(database, options.home, problem, recipes, options)
    except NoProblemError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        return INTERRUPTED
    finally:
        database.close()
    show(problem, rows, options)
    return 0


def show(problem: Problem, rows: Sequence[Row], options: argparse.Namespace) -> None:
    found = [scored(problem, row) for row in rows]
    difference = ahead(problem, rows)
    if options.json:
        counts = np.bincount(problem.y).tolist()
        classes = dict(zip(problem.genres.values(), counts, strict=True))
        print(json.dumps({"classes": classes, "rows": found, "ahead": difference}, indent=1))
    elif options.csv:
        table = [flat(row) for row in found]
        writer = csv.DictWriter(sys.stdout, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    else:
        print_table(found)
        if difference is not None:
            points = [100 * difference["accuracy"][name] for name in ("value", "low", "high")]
            print(
                f"{difference['default']} is {points[0]:+.1f} points of accuracy ahead of {difference['best_classic']}, the best "  # noqa: E501
                f"classic recipe with artists apart ({points[1]:+.1f} to {points[2]:+.1f} when artists are drawn anew)"
            )


if __name__ == "__main__":
    sys.exit(main())
