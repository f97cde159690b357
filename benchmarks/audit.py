"""What an audit of the labels costs, beside one mini-batch k-means and one approximate neighbor search alone.

    python benchmarks/audit.py [--tracks N]... [--dimensions D] [--no-peer] [--json]

Every size is a catalog in a real database, a SQLite file filled with made-up vectors, labels, artists and out-of-fold
predictions, one label in twenty wrong; the audit runs on it in a process of its own, from reading to storing. Its
peer is that of `benchmarks/clusters.py`, in another. Processor time and the largest resident size of each; one
thread. Exit code 1 where the ratio is above 2 or the audit takes more than 6 GB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from clusters import ALLOWED_MEGABYTES, ALLOWED_RATIO, GENRES, SINGLE, fill, peer_once, spent

import numpy as np  # isort: skip - threads are counted when it is imported, and clusters has set them
import sqlalchemy as sa

from catalog.audit.labels.label_audit import audit_labels
from catalog.db.bulk_insert import write_rows
from catalog.db.columns import now
from catalog.db.database import Database, open_database
from catalog.db.tables import (
    feature_set,
    label,
    model,
    model_class,
    model_feature_set,
    prediction,
    snapshot,
    snapshot_member,
    statement,
    track,
    track_status,
)
from catalog.db.tables.learning import CHOICES

CHUNK = 5_000
CLUSTERS = 100
"""Of the peer's k-means."""
WRONG = 0.05
PLACES = ["genre_1_id", "probability_1", "genre_2_id", "probability_2", "genre_3_id", "probability_3"]
PLACES += ["genre_4_id", "probability_4", "genre_5_id", "probability_5"]


def learn(url: str) -> None:
    """A model in force and what it says of every tagged track: mostly its tag, another where that is wrong."""
    database = open_database(url)
    with database.read() as connection:
        rows = connection.execute(
            sa.select(track.c.id, track.c.artist_id, track_status.c.tagged_genre_id)
            .join_from(track, track_status)
            .where(track_status.c.tagged_genre_id.is_not(None))
            .order_by(track.c.id)
        ).all()
    genres = sorted({row.tagged_genre_id for row in rows})
    model_id, snapshot_id = _model(database, genres, len(rows))
    random = np.random.default_rng(3)
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        moment, column = now(), np.array([genres.index(row.tagged_genre_id) for row in part])
        wrong = random.random(len(part)) < WRONG
        column[wrong] = (column[wrong] + random.integers(1, GENRES, int(wrong.sum()))) % GENRES
        spread = random.dirichlet(np.full(GENRES, 0.3), len(part)) * 0.4
        spread[np.arange(len(part)), column] += 0.6
        order = np.argsort(-spread, axis=1)[:, :CHOICES]
        with database.write() as connection:
            write_rows(
                connection,
                statement,
                ["id", "track_id", "source", "stated_at"],
                [(row.id, row.id, "file", moment) for row in part],
            )
            write_rows(
                connection,
                label,
                ["statement_id", "rank", "genre_id", "as_written"],
                [(row.id, 0, row.tagged_genre_id, "made up") for row in part],
            )
            write_rows(
                connection,
                snapshot_member,
                ["snapshot_id", "track_id", "genre_id", "group_id", "fold"],
                [
                    (snapshot_id, row.id, row.tagged_genre_id, row.artist_id, row.artist_id % 5)
                    for row in part
                ],
            )
            write_rows(
                connection,
                prediction,
                ["model_id", "track_id", "unit", "fold", *PLACES, "probabilities", "predicted_at"],
                [
                    (
                        model_id,
                        row.id,
                        "track",
                        row.artist_id % 5,
                        *(value for at in first for value in (genres[at], float(chances[at]))),
                        chances.astype(np.float32),
                        moment,
                    )
                    for row, first, chances in zip(part, order.tolist(), spread, strict=True)
                ],
            )
    with database.write() as connection:
        tagged = track_status.c.tagged_genre_id.is_not(None)
        connection.execute(sa.update(track_status).where(tagged).values(statement_id=track_status.c.track_id))
    database.close()


def _model(database: Database, genres: list[int], tracks: int) -> tuple[int, int]:
    with database.write() as connection:
        snapshot_id = connection.execute(
            sa.insert(snapshot)
            .values(hash="made up", level="leaf", parameters={}, tracks=tracks, classes=GENRES, groups=tracks)
            .returning(snapshot.c.id)
        ).scalar_one()
        model_id = connection.execute(
            sa.insert(model)
            .values(
                algorithm="logistic_regression",
                parameters={},
                snapshot_id=snapshot_id,
                class_order=genres,
                metrics={},
                versions={},
                status="active",
            )
            .returning(model.c.id)
        ).scalar_one()
        recipe_id = connection.execute(sa.select(feature_set.c.id)).scalar_one()
        connection.execute(
            sa.insert(model_feature_set).values(model_id=model_id, feature_set_id=recipe_id, position=0)
        )
        connection.execute(
            sa.insert(model_class),
            [
                {
                    "model_id": model_id,
                    "genre_id": genre_id,
                    "tracks": 10,
                    "artists": 5,
                    "albums": 5,
                    "counts_for_id": genre_id,
                    "judged": True,
                    "reason": "",
                }
                for genre_id in genres
            ],
        )
    return int(model_id), int(snapshot_id)


def audit_once(url: str) -> dict[str, Any]:
    """What an audit takes, and what it finds."""
    database = open_database(url)
    clock, processor = time.perf_counter(), time.process_time()
    found = audit_labels(database)
    taken = spent(clock, processor)
    database.close()
    return taken | {"judged": found.audited, "suspects": found.suspects}


def apart(*arguments: object) -> dict[str, Any]:
    """The same program in a process of its own, so that its memory is only its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **SINGLE})
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def measure(tracks: int, dimensions: int, *, with_peer: bool) -> dict[str, Any]:
    """One size."""
    size = ("--tracks", tracks, "--dimensions", dimensions)
    with tempfile.TemporaryDirectory(prefix="audit") as folder:
        url = f"sqlite:///{Path(folder) / 'catalog.db'}"
        apart("--fill", url, *size)
        audit = apart("--audit", url)
    found = {"tracks": tracks, "audit": audit, "peer": None, "ratio": None}
    if with_peer:
        peer = apart("--peer", *size)
        found |= {"peer": peer, "ratio": round(audit["processor"] / peer["processor"], 2)}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, action="append")
    parser.add_argument("--dimensions", type=int, default=500)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    parser.add_argument("--audit", help=argparse.SUPPRESS)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes = given.tracks or [10_000, 106_574]
    if given.fill:
        fill(given.fill, sizes[0], given.dimensions)
        learn(given.fill)
        print("{}")
        return 0
    if given.audit or given.peer:
        alone = audit_once(given.audit) if given.audit else peer_once(sizes[0], given.dimensions, CLUSTERS)
        print(json.dumps(alone))
        return 0
    results = []
    for tracks in sizes:
        results.append(measure(tracks, given.dimensions, with_peer=not given.no_peer))
        if not given.json:
            print(json.dumps(results[-1]), flush=True)
    if given.json:
        print(json.dumps(results, indent=2))
    is_good = all(
        one["audit"]["megabytes"] <= ALLOWED_MEGABYTES and (one["ratio"] or 0) <= ALLOWED_RATIO
        for one in results
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
