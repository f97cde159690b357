"""What searching on workers brings: two workers against one, and one against the same trials in one process.

    python benchmarks/search.py [--tracks N] [--candidates N] [--rounds N] [--json]

Makes a catalog of tracks with made-up vectors and tries random forests, each by cross-validation, through the real
queue with real worker processes. The rate counts from the first trial's end to the last one's, so that what comes of an
uneven end is in it and starting up is not. Processor time is that of the workers, with what they spend when there is
nothing to do left out: on a busy machine it says what the clock does not.
"""

# ruff: noqa: E402 -- threads and the search path are set before what they concern is imported
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

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
# This folder has a workers.py of its own.
sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).resolve().parent]

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
    name="made up",
    version=1,
    parameters={},
    dimensions=tuple(f"number.{at}" for at in range(DIMENSIONS)),
    sample_rate=16_000,
    compute=lambda _waveform: np.zeros(DIMENSIONS, np.float32),
)


@dataclass(frozen=True)
class Run:
    """What one search did."""

    rate: float  # trials a second
    processor: float  # seconds a trial


def fill(database: Database, tracks: int) -> None:
    random = np.random.default_rng(0)
    with database.write() as connection:
        recipe = register_feature_set(connection, FEATURES)
        ids = dict(connection.execute(sa.select(genre.c.name, genre.c.id)).all())
        place = connection.execute(
            sa.insert(collection).values(name="made up", kind="folder").returning(collection.c.id)
        ).scalar_one()
        for number in range(tracks):
            which, who = number % len(NAMES), number // TRACKS_AN_ARTIST // len(NAMES)
            key = f"{NAMES[which]} {who}"
            artist_id = connection.execute(sa.select(artist.c.id).where(artist.c.key == key)).scalar()
            if artist_id is None:
                made = sa.insert(artist).values(key=key, name=key, folded=key).returning(artist.c.id)
                artist_id = connection.execute(made).scalar_one()
            path = f"{number}.flac"
            row = {"collection_id": place, "path": path, "path_bytes": path.encode(), "artist_id": artist_id}
            track_id = connection.execute(
                sa.insert(track).values(**row, file_signature=path).returning(track.c.id)
            ).scalar_one()
            said = sa.insert(statement).values(track_id=track_id, source="file").returning(statement.c.id)
            tag = {"statement_id": connection.execute(said).scalar_one(), "rank": 0, "as_written": key}
            connection.execute(sa.insert(label).values(**tag, genre_id=ids[NAMES[which]]))
            vector = random.normal(0, 1, DIMENSIONS)
            vector[which] += 1.5
            store_vector(connection, recipe, track_id, vector.astype(np.float32))
        refresh_track_status(connection)


def candidates(number: int) -> list[Candidate]:
    """Forests that take about as long as each other."""
    forest = get_algorithm("random_forest")
    settings = product((1, 2, 3, 4, 5), ("none", "weights"))
    found = [
        Candidate(
            forest.name,
            forest.complete({"trees": 100, "min_samples_leaf": leaf, "balance": balance}),
            (FEATURES.name,),
        )
        for leaf, balance in settings
    ]
    return found[:number]


class Bench:
    """A catalog to search in."""

    def __init__(self, home: Path, tracks: int, number: int) -> None:
        url = f"sqlite:///{home}/catalog.db"
        self.settings = Settings(home, url, None)
        self.database = open_database(url)
        upgrade(self.database)
        with self.database.write() as connection:
            seed_vocabulary(connection)
        fill(self.database, tracks)
        self.ground: SearchData = prepare_search(
            self.database, TrainingOptions(feature_sets=(FEATURES.name,)), [(FEATURES.name,)]
        )
        self.candidates = candidates(number)

    @contextmanager
    def executor(self, workers: int) -> Any:
        with open_executor(self.database, self.settings, workers) as executor:
            yield executor

    def idle(self, workers: int) -> float:
        """Seconds of processor for starting up and ending, nothing being tried."""
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
            Search(self.database, executor, self.ground, workers=max(1, workers)).compare(self.candidates)
        processor = spent() - before - idle
        with self.database.read() as connection:
            ends = sorted(connection.execute(sa.select(trial.c.created_at)).scalars())
        seconds = (ends[-1] - ends[0]).total_seconds()
        return Run((len(ends) - 1) / seconds, processor / len(ends))

    def _wake(self, executor: Executor, workers: int) -> None:
        """Until a worker has answered, all are being started."""
        for one in [executor.submit(run_trials, self.ground.snapshot_id, []) for _ in range(max(1, workers))]:
            one.result()


def spent() -> float:
    """Seconds of processor of this process and of those that it has started and seen end."""
    return sum(
        sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    idle = {workers: bench.idle(workers) for workers in (0, 1, 2)}
    runs: dict[int, list[Run]] = {0: [], 1: [], 2: []}
    for number in range(rounds):
        for workers, found in runs.items():
            found.append(bench.run(workers, idle[workers]))
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    gains = [two.rate / one.rate for one, two in zip(runs[1], runs[2], strict=True)]
    possible = [2 * one.processor / two.processor for one, two in zip(runs[1], runs[2], strict=True)]
    overhead = [1 - here.processor / one.processor for here, one in zip(runs[0], runs[1], strict=True)]
    return {
        "trials": len(bench.candidates) * len(set(bench.ground.folds.tolist())),
        "trials a second, one worker": statistics.median(one.rate for one in runs[1]),
        "two workers / one": statistics.median(gains),
        "two workers / one, each round": gains,
        "two workers / one, by processor time a trial": statistics.median(possible),
        "processor time beside trials, share": statistics.median(overhead),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=1_200, help="made-up tracks [1200]")
    parser.add_argument("--candidates", type=int, default=8, help="forests to try, 10 at most [8]")
    parser.add_argument("--rounds", type=int, default=3, help="how often each run is made [3]")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.tracks, arguments.candidates)
        found = {"tracks": arguments.tracks, "dimensions": DIMENSIONS, "cores": os.cpu_count()}
        found |= measure(bench, arguments.rounds)
        bench.database.close()
    if arguments.as_json:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            print(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    main()
