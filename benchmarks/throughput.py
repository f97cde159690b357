"""Measure workers: against plain multiprocessing, two against one, overhead, and memory.

    python benchmarks/throughput.py [--clips FOLDER] [--tracks N] [--rounds N] [--workers N]... [--only-plain]
                                    [--feature-set NAME] [--json]

The script runs the real `catalog analyze` on separate catalogs. It alternates with `plain_pool.py`, which extracts the
same files with a multiprocessing pool, single-threaded like the workers, and stores nothing. A `sitecustomize` module
in each worker records for each track the end of the extraction, its processor time and the peak memory of the process.
At the end it records the processor time of the workers with their forks, and of the command. Start-up (imports, machine
code, the first extraction) is excluded. Rates count from the start of the last worker to the end of the first.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clips import clips, music, write

from catalog.threads import ONE_THREAD

NOTES = "CATALOG_BENCHMARK_NOTES"
# Appending a short line is one write, so several processes can do it concurrently.
NOTE_TAKER = f"""
import sys

if "workers.process.worker_main" in sys.orig_argv or "analyze" in sys.orig_argv:
    import json, os, resource, time

    def note(**what):
        with open(os.environ["{NOTES}"], "a") as file:
            file.write(json.dumps(what) + "\\n")

    def spent(*whose):
        return sum(sum(resource.getrusage(one)[:2]) for one in whose)

    def noted(plain, by, *whose):
        def work(*arguments, **options):
            before = spent(*whose)
            try:
                return plain(*arguments, **options)
            finally:
                note(by=by, spent=spent(*whose) - before)
        return work

if "workers.process.worker_main" in sys.orig_argv:
    from workers.process import analyze_track

    plain = analyze_track.analyze_track

    def analyze(*arguments):
        begin = time.process_time()
        try:
            return plain(*arguments)
        finally:
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            seconds = time.process_time() - begin
            note(worker=os.getppid(), end=time.time(), processor=seconds, memory=memory)

    analyze_track.analyze_track = analyze
    from workers.process.rq_worker import AnalysisWorker  # after the change, because it imports the function

    AnalysisWorker.work = noted(AnalysisWorker.work, "workers", resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
elif "analyze" in sys.orig_argv:
    from workers.pool import analyze_pending

    analyze_pending._supervise = noted(analyze_pending._supervise, "command", resource.RUSAGE_SELF)
"""
MEGABYTE = 1024 if sys.platform != "darwin" else 1024 * 1024  # in the unit of getrusage


@dataclass(frozen=True)
class Run:
    """The measured values of one run over the files."""

    notes: list[dict[str, float]]
    processor: float  # seconds of the command and the workers, without start-up
    command: float = 0.0  # the part of the command

    @property
    def whole_track(self) -> float:
        """Processor seconds per track, with all overhead."""
        return self.processor / len(self.notes)

    @property
    def extraction(self) -> float:
        """Processor seconds of extraction."""
        return sum(note["processor"] for note in self.notes)

    @property
    def track(self) -> float:
        """Processor seconds of extraction per track."""
        return self.extraction / len(self.notes)

    @property
    def rate(self) -> float:
        """Tracks per second while all workers were working."""
        ends: dict[float, list[float]] = {}
        for note in self.notes:
            ends.setdefault(note["worker"], []).append(note["end"])
        begin, end = max(map(min, ends.values())), min(map(max, ends.values()))
        return sum(begin < note["end"] <= end for note in self.notes) / (end - begin)

    @property
    def memory(self) -> float:
        """Peak memory of a worker in MB."""
        return max(note["memory"] for note in self.notes) / MEGABYTE


class Bench:
    """A folder for catalogs and music."""

    def __init__(self, folder: Path, feature_sets: list[str]) -> None:
        self.folder = folder
        self._names = feature_sets
        self._features = [part for name in feature_sets for part in ("--feature-set", name)]
        (folder / "hook").mkdir()
        (folder / "hook" / "sitecustomize.py").write_text(NOTE_TAKER)

    def collection(self, name: str, paths: list[Path], count: int) -> Path:
        """A folder of `count` tracks, with the files repeated."""
        target = self.folder / name
        target.mkdir()
        for number in range(count):
            path = paths[number % len(paths)]
            shutil.copyfile(path, target / f"{number:04}{path.suffix}")
        return target

    def run(self, music: Path, workers: int) -> Run:
        """Analyze a folder in a new catalog."""
        with tempfile.TemporaryDirectory(dir=self.folder) as home:
            notes = Path(home) / "notes"
            search = [str(self.folder / "hook"), os.environ.get("PYTHONPATH")]
            environment = {
                **os.environ,
                NOTES: str(notes),
                "PYTHONPATH": os.pathsep.join(filter(None, search)),
                "CATALOG_HOME": home,
            }
            catalog = [sys.executable, "-P", "-c", "from catalog.cli.main import main; main()"]
            subprocess.run(
                [*catalog, "-q", "scan", music], env=environment, check=True, stdout=subprocess.DEVNULL
            )
            subprocess.run(
                [*catalog, "-q", "analyze", "--workers", str(workers), *self._features],
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            lines = [json.loads(line) for line in notes.read_text().splitlines()]
        track_notes = [note for note in lines if "worker" in note]
        spent = {
            by: sum(note["spent"] for note in lines if note.get("by") == by) for by in ("workers", "command")
        }
        return Run(track_notes, sum(spent.values()), spent["command"])

    def run_plain(self, music: Path, workers: int) -> Run:
        """Extract the same files with a plain multiprocessing pool."""
        here = Path(__file__).parent
        search = [str(here.parent), os.environ.get("PYTHONPATH")]
        output = subprocess.run(
            [sys.executable, "-P", here / "plain_pool.py", music, str(workers), *self._names],
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, search))},
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
        results = json.loads(output)
        return Run(results["notes"], results["spent"])


def compare_with_plain(bench: Bench, music: Path, workers: int, rounds: int) -> dict[str, Any]:
    """Rate divided by that of plain multiprocessing, by clock and by processor time, in alternating runs."""
    clock, processor, overhead, command = [], [], [], []
    for number in range(rounds):
        # Other load affects both; the order alternates.
        if number % 2:
            ours, plain = bench.run(music, workers), bench.run_plain(music, workers)
        else:
            plain, ours = bench.run_plain(music, workers), bench.run(music, workers)
        clock.append(ours.rate / plain.rate)
        processor.append(plain.whole_track / ours.whole_track)
        overhead.append(1 - ours.extraction / ours.processor)
        command.append(ours.command / ours.processor)
        print(
            f"{workers} workers, round {number + 1} of {rounds}: "
            f"{clock[-1]:.3f} {processor[-1]:.3f} {overhead[-1]:.3f}",
            file=sys.stderr,
            flush=True,
        )
    return {
        f"ours / plain, {workers} workers, by the clock": statistics.median(clock),
        f"ours / plain, {workers} workers, by the clock, each round": clock,
        f"ours / plain, {workers} workers, by processor time": statistics.median(processor),
        f"ours / plain, {workers} workers, by processor time, each round": processor,
        f"processor time besides extraction, {workers} workers": statistics.median(overhead),
        f"share of the command, {workers} workers": statistics.median(command),
    }


def measure(bench: Bench, paths: list[Path], tracks: int, rounds: int) -> dict[str, Any]:
    many = bench.collection("two and one", paths, tracks)
    gains, possible, shares, rates = [], [], [], []
    memory = 0.0
    for number in range(rounds):
        one, two = bench.run(many, 1), bench.run(many, 2)
        gains.append(two.rate / one.rate)
        # Other load costs two workers more clock time than one, and hardly any processor time.
        possible.append(2 * one.track / two.track)
        rates.append(one.rate)
        shares.append(1 - two.extraction / two.processor)
        memory = max(memory, one.memory, two.memory)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return {
        "tracks per second, one worker": statistics.median(rates),
        "two workers / one": statistics.median(gains),
        "two workers / one, each round": gains,
        "two workers / one, by processor time per track": statistics.median(possible),
        "processor time besides extraction, share": statistics.median(shares),
        "processor time besides extraction, each round": shares,
        "memory of a worker, MB": memory,
    }


def three_hours(bench: Bench) -> float:
    """Memory in MB of a worker that analyzes a file of three hours."""
    folder = bench.folder / "long"
    folder.mkdir()
    write(bench.folder / "minute.mp3", music(0, 60))
    minute = (bench.folder / "minute.mp3").read_bytes()
    with (folder / "long.mp3").open("wb") as file:
        for _ in range(180):
            file.write(minute)
    return bench.run(folder, 1).memory


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, metavar="FOLDER", help="audio files to use")
    parser.add_argument("--tracks", type=int, default=80, help="tracks per run [80]")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each case [3]")
    parser.add_argument(
        "--feature-set", action="append", metavar="NAME", help="feature set; repeatable [summary and musicnn]"
    )
    parser.add_argument(
        "--workers",
        type=int,
        action="append",
        help="workers of the comparison with plain multiprocessing; repeatable [1, 2 and 4]",
    )
    parser.add_argument(
        "--only-plain",
        action="store_true",
        help="skip everything but the comparison with plain multiprocessing",
    )
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.feature_set or ["summary", "musicnn"])
        (bench.folder / "clips").mkdir()
        paths, description = clips(arguments.clips, bench.folder / "clips")
        results = {"clips": description, "cores": os.cpu_count()}
        many = bench.collection("many", paths, arguments.tracks)
        for workers in arguments.workers or [1, 2, 4]:
            results |= compare_with_plain(bench, many, workers, arguments.rounds)
        if not arguments.only_plain:
            results |= measure(bench, paths, arguments.tracks, arguments.rounds)
            results["memory of a worker on a file of three hours, MB"] = three_hours(bench)
    if arguments.as_json:
        print(json.dumps(results, indent=1))
    else:
        for name, value in results.items():
            print(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    main()
