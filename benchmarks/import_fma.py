"""Measure the import of the Free Music Archive's metadata, compared with `pandas.read_csv` on the same files.

    python benchmarks/import_fma.py [--tracks N] [--folder FOLDER] [--rounds N] [--database-url URL] [--json]

The files are generated (see make_fma.py) unless FOLDER contains them. The import is the whole command, start-up
included, into an empty database, and again into the same one. For pandas only the reading counts, without the import of
pandas: once with the number of header rows, and once with only the file name. Times are processor seconds of all
threads, memory is the peak resident set. Values are medians of the rounds; each round times everything in sequence.
With --database-url there is one round.

On PostgreSQL `import` is the program alone, and `server` is the time of all server processes during the import:
backends, page writers and log writers, for all clients. It is measured if the server is on this machine, under Linux.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from make_fma import ECHONEST_SHARE, TRACKS, write_fma

from catalog.db.database import open_database

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
    with_header = [(str(folder / file), rows) for file, rows in FILES.items() if (folder / file).exists()]
    plain = [(file, 0) for file, _ in with_header]
    catalog = [str(Path(sys.executable).with_name("catalog")), "--quiet", "--database-url", url]
    server = postmaster(url)
    result = {}
    for name in ("import", "again"):
        before = server_seconds(server)
        cpu, memory = _run([*catalog, "fma", "import", str(folder), "--json"])
        result |= {f"{name}_seconds": cpu, f"{name}_megabytes": memory}
        if server is not None:
            result[f"{name}_server_seconds"] = server_seconds(server) - before
    result |= {"pandas_told_seconds": _read(with_header), "pandas_plain_seconds": _read(plain)}
    for name in ("told", "plain"):
        result[f"times_pandas_{name}"] = result["import_seconds"] / result[f"pandas_{name}_seconds"]
    return result


def postmaster(url: str) -> int | None:
    """The process id of the server's first process, or None if it is not on this machine."""
    if sa.make_url(url).get_backend_name() != "postgresql" or not Path("/proc").is_dir():
        return None
    engine = open_database(url).reader
    with engine.connect() as connection:
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        file = Path(f"/proc/{backend}/stat")
        if not file.exists() or "postgres" not in file.read_text():
            return None
        parent = int(file.read_text().rpartition(")")[2].split()[1])
    engine.dispose()
    return parent


def server_seconds(server: int | None) -> float:
    """Processor seconds of a server: its own, those of its processes, and those of ended processes."""
    if server is None:
        return 0
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, parent, *rest = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(file.parent.name) == server:
            ticks += sum(map(int, rest[9:13]))
        elif int(parent) == server:
            ticks += sum(map(int, rest[9:11]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _run(command: list[str]) -> tuple[float, float]:
    """Processor seconds and peak resident memory in MB of a process and its waited-for children."""
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
    parser.add_argument("--folder", type=Path, help="folder of the files; generated if it has none")
    parser.add_argument("--database-url", help="URL of an empty database  [default: a temporary SQLite file]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch) / "fma"
        if not (folder / "tracks.csv").exists():
            write_fma(folder, options.tracks, options.tracks, int(options.tracks * ECHONEST_SHARE))
        for at in range(1 if options.database_url else options.rounds):
            file = Path(scratch) / f"catalog-{at}.db"
            result = measure(folder, options.database_url or f"sqlite:///{file}")
            if options.database_url is None:
                result["database_megabytes"] = file.stat().st_size / 1e6
                file.unlink()
            rounds.append(result)
    result = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name.replace('_', ' '):>22}  {value:10.2f}")


if __name__ == "__main__":
    main()
