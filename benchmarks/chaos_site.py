"""An installation for fault tests.

It has servers, a collection, and two commands of three workers each. The commands are restarted as systemd does.
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
from chaos_invariants import evidence, is_idle, pending
from chaos_music import NAME, Music, install_recipe, search_path
from chaos_servers import PostgreSQL, Proxy, Redis, Volume

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
TRACK_SECONDS = 0.03
"""Seconds that the feature set sleeps per track, so that a fault can interrupt an extraction."""
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
    rq_now = rq.utils.now
    for name, module in list(sys.modules.items()):
        if name.startswith("rq.") and getattr(module, "now", None) is rq_now:
            module.now = shifted(rq_now)
"""
"""Shifts the clock of a process and its forks by the number of seconds in a file."""


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
        self.exits = 0
        """How often the command exited without a signal of this script."""

    def keep_running(self) -> None:
        """Start the command if it does not run."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            self.exits += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """Send SIGKILL to the command only."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Stop the command with SIGTERM."""
        self._signal(signal.SIGTERM)

    def workers(self) -> list[psutil.Process]:
        """The worker processes of the command."""
        if self._process is None:
            return []
        with suppress(psutil.Error):
            return [
                one
                for one in psutil.Process(self._process.pid).children()
                if "workers.process.worker_main" in one.cmdline()
            ]
        return []

    def work_horses(self) -> list[psutil.Process]:
        """The work horses that its workers forked."""
        forks = []
        for one in self.workers():
            with suppress(psutil.Error):
                forks += one.children()
        return forks

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
        # The user that runs PostgreSQL needs access to the folder.
        folder.chmod(0o755)
        self._folder = folder
        self.volume = Volume(folder / "disk", MEGABYTES)
        self.postgresql = PostgreSQL(self.volume.folder) if kind == "postgresql" else None
        self.redis = Redis(folder / "redis")
        self.music = Music(folder / "music", randomness)
        if self.postgresql is None:
            self.proxy = None
            direct = indirect = sa.make_url(f"sqlite:///{self.volume.folder / 'catalog.db'}")
        else:
            self.proxy = Proxy(self.postgresql.socket)
            direct = self.postgresql.url
            indirect = direct.set(host="127.0.0.1", port=self.proxy.port, query={})
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
            # An environment variable, because arguments would expose a password.
            "CATALOG_DATABASE_URL": indirect.render_as_string(hide_password=False),
            "CHAOS_SECONDS": str(TRACK_SECONDS),
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
        """Create the first collection with labels and decisions by a person, and start the commands."""
        self.music.make(tracks, bad)
        scan(self.database, self.music.folder)
        with self.database.write() as connection:
            (genre_id,) = connection.execute(sa.select(genre.c.id).order_by(genre.c.id).limit(1)).one()
            for track_id in connection.execute(sa.select(track.c.id).limit(DECIDED)).scalars().all():
                statement_row = {"track_id": track_id, "source": "person", "stated_by": "anna"}
                statement_id = connection.execute(
                    sa.insert(statement).values(statement_row).returning(statement.c.id)
                ).scalar_one()
                connection.execute(
                    sa.insert(label).values(
                        statement_id=statement_id, rank=0, genre_id=genre_id, as_written="x"
                    )
                )
                decision_row = {"verdict": "keep", "reviewer": "anna", "source": "queue"}
                connection.execute(
                    sa.insert(decision).values(
                        track_id=track_id, genre_id=genre_id, statement_id=statement_id, **decision_row
                    )
                )
        self.keep_running()

    def make_work(self, tracks: int, bad: list[str]) -> int:
        """Add files, change files and delete vectors; return the number of pending tracks."""
        self.music.make(tracks // 5 + len(bad), bad)
        self.music.change(tracks // 2)
        scan(self.database, self.music.folder)
        with self.database.write() as connection:
            ids = connection.execute(sa.select(feature_vector.c.track_id)).scalars().all()
            dropped = self.random.sample(sorted(ids), min(tracks // 3, len(ids)))
            connection.execute(sa.delete(feature_vector).where(feature_vector.c.track_id.in_(dropped)))
        return self.pending()

    def pending(self) -> int:
        """The number of tracks without a current vector or failure."""

        def ask() -> int:
            with self.database.read() as connection:
                return pending(connection, self.recipe)

        return retry_until_connected(ask)

    def is_idle(self) -> bool:
        """True if no track is pending and no claim has a worker."""

        def ask() -> bool:
            with self.database.read() as connection:
                return is_idle(connection, self.recipe)

        return retry_until_connected(ask)

    def evidence(self) -> str:
        """A checksum of all statements, labels and decisions."""

        def ask() -> str:
            with self.database.read() as connection:
                return evidence(connection)

        return retry_until_connected(ask)

    def live_workers(self) -> int:
        """The number of workers that are registered and not stopped."""

        def ask() -> int:
            with self.database.read() as connection:
                return connection.execute(
                    sa.select(sa.func.count()).select_from(worker).where(worker.c.stopped_at.is_(None))
                ).scalar_one()

        return retry_until_connected(ask)

    def keep_running(self) -> None:
        """Start each command that does not run."""
        for host in self.hosts:
            host.keep_running()

    def exits(self) -> int:
        """How often a command exited without a signal of this script."""
        return sum(host.exits for host in self.hosts)

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for the condition and keep every command running; return False after the timeout."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.keep_running()
            time.sleep(0.1)
        return True

    def close(self, *, keep: bool) -> None:
        """Stop everything. With `keep`, copy the content of the disk to the folder `kept`."""
        for host in self.hosts:
            host.stop()
        self.database.close()
        self.redis.close()
        if self.proxy is not None:
            self.proxy.close()
        if self.postgresql is not None:
            self.postgresql.close()
        self.volume.close(self._folder / "kept" if keep else None)
