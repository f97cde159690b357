"""Exit codes of worker processes, and exit statuses in words."""

import signal

EXIT_IO = 74
"""EX_IOERR: the work failed for a reason unrelated to the track, such as a locked or unreachable database."""
EXIT_DISK_FULL = 73
"""EX_CANTCREAT: the disk of the database is full."""


def describe_exit(code: int) -> str:
    """A `subprocess` return code in words: "by SIGSEGV" or "with exit code 1"."""
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
