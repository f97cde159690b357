"""Measure the speedup of a search on workers: two workers against one, and one against a single process.

    python benchmarks/search.py [--tracks N] [--candidates N] [--rounds N] [--json]

The script creates a catalog with generated vectors and cross-validates random forests through the real queue with real
worker processes. The rate counts from the end of the first trial to the end of the last. It includes an uneven end and
excludes start-up. Processor time is that of the workers without their idle cost; unlike clock time, it hardly depends
on other load.
"""

# ruff: noqa: E402 -- the thread limits and the module path must be set before the imports
import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from catalog.threads import ONE_THREAD

os.environ.update(ONE_THREAD)
# Skip the folder of this script: its modules would hide packages of the same name.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

import numpy as np
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database, open_database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.schema.schema_state import upgrade
from catalog.db.tables import artist, collection, genre, label, statement, track, trial
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from catalog.genres.seed import seed_vocabulary
from catalog.learning.classifiers import get_algorithm
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.search import Search, SearchData
from catalog.learning.search.search_setup import prepare_search
from catalog.learning.search.trial import run_trials
from catalog.learning.training_options import TrainingOptions
from catalog.settings import Settings
from workers.pool.executor import open_executor

DIMENSIONS = 200
NAMES = ("Rock", "Jazz", "Metal", "Ambient", "Folk", "Blues")
TRACKS_AN_ARTIST = 4
FEATURES = FeatureSet(
    name="generated",
    version=1,
    parameters={},
    dimensions=tuple(f"number.{at}" for at in range(DIMENSIONS)),
    sample_rate=16_000,
    compute=lambda _waveform: np.zeros(DIMENSIONS, np.float32),
)


@dataclass(frozen=True)
class Run:
    """The measured values of one search."""

    rate: float  # trials per second
    processor: float  # seconds per trial


def fill(database: Database, tracks: int) -> None:
    random = np.random.default_rng(0)
    with database.write() as connection:
        recipe = register_feature_set(connection, FEATURES)
        ids = dict(connection.execute(sa.select(genre.c.name, genre.c.id)).all())
        collection_id = connection.execute(
            sa.insert(collection).values(name="generated", kind="folder").returning(collection.c.id)
        ).scalar_one()
        for number in range(tracks):
            which, who = number % len(NAMES), number // TRACKS_AN_ARTIST // len(NAMES)
            key = f"{NAMES[which]} {who}"
            artist_id = connection.execute(sa.select(artist.c.id).where(artist.c.key == key)).scalar()
            if artist_id is None:
                insert_artist = sa.insert(artist).values(key=key, name=key, folded=key).returning(artist.c.id)
                artist_id = connection.execute(insert_artist).scalar_one()
            path = f"{number}.flac"
            row = {
                "collection_id": collection_id,
                "path": path,
                "path_bytes": path.encode(),
                "artist_id": artist_id,
            }
            track_id = connection.execute(
                sa.insert(track).values(**row, file_signature=path).returning(track.c.id)
            ).scalar_one()
            insert_statement = (
                sa.insert(statement).values(track_id=track_id, source="file").returning(statement.c.id)
            )
            tag = {
                "statement_id": connection.execute(insert_statement).scalar_one(),
                "rank": 0,
                "as_written": key,
            }
            connection.execute(sa.insert(label).values(**tag, genre_id=ids[NAMES[which]]))
            vector = random.normal(0, 1, DIMENSIONS)
            vector[which] += 1.5
            store_vector(connection, recipe, track_id, vector.astype(np.float32))
        refresh_track_status(connection)


def candidates(number: int) -> list[Candidate]:
    """Forests with about equal fitting times."""
    forest = get_algorithm("random_forest")
    settings = product((1, 2, 3, 4, 5), ("none", "weights"))
    forests = [
        Candidate(
            forest.name,
            forest.complete({"trees": 100, "min_samples_leaf": leaf, "balance": balance}),
            (FEATURES.name,),
        )
        for leaf, balance in settings
    ]
    return forests[:number]


class Bench:
    """A catalog for the searches."""

    def __init__(self, home: Path, tracks: int, number: int) -> None:
        url = f"sqlite:///{home}/catalog.db"
        self.settings = Settings(home, url, None)
        self.database = open_database(url)
        upgrade(self.database)
        with self.database.write() as connection:
            seed_vocabulary(connection)
        fill(self.database, tracks)
        self.data: SearchData = prepare_search(
            self.database, TrainingOptions(feature_sets=(FEATURES.name,)), [(FEATURES.name,)]
        )
        self.candidates = candidates(number)

    @contextmanager
    def executor(self, workers: int) -> Any:
        with open_executor(self.database, self.settings, workers) as executor:
            yield executor

    def idle(self, workers: int) -> float:
        """Processor seconds of starting and stopping the workers without trials."""
        before = spent()
        with self.executor(workers) as executor:
            self._wake(executor, workers)
        return spent() - before

    def run(self, workers: int, idle: float) -> Run:
        with self.database.write() as connection:
            connection.execute(sa.delete(trial))
        before = spent()
        with self.executor(workers) as executor:
            self._wake(executor, workers)
            Search(self.database, executor, self.data, workers=max(1, workers)).compare(self.candidates)
        processor = spent() - before - idle
        with self.database.read() as connection:
            ends = sorted(connection.execute(sa.select(trial.c.created_at)).scalars())
        seconds = (ends[-1] - ends[0]).total_seconds()
        return Run((len(ends) - 1) / seconds, processor / len(ends))

    def _wake(self, executor: Executor, workers: int) -> None:
        """Wait until a worker answers; all workers are starting by then."""
        for one in [executor.submit(run_trials, self.data.snapshot_id, []) for _ in range(max(1, workers))]:
            one.result()


def spent() -> float:
    """Processor seconds of this process and of its ended children."""
    return sum(
        sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    idle = {workers: bench.idle(workers) for workers in (0, 1, 2)}
    runs: dict[int, list[Run]] = {0: [], 1: [], 2: []}
    for number in range(rounds):
        for workers, done in runs.items():
            done.append(bench.run(workers, idle[workers]))
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    gains = [two.rate / one.rate for one, two in zip(runs[1], runs[2], strict=True)]
    possible = [2 * one.processor / two.processor for one, two in zip(runs[1], runs[2], strict=True)]
    overhead = [1 - here.processor / one.processor for here, one in zip(runs[0], runs[1], strict=True)]
    return {
        "trials": len(bench.candidates) * len(set(bench.data.folds.tolist())),
        "trials per second, one worker": statistics.median(one.rate for one in runs[1]),
        "two workers / one": statistics.median(gains),
        "two workers / one, each round": gains,
        "two workers / one, by processor time per trial": statistics.median(possible),
        "processor time besides trials, share": statistics.median(overhead),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=1_200, help="number of generated tracks [1200]")
    parser.add_argument("--candidates", type=int, default=8, help="number of forests, at most 10 [8]")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each case [3]")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.tracks, arguments.candidates)
        results = {"tracks": arguments.tracks, "dimensions": DIMENSIONS, "cores": os.cpu_count()}
        results |= measure(bench, arguments.rounds)
        bench.database.close()
    if arguments.as_json:
        print(json.dumps(results, indent=1))
    else:
        for name, value in results.items():
            print(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    main()
