"""Run eight processes that write to one catalog, and measure lock errors and waiting times.

    python benchmarks/writers.py [--writers N] [--transactions N] [--tracks N] [--sqlite | --postgresql] [--json]

Real processes (`writer.py`) run the operations of workers, imports and reviewers on a limited number of tracks, so that
they conflict, on SQLite and on a private PostgreSQL. Afterwards the rows must match the committed transactions. The
script exits with 1 after any error or difference.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from questions import DATABASES

from catalog.audio.feature_sets.installed import feature_set
from catalog.db import tables as t
from catalog.db.database import Database, open_database
from catalog.db.schema.schema_state import upgrade
from catalog.features.stored_feature_set import register_feature_set
from catalog.genres.seed import seed_vocabulary

WRITER = Path(__file__).with_name("writer.py")


def fill(database: Database, tracks: int) -> None:
    upgrade(database)
    with database.write() as connection:
        seed_vocabulary(connection)
        register_feature_set(connection, feature_set("musicnn"))
        row = {"name": "music", "kind": "folder", "root": "/music", "root_bytes": b"/music"}
        root = connection.execute(
            sa.insert(t.collection).values(row).returning(t.collection.c.id)
        ).scalar_one()
        rows = [
            {"id": number, "collection_id": root, "path": f"{number}.mp3", "path_bytes": b"%d.mp3" % number}
            for number in range(1, tracks + 1)
        ]
        connection.execute(sa.insert(t.track), rows)


def measure(kind: str, writers: int, transactions: int, tracks: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="w") as name, DATABASES[kind](Path(name)) as url:
        database = open_database(url)
        fill(database, tracks)
        database.close()
        begin = time.perf_counter()
        outputs = run(url, writers, transactions // writers, tracks)
        seconds = time.perf_counter() - begin
        done = sum((Counter(one["done"]) for one in outputs), Counter())
        waits = sorted(wait for one in outputs for wait in one["seconds"])
        with database.read() as connection:
            differences = sorted({*find_differences(connection, done)})
        database.close()
    return {
        "transactions": len(waits),
        "transactions per second": len(waits) / seconds,
        "median, ms": 1000 * statistics.median(waits),
        "99th percentile, ms": 1000 * waits[int(0.99 * len(waits))],
        "longest, s": waits[-1],
        "done": dict(done),
        "errors": [error for one in outputs for error in one["errors"]],
        "differences": differences,
    }


def run(url: str, writers: int, transactions: int, tracks: int) -> list[dict[str, Any]]:
    here = str(WRITER.parents[1])
    search = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", WRITER, url]
    processes = [
        subprocess.Popen(
            [*command, f"writer {number}", str(transactions), str(tracks)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": search},
        )
        for number in range(writers)
    ]
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("a writer failed; see its traceback above")
    return [json.loads(one) for one in outputs]


def find_differences(connection: sa.Connection, done: Counter[str]) -> list[str]:
    """Differences between the operations that the writers report and the rows in the catalog."""

    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()

    results = {
        "vectors": count(t.feature_vector),
        "statements": count(t.statement, t.statement.c.source == "import"),
        "decisions": count(t.decision),
        "claims": count(t.claim) + count(t.feature_vector),
    }
    return [
        f"{what}: {number:,} rows, {done[what]:,} committed"
        for what, number in results.items()
        if number != done[what]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument(
        "--transactions", type=int, default=20_000, help="total number of transactions [20,000]"
    )
    parser.add_argument("--tracks", type=int, default=10_000, help="number of tracks [10,000]")
    parser.add_argument("--sqlite", action="append_const", dest="kinds", const="sqlite")
    parser.add_argument("--postgresql", action="append_const", dest="kinds", const="postgresql")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    results = {
        kind: measure(kind, arguments.writers, arguments.transactions, arguments.tracks)
        for kind in arguments.kinds or DATABASES
    }
    if arguments.as_json:
        print(json.dumps(results, indent=1))
    else:
        for kind, numbers in results.items():
            for name, number in numbers.items():
                print(
                    f"{kind}: {name}: {number:.3g}"
                    if isinstance(number, float)
                    else f"{kind}: {name}: {number}"
                )
    return 1 if any(one["errors"] or one["differences"] for one in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
