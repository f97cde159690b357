"""Copy a catalog of the Free Music Archive's size to PostgreSQL and back to SQLite, and compare checksums.

    python benchmarks/moving.py --to postgresql://user@host/EMPTY [--home HOME] [--tracks N] [--json]

The catalog is that of HOME. Without HOME it is generated with `make_fma.py` and `catalog fma import`: 106,574 tracks
with 518 numbers each and 13,129 with 237. Each direction is one command, start-up and verification included. The script
prints rows per second, the processor time of the command, and its peak resident memory; the server's time is excluded.
Checksums are compared three times: by each command, and here between the first and the last catalog.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from make_fma import ECHONEST_SHARE, TRACKS, write_fma


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", required=True, help="URL of an empty PostgreSQL database")
    parser.add_argument("--home", type=Path, help="home of the catalog to copy")
    parser.add_argument("--tracks", type=int, default=TRACKS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or make(Path(folder), options.tracks)
        to_postgresql = copy(home, f"sqlite:///{home / 'catalog.db'}", options.to)
        to_sqlite = copy(home, options.to, f"sqlite:///{folder}/back.db")
    agree = to_postgresql["tables"] == to_sqlite["tables"]
    ways = {"SQLite to PostgreSQL": to_postgresql, "PostgreSQL to SQLite": to_sqlite}
    if options.json:
        print(json.dumps({"ways": ways, "agree": agree}, indent=1))
        return 0 if agree else 1
    for name, way in ways.items():
        rows = sum(number for number, _ in way["tables"].values())
        print(
            f"{name}: {rows:,} rows in {way['seconds']:.0f} s, {rows / way['seconds']:,.0f} rows/s; "
            f"processor {way['processor']:.1f} s, {rows / way['processor']:,.0f} rows/s; {way['megabytes']:.0f} MB"
        )
    print("the checksums of all tables agree" if agree else "CHECKSUMS DIFFER")
    return 0 if agree else 1


def make(folder: Path, tracks: int) -> Path:
    home = folder / "home"
    write_fma(folder / "fma", tracks, tracks, int(tracks * ECHONEST_SHARE))
    subprocess.run([*catalog(home), "fma", "import", str(folder / "fma")], check=True)
    return home


def catalog(home: Path) -> list[str]:
    return [str(Path(sys.executable).with_name("catalog")), "--quiet", "--home", str(home)]


def copy(home: Path, source: str, target: str) -> dict[str, object]:
    begin = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        command = [*catalog(home), "--database-url", source, "db", "copy", "--to", target, "--json"]
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(process.returncode)
        out.seek(0)
        rows = json.load(out)
    return {
        "seconds": time.monotonic() - begin,
        "processor": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6,
        "tables": {row["table"]: (row["rows"], row["checksum"]) for row in rows},
    }


if __name__ == "__main__":
    sys.exit(main())
