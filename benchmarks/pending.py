"""Measure `catalog queue status` and `queue sync` with a million pending tracks, and the memory of the broker.

    python benchmarks/pending.py [--tracks N] [--done N] [--rounds N] [--sqlite | --postgresql] [--json]

The script creates a catalog by SQL, on SQLite and on a private PostgreSQL. The pending tracks lack both default feature
sets; they come after the tracks that have both. Both commands run as from a shell, and `catalog --version` measures
start-up only. `queue sync` starts with an empty Valkey each time. The script exits with 1 if status takes more than one
second beyond start-up, sync takes more than ten, or the broker uses more than 100 MB.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from questions import DATABASES

from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import Database, open_database
from catalog.db.schema.schema_state import upgrade
from catalog.db.tables import collection
from catalog.features.stored_feature_set import register_feature_set
from catalog.genres.seed import seed_vocabulary
from catalog.learning.registry.default_feature_sets import DEFAULTS
from workers.broker.broker import open_broker

STATUS_SECONDS, SYNC_SECONDS, BROKER_MEGABYTES = 1.0, 10.0, 100.0
FINGERPRINT = {"sqlite": "printf('%032x', i * 2654435761)", "postgresql": "md5(CAST(i AS text))"}
ZEROS = {"sqlite": "zeroblob({})", "postgresql": "decode(repeat('00', {}), 'hex')"}
PATH = {"sqlite": "CAST(i || '.mp3' AS BLOB)", "postgresql": "convert_to(i || '.mp3', 'UTF8')"}
SERIES = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n) s",
    "postgresql": "generate_series(CAST(1 AS bigint), {rows}) AS s(i)",
}


def fill(database: Database, kind: str, music: Path, done: int, pending: int) -> None:
    """Create `done` tracks with vectors, then `pending` tracks without."""
    upgrade(database)
    with database.write() as connection:
        seed_vocabulary(connection)
        recipes = [register_feature_set(connection, feature_set(name)) for name in DEFAULTS]
        root = connection.execute(
            sa.insert(collection)
            .values(name="music", kind="folder", root=str(music), root_bytes=os.fsencode(music))
            .returning(collection.c.id)
        ).scalar_one()
        tracks = SERIES[kind].format(rows=done + pending)
        connection.exec_driver_sql(
            "INSERT INTO track (id, collection_id, path, path_bytes, state, size, mtime_ns, file_signature, "
            "title, added_at) "
            f"SELECT i, {root}, i || '.mp3', {PATH[kind]}, 'present', 5000000 + i, 1700000000000000000 + i, "
            f"{FINGERPRINT[kind]}, 'Title ' || i, '2026-01-01' FROM {tracks}"
        )
        for recipe in recipes:
            zeros = ZEROS[kind].format(4 * len(recipe.dimensions))
            connection.exec_driver_sql(
                "INSERT INTO feature_vector (feature_set_id, track_id, vector, file_signature, computed_at) "
                f"SELECT {recipe.id}, i, {zeros}, {FINGERPRINT[kind]}, '2026-01-01' "
                f"FROM {SERIES[kind].format(rows=done)}"
            )
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Update statistics now instead of waiting for autovacuum.
        connection.exec_driver_sql("PRAGMA optimize" if database.is_sqlite else "VACUUM ANALYZE")


def measure(kind: str, done: int, pending: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="q") as name, DATABASES[kind](Path(name)) as url:
        folder = Path(name)
        (folder / "music").mkdir()
        (folder / "music" / "song.mp3").touch()
        database = open_database(url)
        fill(database, kind, folder / "music", done, pending)
        database.close()
        print(f"{kind}: {done + pending:,} tracks", file=sys.stderr, flush=True)
        home = folder / "home"
        catalog = [sys.executable, "-P", "-c", "from catalog.cli.main import main; main()"]
        command = [*catalog, "-q", "--home", str(home), "--database-url", url]
        start_up, status, sync = [], [], []
        with open_broker(None, home / "run") as broker, broker.connect() as connection:
            empty = connection.info("memory")["used_memory"]
            for _ in range(rounds):
                connection.flushall()
                start_up.append(run_timed([*catalog, "--version"])[0])
                seconds, output = run_timed([*command, "queue", "status", "--json"])
                assert json.loads(output)["pending"] == pending, output
                status.append(seconds)
                sync.append(run_timed([*command, "queue", "sync"])[0])
            memory = connection.info("memory")["used_memory"]
    return {
        "start-up, s": statistics.median(start_up),
        "queue status, s": statistics.median(status),
        "queue sync, s": statistics.median(sync),
        "broker, MB": memory / 1e6,
        "broker without jobs, MB": empty / 1e6,
    }


def run_timed(command: list[str]) -> tuple[float, str]:
    begin = time.perf_counter()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return time.perf_counter() - begin, output


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=1_000_000, help="number of pending tracks [1,000,000]")
    parser.add_argument("--done", type=int, default=100_000, help="number of tracks with vectors [100,000]")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command [5]")
    parser.add_argument("--sqlite", action="append_const", dest="kinds", const="sqlite")
    parser.add_argument("--postgresql", action="append_const", dest="kinds", const="postgresql")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    results = {
        kind: measure(kind, arguments.done, arguments.tracks, arguments.rounds)
        for kind in arguments.kinds or DATABASES
    }
    if arguments.as_json:
        print(json.dumps(results, indent=1))
    else:
        for kind, numbers in results.items():
            for name, number in numbers.items():
                print(f"{kind}: {name}: {number:.2f}")
    holds = all(
        one["queue status, s"] - one["start-up, s"] <= STATUS_SECONDS
        and one["queue sync, s"] <= SYNC_SECONDS
        and one["broker, MB"] <= BROKER_MEGABYTES
        for one in results.values()
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
