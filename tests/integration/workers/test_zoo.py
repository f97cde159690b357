"""The zoo of bad input, through every registered feature set on a real worker: a vector or one reason, in bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_sets.installed import feature_sets
from catalog.db.database import open_database
from catalog.db.tables import collection, failure, feature_set, feature_vector, track
from tests.integration.workers.zoo import HEARD, fill

MOST_MEGABYTES = 700
MOST_SECONDS = 120
TIME_LIMIT = 30  # seconds a track

ANALYZE = """
import json, resource, sys
from catalog.cli.main import run
code = run(sys.argv[1:])
scale = 2**20 if sys.platform == "darwin" else 2**10
print(json.dumps([code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // scale]))
"""


def add_tracks(url: str, folder: Path) -> None:
    database = open_database(url)
    with database.write() as connection:
        place = connection.execute(
            sa.insert(collection)
            .values(name="zoo", kind="folder", root=str(folder), root_bytes=os.fsencode(folder))
            .returning(collection.c.id)
        ).scalar_one()
        for path in sorted(folder.iterdir()):
            status = path.stat()
            row = {"path": path.name, "path_bytes": path.name.encode(), "file_signature": path.name}
            known = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
            connection.execute(sa.insert(track).values(collection_id=place, **row, **known))
    database.close()


@pytest.fixture
def zoo(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    folder = tmp_path / "zoo"
    folder.mkdir()
    return folder, fill(folder)


def test_every_bad_file_is_a_vector_or_one_reason_within_bounds(
    zoo: tuple[Path, dict[str, str]], sqlite_url: str, tmp_path: Path
) -> None:
    folder, expected = zoo
    add_tracks(sqlite_url, folder)
    names = list(feature_sets())
    options = [option for name in names for option in ("--feature-set", name)]
    begin = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-c", ANALYZE, "--home", str(tmp_path / "home"), "--database-url", sqlite_url),
            *("analyze", "--workers", "1", "--time-limit", str(TIME_LIMIT), *options),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=MOST_SECONDS * 2,
    )
    seconds = time.monotonic() - begin
    code, megabytes = json.loads(done.stdout.splitlines()[-1])
    assert code == 3, done.stderr
    assert megabytes < MOST_MEGABYTES
    assert seconds < MOST_SECONDS

    database = open_database(sqlite_url)
    with database.read() as connection:
        vectors = connection.execute(
            sa.select(track.c.path, feature_set.c.name, feature_vector.c.vector)
            .join_from(feature_vector, track)
            .join(feature_set, feature_set.c.id == feature_vector.c.feature_set_id)
        ).all()
        failures = connection.execute(
            sa.select(track.c.path, failure.c.stage, failure.c.reason, failure.c.message).join_from(
                failure, track
            )
        ).all()
    database.close()
    came_of_it = {path: reason for path, _, reason, _ in failures} | {path: HEARD for path, _, _ in vectors}
    assert came_of_it == expected
    assert len(failures) == len({row.path for row in failures})
    for path, stage, _, message in failures:
        assert stage == "decoding", path
        assert 10 < len(message) < 200, message
        assert str(folder) not in message
        assert "\n" not in message
    heard = [path for path, outcome in expected.items() if outcome == HEARD]
    assert sorted((path, name) for path, name, _ in vectors) == sorted(
        (path, name) for path in heard for name in names
    )
    assert all(np.isfinite(vector).all() for _, _, vector in vectors)
