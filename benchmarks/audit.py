"""Measure time and memory of a label audit, compared with one mini-batch k-means and one neighbor search.

    python benchmarks/audit.py [--tracks N]... [--dimensions D] [--no-peer] [--json]

For each size the script fills a SQLite database with generated vectors, labels, artists and out-of-fold predictions;
5 % of the labels are wrong. The audit runs in a separate process, from reading to storing. The peer is the one of
`benchmarks/clusters.py`, in another process: k-means and an approximate neighbor search. The script prints processor
time and peak resident memory of each, on one thread. It exits with 1 if the ratio is above 2 or the audit takes more
than 6 GB.
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

import numpy as np  # isort: skip - clusters sets the thread limits that NumPy reads at import
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
"""Number of clusters of the peer's k-means."""
WRONG = 0.05
PLACES = ["genre_1_id", "probability_1", "genre_2_id", "probability_2", "genre_3_id", "probability_3"]
PLACES += ["genre_4_id", "probability_4", "genre_5_id", "probability_5"]


def store_predictions(url: str) -> None:
    """Store an active model and its predictions for every tagged track: the tag, or another genre for wrong labels."""
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
                [(row.id, 0, row.tagged_genre_id, "generated") for row in part],
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
            .values(
                hash="generated", level="leaf", parameters={}, tracks=tracks, classes=GENRES, groups=tracks
            )
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
    """Run one audit; return its time, its memory and its numbers of tracks and suspects."""
    database = open_database(url)
    clock, processor = time.perf_counter(), time.process_time()
    result = audit_labels(database)
    taken = spent(clock, processor)
    database.close()
    return taken | {"judged": result.audited, "suspects": result.suspects}


def run_separately(*arguments: object) -> dict[str, Any]:
    """Run this script in a separate process, so that its peak memory includes no other work."""
    command = [sys.executable, __file__, *map(str, arguments)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **SINGLE})
    result: dict[str, Any] = json.loads(shown.stdout)
    return result


def measure(tracks: int, dimensions: int, *, with_peer: bool) -> dict[str, Any]:
    """Measure one size."""
    size = ("--tracks", tracks, "--dimensions", dimensions)
    with tempfile.TemporaryDirectory(prefix="audit") as folder:
        url = f"sqlite:///{Path(folder) / 'catalog.db'}"
        run_separately("--fill", url, *size)
        audit = run_separately("--audit", url)
    result = {"tracks": tracks, "audit": audit, "peer": None, "ratio": None}
    if with_peer:
        peer = run_separately("--peer", *size)
        result |= {"peer": peer, "ratio": round(audit["processor"] / peer["processor"], 2)}
    return result


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
    options = parser.parse_args()
    sizes = options.tracks or [10_000, 106_574]
    if options.fill:
        fill(options.fill, sizes[0], options.dimensions)
        store_predictions(options.fill)
        print("{}")
        return 0
    if options.audit or options.peer:
        output = (
            audit_once(options.audit) if options.audit else peer_once(sizes[0], options.dimensions, CLUSTERS)
        )
        print(json.dumps(output))
        return 0
    results = []
    for tracks in sizes:
        results.append(measure(tracks, options.dimensions, with_peer=not options.no_peer))
        if not options.json:
            print(json.dumps(results[-1]), flush=True)
    if options.json:
        print(json.dumps(results, indent=2))
    is_good = all(
        one["audit"]["megabytes"] <= ALLOWED_MEGABYTES and (one["ratio"] or 0) <= ALLOWED_RATIO
        for one in results
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
