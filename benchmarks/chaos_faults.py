"""The faults: each one breaks a part of the installation, waits if it has a duration, and repairs the servers."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
from chaos_site import Site

HOUR = 3600

Fault = Callable[[Site, float], None]
"""Injects a fault. The second argument is the duration in seconds; some faults ignore it."""


def kill_worker(site: Site, _seconds: float) -> None:
    _kill(site, [one for host in site.hosts for one in host.workers()])


def kill_work_horse(site: Site, _seconds: float) -> None:
    deadline = time.monotonic() + 5
    while (
        not (work_horses := [one for host in site.hosts for one in host.work_horses()])
        and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    _kill(site, work_horses)


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


def cut_network(site: Site, seconds: float) -> None:
    assert site.proxy is not None
    site.proxy.cut()
    time.sleep(seconds)
    site.proxy.restore()


def drop_packets(site: Site, seconds: float) -> None:
    assert site.proxy is not None
    site.proxy.drop()
    time.sleep(seconds)
    if site.random.random() < 0.5:
        # The packets in transit are lost.
        site.proxy.cut()
    site.proxy.restore()


def fill_disk(site: Site, seconds: float) -> None:
    site.volume.fill()
    time.sleep(seconds)
    site.volume.free()
    if site.postgresql is not None:
        # PostgreSQL stops if it cannot write its log.
        site.postgresql.start()


def shift_clock(site: Site, _seconds: float) -> None:
    # The clock stays wrong until the next fault of this kind.
    site.random.choice(site.hosts).clock.write_text(str(site.random.uniform(-HOUR, HOUR)))


def _kill(site: Site, processes: list[psutil.Process]) -> None:
    if processes:
        with suppress(psutil.NoSuchProcess):
            site.random.choice(processes).kill()


def faults(site: Site) -> dict[str, Fault]:
    """The faults that this installation allows, by name."""
    available: dict[str, Fault] = {
        "worker killed": kill_worker,
        "work horse killed": kill_work_horse,
        "command killed": kill_command,
        "command stopped": stop_command,
        "Redis killed": kill_redis,
        "Redis paused": pause_redis,
        "FLUSHALL": flush_redis,
        "clock jumps": shift_clock,
    }
    if site.postgresql is not None:
        available |= {
            "PostgreSQL killed": kill_postgresql,
            "PostgreSQL backend killed": kill_backend,
            "network cut": cut_network,
            "network swallows": drop_packets,
        }
    if site.volume.is_small:
        available["disk full"] = fill_disk
    return available
