"""Compare `catalog train` in an empty environment with `OMP_NUM_THREADS=1 catalog train`.

    python benchmarks/threads.py [--home HOME] [--tracks N] [--rounds N] [--busy N] [--json]

Each run trains on a copy of the home, with --force. Without --home the catalog is synthetic: N tracks by as many
artists as in the Free Music Archive, with 518 features each (see make_fma.py). The runs alternate. The values are
medians in seconds: `clock` is elapsed time, `processor` that of the process and its children. --busy starts processes
that compute without end on the same cores. The exit code is 1 if the model files of the runs differ.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from make_fma import write_fma

CATALOG = Path(sys.executable).with_name("catalog")
EMPTY = {name: os.environ[name] for name in ("PATH", "HOME")}
ENVIRONMENTS = {"empty": EMPTY, "one_thread": {**EMPTY, "OMP_NUM_THREADS": "1"}}
TRACKS, SIGNAL = 5_000, 0.5
FEATURE_SET = "fma-518"


def measure(home: Path, environment: Mapping[str, str], arguments: list[str]) -> dict[str, float | str]:
    """Times and the name of the model file, which is its hash, of a training on a copy of the home."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "home"
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns("run"))
        before = set(copy.glob("models/*.skops"))
        begin = time.perf_counter()
        process = subprocess.Popen(
            [CATALOG, "--quiet", "--home", copy, "train", "--force", "--json", *arguments],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"catalog train ended with {process.returncode}")
        new = {path.name for path in set(copy.glob("models/*.skops")) - before}
    return {"clock": clock, "processor": usage.ru_utime + usage.ru_stime, "model": " ".join(sorted(new))}


def make_catalog(home: Path, tracks: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_fma(Path(folder), tracks, tracks, 0, signal=SIGNAL)
        command = [CATALOG, "--quiet", "--home", home, "fma", "import", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def busy_processes(number: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def compare(home: Path, arguments: list[str], rounds: int) -> dict[str, float | str | bool]:
    runs: dict[str, list[dict[str, float | str]]] = {name: [] for name in ENVIRONMENTS}
    for _ in range(rounds):
        for name, environment in ENVIRONMENTS.items():
            runs[name].append(measure(home, environment, arguments))
    result: dict[str, float | str | bool] = {}
    for time_name in ("clock", "processor"):
        for name in ENVIRONMENTS:
            median = statistics.median(float(run[time_name]) for run in runs[name])
            result[f"{name}_{time_name}"] = round(median, 2)
        ratio = float(result[f"empty_{time_name}"]) / float(result[f"one_thread_{time_name}"])
        result[f"{time_name}_ratio"] = round(ratio, 3)
    models = {run["model"] for each in runs.values() for run in each}
    return {**result, "model": " or ".join(sorted(map(str, models))), "models_are_equal": len(models) == 1}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, help="home of a catalog; it is not changed")
    parser.add_argument("--tracks", type=int, default=TRACKS, help="size of the synthetic catalog")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", type=int, default=0, help="number of busy processes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home, arguments = options.home, []
        if home is None:
            home, arguments = Path(scratch), ["--feature-set", FEATURE_SET, "--level", "top"]
            make_catalog(home, options.tracks)
        with busy_processes(options.busy):
            result = compare(home, arguments, options.rounds)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        for name, value in result.items():
            print(f"{name.replace('_', ' '):>22}  {value}")
    if not result["models_are_equal"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
