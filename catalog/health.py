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
from catalog.db.schema.schema import Fit, inspect_schema
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
class Finding:
    """What one look showed."""

    subject: str
    state: State
    finding: str
    advice: str = ""
    """What to do, where something is to be done."""


def examine(settings: Settings) -> Iterator[Finding]:
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
        if any(each.state == "problem" for each in looked) or inspect_schema(database).fit is not Fit.CURRENT:
            return
        with database.read() as connection:
            yield from _look("model", lambda: _model(connection, settings.models))
            yield from _look("clock", lambda: _clock(connection))
            yield from _look("workers", lambda: _workers(connection))
    finally:
        database.close()


def _look(subject: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 - a look that fails is a finding
        yield _failed(subject, error)


def _failed(subject: str, error: Exception) -> Finding:
    return Finding(subject, "problem", " ".join(str(error).split()) or type(error).__name__)


def _python() -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{platform.python_version()} at {sys.executable}")
    needed = [text for text in requires("music-catalog") or [] if "extra ==" not in text]
    names = [match[0] for text in needed if (match := re.match(r"[\w.-]+", text))]
    found: dict[str, str] = {}
    for name in names:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    absent = [name for name in names if name not in found]
    if absent:
        advice = "install the program again: pip install --upgrade music-catalog"
        yield Finding("libraries", "problem", f"not installed: {', '.join(absent)}", advice)
    else:
        shown = ", ".join(f"{name} {found[name]}" for name in SHOWN_LIBRARIES if name in found)
        yield Finding("libraries", "ok", f"all {len(found)}, among them {shown}")


def _home(home: Path) -> Iterator[Finding]:
    standing = next(folder for folder in (home, *home.parents) if folder.exists())
    what = str(home) if standing == home else f"{home}, not made yet"
    if not standing.is_dir():
        yield Finding("home", "problem", f"{standing} is not a folder", "name another with --home")
    elif not os.access(standing, os.W_OK | os.X_OK):
        yield Finding(
            "home", "problem", f"{standing} cannot be written to", "mend its permissions, or --home"
        )
    else:
        yield Finding("home", "ok", what)
    config = home / "config.toml"
    if config.is_file() and config.stat().st_mode & 0o077 and _holds_password(config):
        advice = f"chmod 600 {quote(str(config))}"
        yield Finding("configuration", "warning", f"others can read the password in {config}", advice)
    free = shutil.disk_usage(standing).free
    state: State = "problem" if free < NO_DISK else "warning" if free < LITTLE_DISK else "ok"
    advice = "" if state == "ok" else "free some space, or move the home to another disk"
    yield Finding("disk", state, f"{free / 2**30:.1f} GiB free", advice)


def _holds_password(config: Path) -> bool:
    addresses = (read_config(config.parent).get(name) for name in URLS)
    return any(address is not None and without_passwords(address) != address for address in addresses)


def _database(database: Database) -> Iterator[Finding]:
    schema = inspect_schema(database)
    advice = {
        Fit.EMPTY: ("ok", "no catalog yet", "begin with: catalog ingest FOLDER"),
        Fit.CURRENT: ("ok", f"schema {schema.revision}", ""),
        Fit.OLDER: (
            "problem",
            f"schema {schema.revision}, {schema.head} is wanted",
            "run: catalog db upgrade",
        ),
        Fit.NEWER: (
            "problem",
            f"schema {schema.revision} is newer than this program",
            "upgrade music-catalog",
        ),
        Fit.FOREIGN: ("problem", "belongs to another program", "name an empty one with --database-url"),
        Fit.HALF_COPIED: (
            "problem",
            "a copy into it was not finished",
            "the same catalog db copy again goes on with it",
        ),
        Fit.INCOMPLETE: (
            "problem",
            f"schema {schema.revision}, but not all of its tables",
            "restore a backup into an empty database: catalog db restore FILE",
        ),
    }
    state, what, todo = advice[schema.fit]
    yield Finding("database", "ok" if state == "ok" else "problem", f"{database.place}: {what}", todo)
    if database.is_sqlite and schema.fit in {Fit.EMPTY, Fit.FOREIGN}:
        # There is no file, or one whose journal is somebody else's affair.
        return
    with database.read() as connection:
        if database.is_sqlite:
            yield _journal(str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()))
        else:
            number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
            yield _server(number)


def _journal(mode: str) -> Finding:
    if mode == "wal":
        return Finding("journal", "ok", "write-ahead log: reading and writing go on side by side")
    advice = "move the file to a local disk; network folders do not carry the write-ahead log"
    return Finding("journal", "warning", f"journal mode {mode}, not wal", advice)


def _server(number: int) -> Finding:
    text = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < OLDEST_POSTGRESQL:
        return Finding("server", "warning", text, "upgrade PostgreSQL to 14 or later")
    return Finding("server", "ok", text)


def _broker(settings: Settings) -> Iterator[Finding]:
    from workers.broker.broker import BrokerUnreachable, find_broker

    if settings.redis_url is None and not settings.home.exists():
        yield Finding("broker", "ok", "our own Valkey; it starts when it is needed")
        return
    try:
        broker = find_broker(settings.redis_url, settings.run)
    except BrokerUnreachable as error:
        yield Finding("broker", "problem", str(error))
        return
    if broker is None:
        yield Finding("broker", "ok", "our own Valkey; it starts when it is needed")
        return
    with broker.connect() as connection:
        server, memory = connection.info("server"), connection.info("memory")
    kind = "valkey" if "valkey_version" in server else "redis"
    yield Finding("broker", "ok", f"answers: {kind} {server.get(f'{kind}_version', '')}".strip())
    yield from _broker_memory(memory)


def _broker_memory(memory: dict[str, Any]) -> Iterator[Finding]:
    most, policy = int(memory.get("maxmemory", 0)), str(memory.get("maxmemory_policy", "noeviction"))
    if most and policy != "noeviction":
        text = f"evicts when it is full ({policy}): what it forgets is only fed again after a while"
        yield Finding("broker", "warning", text, "set its maxmemory-policy to noeviction")
    if most and int(memory["used_memory"]) > FULL * most:
        text = f"{memory['used_memory'] / most:.0%} of its {most / 2**20:.0f} MB are in use"
        yield Finding(
            "broker", "warning", text, "raise its maxmemory; 100 MB are plenty for the catalog itself"
        )


def _decoders() -> Iterator[Finding]:
    from av import codecs_available

    absent = [name for name, any_of in DECODERS.items() if not codecs_available.intersection(any_of)]
    if not absent:
        yield Finding("decoders", "ok", ", ".join(DECODERS))
        return
    state: State = "problem" if MUST_DECODE.intersection(absent) else "warning"
    advice = "install the PyAV wheel from PyPI, which has them all: pip install --force-reinstall av"
    yield Finding("decoders", state, f"cannot read {', '.join(absent)}", advice)


def _networks() -> Iterator[Finding]:
    import numpy as np

    from catalog.audio.feature_sets.musicnn_model import NETWORKS, PATCH, run, tag_names

    try:
        _, tags = run(np.zeros(PATCH, dtype=np.float32))
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises classes of its own
        text = f"the networks cannot be run: {error}"
        yield Finding("networks", "problem", text, "install the program again, with its networks")
        return
    for network, answer in zip(NETWORKS, tags, strict=True):
        if len(answer) == len(tag_names()[network]) and bool(np.isfinite(answer).all()):
            yield Finding("networks", "ok", f"{network} runs")
        else:
            yield Finding("networks", "problem", f"{network} answers nonsense", "install the program again")


def _model(connection: Connection, folder: Path) -> Iterator[Finding]:
    from catalog.learning.registry.artifact import ArtifactRefused, read_artifact

    columns = (model.c.id, model.c.algorithm, model.c.artifact, model.c.artifact_sha256)
    row = connection.execute(sa.select(*columns).where(model.c.status == "active")).one_or_none()
    if row is None:
        yield Finding("model", "ok", "none in force yet; catalog train makes one")
        return
    name = f"model {row.id} ({row.algorithm})"
    if row.artifact is None:
        yield Finding("model", "ok", f"{name}; it needs no file")
        return
    try:
        read_artifact(folder, row.artifact, row.artifact_sha256 or "")
    except ArtifactRefused as error:
        yield Finding("model", "problem", f"{name}: {error}")
        return
    yield Finding("model", "ok", f"{name}; its file is the one that was written")


def _clock(connection: Connection) -> Iterator[Finding]:
    here = now()
    if connection.dialect.name == "postgresql":
        there = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        if abs(there - here) > DRIFT:
            text = f"the database's clock is {abs(there - here).total_seconds():.0f} s away from ours"
            yield Finding("clock", "warning", text, "set both clocks by NTP")
            return
    beat = connection.execute(sa.select(sa.func.max(worker.c.heartbeat_at))).scalar_one()
    if beat is not None and beat - here > DRIFT:
        text = f"a worker's heartbeat is {(beat - here).total_seconds():.0f} s in the future"
        yield Finding("clock", "warning", text, "set the clocks of all hosts by NTP")
        return
    yield Finding("clock", "ok", f"{here:%Y-%m-%d %H:%M:%S} UTC")


def _workers(connection: Connection) -> Iterator[Finding]:
    own = version("music-catalog")
    rows = connection.execute(
        sa.select(worker.c.host, worker.c.version).where(worker.c.stopped_at.is_(None)).distinct()
    ).all()
    others = sorted(f"{row.host} ({row.version})" for row in rows if row.version != own)
    if others:
        text = f"another version than {own} on: {', '.join(others)}"
        yield Finding("workers", "warning", text, "install the same version on every host")
    else:
        hosts = {row.host for row in rows}
        yield Finding(
            "workers", "ok", f"on {len(hosts)} host{'s' * (len(hosts) != 1)}" if hosts else "none at work"
        )
