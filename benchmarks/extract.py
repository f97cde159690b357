"""Measure feature extraction: this project, librosa, the FMA formula and Essentia on the same clips.

    python benchmarks/extract.py [--clips FOLDER] [--rounds N] [--essentia PYTHON] [--json]

Each contender is a process with one thread. For one core the contenders take turns, clip by clip, on the same core. The
result is the median of processor time over clips and rounds, so that other load affects all contenders equally. For all
cores each contender has the machine for itself, with one process per core, and the result is clips per second.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from clips import clips
from contender import CONTENDERS

from catalog.threads import ONE_THREAD

CONTENDER = Path(__file__).with_name("contender.py")
# Ratios of processor time on one core.
RATIOS = {
    "librosa / summary": ("librosa", "summary"),
    "essentia / summary": ("essentia", "summary"),
    "fma / summary": ("fma", "summary"),
    "networks / plain network": ("networks", "plain network"),
}
ON_ALL_CORES = ("summary", "musicnn", "summary and musicnn", "librosa", "fma", "essentia")


class Process:
    """A running contender."""

    def __init__(self, name: str, interpreter: str, core: int | None) -> None:
        self._process = subprocess.Popen(
            [interpreter, CONTENDER, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        if core is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, {core})

    def time(self, clip: Path) -> dict[str, float]:
        """Seconds of the clip's features by the clock (`wall`) and of the processor (`processor`)."""
        self._process.stdin.write(f"{clip}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._process.args[-1]} failed on {clip}")
        return json.loads(answer)

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def processes(name: str, interpreter: str, cores: Sequence[int | None]) -> Iterator[list[Process]]:
    started = [Process(name, interpreter, core) for core in cores]
    try:
        yield started
    finally:
        for process in started:
            process.end()


def on_one_core(
    interpreters: dict[str, str], paths: Sequence[Path], rounds: int
) -> dict[str, list[dict[str, float]]]:
    """The times of every contender, one entry per round and clip."""
    core = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    times: dict[str, list[dict[str, float]]] = {name: [] for name in interpreters}
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(processes(name, interpreter, [core]))[0]
            for name, interpreter in interpreters.items()
        }
        for process in started.values():
            process.time(paths[0])  # compile machine code, load filters and sessions
        for number in range(rounds):
            for path in paths:
                for name, process in started.items():
                    times[name].append(process.time(path))
            log(f"round {number + 1} of {rounds}")
    return times


def on_all_cores(name: str, interpreter: str, paths: Sequence[Path]) -> float:
    """Clips per second with one process per core."""
    cores: list[int | None] = [None] * (os.cpu_count() or 1)
    with processes(name, interpreter, cores) as started:
        for process in started:
            process.time(paths[0])
        queue = deque(paths * len(started))

        def work(process: Process) -> None:
            while True:
                try:
                    path = queue.popleft()
                except IndexError:
                    return
                process.time(path)

        threads = [Thread(target=work, args=[process]) for process in started]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(started) * len(paths) / (time.perf_counter() - begin)


def measure(interpreters: dict[str, str], paths: Sequence[Path], rounds: int) -> dict[str, Any]:
    times = on_one_core(interpreters, paths, rounds)

    def milliseconds(name: str, clock: str) -> float:
        return 1000 * statistics.median(one[clock] for one in times[name])

    def ratio(slow: str, fast: str) -> float:
        return statistics.median(
            one["processor"] / other["processor"] for one, other in zip(times[slow], times[fast], strict=True)
        )

    everywhere = {}
    for name in ON_ALL_CORES:
        if name in interpreters:
            log(f"{name} on all cores")
            everywhere[name] = on_all_cores(name, interpreters[name], paths)
    return {
        "one core, processor, ms": {name: milliseconds(name, "processor") for name in times},
        "one core, clock, ms": {name: milliseconds(name, "wall") for name in times},
        "all cores, clips per second": everywhere,
        "ratios": {name: ratio(*pair) for name, pair in RATIOS.items() if set(pair) <= set(times)},
    }


def table(result: dict[str, Any]) -> str:
    processor, clock, everywhere = (
        result[key]
        for key in ("one core, processor, ms", "one core, clock, ms", "all cores, clips per second")
    )
    lines = [
        "| | processor ms, one core | clock ms, one core | clips per second, all cores |",
        "|---|---|---|---|",
    ]
    for name in processor:
        rate = f"{everywhere[name]:.1f}" if name in everywhere else ""
        lines.append(f"| {name} | {processor[name]:.0f} | {clock[name]:.0f} | {rate} |")
    lines += ["", "| ratio, one core | |", "|---|---|"]
    lines += [f"| {name} | {value:.2f} |" for name, value in result["ratios"].items()]
    return "\n".join(lines)


def has_essentia(interpreter: str) -> bool:
    try:
        attempt = subprocess.run([interpreter, "-c", "import essentia"], capture_output=True, check=False)
    except OSError:
        return False
    return attempt.returncode == 0


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, metavar="FOLDER", help="audio files to use")
    parser.add_argument("--rounds", type=int, default=3, help="extractions of each clip on one core [3]")
    parser.add_argument(
        "--essentia",
        default=sys.executable,
        metavar="PYTHON",
        help="interpreter with Essentia [this one]",
    )
    parser.add_argument(
        "--only", action="append", choices=CONTENDERS, help="measure only this contender; repeatable [all]"
    )
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    names = arguments.only or list(CONTENDERS)
    interpreters = {name: arguments.essentia if name == "essentia" else sys.executable for name in names}
    if "essentia" in names and not has_essentia(arguments.essentia):
        log("Essentia is not installed and is skipped: use pip install essentia or --essentia PYTHON")
        del interpreters["essentia"]
    with tempfile.TemporaryDirectory() as folder:
        paths, description = clips(arguments.clips, Path(folder))
        result = {
            "clips": description,
            "cores": os.cpu_count(),
            **measure(interpreters, paths, arguments.rounds),
        }
    print(
        json.dumps(result, indent=1)
        if arguments.as_json
        else f"{description}, {os.cpu_count()} cores\n\n{table(result)}"
    )


if __name__ == "__main__":
    main()
