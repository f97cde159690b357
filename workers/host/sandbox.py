"""Sandbox of a process that decodes untrusted files.

Limits of memory, CPU time, core dumps and open files apply on every system. On Linux the process also cannot gain
privileges. If the kernel has Landlock (5.13 or later), it cannot start programs or write outside the given folders.
"""

import contextlib
import ctypes
import logging
import os
import resource
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

log = logging.getLogger(__name__)

MAX_OPEN_FILES = 256
MEGABYTE = 2**20
PR_SET_NO_NEW_PRIVS = 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Landlock's system calls; the numbers are the same on every architecture."""
VERSION_FLAG = 1
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, REMOVE_FILE, MAKE_REG, TRUNCATE = 1 << 0, 1 << 1, 1 << 5, 1 << 8, 1 << 14
MAKE_OR_REMOVE = sum(1 << bit for bit in range(4, 13))
"""Remove directories and files; make devices, directories, files, sockets, pipes and links."""
TRUNCATE_SINCE = 3
"""The first version of Landlock with the TRUNCATE right."""


@dataclass(frozen=True)
class Sandbox:
    """Limits of a process."""

    memory_limit: int
    """Megabytes that it may allocate in addition to its present memory."""
    writable: Sequence[Path] = ()
    """Folders that it may write to."""

    def enter(self, cpu_seconds: int | None) -> None:
        """Confines this process permanently. A second call has no effect.

        `cpu_seconds` count from now; None means no limit.
        """
        if _entered:
            return
        _entered.append(self)
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
        if cpu_seconds is not None:
            _limit(resource.RLIMIT_CPU, int(sum(os.times()[:2])) + cpu_seconds)
        # Data, not address space: onnxruntime and numba reserve memory that they do not use.
        _limit(resource.RLIMIT_DATA, _data_in_use() + self.memory_limit * MEGABYTE)
        if sys.platform == "linux":
            _drop_privileges(self.writable)


_entered: list[Sandbox] = []


def _limit(which: int, value: int) -> None:
    """Lowers a limit of this process permanently. A lower limit stays."""
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    # macOS rejects some limits below the present use.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))


def _data_in_use() -> int:
    return int(getattr(psutil.Process().memory_info(), "data", 0))


def _drop_privileges(writable: Sequence[Path]) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = library.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
    if version < 1:
        log.debug("this kernel has no Landlock; files are protected only by their permissions")
        return
    write_rights = WRITE_FILE | MAKE_OR_REMOVE | (TRUNCATE if version >= TRUNCATE_SINCE else 0)
    handled = ctypes.create_string_buffer(struct.pack("=Q", EXECUTE | write_rights))
    ruleset = library.syscall(CREATE_RULESET, handled, ctypes.c_size_t(8), 0)
    if ruleset < 0:
        log.debug("Landlock rejects the rules: %s", os.strerror(ctypes.get_errno()))
        return
    try:
        allowed = write_rights & (WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE)
        for folder in writable:
            _allow(library, ruleset, folder, allowed)
        _allow(library, ruleset, Path(os.devnull), WRITE_FILE)
        library.syscall(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(library: ctypes.CDLL, ruleset: int, path: Path, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = ctypes.create_string_buffer(struct.pack("=Qi", access, place))
        library.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
    finally:
        os.close(place)
