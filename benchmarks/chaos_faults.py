"""What is broken: each fault strikes, lasts for a while where that means anything, and leaves servers that answer."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
from chaos_site import Site

HOUR = 3600

Fault = Callable[[Site, float], None]
"""Strikes an installation; the second argument is for how many seconds, where it lasts."""


def kill_worker(site: Site, _seconds: float) -> None:
    _kill(site, [one for host in site.hosts for one in host.workers()])


def kill_horse(site: Site, _seconds: float) -> None:
    deadline = time.monotonic() + 5
    while (
        not (horses := [one for host in site.hosts for one in host.horses()]) and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    _kill(site, horses)


def kill_command(site: Site, _seconds: float) -> None:
    site.random.choice(site.hosts).kill()


def stop_command(site: Site, _seconds: float) -> None:
    site.random.choice(site.hosts).stop()


def kill_redis(site: Site, seconds: float) -> None:
    site.redis.send(signal.SIGKILL)
    time.sleep(seconds)
    site.redis.start()


def pause_redis(site: Site, seconds: float) -> None:
    site.redis.send(signal.SIGSTOP)
    time.sleep(seconds)
    site.redis.send(signal.SIGCONT)


def flush_redis(site: Site, _seconds: float) -> None:
    with site.redis.connect() as connection:
        connection.flushall()


def kill_postgresql(site: Site, seconds: float) -> None:
    assert site.postgresql is not None
    site.postgresql.kill()
    time.sleep(seconds)
    site.postgresql.start()


def kill_backend(site: Site, _seconds: float) -> None:
    assert site.postgresql is not None
    site.postgresql.kill_backend(site.random.choice)
    site.postgresql.start()


def cut_wire(site: Site, seconds: float) -> None:
    assert site.wire is not None
    site.wire.cut()
    time.sleep(seconds)
    site.wire.mend()


def swallow_wire(site: Site, seconds: float) -> None:
    assert site.wire is not None
    site.wire.swallow()
    time.sleep(seconds)
    if site.random.random() < 0.5:
        # What was on its way is lost after all.
        site.wire.cut()
    site.wire.mend()


def fill_disk(site: Site, seconds: float) -> None:
    site.volume.fill()
    time.sleep(seconds)
    site.volume.free()
    if site.postgresql is not None:
        # One that could not even write its log has given up.
        site.postgresql.start()


def shift_clock(site: Site, _seconds: float) -> None:
    # It stays wrong until it is set wrong in another way.
    site.random.choice(site.hosts).clock.write_text(str(site.random.uniform(-HOUR, HOUR)))


def _kill(site: Site, among: list[psutil.Process]) -> None:
    if among:
        with suppress(psutil.NoSuchProcess):
            site.random.choice(among).kill()


def faults(site: Site) -> dict[str, Fault]:
    """What can be broken there, by the words for it."""
    found: dict[str, Fault] = {
        "worker killed": kill_worker,
        "work horse killed": kill_horse,
        "command killed": kill_command,
        "command stopped": stop_command,
        "Redis killed": kill_redis,
        "Redis paused": pause_redis,
        "FLUSHALL": flush_redis,
        "clock jumps": shift_clock,
    }
    if site.postgresql is not None:
        found |= {
            "PostgreSQL killed": kill_postgresql,
            "PostgreSQL backend killed": kill_backend,
            "network cut": cut_wire,
            "network swallows": swallow_wire,
        }
    if site.volume.is_small:
        found["disk full"] = fill_disk
    return found
