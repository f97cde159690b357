"""How a process ended: by which exit code it says why, and in words."""

import signal

EXIT_IO = 74
"""EX_IOERR: it could not do its work for no fault of a track, such as a database that is locked or away."""
EXIT_DISK_FULL = 73
"""EX_CANTCREAT: the disk of the database is full."""


def describe_exit(code: int) -> str:
    """By what `subprocess` gives as its return code: "by SIGSEGV", "with exit code 1"."""
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
