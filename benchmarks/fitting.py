"""Measure fitting: each classifier compared with the plain scikit-learn call, and its time and memory at any size.

    python benchmarks/fitting.py [--tracks N] [--dimensions D] [--algorithm NAME]... [--no-ratio] [--reckon] [--json]

The script fits every classifier on generated vectors in a separate process with a time limit and a memory limit. With
--reckon, classifiers with trees or rounds are fitted with a twentieth and with a tenth of them, and the full cost is
extrapolated linearly from both. The ratio compares processor time with equal parameters, as the minimum of several
rounds. The script exits with 1 if a ratio is above 1.1 or a classifier exceeds a limit.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from catalog.threads import limit_threads

limit_threads()

import numpy as np  # noqa: E402 - NumPy reads the thread limits at import
import numpy.typing as npt  # noqa: E402

from catalog.learning.classifiers import ALGORITHMS, class_probabilities, get_algorithm  # noqa: E402

Matrix = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
CLASSES = 16
FACTORS, NOISE = 100, 0.2
REPEATED = ("trees", "rounds")
"""Parameters with a number of repetitions."""
ALLOWED_RATIO = 1.1
ROUNDS, ENOUGH = 9, 30
"""Largest number of comparisons with the plain call, and seconds after which no further one starts."""
LONGEST_COMPARED = 120
"""Seconds of a fit above which it is not compared with the plain call."""


def generate(tracks: int, dimensions: int) -> tuple[Matrix, Integers]:
    """Float32 vectors (tracks, dimensions) of sixteen overlapping classes; the largest has ten times the smallest.

    As in real features, few directions hold most of the variance: it falls with the rank to the power 1.3.
    """
    random = np.random.default_rng(0)
    share = np.geomspace(10, 1, CLASSES)
    y = random.choice(CLASSES, tracks, p=share / share.sum())
    scale = np.arange(1, min(FACTORS, dimensions) + 1) ** -0.65
    centers = random.normal(0, 0.2, (CLASSES, len(scale)))
    loadings = random.standard_normal((len(scale), dimensions), dtype=np.float32)
    X = np.empty((tracks, dimensions), np.float32)
    for start in range(0, tracks, 10_000):
        part = y[start : start + 10_000]
        factors = (random.standard_normal((len(part), len(scale))) + centers[part]) * scale
        noise = random.standard_normal((len(part), dimensions), dtype=np.float32)
        X[start : start + 10_000] = factors.astype(np.float32) @ loadings + NOISE * noise
    return X, y


def cpu_seconds(fit: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    start = time.process_time()
    fit()
    return time.process_time() - start


def peak() -> int:
    """The peak resident memory of this process in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(name: str, tracks: int, dimensions: int, memory: int, *, compared: bool, reckoned: bool) -> None:
    """Fit one classifier in this process, and print a line of JSON after each measured value."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory * 2**20, memory * 2**20))
    X, y = generate(tracks, dimensions)
    repeated = next((one for one in REPEATED if one in get_algorithm(name).defaults), None)
    result: dict[str, Any] = {"vectors": round(X.nbytes / 2**20)}
    if reckoned and repeated is not None:
        print(json.dumps(result | reckon(name, repeated, X, y)), flush=True)
        return
    classifier = get_algorithm(name).build()
    result["seconds"] = cpu_seconds(lambda: classifier.fit(X, y))
    result["memory"] = peak()
    print(json.dumps(result), flush=True)
    some = X[: min(2_000, tracks)]
    result["asked"] = cpu_seconds(lambda: class_probabilities(classifier, some, CLASSES)) / len(some) * 1000
    print(json.dumps(result), flush=True)
    if compared and result["seconds"] <= LONGEST_COMPARED:
        result["ratio"] = ratio(name, X, y)
        print(json.dumps(result), flush=True)


def reckon(name: str, repeated: str, X: Matrix, y: Integers) -> dict[str, Any]:
    """Seconds and memory of a full fit, extrapolated from a twentieth and a tenth of the trees or rounds."""
    whole = get_algorithm(name).defaults[repeated]
    parts = [max(1, whole // 20), max(2, whole // 10)]
    points = []
    for part in parts:
        classifier = get_algorithm(name).build({repeated: part})
        points.append((cpu_seconds(partial(classifier.fit, X, y)), peak()))
    often = (whole - parts[0]) / (parts[1] - parts[0])
    (seconds, memory), (more_seconds, more_memory) = points
    return {
        "seconds": seconds + often * (more_seconds - seconds),
        # Each tree stays in memory; a round leaves little.
        "memory": memory + often * (more_memory - memory) if repeated == "trees" else more_memory,
        "reckoned": f"extrapolated from {parts[0]} and {parts[1]} of {whole} {repeated}",
    }


def ratio(name: str, X: Matrix, y: Integers) -> float | None:
    """Processor time divided by that of the plain call; None if there is no plain call."""
    from plain_classifiers import PLAIN, plain

    if name not in PLAIN:
        return None
    ours: list[float] = []
    theirs: list[float] = []
    spent = 0.0
    warnings.simplefilter("ignore")
    while spent < ENOUGH and len(ours) < ROUNDS:
        ours.append(cpu_seconds(lambda: get_algorithm(name).build({"balance": "none"}).fit(X, y)))
        theirs.append(cpu_seconds(lambda: plain(name, *X.shape).fit(X, y)))
        spent += ours[-1] + theirs[-1]
    return min(ours) / min(theirs)


def run_measurement(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one classifier in a process; return its values, and the exceeded limit or error as `problem`."""
    command = [sys.executable, __file__, "--measure", name]
    command += ["--tracks", str(options.tracks), "--dimensions", str(options.dimensions)]
    command += ["--memory", str(options.memory)] + ["--no-ratio"] * options.no_ratio
    command += ["--reckon"] * options.reckon
    problem = None
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=options.time_limit, check=False
        )
        out = done.stdout
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            problem = f"over {options.memory:,} MB" if "MemoryError" in last else last
    except subprocess.TimeoutExpired as late:
        out = (late.stdout or b"").decode()
        problem = f"over {options.time_limit:,} s"
    values = json.loads(out.splitlines()[-1]) if out else {}
    return {"algorithm": name, **values, "problem": problem}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=20_000)
    parser.add_argument("--dimensions", type=int, default=500)
    parser.add_argument("--algorithm", action="append", choices=list(ALGORITHMS), help="repeatable [all]")
    parser.add_argument("--time-limit", type=int, default=3_600, metavar="SECONDS")
    parser.add_argument("--memory", type=int, default=6_000, metavar="MB")
    parser.add_argument("--no-ratio", action="store_true", help="skip the plain call")
    parser.add_argument(
        "--reckon", action="store_true", help="fit a part of the trees or rounds and extrapolate"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", choices=list(ALGORITHMS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(
            options.measure,
            options.tracks,
            options.dimensions,
            options.memory,
            compared=not options.no_ratio,
            reckoned=options.reckon,
        )
        return 0
    print(f"{options.tracks:,} vectors of {options.dimensions:,} numbers, {CLASSES} classes", file=sys.stderr)
    rows = []
    for name in options.algorithm or ALGORITHMS:
        rows.append(run_measurement(name, options))
        if not options.json:
            if len(rows) == 1:
                print("| classifier | fit, s | peak memory, MB | one track, ms | divided by scikit-learn | |")
                print("|---|---|---|---|---|---|")
            print(as_words(rows[-1]), flush=True)
    if options.json:
        print(json.dumps(rows, indent=2))
    slow = [row for row in rows if (row.get("ratio") or 0) > ALLOWED_RATIO]
    return 1 if slow or any(row["problem"] for row in rows) else 0


def as_words(row: dict[str, Any]) -> str:
    cells = [row["algorithm"]]
    for key, digits in (("seconds", 1), ("memory", 0), ("asked", 2), ("ratio", 2)):
        value = row.get(key)
        cells.append("" if value is None else f"{value:,.{digits}f}")
    return "| " + " | ".join([*cells, row["problem"] or row.get("reckoned", "")]) + " |"


if __name__ == "__main__":
    sys.exit(main())
