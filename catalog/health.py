"""Health checks of the installation, the home folder, Redis and the database.

The checks are independent: a failed check does not prevent the others.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from shlex import quote
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.database import Database, open_database
from catalog.db.schema.schema_state import SchemaState, inspect_schema
from catalog.db.tables import model, worker
from catalog.db.track_query import latest_audit
from catalog.log import without_passwords
from catalog.settings import URLS, Settings, read_config
from catalog.text import pluralize

MAX_BROKER_MEMORY = 0.9
"""Used share of Redis's memory above which it may soon refuse jobs."""
LOW_DISK_BYTES = 2**30
"""Free bytes below which a growing catalog soon fills the disk."""
MIN_DISK_BYTES = 2**26
MIN_POSTGRESQL = 140_000
"""Version 14 introduced pg_read_all_data, the role of superusers in `catalog sql`."""
MAX_CLOCK_DRIFT = timedelta(seconds=60)
"""A heartbeat further ahead of our clock means that one of the two clocks is wrong."""
DECODERS = {
    "MP3": ("mp3", "mp3float"),
    "FLAC": ("flac",),
    "AAC": ("aac",),
    "Ogg Vorbis": ("vorbis", "libvorbis"),
    "Opus": ("opus", "libopus"),
    "ALAC": ("alac",),
    "WAV and AIFF": ("pcm_s16le",),
    "WMA": ("wmav2",),
    "Monkey's Audio": ("ape",),
    "WavPack": ("wavpack",),
    "Musepack": ("mpc8",),
}
"""FFmpeg decoders by format; one of them is enough."""
REQUIRED_FORMATS = frozenset({"MP3", "FLAC", "AAC", "Ogg Vorbis", "WAV and AIFF"})
SHOWN_LIBRARIES = ("av", "librosa", "onnxruntime", "scikit-learn", "sqlalchemy", "rq")
"""Libraries that affect results and errors most."""
REINSTALL = "reinstall the program: pip install --upgrade --force-reinstall music-catalog"
EMBEDDED_REDIS = "embedded, starts on demand"


@dataclass(frozen=True)
class CheckResult:
    """Result of one check."""

    subject: str
    state: Literal["ok", "warning", "problem"]
    finding: str
    advice: str = ""
    """What to do; empty if nothing."""


ok = partial(CheckResult, state="ok")
warning = partial(CheckResult, state="warning")
problem = partial(CheckResult, state="problem")


def run_health_checks(settings: Settings) -> Iterator[CheckResult]:
    """Runs all checks and yields each result immediately."""
    yield from _run("Python", _check_libraries)
    yield from _run("home", lambda: _check_home(settings.home))
    yield from _run("Redis", lambda: _check_redis(settings))
    yield from _run("decoders", _check_decoders)
    yield from _run("networks", _check_networks)
    yield from _run("kernels", _check_kernels)
    yield from _run("fonts", _check_fonts)
    try:
        database = open_database(settings.database_url)
    except Exception as error:  # noqa: BLE001 - any error is a result
        yield _failed("database", error)
        return
    try:
        results = list(_run("database", lambda: _check_database(database)))
        yield from results
        has_problem = any(result.state == "problem" for result in results)
        if has_problem or inspect_schema(database).state is not SchemaState.CURRENT:
            return
        with database.read() as connection:
            yield from _run("model", lambda: _check_model(connection, settings.models))
            yield from _run("label audit", lambda: _check_audit(connection))
            yield from _run("clock", lambda: _check_clock(connection))
            yield from _run("workers", lambda: _check_workers(connection))
    finally:
        database.close()


def _run(subject: str, check: Callable[[], Iterator[CheckResult]]) -> Iterator[CheckResult]:
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - any error is a result
        yield _failed(subject, error)


def _failed(subject: str, error: Exception) -> CheckResult:
    return problem(subject, finding=" ".join(str(error).split()) or type(error).__name__)


def _check_libraries() -> Iterator[CheckResult]:
    yield ok("Python", finding=f"{platform.python_version()} at {sys.executable}")
    requirements = [text for text in requires("music-catalog") or [] if "extra ==" not in text]
    names = [match[0] for text in requirements if (match := re.match(r"[\w.-]+", text))]
    versions: dict[str, str] = {}
    for name in names:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    missing = [name for name in names if name not in versions]
    if missing:
        yield problem("libraries", finding=f"not installed: {', '.join(missing)}", advice=REINSTALL)
    else:
        shown = ", ".join(f"{name} {versions[name]}" for name in SHOWN_LIBRARIES if name in versions)
        yield ok("libraries", finding=f"all {len(versions)} installed, including {shown}")


def _check_home(home: Path) -> Iterator[CheckResult]:
    folder = next(folder for folder in (home, *home.parents) if folder.exists())
    if not folder.is_dir():
        yield problem("home", finding=f"{folder} is not a folder", advice="choose another with --home")
    elif not os.access(folder, os.W_OK | os.X_OK):
        advice = "change its permissions, or choose another with --home"
        yield problem("home", finding=f"{folder} cannot be written to", advice=advice)
    else:
        yield ok("home", finding=str(home) if folder == home else f"{home} (not created yet)")
    config = home / "config.toml"
    if config.is_file() and config.stat().st_mode & 0o077 and _contains_password(config):
        advice = f"run: chmod 600 {quote(str(config))}"
        yield warning("configuration", finding=f"others can read the password in {config}", advice=advice)
    free = shutil.disk_usage(folder).free
    result = problem if free < MIN_DISK_BYTES else warning if free < LOW_DISK_BYTES else ok
    advice = "" if result is ok else "free some space, or move the home to another disk"
    yield result("disk", finding=f"{free / 2**30:.1f} GiB free", advice=advice)


def _contains_password(config: Path) -> bool:
    urls = (read_config(config.parent).get(name) for name in URLS)
    return any(url is not None and without_passwords(url) != url for url in urls)


def _check_database(database: Database) -> Iterator[CheckResult]:
    schema = inspect_schema(database)
    outdated = f"schema {schema.revision}, current is {schema.head}"
    result, finding, advice = {
        SchemaState.EMPTY: (ok, "no catalog yet", "start with: catalog ingest FOLDER"),
        SchemaState.CURRENT: (ok, f"schema {schema.revision}", ""),
        SchemaState.OLDER: (problem, outdated, "run: catalog db upgrade"),
        SchemaState.NEWER: (
            problem,
            f"schema {schema.revision} is newer than this program",
            "upgrade music-catalog",
        ),
        SchemaState.FOREIGN: (
            problem,
            "belongs to another program",
            "choose an empty database with --database-url",
        ),
        SchemaState.DEVELOPMENT: (
            problem,
            "made by a development version",
            "with that version run: catalog export labels -o labels.csv; then ingest and import the labels here",
        ),
        SchemaState.HALF_COPIED: (
            problem,
            "a copy into it did not finish",
            "run the same catalog db copy again",
        ),
        SchemaState.INCOMPLETE: (
            problem,
            f"schema {schema.revision}, but some tables are missing",
            "restore a backup into an empty database: catalog db restore FILE",
        ),
    }[schema.state]
    yield result("database", finding=f"{database.place}: {finding}", advice=advice)
    if database.is_sqlite and schema.state in {SchemaState.EMPTY, SchemaState.FOREIGN}:
        return  # there is no file, or one whose journal mode is not our concern
    with database.read() as connection:
        if database.is_sqlite:
            yield _journal_mode(str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()))
        else:
            yield _server_version(int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()))


def _journal_mode(mode: str) -> CheckResult:
    if mode == "wal":
        return ok("journal", finding="write-ahead log: reads and writes run in parallel")
    advice = "move the file to a local disk; network folders do not support the write-ahead log"
    return warning("journal", finding=f"journal mode {mode}, not wal", advice=advice)


def _server_version(number: int) -> CheckResult:
    finding = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < MIN_POSTGRESQL:
        return warning("server", finding=finding, advice="upgrade PostgreSQL to 14 or later")
    return ok("server", finding=finding)


def _check_redis(settings: Settings) -> Iterator[CheckResult]:
    from workers.broker.broker import BrokerUnreachableError, find_broker

    if settings.redis_url is None and not settings.home.exists():
        yield ok("Redis", finding=EMBEDDED_REDIS)
        return
    try:
        broker = find_broker(settings.redis_url, settings.run)
    except BrokerUnreachableError as error:
        yield problem("Redis", finding=str(error))
        return
    if broker is None:
        yield ok("Redis", finding=EMBEDDED_REDIS)
        return
    with broker.connect() as connection:
        server, memory = connection.info("server"), connection.info("memory")
    name = "valkey" if "valkey_version" in server else "redis"
    yield ok("Redis", finding=f"answers: {name} {server.get(f'{name}_version', '')}".strip())
    yield from _check_redis_memory(memory)


def _check_redis_memory(memory: dict[str, Any]) -> Iterator[CheckResult]:
    limit, policy = int(memory.get("maxmemory", 0)), str(memory.get("maxmemory_policy", "noeviction"))
    if limit and policy != "noeviction":
        finding = f"evicts keys when its memory is full ({policy}): lost jobs are queued again with a delay"
        yield warning("Redis", finding=finding, advice="set maxmemory-policy to noeviction")
    if limit and int(memory["used_memory"]) > MAX_BROKER_MEMORY * limit:
        finding = f"{memory['used_memory'] / limit:.0%} of its {limit / 2**20:.0f} MB are in use"
        yield warning("Redis", finding=finding, advice="raise maxmemory; the catalog needs less than 100 MB")


def _check_decoders() -> Iterator[CheckResult]:
    from av import codecs_available

    missing = [name for name, any_of in DECODERS.items() if not codecs_available.intersection(any_of)]
    if not missing:
        yield ok("decoders", finding=", ".join(DECODERS))
        return
    result = problem if REQUIRED_FORMATS.intersection(missing) else warning
    advice = "install the PyAV wheel from PyPI, which has all decoders: pip install --force-reinstall av"
    yield result("decoders", finding=f"cannot read {', '.join(missing)}", advice=advice)


def _check_networks() -> Iterator[CheckResult]:
    import numpy as np

    from catalog.audio.feature_sets.musicnn_model import NETWORKS, PATCH, run, tag_names

    try:
        _, tags = run(np.zeros(PATCH, dtype=np.float32))
    except Exception as error:  # noqa: BLE001 - any error is a result
        yield problem("networks", finding=f"the networks cannot be run: {error}", advice=REINSTALL)
        return
    outputs = zip(NETWORKS, tags, strict=True)
    invalid = [
        network
        for network, output in outputs
        if len(output) != len(tag_names()[network]) or not np.isfinite(output).all()
    ]
    if invalid:
        yield problem("networks", finding=f"invalid output: {', '.join(invalid)}", advice=REINSTALL)
    else:
        yield ok("networks", finding=f"both musicnn networks run: {', '.join(NETWORKS)}")


def _check_kernels() -> Iterator[CheckResult]:
    """Computes every feature set in a child process: damaged machine code would end this one."""
    from catalog.audio.feature_sets.installed import feature_sets
    from catalog.audio.kernel_cache import cache_folder, is_writable, preferred_folder
    from workers.process.kernel_compilation import KernelsFailedError, compile_kernels

    try:
        compile_kernels(list(feature_sets().values()), is_forced=True)
    except KernelsFailedError as error:
        yield problem("kernels", finding=str(error), advice=REINSTALL)
        return
    advice = "set NUMBA_CACHE_DIR to a folder that this user can write to"
    if not is_writable():
        finding = f"no folder for machine code, such as {preferred_folder()}: every process compiles again"
        yield warning("kernels", finding=finding, advice=advice)
    elif preferred_folder() not in cache_folder().parents:
        finding = (
            f"{preferred_folder()} cannot be written to; machine code is kept in {cache_folder().parent}"
        )
        yield warning("kernels", finding=finding, advice=advice)
    else:
        yield ok("kernels", finding=f"compiled, in {cache_folder().parent}")


def _check_fonts() -> Iterator[CheckResult]:
    """Matplotlib keeps its list of fonts in a folder. Without one, every plot lists the fonts again."""
    import matplotlib as mpl

    folder = Path(mpl.get_cachedir())
    if folder.parent == Path(tempfile.gettempdir()):
        advice = "set MPLCONFIGDIR to a folder that this user can write to"
        yield warning("fonts", finding="no folder for the list of fonts: plots start slowly", advice=advice)
    else:
        yield ok("fonts", finding=f"listed in {folder}")


def _check_model(connection: Connection, folder: Path) -> Iterator[CheckResult]:
    from catalog.learning.registry.artifact import ArtifactRejectedError, read_artifact

    columns = (model.c.id, model.c.algorithm, model.c.artifact, model.c.artifact_sha256)
    row = connection.execute(sa.select(*columns).where(model.c.status == "active")).one_or_none()
    if row is None:
        yield ok("model", finding="no active model yet", advice="to train one: catalog train")
        return
    name = f"model {row.id} ({row.algorithm})"
    if row.artifact is None:
        yield ok("model", finding=f"{name}, has no file")
        return
    try:
        read_artifact(folder, row.artifact, row.artifact_sha256 or "")
    except ArtifactRejectedError as error:
        yield problem("model", finding=f"{name}: {error}")
    else:
        yield ok("model", finding=f"{name}, file digest is correct")


def _check_audit(connection: Connection) -> Iterator[CheckResult]:
    from catalog.audit.labels.audit_freshness import REMEDY, find_stale_audit

    stale = find_stale_audit(connection)
    if stale is not None:
        yield warning("label audit", finding=stale.finding, advice=f"run: {REMEDY}")
    elif connection.execute(sa.select(latest_audit("labels"))).scalar_one() is None:
        yield ok("label audit", finding="no label audit yet", advice=f"to find wrong tags: {REMEDY}")
    else:
        yield ok("label audit", finding="made with the active model")


def _check_clock(connection: Connection) -> Iterator[CheckResult]:
    local_time = now()
    if connection.dialect.name == "postgresql":
        drift = abs(connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one() - local_time)
        if drift > MAX_CLOCK_DRIFT:
            finding = f"the database's clock differs from ours by {drift.total_seconds():.0f} s"
            yield warning("clock", finding=finding, advice="synchronize both clocks by NTP")
            return
    heartbeat = connection.execute(sa.select(sa.func.max(worker.c.heartbeat_at))).scalar_one()
    if heartbeat is not None and heartbeat - local_time > MAX_CLOCK_DRIFT:
        finding = f"a worker's heartbeat is {(heartbeat - local_time).total_seconds():.0f} s in the future"
        yield warning("clock", finding=finding, advice="synchronize the clocks of all hosts by NTP")
        return
    yield ok("clock", finding=f"{local_time:%Y-%m-%d %H:%M:%S} UTC")


def _check_workers(connection: Connection) -> Iterator[CheckResult]:
    own = version("music-catalog")
    rows = connection.execute(
        sa.select(worker.c.host, worker.c.version).where(worker.c.stopped_at.is_(None)).distinct()
    ).all()
    others = sorted(f"{row.host} ({row.version})" for row in rows if row.version != own)
    if others:
        finding = f"other versions than {own}: {', '.join(others)}"
        yield warning("workers", finding=finding, advice="install the same version on every host")
    elif rows:
        yield ok("workers", finding=f"on {pluralize(len({row.host for row in rows}), 'host')}")
    else:
        yield _check_pending(connection)


def _check_pending(connection: Connection) -> CheckResult:
    from catalog.audio.feature_sets.installed import feature_set
    from catalog.learning.registry.default_feature_sets import feature_sets_to_compute
    from workers.state.queue_status import NO_WORKER, START_WORKER, count_pending

    pending = count_pending(connection, [feature_set(name) for name in feature_sets_to_compute(connection)])
    if not pending:
        return ok("workers", finding=NO_WORKER)
    finding = f"{NO_WORKER}, and {pluralize(pending, 'track is', 'tracks are')} pending"
    return warning("workers", finding=finding, advice=START_WORKER)
