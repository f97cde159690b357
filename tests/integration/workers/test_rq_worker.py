"""The RQ worker on a broker that others can write to: it runs only permitted jobs, and work continues."""

from __future__ import annotations

import json
import pickle
import signal
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Callback, Queue

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.learning.registry.task_context import set_context
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from workers.broker.broker import open_broker
from workers.broker.job_queue import ANALYZE, TASK, open_queue, queue_name
from workers.pool.analyze_pending import analyze_pending
from workers.process.rq_worker import AnalysisWorker
from workers.process.worker_context import WorkerContext
from workers.state import liveness

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Bomb:
    """What runs when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.proof,)


@pytest.fixture
def queue(database: Database, settings: Settings) -> Iterator[Queue]:
    with open_broker(None, settings.run) as broker, broker.connect() as connection:
        yield open_queue(queue_name(database), connection)


@pytest.fixture
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is there only when something was run."""
    return tmp_path_factory.mktemp("proof") / "made by a stranger"


def put(queue: Queue, name: str, **fields: bytes) -> None:
    """A job as bytes, past all of RQ's own care."""
    connection: Redis = queue.connection
    key = f"{queue.redis_queue_namespace_prefix.replace(':queue:', ':job:')}{name}"
    fields_of_job: dict[Any, Any] = {
        "status": b"queued",
        "created_at": b"2026-01-01T00:00:00.000000Z",
        "origin": queue.name.encode(),
    }
    connection.hset(key, mapping=fields_of_job | fields)
    connection.rpush(queue.key, name)


def encode_call(*call: Any) -> bytes:
    return zlib.compress(json.dumps(call).encode())


@SQLITE
def test_nothing_hostile_is_run_and_work_goes_on(
    database: Database, settings: Settings, queue: Queue, proof: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    bomb = pickle.dumps((Bomb(proof), None, (), {}))
    with pytest.raises(FileNotFoundError):  # the bomb is one: it would go off, were the folder above it there
        pickle.loads(pickle.dumps(Bomb(proof / "none" / "none")))
    hostile: dict[str, dict[str, bytes]] = {
        "pickled": {"data": bomb},
        "pickled-and-packed": {"data": zlib.compress(bomb)},
        "pickled-result": {
            "data": encode_call(ANALYZE, None, [[], [], 5], {}),
            "result": bomb,
            "exc_info": bomb,
        },
        "pickled-meta": {"data": encode_call(ANALYZE, None, [[], [], 5], {}), "meta": bomb},
        "another-function": {"data": encode_call("os.mkdir", None, [str(proof)], {})},
        "of-an-instance": {"data": encode_call("mkdir", "pathlib.Path", [str(proof)], {})},
        "by-keyword": {
            "data": encode_call(ANALYZE, None, [], {"track_ids": [], "hashes": [], "time_limit": 5})
        },
        "callback": {"data": encode_call(TASK, None, ["x", []], {}), "success_callback_name": b"os.abort"},
        "one-argument": {"data": encode_call(ANALYZE, None, [1], {})},
        "endless": {"data": encode_call(ANALYZE, None, [[1], [], 10**30], {})},
        "no-limit": {"data": encode_call(ANALYZE, None, [[1], [], "5"], {})},
        "words-for-ids": {"data": encode_call(ANALYZE, None, [["1; DROP TABLE track"], [], 5], {})},
        "large-id": {"data": encode_call(ANALYZE, None, [[2**70], [], 5], {})},
        "no-such-task": {"data": encode_call(TASK, None, ["__class__", []], {})},
        "no-json": {"data": zlib.compress(b"{")},
        "no-call": {"data": encode_call()},
        "no-data": {},
        "no-time": {"data": encode_call(ANALYZE, None, [[], [], 5], {}), "created_at": b"\xff"},
        "no-numbers": {
            "data": encode_call(ANALYZE, None, [[], [], 5], {}),
            "timeout": b"\xfe",
            "result_ttl": b"x",
        },
    }
    for name, fields in hostile.items():
        put(queue, name, **fields)
    queue.connection.rpush(queue.key, "\x1b[31m", b"\xff\xfe", "no:such:job")
    add_tracks(QUIET)
    assert analyze_pending(database, settings, [tiny], workers=1).analyzed == 1
    assert not proof.exists()
    assert queue.count == 0
    log = (settings.run / "workers.log").read_text()
    assert log.count("foreign job") > 10
    assert log.count("unreadable job") > 3
    assert "\x1b" not in log


@pytest.fixture
def own_signals() -> Iterator[None]:
    """What Ctrl-C and SIGTERM do to this process, which RQ's worker changes, is put back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
def test_a_worker_runs_no_job_but_ours_and_registers_again_when_forgotten(
    database: Database, queue: Queue, broker_connection: Redis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    proof = tmp_path_factory.mktemp("proof") / "made by a stranger"
    queue.enqueue("os.mkdir", str(proof))
    queue.enqueue("workers.process.jobs.analyze_tracks", [], [], 5, on_failure=Callback("os.abort"))
    with database.write() as connection:
        context = WorkerContext(database=database, worker_id=liveness.register(connection, "worker", 1))
    set_context(context)
    rq_worker = AnalysisWorker(queue, "worker", context)
    rq_worker.work(burst=True, logging_level="ERROR")
    assert not proof.exists()
    assert queue.count == 0
    broker_connection.flushall()
    rq_worker._next_beat = 0.0
    rq_worker.heartbeat()
    assert broker_connection.sismember(rq_worker.redis_workers_keys, rq_worker.key)
