"""`catalog queue`, with and without a broker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.cli.main import run
from catalog.db.database import Database
from catalog.db.server_time import server_time
from catalog.db.tables import worker
from catalog.features.stored_feature_set import register_feature_set
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from workers.broker.broker import open_broker
from workers.state import claims, liveness

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def invoke(settings: Settings, tiny: FeatureSet, capsys: pytest.CaptureFixture[str]) -> Invoke:
    def invoked(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["--home", str(settings.home), "--database-url", settings.database_url, *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoked


IMPORTED = """
import sys
from catalog.cli.main import run
code = run(sys.argv[1:])
heavy = {"librosa", "onnxruntime", "pandas", "psutil", "rq", "scipy", "sklearn"}
print(code, *sorted(heavy & sys.modules.keys()), file=sys.stderr)
"""


def test_queue_status_and_sync_without_a_broker(invoke: Invoke, add_tracks: AddTracks) -> None:
    add_tracks(QUIET, QUIET)
    code, out, err = invoke("queue", "status", "--feature-set", "tiny")
    assert code == 0
    assert out.splitlines() == [
        "2 pending, 0 of them claimed; 0 failed; Redis is not running",
        "0 analyzed in the last minute, 0.0 per minute over the last five minutes; 0 workers",
    ]
    assert err == "no worker is running; run: catalog analyze, or on a server: catalog worker\n"
    status = json.loads(invoke("queue", "status", "--feature-set", "tiny", "--json")[1])
    assert (status["pending"], status["jobs"], status["workers"]) == (2, None, [])
    code, out, err = invoke("queue", "sync", "--feature-set", "tiny")
    assert (code, out) == (0, "0 dead workers found, 0 tracks added to the queue\n")
    assert "catalog analyze" in err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_status_imports_only_what_it_needs(settings: Settings, add_tracks: AddTracks) -> None:
    add_tracks(QUIET)
    with open_broker(None, settings.run):
        status = [sys.executable, "-c", IMPORTED, "--home", str(settings.home), "queue", "status"]
        ended = subprocess.run(status, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("1 pending, 0 of them claimed; 0 failed; 0 jobs in the queue\n")
    assert ended.stderr.splitlines()[-1] == "0"


def test_without_the_redis_status_shows_what_the_database_knows(
    invoke: Invoke, add_tracks: AddTracks, database: Database
) -> None:
    add_tracks(QUIET, QUIET)
    with database.write() as connection:
        liveness.register(connection, "ann", os.getpid())
    away = ("--redis-url", "redis://:secret@localhost:1")
    code, out, err = invoke(*away, "queue", "status", "--feature-set", "tiny")
    assert code == 1
    assert out.startswith("2 pending, 0 of them claimed; 0 failed; Redis does not answer\n")
    assert "ann" in out
    assert re.fullmatch(r"catalog: no Redis answers at localhost:1 \(.*\); start it, or leave .*\n", err)
    code, out, err = invoke(*away, "queue", "status", "--feature-set", "tiny", "--json")
    status = json.loads(out)
    assert (code, status["pending"], status["jobs"]) == (1, 2, None)
    assert [one["name"] for one in status["workers"]] == ["ann"]
    assert err.count("\n") == 1
    assert "secret" not in err


def test_without_the_redis_sync_gives_back_what_the_dead_had(
    invoke: Invoke, add_tracks: AddTracks, tiny: FeatureSet, database: Database
) -> None:
    ids = add_tracks(QUIET)
    with database.write() as connection:
        dead = liveness.register(connection, "dead", 2**22 + 1)
        claims.reserve(connection, dead, ids, [register_feature_set(connection, tiny).id])
        past = server_time(connection) - 2 * liveness.LOST_AFTER
        connection.execute(sa.update(worker).values(heartbeat_at=past))
    sync = ("queue", "sync", "--feature-set", "tiny")
    code, out, err = invoke("--redis-url", "redis://localhost:1", *sync)
    assert (code, out) == (1, "1 dead worker found, 0 tracks added to the queue\n")
    assert err.startswith("catalog: no Redis answers at localhost:1 (")


def test_a_redis_that_refuses_is_told_beside_what_the_database_knows(
    invoke: Invoke, add_tracks: AddTracks, tmp_path: Path
) -> None:
    add_tracks(QUIET)
    with open_broker(None, tmp_path / "somebody") as broker:
        with broker.connect() as connection:
            connection.acl_setuser("ann", enabled=True, passwords=["+word"], commands=["+ping"])
        guest = broker.url.replace("unix://", "unix://ann:word@")
        code, out, err = invoke("--redis-url", guest, "queue", "status", "--feature-set", "tiny")
    assert (code, out.splitlines()[0]) == (
        1,
        "1 pending, 0 of them claimed; 0 failed; Redis does not answer",
    )
    assert err.splitlines()[-1] == (
        "catalog: Redis cannot count its jobs (NoPermissionError); see: catalog doctor"
    )
