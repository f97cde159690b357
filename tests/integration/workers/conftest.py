"""Tracks of synthetic sound, and a fast feature set that is installed by the entry point of a distribution.

The level of a file decides what the feature set does: it computes, fails, crashes or hangs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from redis import Redis
from rq import Queue

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets import installed
from catalog.collection.naming.file_signature import file_signature
from catalog.db.database import Database
from catalog.db.tables import collection, track
from catalog.settings import Settings
from tests.integration.workers.sound import AddTracks, write_sound
from workers.broker.broker import open_broker
from workers.broker.job_queue import open_queue, queue_name

MODULE = """
import os, signal, time
import numpy as np
from catalog.audio.feature_set import FeatureSet

def compute(waveform):
    level = round(float(np.abs(waveform.samples).max()), 1)
    time.sleep(float(os.environ.get("TINY_PAUSE", "0")))
    if level == 0.5:
        os._exit(3)
    if level == 0.6:
        os.kill(os.getpid(), signal.SIGSEGV)
    if level == 0.7:
        time.sleep(1_000_000)
    if level == 0.9:
        np.ones(400 * 2**20, np.uint8)
    if level == 0.8:
        raise ValueError("too loud\\nfor me")
    return np.array([level, waveform.seconds, 0.25, 0.05], np.float32)

TINY = FeatureSet("tiny", 1, {}, ("level", "seconds", "net.tag.loud", "net.tag.soft"), 8_000, compute)
"""


@pytest.fixture(scope="session")
def tiny_distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a distribution of one feature set."""
    folder = tmp_path_factory.mktemp("distribution")
    (folder / "tiny_features.py").write_text(MODULE)
    information = folder / "tiny_features-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-features\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[music_catalog.feature_sets]\ntiny = tiny_features:TINY\n")
    return folder


@pytest.fixture
def tiny(tiny_distribution: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FeatureSet]:
    """The feature set, installed for this process and its children."""
    monkeypatch.syspath_prepend(str(tiny_distribution))
    path = os.pathsep.join(filter(None, [str(tiny_distribution), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    installed._entries.cache_clear()
    installed.feature_set.cache_clear()
    yield installed.feature_set("tiny")
    installed._entries.cache_clear()
    installed.feature_set.cache_clear()
    sys.modules.pop("tiny_features", None)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """The root folder of a collection."""
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


@pytest.fixture
def add_tracks(database: Database, music: Path) -> AddTracks:
    """Writes one file per level and inserts its track, as a scan does."""

    def add(*levels: float, seconds: float = 0.6) -> list[int]:
        ids = []
        with database.write() as connection:
            home = connection.execute(sa.select(collection.c.id).where(collection.c.name == "music")).scalar()
            if home is None:
                home = connection.execute(
                    sa.insert(collection)
                    .values(name="music", kind="folder", root=str(music), root_bytes=os.fsencode(music))
                    .returning(collection.c.id)
                ).scalar_one()
            count = connection.execute(sa.select(sa.func.count()).select_from(track)).scalar_one()
            for number, level in enumerate(levels, start=count):
                path = music / f"{number:04}.wav"
                write_sound(path, level, seconds, pitch=200 + number)
                status = path.stat()
                with path.open("rb") as stream:
                    signature = file_signature(stream, status.st_size)
                row = {
                    "collection_id": home,
                    "path": path.name,
                    "path_bytes": path.name.encode(),
                    "size": status.st_size,
                    "mtime_ns": status.st_mtime_ns,
                    "file_signature": signature,
                }
                ids.append(
                    connection.execute(sa.insert(track).values(row).returning(track.c.id)).scalar_one()
                )
        return ids

    return add


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    """Settings with a separate home, and therefore a separate broker."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return Settings(home, database.url.render_as_string(hide_password=False), None)


@pytest.fixture
def broker_connection(settings: Settings) -> Iterator[Redis]:
    with open_broker(None, settings.run) as broker, broker.connect() as connection:
        yield connection


@pytest.fixture
def queue(database: Database, broker_connection: Redis) -> Queue:
    return open_queue(queue_name(database), broker_connection)
