"""Eight processes that write to one catalog at once: does an error of locks reach anybody, and how long does one wait?

    python benchmarks/writers.py [--writers N] [--transactions N] [--tracks N] [--sqlite | --postgresql] [--json]

Real processes (`writer.py`) with the real operations of workers, imports and reviewers, on few tracks, so that they
meet; on SQLite and on a PostgreSQL of its own. Afterwards the rows are counted: what was committed is there, and what
is there was committed. It ends with 1 after any error or difference.
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


def measured(kind: str, writers: int, transactions: int, tracks: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="w") as name, DATABASES[kind](Path(name)) as url:
        database = open_database(url)
        fill(database, tracks)
        database.close()
        begin = time.perf_counter()
        said = run(url, writers, transactions // writers, tracks)
        seconds = time.perf_counter() - begin
        done = sum((Counter(one["done"]) for one in said), Counter())
        waits = sorted(wait for one in said for wait in one["seconds"])
        with database.read() as connection:
            differences = sorted({*differing(connection, done)})
        database.close()
    return {
        "transactions": len(waits),
        "a second": len(waits) / seconds,
        "median, ms": 1000 * statistics.median(waits),
        "99 of 100 within, ms": 1000 * waits[int(0.99 * len(waits))],
        "longest, s": waits[-1],
        "done": dict(done),
        "errors": [error for one in said for error in one["errors"]],
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
    said = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("a writer ended before its time")
    return [json.loads(one) for one in said]


def differing(connection: sa.Connection, done: Counter[str]) -> list[str]:
    """What the writers say they did and the catalog has not, or the other way round."""

    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()

    found = {
        "vectors": count(t.feature_vector),
        "statements": count(t.statement, t.statement.c.source == "import"),
        "decisions": count(t.decision),
        "claims": count(t.claim) + count(t.feature_vector),
    }
    return [
        f"{what}: {number:,} rows, {done[what]:,} committed"
        for what, number in found.items()
        if number != done[what]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--transactions", type=int, default=20_000, help="of all together [20,000]")
    parser.add_argument("--tracks", type=int, default=10_000, help="[10,000]")
    parser.add_argument("--sqlite", action="append_const", dest="kinds", const="sqlite")
    parser.add_argument("--postgresql", action="append_const", dest="kinds", const="postgresql")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    found = {
        kind: measured(kind, arguments.writers, arguments.transactions, arguments.tracks)
        for kind in arguments.kinds or DATABASES
    }
    if arguments.as_json:
        print(json.dumps(found, indent=1))
    else:
        for kind, numbers in found.items():
            for name, number in numbers.items():
                print(
                    f"{kind}: {name}: {number:.3g}"
                    if isinstance(number, float)
                    else f"{kind}: {name}: {number}"
                )
    return 1 if any(one["errors"] or one["differences"] for one in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
