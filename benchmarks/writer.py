"""One writer process for `writers.py`: `python writer.py URL NAME TRANSACTIONS TRACKS`.

It runs the operations of workers, imports and reviewers in random order on random tracks, each in one transaction. It
claims tracks, stores vectors, imports lists of genres, decides genres and sends heartbeats. It never retries. It prints
the numbers of committed operations, the waiting times and every error as JSON.
"""

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import feature_set
from catalog.collection.statements import NewStatement
from catalog.db.database import open_database
from catalog.features.stored_feature_set import StoredFeatureSet, find_feature_set
from catalog.features.vectors import store_vector
from catalog.review.decision import decide, resolve_genre, track_suspect
from tests.integration.statement_helpers import append_statements
from workers.state import claims, liveness

GENRES = ("Rock", "Jazz", "Classical", "Techno", "Metal", "Folk", "Blues", "Pop")
BATCH = 4
"""Tracks per claim, import or decision."""


class Writer:
    """The operations of one process, and its open claims."""

    def __init__(self, name: str, worker_id: int, recipe: StoredFeatureSet, tracks: int) -> None:
        self.random = random.Random(name)
        self.name = name
        self.worker_id = worker_id
        self.recipe = recipe
        self.tracks = tracks
        self.claimed: list[int] = []
        self.done: Counter[str] = Counter()

    def next_step(self) -> Callable[[Connection], None]:
        """The operation of the next transaction; half of them are those of workers."""
        if self.claimed:
            return self.store
        steps = [
            self.claim_some,
            self.claim_some,
            self.import_labels,
            self.decide,
            self.decide_case,
            self.beat,
        ]
        return self.random.choice(steps)

    def claim_some(self, connection: Connection) -> None:
        self.claim(connection, self._draw())

    def claim(self, connection: Connection, track_ids: list[int]) -> None:
        reserved = claims.reserve(connection, self.worker_id, track_ids, [self.recipe.id])
        self.claimed = [each.track_id for each in reserved]
        if self.claimed:
            claims.begin(connection, self.worker_id, self.claimed[0])
        self.done["claims"] += len(self.claimed)

    def store(self, connection: Connection) -> None:
        track_id = self.claimed.pop()
        assert claims.complete(connection, self.worker_id, track_id), "the claim was lost"
        vector = np.full(len(self.recipe.dimensions), track_id, np.float32)
        store_vector(connection, self.recipe, track_id, vector)
        self.done["vectors"] += 1

    def import_labels(self, connection: Connection) -> None:
        statements = [NewStatement(track_id, (self.random.choice(GENRES),)) for track_id in self._draw()]
        append_statements(connection, "import", statements, stated_by=self.name)
        self.done["statements"] += len(statements)

    def decide(self, connection: Connection) -> None:
        self._decide(connection, self._draw()[:1])

    def decide_case(self, connection: Connection) -> None:
        self._decide(connection, self._draw())

    def beat(self, connection: Connection) -> None:
        liveness.beat(connection, self.worker_id)
        self.done["heartbeats"] += 1

    def _decide(self, connection: Connection, track_ids: list[int]) -> None:
        genre_id = resolve_genre(connection, self.random.choice(GENRES))
        suspects = [track_suspect(connection, track_id) for track_id in track_ids]
        decide(connection, suspects, "relabel", self.name, genre_id=genre_id)
        self.done["decisions"] += len(suspects)

    def _draw(self) -> list[int]:
        """Random tracks in random order, so that two writers lock common tracks in different order."""
        return self.random.sample(range(1, self.tracks + 1), BATCH)


def main() -> None:
    url, name, transactions, tracks = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    database = open_database(url)
    with database.write() as connection:
        recipe = find_feature_set(connection, feature_set("musicnn").hash)
        assert recipe is not None
        writer = Writer(name, liveness.register(connection, name, os.getpid()), recipe, tracks)
    seconds: list[float] = []
    errors: list[str] = []
    for _ in range(transactions):
        step = writer.next_step()
        before = writer.done.copy()
        begin = time.perf_counter()
        try:
            with database.write() as connection:
                step(connection)
        except Exception as error:  # noqa: BLE001 -- every error that a user would see is counted
            writer.done = before
            errors.append(f"{step.__name__}: {type(error).__name__}: {error}"[:300])
        seconds.append(time.perf_counter() - begin)
    database.close()
    json.dump({"done": writer.done, "errors": errors, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
