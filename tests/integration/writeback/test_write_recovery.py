"""Writers that are killed in the middle: every file is as before or as after, and the journal learns the truth."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from catalog.cli.main import run
from catalog.collection.scan.scan import scan
from catalog.collection.statements import NewStatement
from catalog.db import tables as t
from catalog.db.database import Database, open_database
from tests.integration.statement_helpers import append_statements
from tests.integration.writeback.tagged_files import FORMATS

FILES = 40
KILLS = 3

# Says when it has imported all, so that the blow falls on the work and not on the beginning.
WRITER = """
import sys
from catalog.cli import write
from catalog.cli.main import run
print("ready", flush=True)
sys.exit(run(sys.argv[1:]))
"""


def make_music(folder: Path) -> list[Path]:
    contents = [(suffix, make()) for suffix, make in FORMATS.values()]
    found = []
    for number in range(FILES):
        suffix, content = contents[number % len(contents)]
        path = folder / f"disc {number % 3}" / f"{number:02}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        found.append(path)
    return found


def decide(database: Database, folder: Path) -> None:
    scan(database, folder)
    with database.write() as connection:
        ids = list(connection.execute(sa.select(t.track.c.id)).scalars())
        append_statements(
            connection, "person", [NewStatement(each, ("Jazz",)) for each in ids], stated_by="ada"
        )


def killed(arguments: list[str], seconds: float, folder: Path) -> int:
    """The exit code of a writer that was killed so long after its first replacement was there."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", WRITER, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        limit = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < limit and not leftovers(folder):
            time.sleep(0.001)
        time.sleep(seconds)
        process.kill()
    return process.returncode


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("*/.catalog-write-*"))


def journal_lies(database: Database, folder: Path) -> list[str]:
    """Rows that say of a file what it is not."""
    lies = []
    standing: dict[bytes, str] = {}
    with database.read() as connection:
        for row in connection.execute(sa.select(t.tag_write).order_by(t.tag_write.c.id)):
            if row.state == "written":
                standing[row.path_bytes] = row.after_digest
            elif row.state == "undone":
                standing[row.path_bytes] = row.before_digest
            elif row.state == "planned":
                lies.append(f"{row.id} is still planned")
    for path, digest in standing.items():
        content = (folder / os.fsdecode(path)).read_bytes()
        if hashlib.blake2b(content, digest_size=16).hexdigest() != digest:
            lies.append(f"{path!r} is not what its row says")
    return lies


def test_killed_at_any_moment(database: Database, database_url: str, tmp_path: Path) -> None:
    music, copy = tmp_path / "music", tmp_path / "copy"
    paths = make_music(music)
    before = {path: path.read_bytes() for path in paths}
    shutil.copytree(music, copy)
    home = tmp_path / "elsewhere"
    assert run(["--home", str(home), "-q", "scan", str(copy)]) == 0
    other = open_database(f"sqlite:///{home / 'catalog.db'}")
    decide(other, copy)
    other.close()
    assert run(["--home", str(home), "-q", "write", "-y"]) == 0
    after = {path: (copy / path.relative_to(music)).read_bytes() for path in paths}
    assert all(before[path] != after[path] for path in paths)

    decide(database, music)
    verb = ["--home", str(tmp_path / "home"), "--database-url", database_url, "-q", "write", "-y"]
    moments = random.Random(11)
    died: Counter[bool] = Counter()
    for _ in range(KILLS):
        died[killed(verb, moments.uniform(0, 0.12), music) < 0] += 1
        for path in paths:
            assert path.read_bytes() in (before[path], after[path]), path
    assert died[True] >= 2
    assert run(verb) == 0
    assert {path: path.read_bytes() for path in paths} == after
    assert leftovers(music) == []
    assert journal_lies(database, music) == []
    with database.read() as connection:
        written = sa.select(t.tag_write.c.track_id).where(t.tag_write.c.state == "written")
        assert len(set(connection.execute(written).scalars())) == FILES
    assert scan(database, music).unchanged == FILES

    undo = [*verb, "--undo"]
    killed(undo, moments.uniform(0, 0.05), music)
    for path in paths:
        assert path.read_bytes() in (before[path], after[path]), path
    while run(undo) == 0:
        assert journal_lies(database, music) == []
    assert {path: path.read_bytes() for path in paths} == before
    assert leftovers(music) == []
    with database.read() as connection:
        states = set(connection.execute(sa.select(t.tag_write.c.state)).scalars())
    assert states <= {"undone", "failed"}
    assert scan(database, music).unchanged == FILES
