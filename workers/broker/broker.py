"""The broker: an external Redis, or an embedded Valkey in the `run` folder of the catalog's home."""

import fcntl
import hashlib
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import redis
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from catalog.db.private_folder import make_private_folder
from catalog.errors import CatalogError

MAX_SOCKET_PATH = 100
"""Bytes of the path of a socket; the limit of the system is slightly higher."""
TIMEOUT = 5.0
PLAIN_PATH = re.compile(r"[\w./+@-]+", re.ASCII)
"""Paths that Valkey's configuration accepts without quotes."""


class BrokerUnreachableError(CatalogError):
    """The broker does not answer. The message never contains the password."""


@dataclass(frozen=True)
class Broker:
    """A broker that answers."""

    url: str = field(repr=False)
    """`redis://`, `rediss://` or `unix://`. It may contain a password: never log it or pass it as an argument."""
    folder: Path | None
    """The folder of the embedded Valkey; None for an external Redis."""

    def connect(self) -> Redis:
        """A connection that fails at the first error, while redis-py retries for seconds. See `revive`."""
        return _connect(self.url)

    def revive(self) -> None:
        """Restarts the embedded Valkey if it has stopped. Raises BrokerUnreachableError."""
        if self.folder is not None:
            _start_valkey(self.folder)
        else:
            _require_answer(self.url)


@contextmanager
def open_broker(redis_url: str | None, run: Path) -> Iterator[Broker]:
    """Opens the Redis of the URL, or the embedded Valkey, which is started unless another command has started it.

    The last command that uses the embedded Valkey stops it. Raises BrokerUnreachableError.
    """
    if redis_url is not None:
        _require_answer(redis_url)
        yield Broker(redis_url, None)
        return
    folder = _broker_folder(run)
    url = _socket_url(folder)
    # Held while the broker is used. The system also releases the lock of a killed command.
    with (folder / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            _start_valkey(folder)
            yield Broker(url, folder)
        finally:
            _stop_if_last(users.fileno(), url)


def find_broker(redis_url: str | None, run: Path) -> Broker | None:
    """The broker if it answers, without starting one. Raises BrokerUnreachableError for the Redis of the URL."""
    if redis_url is not None:
        _require_answer(redis_url)
        return Broker(redis_url, None)
    try:
        folder = _broker_folder(run)
    except OSError:
        # A read-only home has no broker.
        return None
    url = _socket_url(folder)
    return Broker(url, folder) if _answers(url) else None


def _broker_folder(run: Path) -> Path:
    """The run folder, or if Valkey cannot use it a private temporary folder, which is the same for every command."""
    run = run.absolute()
    if len(os.fsencode(_socket_path(run))) <= MAX_SOCKET_PATH and PLAIN_PATH.fullmatch(str(run)):
        make_private_folder(run)
        return run
    digest = hashlib.blake2b(os.fsencode(run), digest_size=8).hexdigest()
    name = f"catalog-{os.getuid()}-{digest}"
    folder = Path(tempfile.gettempdir()).resolve() / name
    if len(os.fsencode(_socket_path(folder))) > MAX_SOCKET_PATH or not PLAIN_PATH.fullmatch(str(folder)):
        folder = Path("/tmp") / name  # noqa: S108 -- checked below
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise BrokerUnreachableError(f"{folder} is not a private folder of this user; remove it")
    return folder


def _socket_path(folder: Path) -> Path:
    return folder / "valkey.sock"


def _socket_url(folder: Path) -> str:
    return f"unix://{quote(str(_socket_path(folder)))}"


def _start_valkey(folder: Path) -> None:
    """Starts Valkey unless it answers. A lock makes two commands start only one."""
    url = _socket_url(folder)
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _answers(url):
            return
        # In its own session Ctrl-C does not reach it. Started by a process that exits immediately, it survives the end
        # of the first command that uses it.
        started = subprocess.run(
            [sys.executable, "-P", "-m", "workers.broker.valkey", str(folder)],
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if started.returncode != 0:
            errors = started.stderr.strip().splitlines() or ["no message"]
            raise BrokerUnreachableError(
                f"the embedded Redis does not start ({errors[-1]}); see {folder / 'valkey.log'}, "
                "or set a Redis with --redis-url"
            )


def _stop_if_last(users: int, url: str) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    path = unquote(urlsplit(url).path)
    try:
        with _connect(url) as connection:
            connection.shutdown(nosave=True)
    except redis.RedisError:
        return
    deadline = time.monotonic() + TIMEOUT
    while Path(path).exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def _connect(url: str) -> Redis:
    return Redis.from_url(
        url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
    )


def _answers(url: str) -> bool:
    try:
        with _connect(url) as connection:
            return bool(connection.ping())
    except redis.RedisError:
        return False


def _require_answer(url: str) -> None:
    try:
        with _connect(url) as connection:
            connection.ping()
            return
    except redis.AuthenticationError:
        message = f"the Redis at {_without_password(url)} rejects the password; correct it in --redis-url"
    except redis.ResponseError as error:
        message = (
            f"the Redis at {_without_password(url)} answers with an error ({error}); correct --redis-url"
        )
    except (redis.RedisError, OSError) as error:
        reason = type(error).__name__ if "://" in str(error) else str(error).rstrip(".")
        message = (
            f"no Redis answers at {_without_password(url)} ({reason}); start it, or leave --redis-url out"
        )
        message += " for the embedded one"
    except ValueError:
        message = (
            "the Redis URL cannot be read; it looks like redis://host:6379/0, rediss://... or unix:///socket"
        )
    raise BrokerUnreachableError(message)


def _without_password(url: str) -> str:
    """The URL without the password."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return parts.netloc.rpartition("@")[2]
