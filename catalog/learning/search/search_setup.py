"""Preparation of a search: checks all vectors, stores the snapshot, and plans the trials."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.tables import feature_set, feature_vector
from catalog.db.track_query import select_ids
from catalog.errors import CatalogError
from catalog.learning.classifiers.local_per_parent import class_chains, has_sub_genres
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.dataset.snapshot import store_snapshot
from catalog.learning.dataset.snapshot_data import SnapshotTracks, load_vectors
from catalog.learning.dataset.training_feature_sets import PROJECTED, SOURCE
from catalog.learning.scoring.official_split import load_split
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.search import Scheme, Search, SearchData, expected_trials
from catalog.learning.search.search_record import seconds_a_trial
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import TrainingSet, build_training_set

UNSTORED = 0
"""No snapshot has this id."""


class NothingToSearchError(CatalogError):
    """The labeled tracks are too few for a training set."""


@dataclass(frozen=True)
class Coverage:
    """Number of training tracks with a vector of a feature set."""

    feature_set: str
    tracks: int
    of_tracks: int


def prepare_search(
    database: Database,
    options: TrainingOptions,
    feature_sets: Sequence[tuple[str, ...]],
    *,
    dry_run: bool = False,
) -> SearchData:
    """The data of a search on the training set of `options`, for each combination of feature sets.

    A dry run makes all checks and stores nothing; its data serve for a plan only. Raises NothingToSearchError,
    NoOfficialSplitError, UnknownFeatureSetError, NoVectorsError, VectorsMissingError, or NotFiniteError.
    """
    with database.read() as connection:
        training_set = _require(build_training_set(connection, options))
        frozen, tracks = training_set.snapshot, training_set.tracks
        assert frozen is not None
        if options.split is not None:
            load_split(connection, frozen.track_ids, frozen.y)  # raises before the search, not after it
        members = SnapshotTracks(frozen.track_ids, frozen.y, frozen.groups.number, len(frozen.classes))
        digests = {
            names: load_vectors(connection, names, members.track_ids).digest
            for names in dict.fromkeys(feature_sets)
        }
    snapshot_id = UNSTORED
    if not dry_run:
        y, groups = members.y, members.groups
        # The folds of `cross_fit`, which scores the model of the winner.
        fold = stratified_group_folds(y, groups, number_of_folds(y, groups), seed=options.seed)
        with database.write() as connection:
            snapshot_id = store_snapshot(connection, frozen, fold)
    artists = [tracks.artists[at] for at in tracks.at(members.track_ids)]
    sub_genres = has_sub_genres(class_chains(training_set.hierarchy))
    return SearchData(snapshot_id, members, digests, options.seed, artists, sub_genres)


def coverage(connection: Connection, options: TrainingOptions) -> list[Coverage]:
    """Coverage of each stored feature set, and of `pca` if its source is stored. Raises NothingToSearchError."""
    frozen = _require(build_training_set(connection, options)).snapshot
    assert frozen is not None
    columns = feature_vector.c
    covered = {}
    for recipe_id, name in connection.execute(
        sa.select(feature_set.c.id, feature_set.c.name).where(feature_set.c.active)
    ).all():
        query = sa.select(columns.track_id).where(columns.feature_set_id == recipe_id)
        track_ids = select_ids(connection, query)
        covered[name] = int(np.isin(frozen.track_ids, track_ids).sum())
    if SOURCE in covered:
        covered[PROJECTED] = covered[SOURCE]
    count = len(frozen.track_ids)
    return [Coverage(name, tracks, count) for name, tracks in sorted(covered.items()) if tracks]


def _require(training_set: TrainingSet) -> TrainingSet:
    if training_set.snapshot is None:
        raise NothingToSearchError(
            f"no training set: {training_set.reason}; for details: catalog sql class_support"
        )
    return training_set


@dataclass(frozen=True)
class SearchPlan:
    """Size of a search before it runs."""

    rounds: list[int]
    """Candidates in each round."""
    trials: int
    """Upper bound."""
    minutes: float | None
    """Estimated from earlier trials; None if an algorithm has none."""


def plan_comparison(
    database: Database, data: SearchData, candidates: Sequence[Candidate], workers: int
) -> SearchPlan:
    """Plans one trial of every candidate on every fold."""
    trials = len(candidates) * len(set(data.folds.tolist()))
    return SearchPlan([len(candidates)], trials, _minutes(database, candidates, trials, workers))


def plan_search(
    database: Database, data: SearchData, candidates: Sequence[Candidate], scheme: Scheme, workers: int
) -> SearchPlan:
    """Plans the rounds of a search scheme, nested in the folds where that is feasible."""
    # The executor gets no trial and starts no thread.
    search = Search(database, ThreadPoolExecutor(1), data)
    rounds = search.rounds(len(candidates), scheme)
    trials = expected_trials(search.parts(), rounds)
    return SearchPlan(
        [one.candidates for one in rounds], trials, _minutes(database, candidates, trials, workers)
    )


def _minutes(database: Database, candidates: Sequence[Candidate], trials: int, workers: int) -> float | None:
    """Estimates the duration from the mean time of earlier trials of the same algorithms."""
    with database.read() as connection:
        seconds = [seconds_a_trial(connection, candidate.algorithm) for candidate in candidates]
    timed = [each for each in seconds if each is not None]
    if len(timed) < len(seconds):
        return None
    return sum(timed) / len(timed) * trials / max(1, workers) / 60
