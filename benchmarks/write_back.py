"""Kill the tag writer at random moments, over many files, and check the state of the files.

    python benchmarks/write_back.py [--files 1000] [--kills 25] [--seed 1] [--database-url URL]

The script generates songs of one second in every supported format, decides all of them, and kills `catalog write`
repeatedly until all files are written; then it does the same with `catalog write --undo`. After each kill every file
must be byte-identical to its state before or after the write. After the next run the journal must match the files. The
script prints one line of JSON and exits with 1 after any violation. It also measures a run without kills, and copying
and syncing the same files, which is the minimum of any safe write.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from catalog.cli.main import run
from catalog.collection.scan.scan import scan
from catalog.collection.statements import NewStatement
from catalog.db import tables as t
from catalog.db.database import Database, open_database
from tests.integration.statement_helpers import append_statements
from tests.integration.writeback.tagged_files import FORMATS

WRITER = """
import sys
from catalog.cli import write
from catalog.cli.main import run
print("ready", flush=True)
sys.exit(run(sys.argv[1:]))
"""
FOLDERS = 40


def make_music(folder: Path, files: int) -> list[Path]:
    contents = [(suffix, make()) for suffix, make in FORMATS.values()]
    result = []
    for number in range(files):
        suffix, content = contents[number % len(contents)]
        path = folder / f"{number % FOLDERS:02}" / f"{number:05}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        result.append(path)
    return result


def decide(url: str, folder: Path) -> None:
    database = open_database(url)
    scan(database, folder)
    with database.write() as connection:
        ids = list(connection.execute(sa.select(t.track.c.id)).scalars())
        append_statements(
            connection, "person", [NewStatement(each, ("Jazz",)) for each in ids], stated_by="ada"
        )
    database.close()


def digest(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def kill_writer(arguments: list[str], moments: random.Random, seconds: float) -> bool:
    """Start a writer and kill it; return False if it ended before."""
    command = [sys.executable, "-P", "-c", WRITER, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(moments.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
    return process.returncode < 0


def journal_errors(database: Database, folder: Path) -> Iterator[str]:
    """Entries of the journal that do not match the files."""
    last: dict[bytes, str] = {}
    with database.read() as connection:
        for row in connection.execute(sa.select(t.tag_write).order_by(t.tag_write.c.id)):
            if row.state == "planned" or (row.state == "written" and row.undone_at is not None):
                yield f"row {row.id} is incomplete"
            elif row.state in ("written", "undone"):
                last[row.path_bytes] = row.after_digest if row.state == "written" else row.before_digest
    for path, expected_digest in last.items():
        if digest(folder / os.fsdecode(path)) != expected_digest:
            yield f"{path!r} differs from its journal row"


def seconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def copy_files(paths: list[Path], folder: Path) -> None:
    """Copy and sync the files, the minimum of a safe write."""
    folder.mkdir()
    for number, path in enumerate(paths):
        target_path = folder / str(number)
        with path.open("rb") as source, target_path.open("wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        target_path.rename(folder / "last")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", help="URL of an empty database  [default: a temporary SQLite file]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = measure(Path(name), options.files, options.kills, options.seed, options.database_url)
    print(json.dumps(result))
    return 1 if result["neither"] or result["journal errors"] or result["left behind"] else 0


def measure(place: Path, files: int, kills: int, seed: int, url: str | None) -> dict[str, object]:
    music, copy = place / "music", place / "copy"
    paths = make_music(music, files)
    shutil.copytree(music, copy)
    peer = ["--home", str(place / "peer"), "-q"]
    if run([*peer, "scan", str(copy)]):
        raise SystemExit("the copy cannot be scanned")
    decide(f"sqlite:///{place / 'peer' / 'catalog.db'}", copy)
    before = {path: digest(path) for path in paths}
    plain = seconds_of(lambda: copy_files(paths, place / "plain"))
    whole = seconds_of(lambda: run([*peer, "write", "-y"]))
    after = {path: digest(copy / path.relative_to(music)) for path in paths}

    base = ["--home", str(place / "home"), "-q", *(["--database-url", url] if url else [])]
    if run([*base, "scan", str(music)]):
        raise SystemExit("the music cannot be scanned")
    url = url or f"sqlite:///{place / 'home' / 'catalog.db'}"
    decide(url, music)
    database = open_database(url)
    moments = random.Random(seed)
    neither = killed = 0
    messages: list[str] = []
    for verb, goal in ((["write", "-y"], after), (["write", "-y", "--undo"], before)):
        for _ in range(kills):
            # Some kills come late, but all come before the end of the work.
            killed += kill_writer([*base, *verb], moments, max(0.5, whole / 4))
            neither += sum(digest(path) not in (before[path], after[path]) for path in paths)
        while run([*base, *verb]) == 0 and goal is before:
            messages += journal_errors(database, music)
        messages += journal_errors(database, music)
        neither += sum(digest(path) != goal[path] for path in paths)
    database.close()
    return {
        "files": files,
        "killed": killed,
        "neither": neither,
        "journal errors": len(messages),
        "left behind": len(list(music.glob("*/.catalog-write-*"))),
        "seconds": whole,
        "seconds of copying": plain,
    }


if __name__ == "__main__":
    sys.exit(main())
