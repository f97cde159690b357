"""What importing the Free Music Archive's metadata costs, beside `pandas.read_csv` of the same files in the same run.

    python benchmarks/import_fma.py [--tracks N] [--folder FOLDER] [--database-url URL] [--json]

The files are made (see make_fma.py) unless FOLDER holds them. The import is the whole command, start-up included;
of pandas only the reading counts, without the import of pandas: once told how many rows of header there are, and once
plain, with nothing but the name of the file. Processor time, of all threads; memory is the largest resident set. On
PostgreSQL the time is that of the program alone, without the server's. The database must be an empty one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from make_fma import ECHONEST_SHARE, TRACKS, write_fma

FILES = {"tracks.csv": 2, "features.csv": 3, "echonest.csv": 3}
READ = """
import json, sys, time, warnings
import pandas
warnings.simplefilter("ignore")
begin = time.process_time()
for file, rows in json.loads(sys.argv[1]):
    pandas.read_csv(file, **({"header": list(range(rows)), "index_col": 0} if rows else {}))
print(time.process_time() - begin)
"""


def measure(folder: Path, url: str) -> dict[str, float]:
    told = [(str(folder / file), rows) for file, rows in FILES.items() if (folder / file).exists()]
    plain = [(file, 0) for file, _ in told]
    catalog = [str(Path(sys.executable).with_name("catalog")), "--quiet", "--database-url", url]
    cpu, memory = _run([*catalog, "fma", "import", str(folder), "--json"])
    return {
        "import_seconds": cpu,
        "import_megabytes": memory,
        "pandas_told_seconds": _read(told),
        "pandas_plain_seconds": _read(plain),
    }


def _run(command: list[str]) -> tuple[float, float]:
    """Processor seconds and the largest resident set in megabytes of a process and those it waited for."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def _read(files: list[tuple[str, int]]) -> float:
    command = [sys.executable, "-c", READ, json.dumps(files)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=TRACKS)
    parser.add_argument("--folder", type=Path, help="where the files are; made if there are none")
    parser.add_argument(
        "--database-url", help="an empty database  [default: a SQLite file that is made and removed]"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "fma"
        if not (folder / "tracks.csv").exists():
            write_fma(folder, given.tracks, given.tracks, int(given.tracks * ECHONEST_SHARE))
        file = Path(scratch) / "catalog.db"
        found = measure(folder, given.database_url or f"sqlite:///{file}")
        if given.database_url is None:
            found["database_megabytes"] = file.stat().st_size / 1e6
    found["times_pandas_told"] = found["import_seconds"] / found["pandas_told_seconds"]
    found["times_pandas_plain"] = found["import_seconds"] / found["pandas_plain_seconds"]
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):>22}  {value:10.2f}")


if __name__ == "__main__":
    main()
