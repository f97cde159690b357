"""Kills the writer of tags at random moments, over many files, and looks at what it leaves.

    python benchmarks/write_back.py [--files 1000] [--kills 25] [--seed 1] [--database-url URL]

Makes songs of a second in every format that is written to, decides on all of them, and kills `catalog write` again and
again until all are written; then `catalog write --undo` the same way. After every blow each file must be, byte for
byte, as before or as after; after the next run the journal must say what the files are. Prints a line of JSON, and
exits with 1 where anything is otherwise. Beside it the time of an undisturbed run, and that of only copying the files
and putting them on the disk: what any safe write costs.
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
    found = []
    for number in range(files):
        suffix, content = contents[number % len(contents)]
        path = folder / f"{number % FOLDERS:02}" / f"{number:05}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        found.append(path)
    return found


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


def blow(arguments: list[str], moments: random.Random, seconds: float) -> bool:
    """Whether a writer was killed before it ended by itself."""
    command = [sys.executable, "-P", "-c", WRITER, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(moments.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
    return process.returncode < 0


def lies(database: Database, folder: Path) -> Iterator[str]:
    """What the journal says of files that is not so."""
    last: dict[bytes, str] = {}
    with database.read() as connection:
        for row in connection.execute(sa.select(t.tag_write).order_by(t.tag_write.c.id)):
            if row.state == "planned" or (row.state == "written" and row.undone_at is not None):
                yield f"row {row.id} is not finished"
            elif row.state in ("written", "undone"):
                last[row.path_bytes] = row.after_digest if row.state == "written" else row.before_digest
    for path, said in last.items():
        if digest(folder / os.fsdecode(path)) != said:
            yield f"{path!r} is not what its row says"


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def copied(paths: list[Path], folder: Path) -> None:
    """The least that a safe write of the files does."""
    folder.mkdir()
    for number, path in enumerate(paths):
        made = folder / str(number)
        with path.open("rb") as source, made.open("wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        made.rename(folder / "last")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", help="an empty catalog; a SQLite file of its own without it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), given.files, given.kills, given.seed, given.database_url)
    print(json.dumps(found))
    return 1 if found["neither"] or found["lies"] or found["left behind"] else 0


def measure(place: Path, files: int, kills: int, seed: int, url: str | None) -> dict[str, object]:
    music, copy = place / "music", place / "copy"
    paths = make_music(music, files)
    shutil.copytree(music, copy)
    peer = ["--home", str(place / "peer"), "-q"]
    if run([*peer, "scan", str(copy)]):
        raise SystemExit("the copy cannot be scanned")
    decide(f"sqlite:///{place / 'peer' / 'catalog.db'}", copy)
    before = {path: digest(path) for path in paths}
    plain = timed(lambda: copied(paths, place / "plain"))
    whole = timed(lambda: run([*peer, "write", "-y"]))
    after = {path: digest(copy / path.relative_to(music)) for path in paths}

    base = ["--home", str(place / "home"), "-q", *(["--database-url", url] if url else [])]
    if run([*base, "scan", str(music)]):
        raise SystemExit("the music cannot be scanned")
    url = url or f"sqlite:///{place / 'home' / 'catalog.db'}"
    decide(url, music)
    database = open_database(url)
    moments = random.Random(seed)
    neither = killed = 0
    said: list[str] = []
    for verb, goal in ((["write", "-y"], after), (["write", "-y", "--undo"], before)):
        for _ in range(kills):
            # Long enough that some blows fall late, short enough that all fall on the work.
            killed += blow([*base, *verb], moments, max(0.5, whole / 4))
            neither += sum(digest(path) not in (before[path], after[path]) for path in paths)
        while run([*base, *verb]) == 0 and goal is before:
            said += lies(database, music)
        said += lies(database, music)
        neither += sum(digest(path) != goal[path] for path in paths)
    database.close()
    return {
        "files": files,
        "killed": killed,
        "neither": neither,
        "lies": len(said),
        "left behind": len(list(music.glob("*/.catalog-write-*"))),
        "seconds": whole,
        "seconds of copying alone": plain,
    }


if __name__ == "__main__":
    sys.exit(main())
