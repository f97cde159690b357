"""What `catalog train` does with --compare and --search: trials on workers, a table, the best of the candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from catalog.cli.common.executors import workers_for
from catalog.cli.common.output import echo, print_rows, progress, say
from catalog.db.database import Database
from catalog.db.retry import read_with_retry, retry_until_connected, write_with_retry
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from catalog.learning.classifiers import Algorithm
    from catalog.learning.search.candidates import Candidate
    from catalog.learning.search.search import Scheme, Search, SearchData, SearchResult
    from catalog.learning.training_options import TrainingOptions

Result = TypeVar("Result")

CANDIDATES = 20
TRAINED_AS = {
    "auto": "whether each genre with sub-genres gets one of its own is chosen now, as the winner is trained",
    "local": "the winner is trained with one of its own for each genre with sub-genres, as --hierarchy says",
}


def check(
    algorithms: Sequence[str],
    parameters: Mapping[str, Any],
    is_comparison: bool,
    scheme: str | None,
    candidates: int | None,
    split: str | None,
) -> None:
    """Refuses options that contradict each other. click.UsageError."""
    if is_comparison and scheme is not None:
        raise click.UsageError("--compare only shows, --search trains: give one of them")
    if is_comparison and split is not None:
        raise click.UsageError("--compare trains nothing that --split could score: leave out one of them")
    many = is_comparison or scheme is not None
    if many and parameters:
        raise click.UsageError(
            "--parameter is for one training; --compare takes the defaults, --search what is worth trying"
        )
    if len(algorithms) > 1 and not many:
        raise click.UsageError("one --algorithm can be trained at a time; to see several: --compare")
    if candidates is not None and scheme not in {"random", "halving"}:
        raise click.UsageError("--candidates says how many --search random or --search halving draws")


def compare(
    settings: Settings,
    database: Database,
    wanted: TrainingOptions,
    names: Sequence[str],
    *,
    all_feature_sets: bool,
    workers: int,
    dry_run: bool,
    output_format: str,
) -> None:
    """Prints how every algorithm, as it is, does on every feature set, and on those given side by side.

    With `all_feature_sets` those are taken that every training track has, and the others are named; what a training
    without options would fit is among the candidates in any case.
    """
    from catalog.learning.classifiers import DEFAULT
    from catalog.learning.search.candidates import default_candidates
    from catalog.learning.search.comparison_table import comparison_rows
    from catalog.learning.search.search_record import begin_search, finish_search
    from catalog.learning.search.search_setup import prepare_search

    feature_sets = (
        _covered(database, wanted)
        if all_feature_sets
        else list(dict.fromkeys([*((name,) for name in wanted.feature_sets), wanted.feature_sets]))
    )
    learned_from = [*feature_sets, wanted.feature_sets]
    ground = retry_until_connected(partial(prepare_search, database, wanted, learned_from, dry_run=dry_run))
    candidates = default_candidates(_algorithms(names), feature_sets)
    if wanted.feature_sets not in feature_sets:
        candidates += default_candidates(
            [one for one in _algorithms(names) if one.name == DEFAULT], [wanted.feature_sets]
        )
    if dry_run:
        trials = len(candidates) * len(set(ground.folds.tolist()))
        _say_plan(database, candidates, [len(candidates)], trials, workers)
        return
    search_id = write_with_retry(
        database, lambda connection: begin_search(connection, ground, "compare", candidates)
    )
    standings = _searched(settings, database, ground, workers, lambda search: search.compare(candidates))
    rows = comparison_rows(ground, standings)
    write_with_retry(database, lambda connection: finish_search(connection, search_id, rows))
    print_rows([_shown(row) for row in rows] if output_format == "table" else rows, output_format)
    say()
    say(
        f"{pluralize(len(ground.members.y), 'track')}, folds with artists apart, intervals when artists are drawn anew. "
        "This compares; it promises nothing of whichever is taken for being first."
    )
    if ground.has_sub_genres and wanted.hierarchy != "flat":
        say(
            "Genres with sub-genres are told apart by one classifier over all classes here; catalog train tries one for "
            "each such genre too (--hierarchy)."
        )
    best = standings[0].candidate
    if standings[0].evaluation is None:
        return
    options = " ".join(f"--feature-set {name}" for name in best.feature_sets)
    say(f"to train the first: {settings.command} train --algorithm {best.algorithm} {options}")


def find_best(
    settings: Settings,
    database: Database,
    wanted: TrainingOptions,
    names: Sequence[str],
    scheme: Scheme,
    *,
    number: int | None,
    workers: int,
    dry_run: bool,
) -> TrainingOptions | None:
    """What to train: the best of the candidates, with an honest score. None for a dry run, which says what it takes."""
    from catalog.learning.search.candidates import grid_candidates, random_candidates
    from catalog.learning.search.search import Search, evidence, expected_trials
    from catalog.learning.search.search_record import begin_search, choice_outcome, finish_search
    from catalog.learning.search.search_setup import prepare_search

    algorithms = _algorithms(names)
    candidates = (
        grid_candidates(algorithms, wanted.feature_sets)
        if scheme == "grid"
        else random_candidates(algorithms, wanted.feature_sets, number or CANDIDATES, seed=wanted.seed)
    )
    ground = retry_until_connected(
        partial(prepare_search, database, wanted, [wanted.feature_sets], dry_run=dry_run)
    )
    if dry_run:
        from workers.pool.executor import InlineExecutor

        plan = Search(database, InlineExecutor(), ground)
        rounds = plan.rounds(len(candidates), scheme)
        trials = expected_trials(plan.parts(), rounds)
        _say_plan(database, candidates, [each.candidates for each in rounds], trials, workers)
        return None
    search_id = write_with_retry(
        database, lambda connection: begin_search(connection, ground, scheme, candidates)
    )
    choice = _searched(settings, database, ground, workers, lambda search: search.choose(candidates, scheme))
    write_with_retry(
        database, lambda connection: finish_search(connection, search_id, choice_outcome(choice))
    )
    _say_choice(choice, len(candidates))
    if ground.has_sub_genres and wanted.hierarchy != "flat":
        say(f"compared and scored so far was one classifier over all classes; {TRAINED_AS[wanted.hierarchy]}")
    return replace(
        wanted,
        algorithm=choice.winner.algorithm,
        parameters=choice.winner.parameters,
        search=evidence(choice, scheme, len(candidates), search_id),
    )


def _searched(
    settings: Settings,
    database: Database,
    ground: SearchData,
    workers: int,
    search: Callable[[Search], Result],
) -> Result:
    """What comes of a search on so many workers, with its progress on stderr.

    While the database is away it is waited for; the trials that were run are found again.
    """
    from catalog.learning.search.search import Search

    def work() -> Result:
        with progress("searching") as advance, workers_for(database, settings, workers) as executor:
            return search(
                Search(
                    database,
                    executor,
                    ground,
                    workers=max(1, workers),
                    on_progress=lambda done, total: advance(done, total, ""),
                )
            )

    return retry_until_connected(work)


def _algorithms(names: Sequence[str]) -> list[Algorithm]:
    from catalog.learning.classifiers import ALGORITHMS, get_algorithm

    return [get_algorithm(name) for name in dict.fromkeys(names)] or list(ALGORITHMS.values())


def _covered(database: Database, wanted: TrainingOptions) -> list[tuple[str, ...]]:
    """The feature sets that all training tracks have."""
    from catalog.learning.search.search_setup import coverage

    found = read_with_retry(database, lambda connection: coverage(connection, wanted))
    for one in found:
        if one.tracks < one.of_tracks:
            say(
                f"{one.feature_set} is left out: {one.of_tracks - one.tracks:,} of {one.of_tracks:,} training tracks "
                f"lack it; run: catalog analyze --feature-set {one.feature_set}"
            )
    return [(one.feature_set,) for one in found if one.tracks == one.of_tracks]


def _say_plan(
    database: Database, candidates: Sequence[Candidate], rounds: Sequence[int], trials: int, workers: int
) -> None:
    from catalog.learning.search.search_record import seconds_a_trial

    with database.read() as connection:
        known = [seconds_a_trial(connection, one.algorithm) for one in candidates]
    words = ", then ".join(f"{number:,}" for number in rounds)
    echo(f"{words} candidates, {pluralize(trials, 'trial')} at most would be run")
    timed = [seconds for seconds in known if seconds is not None]
    if len(timed) == len(known):
        minutes = sum(timed) / len(timed) * trials / max(1, workers) / 60
        say(f"about {minutes:.1f} minutes, by the trials there are")
    else:
        say("how long that takes is not known: of some algorithm there is no trial yet")


def _say_choice(choice: SearchResult, candidates: int) -> None:
    winner = choice.winner
    parameters = ", ".join(f"{name}={value}" for name, value in winner.parameters.items())
    same = sum(one == winner for one in choice.chosen)
    how = (
        "with the search repeated inside each fold"
        if choice.nested
        else "chosen by the other folds each time"
    )
    say(
        f"the best of {pluralize(candidates, 'candidate')}: {winner.algorithm} ({parameters}); "
        f"{choice.trials:,} trials, {choice.computed:,} of them run now"
    )
    say(
        f"macro F1 {choice.honest.macro_f1.value:.3f} and accuracy {choice.honest.accuracy.value:.3f}, {how}; "
        f"{choice.as_chosen.macro_f1.value:.3f} and {choice.as_chosen.accuracy.value:.3f} by the scores it was chosen by, "
        f"which tend to flatter; without a fold the same was chosen {same} times of {len(choice.chosen)}"
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """The row for people: an interval in one cell."""
    shown: dict[str, Any] = {"algorithm": row["algorithm"], "feature_sets": row["feature_sets"]}
    for name in ("accuracy", "macro_f1"):
        is_known = row[name] is not None
        shown[name] = f"{row[name]:.3f}" if is_known else None
        low, high = cast(float, row[f"{name}_low"]), cast(float, row[f"{name}_high"])
        shown[f"{name}_interval"] = f"{low:.3f} to {high:.3f}" if is_known else None
    return {**shown, "seconds": row["seconds"], "remark": row["remark"]}
