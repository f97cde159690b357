"""An installation for fault tests.

Servers, a collection, and two commands of three workers each, restarted as systemd does.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import sqlalchemy as sa
from chaos_invariants import evidence, is_quiet, pending
from chaos_music import NAME, Music, install_recipe, search_path
from chaos_servers import PostgreSQL, Redis, Volume, Wire

from catalog.audio.feature_sets.installed import feature_set
from catalog.collection.scan.scan import scan
from catalog.db.database import open_database
from catalog.db.retry import retry_until_connected
from catalog.db.schema.schema_state import upgrade
from catalog.db.tables import decision, feature_vector, genre, label, statement, track, worker
from catalog.features.stored_feature_set import register_feature_set
from catalog.genres.seed import seed_vocabulary

HOSTS, WORKERS = 2, 3
TIME_LIMIT = 10
MEGABYTES = 256
WORTH = 0.03
"""Seconds that the recipe sleeps on a track, so that there is a middle to die in."""
CLOCK = "CHAOS_CLOCK"
DECIDED = 40

HOOK = f"""
import os

if "{CLOCK}" in os.environ:
    import sys, time
    from datetime import timedelta

    def ahead():
        try:
            with open(os.environ["{CLOCK}"]) as file:
                return float(file.read() or 0)
        except OSError:
            return 0.0

    def shifted(now):
        return lambda: now() + timedelta(seconds=ahead())

    import workers, rq.utils, rq.worker
    from catalog.db import columns

    true_time = time.time
    time.time = lambda: true_time() + ahead()
    columns.now = shifted(columns.now)
    their_now = rq.utils.now
    for name, module in list(sys.modules.items()):
        if name.startswith("rq.") and getattr(module, "now", None) is their_now:
            module.now = shifted(their_now)
"""
"""Gives a process, and those it forks, a clock that a file sets wrong by so many seconds."""


class Host:
    """One `catalog worker` with its processes."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self._command = command
        folder.mkdir()
        self.clock = folder / "clock"
        self.clock.write_text("0")
        self._environment = {**environment, CLOCK: str(self.clock)}
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.ended = 0
        """How often the command ended by itself."""

    def keep_running(self) -> None:
        """Starts the command if it is not there."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            self.ended += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """SIGKILL for the command alone."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the command as a person would."""
        self._signal(signal.SIGTERM)

    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        if self._process is None:
            return []
        with suppress(psutil.Error):
            return [
                one
                for one in psutil.Process(self._process.pid).children()
                if "workers.process.worker_main" in one.cmdline()
            ]
        return []

    def horses(self) -> list[psutil.Process]:
        """What its workers have forked."""
        found = []
        for one in self.workers():
            with suppress(psutil.Error):
                found += one.children()
        return found

    def _signal(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Site:
    """The installation."""

    def __init__(self, folder: Path, kind: str, randomness: random.Random) -> None:
        self.random = randomness
        folder.mkdir(parents=True, exist_ok=True)
        # The user that PostgreSQL runs as must get through.
        folder.chmod(0o755)
        self._folder = folder
        self.volume = Volume(folder / "disk", MEGABYTES)
        self.postgresql = PostgreSQL(self.volume.folder) if kind == "postgresql" else None
        self.redis = Redis(folder / "redis")
        self.music = Music(folder / "music", randomness)
        if self.postgresql is None:
            self.wire = None
            direct = indirect = sa.make_url(f"sqlite:///{self.volume.folder / 'catalog.db'}")
        else:
            self.wire = Wire(self.postgresql.socket)
            direct = self.postgresql.url
            indirect = direct.set(host="127.0.0.1", port=self.wire.port, query={})
        install_recipe(folder / "recipe")
        (folder / "recipe" / "sitecustomize.py").write_text(HOOK)
        sys.path.insert(0, str(folder / "recipe"))
        self.database = open_database(direct)
        upgrade(self.database)
        with self.database.write() as connection:
            seed_vocabulary(connection)
            self.recipe = register_feature_set(connection, feature_set(NAME))
        command = [sys.executable, "-P", "-c", "from catalog.cli.main import main; main()"]
        command += ["--redis-url", self.redis.url, "worker", "--feature-set", NAME]
        command += ["--workers", str(WORKERS), "--time-limit", str(TIME_LIMIT)]
        environment = {
            **os.environ,
            "PYTHONPATH": search_path(folder / "recipe"),
            # Not in the arguments, where passwords would be.
            "CATALOG_DATABASE_URL": indirect.render_as_string(hide_password=False),
            "CHAOS_SECONDS": str(WORTH),
        }
        self.hosts = [
            Host(
                command,
                {**environment, "CATALOG_HOME": str(folder / f"home-{name}")},
                folder / f"host-{name}",
            )
            for name in range(HOSTS)
        ]

    def begin(self, tracks: int, bad: list[str]) -> None:
        """A first collection, and what people said of it."""
        self.music.make(tracks, bad)
        scan(self.database, self.music.folder)
        with self.database.write() as connection:
            (genre_id,) = connection.execute(sa.select(genre.c.id).order_by(genre.c.id).limit(1)).one()
            for track_id in connection.execute(sa.select(track.c.id).limit(DECIDED)).scalars().all():
                said = {"track_id": track_id, "source": "person", "stated_by": "anna"}
                statement_id = connection.execute(
                    sa.insert(statement).values(said).returning(statement.c.id)
                ).scalar_one()
                connection.execute(
                    sa.insert(label).values(
                        statement_id=statement_id, rank=0, genre_id=genre_id, as_written="x"
                    )
                )
                what = {"verdict": "keep", "reviewer": "anna", "source": "queue"}
                connection.execute(
                    sa.insert(decision).values(
                        track_id=track_id, genre_id=genre_id, statement_id=statement_id, **what
                    )
                )
        self.keep_running()

    def make_work(self, tracks: int, bad: list[str]) -> int:
        """New files, changed ones, and vectors that are to be computed again; gives how many tracks are pending."""
        self.music.make(tracks // 5 + len(bad), bad)
        self.music.change(tracks // 2)
        scan(self.database, self.music.folder)
        with self.database.write() as connection:
            ids = connection.execute(sa.select(feature_vector.c.track_id)).scalars().all()
            lost = self.random.sample(sorted(ids), min(tracks // 3, len(ids)))
            connection.execute(sa.delete(feature_vector).where(feature_vector.c.track_id.in_(lost)))
        return self.pending()

    def pending(self) -> int:
        """How many tracks are still to be heard."""

        def ask() -> int:
            with self.database.read() as connection:
                return pending(connection, self.recipe)

        return retry_until_connected(ask)

    def is_quiet(self) -> bool:
        """Whether nothing is pending and nobody is at work."""

        def ask() -> bool:
            with self.database.read() as connection:
                return is_quiet(connection, self.recipe)

        return retry_until_connected(ask)

    def evidence(self) -> str:
        """A checksum of what sources and people said."""

        def ask() -> str:
            with self.database.read() as connection:
                return evidence(connection)

        return retry_until_connected(ask)

    def living(self) -> int:
        """How many workers say that they live."""

        def ask() -> int:
            with self.database.read() as connection:
                return connection.execute(
                    sa.select(sa.func.count()).select_from(worker).where(worker.c.stopped_at.is_(None))
                ).scalar_one()

        return retry_until_connected(ask)

    def keep_running(self) -> None:
        """Has every command run."""
        for host in self.hosts:
            host.keep_running()

    def ended(self) -> int:
        """How many commands have ended by themselves."""
        return sum(host.ended for host in self.hosts)

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Waits for it, with every command kept running; whether it came true in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.keep_running()
            time.sleep(0.1)
        return True

    def close(self, *, keep: bool) -> None:
        """Ends everything; with `keep`, the disk's content stays in the folder `kept`."""
        for host in self.hosts:
            host.stop()
        self.database.close()
        self.redis.close()
        if self.wire is not None:
            self.wire.close()
        if self.postgresql is not None:
            self.postgresql.close()
        self.volume.close(self._folder / "kept" if keep else None)
