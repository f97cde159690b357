"""Searching: every candidate tried by cross-validation, the best chosen, and what the choice itself is worth.

The score that a winner was chosen by flatters it. What is reported is therefore found with the whole search repeated
for each fold without that fold's tracks: what was chosen there is trained there, and asked about the fold.
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
from catalog.learning.search.successive_halving import HalvingRound, halving_schedule
from catalog.learning.search.trial import Trial, TrialOutcome, load_outcome
from catalog.learning.search.trial_runner import run_missing_trials

Scheme = Literal["compare", "grid", "random", "halving"]

NESTED_UP_TO = 5_000
"""With more tracks the choice for a fold is made by the scores on the other folds, in place of a search within them:
a quarter of the trials. The models scored there had seen the fold's tracks, which so many tracks make little of."""

FEWEST_RESAMPLES = 2
"""Where only the order counts, no interval is wanted."""


class NoCandidateFitsError(CatalogError):
    """No candidate could be fitted."""


@dataclass(frozen=True)
class SearchData:
    """What is searched: the training set, and the digests of the vectors by feature sets."""

    snapshot_id: int
    members: SnapshotTracks
    vectors: Mapping[tuple[str, ...], str]
    seed: int
    artists: Sequence[Hashable | None]
    """(n): the artist of each track; None: nobody is known."""
    has_sub_genres: bool = False
    """Whether a term has two narrower classes. Candidates are compared as one classifier over all classes even so."""

    @property
    def folds(self) -> Integers:
        """(n,): the fold of each track."""
        return outer_folds(self.members.y, self.members.groups, self.seed)


@dataclass(frozen=True, eq=False)
class CandidateResult:
    """How a candidate did by cross-validation."""

    candidate: Candidate
    evaluation: Evaluation | None
    """Over the pooled choices of all folds; None where one of the folds could not be fitted."""
    seconds: float
    """What its trials took together."""
    reason: str | None
    """Why it could not be fitted, or what the library warned of."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search came to."""

    winner: Candidate
    standings: Sequence[CandidateResult]
    """Those of the last round, the best first."""
    as_chosen: Evaluation
    """The winner by the scores that it was chosen by: flattering."""
    honest: Evaluation
    """By models that were chosen and trained without the tracks they were asked about."""
    nested: bool
    """Whether the search was repeated inside the folds, or the choice made by the other folds' scores."""
    chosen: Sequence[Candidate]
    """What was chosen without each fold: the more they differ, the less the choice matters, or the less is known."""
    trials: int
    """How many trials it rests on."""
    computed: int
    """How many of them had to be run."""


@dataclass(eq=False)
class Search:
    """A search over a ground; it hands its trials to an executor and can be killed and begun again at any time."""

    database: Database
    executor: Executor
    ground: SearchData
    workers: int = 1
    """How many the executor has: how finely the trials are shared out."""
    on_progress: Callable[[int, int], None] | None = None
    """Told how many of how many trials are done."""
    computed: int = 0
    _expected: int = 0
    _folds: Integers = field(init=False)
    _outcomes: dict[tuple[str, str, int], TrialOutcome] = field(default_factory=dict)
    _asked: dict[tuple[int | None, int], Booleans] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Deals the folds."""
        self._folds = self.ground.folds

    def compare(self, candidates: Sequence[Candidate]) -> list[CandidateResult]:
        """Every candidate on the same folds, the best by macro F1 first. A comparison: nothing is chosen by it."""
        part = Partition(None, True, self._numbers)
        self._expected = len(candidates) * len(self._numbers)
        self._run([one for candidate in candidates for one in self._trials(part, candidate, 1.0)])
        return self._ranked(part, candidates, 1.0, resamples=RESAMPLES)

    def choose(self, candidates: Sequence[Candidate], scheme: Scheme) -> SearchResult:
        """The best of the candidates by macro F1, and an honest score. Raises NoCandidateFitsError."""
        parts = self.parts()
        rounds = self.rounds(len(candidates), scheme)
        self._expected = expected_trials(parts, rounds)
        left = {part.left_out: list(candidates) for part in parts}
        standings: dict[int | None, list[CandidateResult]] = {}
        for number, each in enumerate(rounds):
            self._run(
                [
                    one
                    for part in parts
                    for candidate in left[part.left_out]
                    for one in self._trials(part, candidate, each.share)
                ]
            )
            for part in parts:
                ranked = self._ranked(part, left[part.left_out], each.share)
                standings[part.left_out] = ranked
                if number + 1 < len(rounds):
                    best = ranked[: rounds[number + 1].candidates]
                    left[part.left_out] = [one.candidate for one in best]
        winners = {part.left_out: _winner(standings[part.left_out]) for part in parts}
        honest = self._honest({fold: one.candidate for fold, one in winners.items() if fold is not None})
        winner = winners[None]
        return SearchResult(
            winner=winner.candidate,
            standings=standings[None],
            as_chosen=self._pooled(self._trials(parts[0], winner.candidate, 1.0)),
            honest=honest,
            nested=parts[-1].nested,
            chosen=[winners[number].candidate for number in self._numbers],
            trials=len(self._outcomes),
            computed=self.computed,
        )

    def parts(self) -> list[Partition]:
        """The parts that a choice is made on: all tracks, and all without each fold."""
        members, numbers = self.ground.members, self._numbers
        nested = len(members.y) <= NESTED_UP_TO
        if nested:
            inside = [self._folds != number for number in numbers]
            nested = all(np.unique(members.groups[part]).size >= 2 for part in inside)
        whole = Partition(None, nested, numbers)
        if not nested:
            return [
                whole,
                *(Partition(left, nested, [one for one in numbers if one != left]) for left in numbers),
            ]
        parts = [whole]
        for left, part in zip(numbers, inside, strict=True):
            inner = inner_folds(members.y[part], members.groups[part], self.ground.seed)
            parts.append(Partition(left, nested, np.unique(inner).tolist()))
        return parts

    def rounds(self, candidates: int, scheme: Scheme) -> list[HalvingRound]:
        """How many candidates are tried on how much: one round, or those of successive halving."""
        if scheme != "halving":
            return [HalvingRound(candidates, 1.0)]
        training = self._folds != self._numbers[0]
        members = self.ground.members
        return halving_schedule(candidates, fewest_groups(members.y[training], members.groups[training]))

    @property
    def _numbers(self) -> list[int]:
        return [int(number) for number in np.unique(self._folds)]

    def _trials(self, part: Partition, candidate: Candidate, share: float) -> list[Trial]:
        return [self._trial(candidate, split) for split in part.splits(share)]

    def _trial(self, candidate: Candidate, split: Split, *, as_trained: bool = False) -> Trial:
        place = self.ground
        digest = place.vectors[candidate.feature_sets]
        return Trial(place.snapshot_id, candidate, split, place.seed, digest, as_trained)

    def _run(self, trials: Sequence[Trial]) -> None:
        """Sees to it that all are there, and remembers what came of them."""
        already = len(self._outcomes)

        def tell(done: int) -> None:
            if self.on_progress is not None:
                self.on_progress(already + done, max(self._expected, already + len(trials)))

        self.computed += run_missing_trials(
            self.database, self.executor, trials, workers=self.workers, on_progress=tell
        )
        with self.database.read() as connection:
            for one in trials:
                if one.key not in self._outcomes:
                    outcome = load_outcome(connection, one)
                    assert outcome is not None, "every trial was run"
                    self._outcomes[one.key] = outcome

    def _ranked(
        self,
        part: Partition,
        candidates: Sequence[Candidate],
        share: float,
        resamples: int = FEWEST_RESAMPLES,
    ) -> list[CandidateResult]:
        """The candidates, the best first; of equals the one that came first, which is the simplest."""
        found = [
            self._standing(candidate, self._trials(part, candidate, share), resamples)
            for candidate in candidates
        ]
        return sorted(found, key=_merit)

    def _standing(self, candidate: Candidate, trials: Sequence[Trial], resamples: int) -> CandidateResult:
        outcomes = [self._outcomes[one.key] for one in trials]
        reason = next((one.reason for one in outcomes if one.reason is not None), None)
        is_fitted = all(one.choice is not None for one in outcomes)
        return CandidateResult(
            candidate,
            self._pooled(trials, resamples) if is_fitted else None,
            sum(one.seconds for one in outcomes),
            reason,
        )

    def _pooled(self, trials: Sequence[Trial], resamples: int = RESAMPLES) -> Evaluation:
        """The scores of the choices of several folds together."""
        members = self.ground.members
        choice = np.full(len(members.y), -1, dtype=np.int64)
        for one in trials:
            found = self._outcomes[one.key].choice
            assert found is not None
            choice[self._test(one.split)] = found
        asked = choice >= 0
        return evaluate(
            members.y[asked],
            choice[asked],
            members.groups[asked],
            members.classes,
            resamples=resamples,
            seed=self.ground.seed,
        )

    def _test(self, split: Split) -> Booleans:
        """(n,): the tracks that are asked about, which no share changes."""
        key = (split.left_out, split.fold)
        if key not in self._asked:
            members = self.ground.members
            self._asked[key] = replace(split, share=1.0).masks(members.y, members.groups, self.ground.seed)[1]
        return self._asked[key]

    def _honest(self, winners: Mapping[int, Candidate]) -> Evaluation:
        trials = [self._trial(candidate, Split(fold), as_trained=True) for fold, candidate in winners.items()]
        self._run(trials)
        for one in trials:
            outcome = self._outcomes[one.key]
            if outcome.choice is None:
                raise NoCandidateFitsError(f"{one.candidate.algorithm} cannot be trained: {outcome.reason}")
        return self._pooled(trials)


@dataclass(frozen=True)
class Partition:
    """The tracks that a choice is made on."""

    left_out: int | None
    """The fold that is kept from the choice; None: all tracks are there."""
    nested: bool
    folds: Sequence[int]
    """The folds that candidates are scored on: inner ones, where a fold is left out and the search is nested."""

    def splits(self, share: float) -> list[Split]:
        """A split for each fold."""
        within = self.left_out if self.nested else None
        return [Split(number, within, share) for number in self.folds]


def expected_trials(parts: Sequence[Partition], rounds: Sequence[HalvingRound]) -> int:
    """How many trials a search comes to; without nesting the parts share theirs, and it is about so many."""
    apart = [part for part in parts if part.nested or part.left_out is None]
    a_candidate = sum(len(part.folds) for part in apart)
    return a_candidate * sum(each.candidates for each in rounds) + len(parts) - 1


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


def _merit(standing: CandidateResult) -> tuple[bool, float, float]:
    """Sorts the best first: macro F1, then accuracy; what cannot be fitted comes last."""
    found = standing.evaluation
    if found is None:
        return True, 0.0, 0.0
    return False, -round(found.macro_f1.value, 9), -round(found.accuracy.value, 9)


def _winner(standings: Sequence[CandidateResult]) -> CandidateResult:
    best = standings[0]
    if best.evaluation is None:
        raise NoCandidateFitsError(f"no candidate can be fitted: {best.reason}")
    return best
