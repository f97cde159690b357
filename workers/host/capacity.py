"""Number of worker processes that fit this host."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

WORKER_MEMORY = 400 * 2**20
"""Bytes of a worker and its work horse: 280 MB with every feature set, and a reserve for difficult files."""
CONTROL_GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def default_worker_count() -> int:
    """One worker per available core, limited by the available memory; at least one.

    The limits of a container or a systemd unit count, not the size of the machine.
    """
    return max(1, min(_cores(), _available_memory() // WORKER_MEMORY))


def _cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for group in _control_groups():
        quota, _, period = _read(group / "cpu.max").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores


def _available_memory() -> int:
    available = psutil.virtual_memory().available
    for group in _control_groups():
        limit, used = _read(group / "memory.max"), _read(group / "memory.current")
        if limit.isdecimal() and used.isdecimal():
            available = min(available, int(limit) - int(used) + _reclaimable(group))
    return max(0, int(available))


def _reclaimable(group: Path) -> int:
    """Bytes of cached files that the kernel frees when memory is needed."""
    for line in _read(group / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return int(value)
    return 0


def _control_groups() -> Iterator[Path]:
    """The control group of this process and its ancestors; empty without control groups version 2."""
    for line in _read(MEMBERSHIP).splitlines():
        if line.startswith("0::"):
            inner = line.removeprefix("0::").strip("/")
            group = CONTROL_GROUPS / inner
            yield group
            yield from (parent for parent in group.parents if parent.is_relative_to(CONTROL_GROUPS))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
