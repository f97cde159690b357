"""The broker: a Redis that somebody runs, or a Valkey of our own in the home's `run` folder."""

from __future__ import annotations

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

LONGEST_SOCKET = 100
"""Bytes that the path of a socket may have; the system's limit is a little above."""
TIMEOUT = 5.0
PLAIN = re.compile(r"[\w./+@-]+", re.ASCII)
"""Paths that Valkey's configuration takes without quoting."""


class BrokerUnreachableError(CatalogError):
    """A broker that does not answer, with what to do about it. Never shows the password."""


@dataclass(frozen=True)
class Broker:
    """A broker that answers."""

    url: str = field(repr=False)
    """`redis://`, `rediss://` or `unix://`; may hold a password, so it goes into no log and no argument list."""
    place: Path | None
    """Where our own Valkey lives; None for somebody else's Redis."""

    def connect(self) -> Redis:
        """A connection that gives up at the first error, where redis-py tries for seconds: see `revive`."""
        return _ask(self.url)

    def revive(self) -> None:
        """Starts our own Valkey again if it is gone. Raises BrokerUnreachableError where nothing answers."""
        if self.place is not None:
            _ensure(self.place)
        else:
            _require_answer(self.url)


@contextmanager
def open_broker(redis_url: str | None, run: Path) -> Iterator[Broker]:
    """The Redis of the URL, or our own Valkey: one that answers is used whoever started it, else one is started.

    Our own is stopped at the end by the last command that uses it. Raises BrokerUnreachableError.
    """
    if redis_url is not None:
        _require_answer(redis_url)
        yield Broker(redis_url, None)
        return
    place = _place(run)
    url = f"unix://{quote(str(_socket(place)))}"
    # Held as long as the broker is used; the system lets go of it also for who is killed.
    with (place / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            _ensure(place)
            yield Broker(url, place)
        finally:
            _stop_if_last(users.fileno(), url)


def find_broker(redis_url: str | None, run: Path) -> Broker | None:
    """The broker if it answers, without starting one. Raises BrokerUnreachableError for a URL that does not answer."""
    if redis_url is not None:
        _require_answer(redis_url)
        return Broker(redis_url, None)
    try:
        place = _place(run)
    except OSError:
        # A home that may only be read holds no broker.
        return None
    url = f"unix://{quote(str(_socket(place)))}"
    return Broker(url, place) if _answers(url) else None


def _place(run: Path) -> Path:
    """The run folder, or a private temporary one, the same for every command, where Valkey could not live there."""
    run = run.absolute()
    if len(os.fsencode(_socket(run))) <= LONGEST_SOCKET and PLAIN.fullmatch(str(run)):
        make_private_folder(run)
        return run
    digest = hashlib.blake2b(os.fsencode(run), digest_size=8).hexdigest()
    name = f"catalog-{os.getuid()}-{digest}"
    place = Path(tempfile.gettempdir()).resolve() / name
    if len(os.fsencode(_socket(place))) > LONGEST_SOCKET or not PLAIN.fullmatch(str(place)):
        place = Path("/tmp") / name  # noqa: S108 -- made private and checked below
    place.mkdir(mode=0o700, exist_ok=True)
    status = place.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise BrokerUnreachableError(f"{place} is not a private folder of ours; remove it")
    return place


def _socket(place: Path) -> Path:
    return place / "valkey.sock"


def _ensure(place: Path) -> None:
    """Starts Valkey unless one answers. Two commands that come at once start one."""
    url = f"unix://{quote(str(_socket(place)))}"
    with (place / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _answers(url):
            return
        # In a session of its own, no Ctrl-C reaches it; and started by a process that ends at once, it outlives
        # whichever of the commands that use it ends first.
        started = subprocess.run(
            [sys.executable, "-P", "-m", "workers.broker.valkey", str(place)],
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if started.returncode != 0:
            said = started.stderr.strip().splitlines() or ["it says nothing"]
            raise BrokerUnreachableError(
                f"the embedded Valkey does not start ({said[-1]}); see {place / 'valkey.log'}, "
                "or name a Redis with --redis-url"
            )


def _stop_if_last(users: int, url: str) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    path = unquote(urlsplit(url).path)
    try:
        with _ask(url) as connection:
            connection.shutdown(nosave=True)
    except redis.RedisError:
        return
    deadline = time.monotonic() + TIMEOUT
    while Path(path).exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def _ask(url: str) -> Redis:
    return Redis.from_url(
        url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
    )


def _answers(url: str) -> bool:
    try:
        with _ask(url) as connection:
            return bool(connection.ping())
    except redis.RedisError:
        return False


def _require_answer(url: str) -> None:
    try:
        with _ask(url) as connection:
            connection.ping()
    except redis.AuthenticationError:
        raise BrokerUnreachableError(
            f"the Redis at {_shown(url)} refuses the password; correct it in --redis-url"
        ) from None
    except redis.ResponseError as error:
        raise BrokerUnreachableError(
            f"the Redis at {_shown(url)} answers, but refuses ({error}); correct --redis-url"
        ) from None
    except (redis.RedisError, OSError) as error:
        reason = type(error).__name__ if "://" in str(error) else str(error).rstrip(".")
        raise BrokerUnreachableError(
            f"no Redis answers at {_shown(url)} ({reason}); start it, or leave --redis-url out for the embedded one"
        ) from None
    except ValueError:
        raise BrokerUnreachableError(
            "the Redis URL cannot be read; it looks like redis://host:6379/0, rediss://... or unix:///socket"
        ) from None


def _shown(url: str) -> str:
    """The address without the password."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return parts.netloc.rpartition("@")[2]
