"""A look at everything the catalog needs: each part by itself, so that one that is ill hides no other."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from shlex import quote
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.database import Database, open_database
from catalog.db.schema.schema import SchemaState, inspect_schema
from catalog.db.tables import model, worker
from catalog.log import without_passwords
from catalog.settings import URLS, Settings, read_config

State = Literal["ok", "warning", "problem"]

FULL = 0.9
"""Share of a broker's memory above which it may soon refuse jobs."""
LITTLE_DISK = 2**30
"""Bytes free below which a catalog that grows will soon stop."""
NO_DISK = 2**26
OLDEST_POSTGRESQL = 140_000
"""Version 14 brought the role that `catalog sql` gives up a superuser's rights for."""
DRIFT = timedelta(seconds=60)
"""A heartbeat so far ahead of our clock means that one of two clocks is wrong."""
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
"""Formats by the decoders of FFmpeg that read them; any one of them will do."""
SHOWN_LIBRARIES = ("av", "librosa", "onnxruntime", "scikit-learn", "sqlalchemy", "rq")
"""Those that results and faults depend on most."""
MUST_DECODE = frozenset({"MP3", "FLAC", "AAC", "Ogg Vorbis", "WAV and AIFF"})


@dataclass(frozen=True)
class CheckResult:
    """What one look showed."""

    subject: str
    state: State
    finding: str
    advice: str = ""
    """What to do, where something is to be done."""


def run_health_checks(settings: Settings) -> Iterator[CheckResult]:
    """All findings, one after another as they are made."""
    yield from _look("Python", _python)
    yield from _look("home", lambda: _home(settings.home))
    yield from _look("broker", lambda: _broker(settings))
    yield from _look("decoders", _decoders)
    yield from _look("networks", _networks)
    try:
        database = open_database(settings.database_url)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it is a finding
        yield _failed("database", error)
        return
    try:
        looked = list(_look("database", lambda: _database(database)))
        yield from looked
        if (
            any(each.state == "problem" for each in looked)
            or inspect_schema(database).state is not SchemaState.CURRENT
        ):
            return
        with database.read() as connection:
            yield from _look("model", lambda: _model(connection, settings.models))
            yield from _look("clock", lambda: _clock(connection))
            yield from _look("workers", lambda: _workers(connection))
    finally:
        database.close()


def _look(subject: str, look: Callable[[], Iterator[CheckResult]]) -> Iterator[CheckResult]:
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it is a finding
        yield _failed(subject, error)


def _failed(subject: str, error: Exception) -> CheckResult:
    return CheckResult(subject, "problem", " ".join(str(error).split()) or type(error).__name__)


def _python() -> Iterator[CheckResult]:
    yield CheckResult("Python", "ok", f"{platform.python_version()} at {sys.executable}")
    needed = [text for text in requires("music-catalog") or [] if "extra ==" not in text]
    names = [match[0] for text in needed if (match := re.match(r"[\w.-]+", text))]
    found: dict[str, str] = {}
    for name in names:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    absent = [name for name in names if name not in found]
    if absent:
        advice = "install the program again: pip install --upgrade music-catalog"
        yield CheckResult("libraries", "problem", f"not installed: {', '.join(absent)}", advice)
    else:
        shown = ", ".join(f"{name} {found[name]}" for name in SHOWN_LIBRARIES if name in found)
        yield CheckResult("libraries", "ok", f"all {len(found)}, among them {shown}")


def _home(home: Path) -> Iterator[CheckResult]:
    standing = next(folder for folder in (home, *home.parents) if folder.exists())
    what = str(home) if standing == home else f"{home}, not made yet"
    if not standing.is_dir():
        yield CheckResult("home", "problem", f"{standing} is not a folder", "name another with --home")
    elif not os.access(standing, os.W_OK | os.X_OK):
        yield CheckResult(
            "home", "problem", f"{standing} cannot be written to", "mend its permissions, or --home"
        )
    else:
        yield CheckResult("home", "ok", what)
    config = home / "config.toml"
    if config.is_file() and config.stat().st_mode & 0o077 and _holds_password(config):
        advice = f"chmod 600 {quote(str(config))}"
        yield CheckResult("configuration", "warning", f"others can read the password in {config}", advice)
    free = shutil.disk_usage(standing).free
    state: State = "problem" if free < NO_DISK else "warning" if free < LITTLE_DISK else "ok"
    advice = "" if state == "ok" else "free some space, or move the home to another disk"
    yield CheckResult("disk", state, f"{free / 2**30:.1f} GiB free", advice)


def _holds_password(config: Path) -> bool:
    addresses = (read_config(config.parent).get(name) for name in URLS)
    return any(address is not None and without_passwords(address) != address for address in addresses)


def _database(database: Database) -> Iterator[CheckResult]:
    schema = inspect_schema(database)
    advice = {
        SchemaState.EMPTY: ("ok", "no catalog yet", "begin with: catalog ingest FOLDER"),
        SchemaState.CURRENT: ("ok", f"schema {schema.revision}", ""),
        SchemaState.OLDER: (
            "problem",
            f"schema {schema.revision}, {schema.head} is wanted",
            "run: catalog db upgrade",
        ),
        SchemaState.NEWER: (
            "problem",
            f"schema {schema.revision} is newer than this program",
            "upgrade music-catalog",
        ),
        SchemaState.FOREIGN: (
            "problem",
            "belongs to another program",
            "name an empty one with --database-url",
        ),
        SchemaState.DEVELOPMENT: (
            "problem",
            "made by a development version",
            "with that version run: catalog export labels -o labels.csv; then ingest and import the labels here",
        ),
        SchemaState.HALF_COPIED: (
            "problem",
            "a copy into it did not finish",
            "run the same catalog db copy again",
        ),
        SchemaState.INCOMPLETE: (
            "problem",
            f"schema {schema.revision}, but some tables are missing",
            "restore a backup into an empty database: catalog db restore FILE",
        ),
    }
    state, what, todo = advice[schema.state]
    yield CheckResult("database", "ok" if state == "ok" else "problem", f"{database.place}: {what}", todo)
    if database.is_sqlite and schema.state in {SchemaState.EMPTY, SchemaState.FOREIGN}:
        # There is no file, or one whose journal is somebody else's affair.
        return
    with database.read() as connection:
        if database.is_sqlite:
            yield _journal(str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()))
        else:
            number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
            yield _server(number)


def _journal(mode: str) -> CheckResult:
    if mode == "wal":
        return CheckResult("journal", "ok", "write-ahead log: reading and writing go on side by side")
    advice = "move the file to a local disk; network folders do not carry the write-ahead log"
    return CheckResult("journal", "warning", f"journal mode {mode}, not wal", advice)


def _server(number: int) -> CheckResult:
    text = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < OLDEST_POSTGRESQL:
        return CheckResult("server", "warning", text, "upgrade PostgreSQL to 14 or later")
    return CheckResult("server", "ok", text)


def _broker(settings: Settings) -> Iterator[CheckResult]:
    from workers.broker.broker import BrokerUnreachableError, find_broker

    if settings.redis_url is None and not settings.home.exists():
        yield CheckResult("broker", "ok", "our own Valkey; it starts when it is needed")
        return
    try:
        broker = find_broker(settings.redis_url, settings.run)
    except BrokerUnreachableError as error:
        yield CheckResult("broker", "problem", str(error))
        return
    if broker is None:
        yield CheckResult("broker", "ok", "our own Valkey; it starts when it is needed")
        return
    with broker.connect() as connection:
        server, memory = connection.info("server"), connection.info("memory")
    kind = "valkey" if "valkey_version" in server else "redis"
    yield CheckResult("broker", "ok", f"answers: {kind} {server.get(f'{kind}_version', '')}".strip())
    yield from _broker_memory(memory)


def _broker_memory(memory: dict[str, Any]) -> Iterator[CheckResult]:
    most, policy = int(memory.get("maxmemory", 0)), str(memory.get("maxmemory_policy", "noeviction"))
    if most and policy != "noeviction":
        text = f"evicts when it is full ({policy}): what it forgets is only fed again after a while"
        yield CheckResult("broker", "warning", text, "set its maxmemory-policy to noeviction")
    if most and int(memory["used_memory"]) > FULL * most:
        text = f"{memory['used_memory'] / most:.0%} of its {most / 2**20:.0f} MB are in use"
        yield CheckResult(
            "broker", "warning", text, "raise its maxmemory; 100 MB are plenty for the catalog itself"
        )


def _decoders() -> Iterator[CheckResult]:
    from av import codecs_available

    absent = [name for name, any_of in DECODERS.items() if not codecs_available.intersection(any_of)]
    if not absent:
        yield CheckResult("decoders", "ok", ", ".join(DECODERS))
        return
    state: State = "problem" if MUST_DECODE.intersection(absent) else "warning"
    advice = "install the PyAV wheel from PyPI, which has them all: pip install --force-reinstall av"
    yield CheckResult("decoders", state, f"cannot read {', '.join(absent)}", advice)


def _networks() -> Iterator[CheckResult]:
    import numpy as np

    from catalog.audio.feature_sets.musicnn_model import NETWORKS, PATCH, run, tag_names

    try:
        _, tags = run(np.zeros(PATCH, dtype=np.float32))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it is a finding
        text = f"the networks cannot be run: {error}"
        yield CheckResult("networks", "problem", text, "install the program again, with its networks")
        return
    for network, answer in zip(NETWORKS, tags, strict=True):
        if len(answer) == len(tag_names()[network]) and bool(np.isfinite(answer).all()):
            yield CheckResult("networks", "ok", f"{network} runs")
        else:
            yield CheckResult(
                "networks", "problem", f"{network} answers nonsense", "install the program again"
            )


def _model(connection: Connection, folder: Path) -> Iterator[CheckResult]:
    from catalog.learning.registry.artifact import ArtifactRejectedError, read_artifact

    columns = (model.c.id, model.c.algorithm, model.c.artifact, model.c.artifact_sha256)
    row = connection.execute(sa.select(*columns).where(model.c.status == "active")).one_or_none()
    if row is None:
        yield CheckResult("model", "ok", "none in force yet; catalog train makes one")
        return
    name = f"model {row.id} ({row.algorithm})"
    if row.artifact is None:
        yield CheckResult("model", "ok", f"{name}; it needs no file")
        return
    try:
        read_artifact(folder, row.artifact, row.artifact_sha256 or "")
    except ArtifactRejectedError as error:
        yield CheckResult("model", "problem", f"{name}: {error}")
        return
    yield CheckResult("model", "ok", f"{name}; its file is the one that was written")


def _clock(connection: Connection) -> Iterator[CheckResult]:
    here = now()
    if connection.dialect.name == "postgresql":
        there = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        if abs(there - here) > DRIFT:
            text = f"the database's clock is {abs(there - here).total_seconds():.0f} s away from ours"
            yield CheckResult("clock", "warning", text, "set both clocks by NTP")
            return
    beat = connection.execute(sa.select(sa.func.max(worker.c.heartbeat_at))).scalar_one()
    if beat is not None and beat - here > DRIFT:
        text = f"a worker's heartbeat is {(beat - here).total_seconds():.0f} s in the future"
        yield CheckResult("clock", "warning", text, "set the clocks of all hosts by NTP")
        return
    yield CheckResult("clock", "ok", f"{here:%Y-%m-%d %H:%M:%S} UTC")


def _workers(connection: Connection) -> Iterator[CheckResult]:
    own = version("music-catalog")
    rows = connection.execute(
        sa.select(worker.c.host, worker.c.version).where(worker.c.stopped_at.is_(None)).distinct()
    ).all()
    others = sorted(f"{row.host} ({row.version})" for row in rows if row.version != own)
    if others:
        text = f"another version than {own} on: {', '.join(others)}"
        yield CheckResult("workers", "warning", text, "install the same version on every host")
    else:
        hosts = {row.host for row in rows}
        yield CheckResult(
            "workers", "ok", f"on {len(hosts)} host{'s' * (len(hosts) != 1)}" if hosts else "none at work"
        )
