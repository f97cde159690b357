"""`catalog train --compare` and `--search`: compare classifiers and tune hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from catalog.cli.common.executors import workers_for
from catalog.cli.common.output import echo, print_rows, say
from catalog.cli.common.progress import progress
from catalog.db.database import Database
from catalog.db.retry import read_with_retry, retry_until_connected, write_with_retry
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from catalog.learning.classifiers import Algorithm
    from catalog.learning.search.search import Scheme, Search, SearchData, SearchResult
    from catalog.learning.search.search_setup import SearchPlan
    from catalog.learning.training_options import TrainingOptions

Result = TypeVar("Result")

CANDIDATES = 20
HIERARCHY_NOTES = {
    "auto": "training the winner also tries one classifier per genre with subgenres (--hierarchy auto)",
    "local": "the winner is trained with one classifier per genre with subgenres (--hierarchy local)",
}


def check(
    algorithms: Sequence[str],
    parameters: Mapping[str, Any],
    is_comparison: bool,
    scheme: str | None,
    candidates: int | None,
    split: str | None,
) -> None:
    """Rejects options that contradict each other. Raises click.UsageError."""
    if is_comparison and scheme is not None:
        raise click.UsageError("--compare and --search cannot be used together")
    if is_comparison and split is not None:
        raise click.UsageError("--compare trains no model that --split could score: remove one of them")
    many = is_comparison or scheme is not None
    if many and parameters:
        raise click.UsageError(
            "--parameter does not apply to --compare or --search, which set the parameters"
        )
    if len(algorithms) > 1 and not many:
        raise click.UsageError("only one --algorithm can be trained; to compare several, add --compare")
    if candidates is not None and scheme not in {"random", "halving"}:
        raise click.UsageError("--candidates needs --search random or --search halving")


@dataclass(frozen=True)
class TrainSearch:
    """A comparison or search with the options of one `catalog train` command."""

    settings: Settings
    database: Database
    options: TrainingOptions
    names: Sequence[str]
    """Algorithms; empty: all."""
    workers: int
    is_dry_run: bool

    def compare(self, output_format: str, *, all_feature_sets: bool) -> None:
        """Prints the score of every algorithm with default parameters on every feature set and on their combination.

        With `all_feature_sets`, uses the feature sets that every training track has and reports the others. The
        candidates always include the one that a training without options would fit.
        """
        from catalog.learning.classifiers import DEFAULT
        from catalog.learning.search.candidates import default_candidates
        from catalog.learning.search.comparison_table import comparison_rows
        from catalog.learning.search.search_record import begin_search, finish_search
        from catalog.learning.search.search_setup import plan_comparison

        own = self.options.feature_sets
        feature_sets = (
            self._complete_feature_sets()
            if all_feature_sets
            else list(dict.fromkeys([*((name,) for name in own), own]))
        )
        data = self._prepare([*feature_sets, own])
        algorithms = self._algorithms()
        candidates = default_candidates(algorithms, feature_sets)
        if own not in feature_sets:
            candidates += default_candidates([one for one in algorithms if one.name == DEFAULT], [own])
        if self.is_dry_run:
            _print_plan(plan_comparison(self.database, data, candidates, self.workers))
            return
        search_id = write_with_retry(
            self.database, lambda connection: begin_search(connection, data, "compare", candidates)
        )
        results = self._run(data, lambda search: search.compare(candidates))
        rows = comparison_rows(data, results)
        write_with_retry(self.database, lambda connection: finish_search(connection, search_id, rows))
        print_rows([_table_row(row) for row in rows] if output_format == "table" else rows, output_format)
        say()
        say(
            f"{pluralize(len(data.members.y), 'track')}, folds grouped by artist, intervals by bootstrap over artists. "
            "The score of the first row is biased upward, because it was selected by that score."
        )
        if data.has_sub_genres and self.options.hierarchy != "flat":
            say(
                "These scores use one classifier for all classes; catalog train also tries --hierarchy local."
            )
        if results[0].evaluation is not None:
            best = results[0].candidate
            options = " ".join(f"--feature-set {name}" for name in best.feature_sets)
            say(f"train the first: {self.settings.command} train --algorithm {best.algorithm} {options}")

    def find_best(self, scheme: Scheme, number: int | None) -> TrainingOptions | None:
        """Returns the options of the best candidate with an unbiased score; prints the plan in a dry run."""
        from catalog.learning.search.candidates import grid_candidates, random_candidates
        from catalog.learning.search.search import summarize_search
        from catalog.learning.search.search_record import begin_search, finish_search, search_outcome
        from catalog.learning.search.search_setup import plan_search

        options, algorithms = self.options, self._algorithms()
        candidates = (
            grid_candidates(algorithms, options.feature_sets)
            if scheme == "grid"
            else random_candidates(algorithms, options.feature_sets, number or CANDIDATES, seed=options.seed)
        )
        data = self._prepare([options.feature_sets])
        if self.is_dry_run:
            _print_plan(plan_search(self.database, data, candidates, scheme, self.workers))
            return None
        search_id = write_with_retry(
            self.database, lambda connection: begin_search(connection, data, scheme, candidates)
        )
        choice = self._run(data, lambda search: search.choose(candidates, scheme))
        write_with_retry(
            self.database, lambda connection: finish_search(connection, search_id, search_outcome(choice))
        )
        _print_choice(choice, len(candidates))
        if data.has_sub_genres and options.hierarchy != "flat":
            say(f"these scores use one classifier for all classes; {HIERARCHY_NOTES[options.hierarchy]}")
        return replace(
            options,
            algorithm=choice.winner.algorithm,
            parameters=choice.winner.parameters,
            search=summarize_search(choice, scheme, len(candidates), search_id),
        )

    def _prepare(self, feature_sets: Sequence[tuple[str, ...]]) -> SearchData:
        from catalog.learning.search.search_setup import prepare_search

        return retry_until_connected(
            partial(prepare_search, self.database, self.options, feature_sets, dry_run=self.is_dry_run)
        )

    def _algorithms(self) -> list[Algorithm]:
        from catalog.learning.classifiers import ALGORITHMS, get_algorithm

        return [get_algorithm(name) for name in dict.fromkeys(self.names)] or list(ALGORITHMS.values())

    def _complete_feature_sets(self) -> list[tuple[str, ...]]:
        """Returns the feature sets that all training tracks have, and reports the incomplete ones."""
        from catalog.learning.search.search_setup import coverage

        sets = read_with_retry(self.database, lambda connection: coverage(connection, self.options))
        for one in sets:
            if one.tracks < one.of_tracks:
                say(
                    f"{one.feature_set} is left out: {one.of_tracks - one.tracks:,} of {one.of_tracks:,} training "
                    f"tracks lack it; run: catalog analyze --feature-set {one.feature_set}"
                )
        return [(one.feature_set,) for one in sets if one.tracks == one.of_tracks]

    def _run(self, data: SearchData, search: Callable[[Search], Result]) -> Result:
        """Runs a search on worker processes and shows its progress on stderr.

        After a lost connection it waits for the database and continues; completed trials are not repeated.
        """
        from catalog.learning.search.search import Search

        def run() -> Result:
            with (
                progress("searching") as advance,
                workers_for(self.database, self.settings, self.workers) as executor,
            ):
                return search(
                    Search(
                        self.database,
                        executor,
                        data,
                        workers=max(1, self.workers),
                        on_progress=lambda done, total: advance(done, total, ""),
                    )
                )

        return retry_until_connected(run)


def _print_plan(plan: SearchPlan) -> None:
    rounds = ", then ".join(f"{number:,}" for number in plan.rounds)
    echo(f"would try {rounds} candidates in at most {pluralize(plan.trials, 'trial')}")
    if plan.minutes is None:
        say("the duration is unknown: some algorithm has no earlier trial")
    else:
        say(f"about {plan.minutes:.1f} minutes, estimated from earlier trials")


def _print_choice(choice: SearchResult, candidates: int) -> None:
    winner = choice.winner
    parameters = ", ".join(f"{name}={value}" for name, value in winner.parameters.items())
    same = sum(one == winner for one in choice.chosen)
    method = "nested cross-validation" if choice.nested else "each fold scored by the choice of the others"
    say(
        f"the best of {pluralize(candidates, 'candidate')}: {winner.algorithm} ({parameters}); "
        f"{choice.trials:,} trials, {choice.computed:,} of them new"
    )
    say(
        f"macro F1 {choice.honest.macro_f1.value:.3f} and accuracy {choice.honest.accuracy.value:.3f} ({method}); "
        f"the selection scores {choice.as_chosen.macro_f1.value:.3f} and {choice.as_chosen.accuracy.value:.3f} are "
        f"biased upward; {same} of {len(choice.chosen)} folds chose the same candidate"
    )


def _table_row(row: dict[str, Any]) -> dict[str, Any]:
    """Formats a row for the table: each interval in one cell."""
    cells: dict[str, Any] = {"algorithm": row["algorithm"], "feature_sets": row["feature_sets"]}
    for name in ("accuracy", "macro_f1"):
        has_score = row[name] is not None
        cells[name] = f"{row[name]:.3f}" if has_score else None
        low, high = cast(float, row[f"{name}_low"]), cast(float, row[f"{name}_high"])
        cells[f"{name}_interval"] = f"{low:.3f} to {high:.3f}" if has_score else None
    return {**cells, "seconds": row["seconds"], "remark": row["remark"]}
