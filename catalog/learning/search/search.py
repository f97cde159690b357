"""Hyperparameter search by cross-validation, with a nested score of the selected candidate.

The score that selects the winner is optimistic. The reported score repeats the whole search for each fold without the
tracks of that fold, trains the candidate selected there, and predicts the fold.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from catalog.arrays import Booleans, Integers
from catalog.db.database import Database
from catalog.errors import CatalogError
from catalog.learning.dataset.snapshot_data import SnapshotTracks
from catalog.learning.dataset.splits import Split, fewest_groups, inner_folds, outer_folds
from catalog.learning.metrics.bootstrap import RESAMPLES
from catalog.learning.metrics.evaluation import Evaluation, evaluate
from catalog.learning.scoring.model_metrics import SearchSummary, SelectionScore
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.trial import Trial, TrialOutcome, load_outcome
from catalog.learning.search.trial_runner import run_missing_trials

Scheme = Literal["compare", "grid", "random", "halving"]

NESTED_UP_TO = 5_000
"""Tracks above which the candidate for a fold is selected by the scores on the other folds, not by an inner search: a
quarter of the trials. Models scored there were trained on the fold's tracks, which matters little with many tracks."""

MIN_RESAMPLES = 2
"""Used where only the order of candidates is needed, not an interval."""
ETA = 3


class NoCandidateFitsError(CatalogError):
    """No candidate could be fitted."""


@dataclass(frozen=True)
class SearchData:
    """The training set of a search, and the digests of its vectors by feature sets."""

    snapshot_id: int
    members: SnapshotTracks
    vectors: Mapping[tuple[str, ...], str]
    seed: int
    artists: Sequence[Hashable | None]
    """(n): the artist of each track; None without a known artist."""
    has_sub_genres: bool = False
    """Whether a term has two narrower classes. Candidates are compared as flat classifiers all the same."""

    @property
    def folds(self) -> Integers:
        """(n,): the fold of each track."""
        return outer_folds(self.members.y, self.members.groups, self.seed)


@dataclass(frozen=True, eq=False)
class CandidateResult:
    """The cross-validation result of a candidate."""

    candidate: Candidate
    evaluation: Evaluation | None
    """Over the pooled predictions of all folds; None where a fold could not be fitted."""
    seconds: float
    """Total time of its trials."""
    reason: str | None
    """Why it could not be fitted, or a warning of the library."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The result of a search."""

    winner: Candidate
    results: Sequence[CandidateResult]
    """Candidates of the last round, best first."""
    as_chosen: Evaluation
    """The scores that selected the winner: optimistic."""
    honest: Evaluation
    """The scores of models selected and trained without the tracks that they predict."""
    nested: bool
    """Whether the search was repeated inside each fold; otherwise the other folds' scores selected the candidate."""
    chosen: Sequence[Candidate]
    """The candidate selected without each fold. Different candidates show that the selection is uncertain."""
    trials: int
    """Number of trials used."""
    computed: int
    """Number of trials that had to be run."""


@dataclass(eq=False)
class Search:
    """A search that runs its trials on an executor. It can be interrupted and continued at any time."""

    database: Database
    executor: Executor
    data: SearchData
    workers: int = 1
    """Workers of the executor, which determine the size of task batches."""
    on_progress: Callable[[int, int], None] | None = None
    """Called with the number of finished trials and of all trials."""
    computed: int = 0
    _expected: int = 0
    _folds: Integers = field(init=False)
    _outcomes: dict[tuple[str, str, int], TrialOutcome] = field(default_factory=dict)
    _test_masks: dict[tuple[int | None, int], Booleans] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Assigns the folds."""
        self._folds = self.data.folds

    def compare(self, candidates: Sequence[Candidate]) -> list[CandidateResult]:
        """Scores all candidates on the same folds, best macro F1 first, without selecting one."""
        part = Partition(None, True, self._numbers)
        self._expected = len(candidates) * len(self._numbers)
        self._run([trial for candidate in candidates for trial in self._trials(part, candidate, 1.0)])
        return self._ranked(part, candidates, 1.0, resamples=RESAMPLES)

    def choose(self, candidates: Sequence[Candidate], scheme: Scheme) -> SearchResult:
        """Selects the candidate with the best macro F1 and scores the selection. Raises NoCandidateFitsError."""
        parts = self.parts()
        rounds = self.rounds(len(candidates), scheme)
        self._expected = expected_trials(parts, rounds)
        remaining = {part.left_out: list(candidates) for part in parts}
        results: dict[int | None, list[CandidateResult]] = {}
        for number, current in enumerate(rounds):
            self._run(
                [
                    trial
                    for part in parts
                    for candidate in remaining[part.left_out]
                    for trial in self._trials(part, candidate, current.share)
                ]
            )
            for part in parts:
                ranked = self._ranked(part, remaining[part.left_out], current.share)
                results[part.left_out] = ranked
                if number + 1 < len(rounds):
                    best = ranked[: rounds[number + 1].candidates]
                    remaining[part.left_out] = [result.candidate for result in best]
        winners = {part.left_out: _winner(results[part.left_out]) for part in parts}
        honest = self._honest(
            {fold: result.candidate for fold, result in winners.items() if fold is not None}
        )
        winner = winners[None]
        return SearchResult(
            winner=winner.candidate,
            results=results[None],
            as_chosen=self._pooled(self._trials(parts[0], winner.candidate, 1.0)),
            honest=honest,
            nested=parts[-1].nested,
            chosen=[winners[number].candidate for number in self._numbers],
            trials=len(self._outcomes),
            computed=self.computed,
        )

    def parts(self) -> list[Partition]:
        """The partitions that candidates are selected on: all tracks, and all without each fold."""
        members, numbers = self.data.members, self._numbers
        nested = len(members.y) <= NESTED_UP_TO
        if nested:
            inside = [self._folds != number for number in numbers]
            nested = all(np.unique(members.groups[part]).size >= 2 for part in inside)
        whole = Partition(None, nested, numbers)
        if not nested:
            return [
                whole,
                *(Partition(fold, nested, [other for other in numbers if other != fold]) for fold in numbers),
            ]
        parts = [whole]
        for fold, part in zip(numbers, inside, strict=True):
            inner = inner_folds(members.y[part], members.groups[part], self.data.seed)
            parts.append(Partition(fold, nested, np.unique(inner).tolist()))
        return parts

    def rounds(self, candidates: int, scheme: Scheme) -> list[HalvingRound]:
        """Candidates and share of the training set in each round: one round, or those of successive halving."""
        if scheme != "halving":
            return [HalvingRound(candidates, 1.0)]
        training = self._folds != self._numbers[0]
        members = self.data.members
        return halving_schedule(candidates, fewest_groups(members.y[training], members.groups[training]))

    @property
    def _numbers(self) -> list[int]:
        return [int(number) for number in np.unique(self._folds)]

    def _trials(self, part: Partition, candidate: Candidate, share: float) -> list[Trial]:
        return [self._trial(candidate, split) for split in part.splits(share)]

    def _trial(self, candidate: Candidate, split: Split, *, as_trained: bool = False) -> Trial:
        data = self.data
        digest = data.vectors[candidate.feature_sets]
        return Trial(data.snapshot_id, candidate, split, data.seed, digest, as_trained)

    def _run(self, trials: Sequence[Trial]) -> None:
        """Runs the missing trials and loads all outcomes."""
        already = len(self._outcomes)

        def report(done: int) -> None:
            if self.on_progress is not None:
                self.on_progress(already + done, max(self._expected, already + len(trials)))

        self.computed += run_missing_trials(
            self.database, self.executor, trials, workers=self.workers, on_progress=report
        )
        with self.database.read() as connection:
            for trial in trials:
                if trial.key not in self._outcomes:
                    outcome = load_outcome(connection, trial)
                    assert outcome is not None, "every trial was run"
                    self._outcomes[trial.key] = outcome

    def _ranked(
        self,
        part: Partition,
        candidates: Sequence[Candidate],
        share: float,
        resamples: int = MIN_RESAMPLES,
    ) -> list[CandidateResult]:
        """The results of the candidates, best first; equal results keep the order of candidates, simplest first."""
        results = [
            self._result(candidate, self._trials(part, candidate, share), resamples)
            for candidate in candidates
        ]
        return sorted(results, key=_rank)

    def _result(self, candidate: Candidate, trials: Sequence[Trial], resamples: int) -> CandidateResult:
        outcomes = [self._outcomes[trial.key] for trial in trials]
        reason = next((outcome.reason for outcome in outcomes if outcome.reason is not None), None)
        is_fitted = all(outcome.choice is not None for outcome in outcomes)
        return CandidateResult(
            candidate,
            self._pooled(trials, resamples) if is_fitted else None,
            sum(outcome.seconds for outcome in outcomes),
            reason,
        )

    def _pooled(self, trials: Sequence[Trial], resamples: int = RESAMPLES) -> Evaluation:
        """The scores of the pooled predictions of several folds."""
        members = self.data.members
        choice = np.full(len(members.y), -1, dtype=np.int64)
        for trial in trials:
            fold_choice = self._outcomes[trial.key].choice
            assert fold_choice is not None
            choice[self._test_mask(trial.split)] = fold_choice
        is_predicted = choice >= 0
        return evaluate(
            members.y[is_predicted],
            choice[is_predicted],
            members.groups[is_predicted],
            members.classes,
            resamples=resamples,
            seed=self.data.seed,
        )

    def _test_mask(self, split: Split) -> Booleans:
        """(n,): the test tracks of a split, which do not depend on its share."""
        key = (split.left_out, split.fold)
        if key not in self._test_masks:
            members = self.data.members
            _, test = replace(split, share=1.0).masks(members.y, members.groups, self.data.seed)
            self._test_masks[key] = test
        return self._test_masks[key]

    def _honest(self, winners: Mapping[int, Candidate]) -> Evaluation:
        trials = [self._trial(candidate, Split(fold), as_trained=True) for fold, candidate in winners.items()]
        self._run(trials)
        for trial in trials:
            outcome = self._outcomes[trial.key]
            if outcome.choice is None:
                raise NoCandidateFitsError(f"{trial.candidate.algorithm} cannot be trained: {outcome.reason}")
        return self._pooled(trials)


@dataclass(frozen=True)
class Partition:
    """The tracks that candidates are selected on."""

    left_out: int | None
    """The fold that is left out; None: all tracks."""
    nested: bool
    folds: Sequence[int]
    """The folds that candidates are scored on; inner folds of a nested search where a fold is left out."""

    def splits(self, share: float) -> list[Split]:
        """A split for each fold."""
        within = self.left_out if self.nested else None
        return [Split(number, within, share) for number in self.folds]


def expected_trials(parts: Sequence[Partition], rounds: Sequence[HalvingRound]) -> int:
    """Upper bound of the trials of a search; without nesting the partitions share trials."""
    separate = [part for part in parts if part.nested or part.left_out is None]
    per_candidate = sum(len(part.folds) for part in separate)
    return per_candidate * sum(current.candidates for current in rounds) + len(parts) - 1


def summarize_search(result: SearchResult, scheme: Scheme, candidates: int, search_id: int) -> SearchSummary:
    """The search as the metrics of the selected model store it."""
    return SearchSummary(
        id=search_id,
        scheme=scheme,
        candidates=candidates,
        nested=result.nested,
        structure="flat",
        as_chosen=_selection_score(result.as_chosen),
        honest=_selection_score(result.honest),
        chosen_without_a_fold=tuple(candidate.as_json() for candidate in result.chosen),
    )


def _selection_score(evaluation: Evaluation) -> SelectionScore:
    return SelectionScore(evaluation.accuracy, evaluation.balanced_accuracy, evaluation.macro_f1)


def _rank(result: CandidateResult) -> tuple[bool, float, float]:
    """Sort key: macro F1, then accuracy, both descending; candidates that cannot be fitted come last."""
    evaluation = result.evaluation
    if evaluation is None:
        return True, 0.0, 0.0
    return False, -round(evaluation.macro_f1.value, 9), -round(evaluation.accuracy.value, 9)


def _winner(results: Sequence[CandidateResult]) -> CandidateResult:
    best = results[0]
    if best.evaluation is None:
        raise NoCandidateFitsError(f"no candidate can be fitted: {best.reason}")
    return best


@dataclass(frozen=True)
class HalvingRound:
    """One round of a search."""

    candidates: int
    """Number of candidates."""
    share: float
    """Share of each training part that they are fitted on."""


def halving_schedule(candidates: int, fewest_groups: int) -> list[HalvingRound]:
    """The rounds for a number of candidates; the last round uses the whole training part.

    `fewest_groups` is the number of groups of a training part with its rarest class. The first share leaves that class
    at least one group, because groups are not divided.
    """
    if candidates < 1:
        raise ValueError("there are no candidates")
    halvings, remaining = 0, candidates
    while remaining > 1 and ETA ** (halvings + 1) <= fewest_groups:
        remaining = -(-remaining // ETA)
        halvings += 1
    rounds = []
    remaining = candidates
    for at in range(halvings + 1):
        rounds.append(HalvingRound(remaining, 1 / ETA ** (halvings - at)))
        remaining = -(-remaining // ETA)
    return rounds
