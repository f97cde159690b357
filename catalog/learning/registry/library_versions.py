"""Versions stored with a model: libraries, BLAS with its threads, and the processor."""

import platform
import re
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_info

LIBRARIES = ("music-catalog", "numpy", "scikit-learn", "scipy", "skops")


def library_versions() -> dict[str, str]:
    """Versions by library; then each loaded BLAS or OpenMP library, `threads` (the most that one uses), `processor`.

    With the same values a training on the same data gives the same artifact, byte for byte.
    """
    pools = threadpool_info()
    loaded = defaultdict(set)
    for pool in pools:
        if pool["version"]:
            loaded[pool["internal_api"]].add(
                " ".join(filter(None, (pool["version"], pool.get("architecture"))))
            )
    return {
        **{library: version(library) for library in LIBRARIES},
        **{name: " and ".join(sorted(found)) for name, found in sorted(loaded.items())},
        "threads": str(max((pool["num_threads"] for pool in pools), default=1)),
        "processor": _processor(),
    }


def _processor() -> str:
    """The processor's name where the operating system knows it, otherwise its architecture."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return name[1].strip() if name else platform.processor() or platform.machine()
