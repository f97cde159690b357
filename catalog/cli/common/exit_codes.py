"""Exit codes of `catalog`."""

from __future__ import annotations

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_FILES_FAILED = 3
"""The command finished, but some files failed."""
EXIT_INTERRUPTED = 130
