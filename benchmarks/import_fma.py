"""What importing the Free Music Archive's metadata costs, beside `pandas.read_csv` of the same files in the same run.

    python benchmarks/import_fma.py [--tracks N] [--folder FOLDER] [--rounds N] [--database-url URL] [--json]

The files are made (see make_fma.py) unless FOLDER holds them. The import is the whole command, start-up included,
into an empty database, and once more into the same; of pandas only the reading counts, without the import of pandas:
once told how many rows of header there are, and once plain, with nothing but the name of the file. Processor time, of
all threads; memory is the largest resident set; medians of the rounds, in each of which all are timed one after the
other. Into a database that is given there is one round.

On PostgreSQL `import` is the program alone, and `server` what the server's processes took meanwhile: its backends,
writers of pages and of the log, whoever they worked for. It is known where the server is on this machine, and Linux.
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
    told = [(str(folder / file), rows) for file, rows in FILES.items() if (folder / file).exists()]
    plain = [(file, 0) for file, _ in told]
    catalog = [str(Path(sys.executable).with_name("catalog")), "--quiet", "--database-url", url]
    server = postmaster(url)
    found = {}
    for name in ("import", "again"):
        before = server_seconds(server)
        cpu, memory = _run([*catalog, "fma", "import", str(folder), "--json"])
        found |= {f"{name}_seconds": cpu, f"{name}_megabytes": memory}
        if server is not None:
            found[f"{name}_server_seconds"] = server_seconds(server) - before
    found |= {"pandas_told_seconds": _read(told), "pandas_plain_seconds": _read(plain)}
    for name in ("told", "plain"):
        found[f"times_pandas_{name}"] = found["import_seconds"] / found[f"pandas_{name}_seconds"]
    return found


def postmaster(url: str) -> int | None:
    """The server's first process, where it is on this machine."""
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
    """Processor seconds of a server: its own, those of its processes, and those of processes that have ended."""
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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "fma"
        if not (folder / "tracks.csv").exists():
            write_fma(folder, given.tracks, given.tracks, int(given.tracks * ECHONEST_SHARE))
        for at in range(1 if given.database_url else given.rounds):
            file = Path(scratch) / f"catalog-{at}.db"
            found = measure(folder, given.database_url or f"sqlite:///{file}")
            if given.database_url is None:
                found["database_megabytes"] = file.stat().st_size / 1e6
                file.unlink()
            rounds.append(found)
    found = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):>22}  {value:10.2f}")


if __name__ == "__main__":
    main()
