"""How many worker processes this host can carry."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

NEED = 400 * 2**20
"""Bytes that a worker and its horse take at work: 280 MB with every feature set, and room for a difficult file."""
CONTROL_GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def fitting_workers() -> int:
    """One a core that this process may use, but no more than there is memory for; at least one.

    What a container or a systemd unit is granted counts, not what the machine has.
    """
    return max(1, min(_cores(), _available_memory() // NEED))


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
    """Bytes of files that the kernel keeps at hand and lets go of when memory is wanted."""
    for line in _read(group / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return int(value)
    return 0


def _control_groups() -> Iterator[Path]:
    """The control group of this process and those that it is in; none where there is no version 2 of them."""
    for line in _read(MEMBERSHIP).splitlines():
        if line.startswith("0::"):
            inner = line.removeprefix("0::").strip("/")
            group = CONTROL_GROUPS / inner
            yield group
            yield from (above for above in group.parents if above.is_relative_to(CONTROL_GROUPS))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
