"""Fails if a file is larger than the repository should hold.

    python tools/check_file_sizes.py FILE...

The network weights and the lock files are larger on purpose.
"""

from __future__ import annotations

import sys
from pathlib import Path

LARGEST_KB = 300
EXEMPT = ("catalog/audio/feature_sets/networks/", "requirements")


def too_large(names: list[str]) -> list[str]:
    """The files over the limit, with their size in KB."""
    sizes = {name: Path(name).stat().st_size // 1024 for name in names if Path(name).is_file()}
    return [
        f"{name}: {size} KB; at most {LARGEST_KB} KB"
        for name, size in sizes.items()
        if size > LARGEST_KB and not name.startswith(EXEMPT)
    ]


def main() -> int:
    """Prints one line per file that is too large; the exit code is 1 if there is one."""
    lines = too_large(sys.argv[1:])
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
