"""What workers cost and bring: beside plain multiprocessing, two against one, queue and database against listening, memory.

    python benchmarks/throughput.py [--clips FOLDER] [--tracks N] [--rounds N] [--workers N]... [--json]

Runs the real `catalog analyze` on a catalog of its own, and in turn with it `plain_pool.py`, which extracts the same
files by a pool of multiprocessing, single-threaded like our workers, and stores nothing. A module that Python imports
by itself when a worker starts notes for each track when listening to it ended, what processor time it took and how
much memory the process held at most, and at the end what the workers with their forked children and the command have
spent since they began to work. Start-up (imports, machine code, the first listening) is left out, and rates count
from when the last worker is at work until the first has nothing left.
"""  # noqa: E501

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

NOTES = "CATALOG_BENCHMARK_NOTES"
# Appending a short line is one write: several processes may do it at once.
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
MEGABYTE = 1024 if sys.platform != "darwin" else 1024 * 1024  # of what getrusage counts in


@dataclass(frozen=True)
class Run:
    """What one run over the files did."""

    notes: list[dict[str, float]]
    processor: float  # seconds, of the command and the workers, start-up left out
    command: float = 0.0  # of these, the command's

    @property
    def whole_track(self) -> float:
        """Seconds of processor that a track took, with all that belongs to it."""
        return self.processor / len(self.notes)

    @property
    def listening(self) -> float:
        """Seconds of processor spent on listening."""
        return sum(note["processor"] for note in self.notes)

    @property
    def track(self) -> float:
        """Seconds of processor that a track took."""
        return self.listening / len(self.notes)

    @property
    def rate(self) -> float:
        """Tracks a second while all workers were at work."""
        ends: dict[float, list[float]] = {}
        for note in self.notes:
            ends.setdefault(note["worker"], []).append(note["end"])
        begin, end = max(map(min, ends.values())), min(map(max, ends.values()))
        return sum(begin < note["end"] <= end for note in self.notes) / (end - begin)

    @property
    def memory(self) -> float:
        """Megabytes that a worker held at most."""
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
        """A folder of so many tracks, the files over and over."""
        made = self.folder / name
        made.mkdir()
        for number in range(count):
            path = paths[number % len(paths)]
            shutil.copyfile(path, made / f"{number:04}{path.suffix}")
        return made

    def run(self, music: Path, workers: int) -> Run:
        """Analyzes a folder in a new catalog."""
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
            found = [json.loads(line) for line in notes.read_text().splitlines()]
        heard = [note for note in found if "worker" in note]
        spent = {
            by: sum(note["spent"] for note in found if note.get("by") == by) for by in ("workers", "command")
        }
        return Run(heard, sum(spent.values()), spent["command"])

    def run_plain(self, music: Path, workers: int) -> Run:
        """The same files by a pool of multiprocessing."""
        here = Path(__file__).parent
        search = [str(here.parent), os.environ.get("PYTHONPATH")]
        said = subprocess.run(
            [sys.executable, "-P", here / "plain_pool.py", music, str(workers), *self._names],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, search))},
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
        found = json.loads(said)
        return Run(found["notes"], found["spent"])


def beside_plain(bench: Bench, music: Path, workers: int, rounds: int) -> dict[str, Any]:
    """Our throughput over that of plain multiprocessing, by the clock and by the processor, runs in turn."""
    clock, processor, beside, command = [], [], [], []
    for number in range(rounds):
        # What else the machine does reaches both: who is first changes.
        if number % 2:
            ours, plain = bench.run(music, workers), bench.run_plain(music, workers)
        else:
            plain, ours = bench.run_plain(music, workers), bench.run(music, workers)
        clock.append(ours.rate / plain.rate)
        processor.append(plain.whole_track / ours.whole_track)
        beside.append(1 - ours.listening / ours.processor)
        command.append(ours.command / ours.processor)
        print(
            f"{workers} workers, round {number + 1} of {rounds}: {clock[-1]:.3f} {processor[-1]:.3f} {beside[-1]:.3f}",
            file=sys.stderr,
            flush=True,
        )
    return {
        f"ours / plain, {workers} workers, by the clock": statistics.median(clock),
        f"ours / plain, {workers} workers, by the clock, each round": clock,
        f"ours / plain, {workers} workers, by processor time": statistics.median(processor),
        f"ours / plain, {workers} workers, by processor time, each round": processor,
        f"processor time beside listening, {workers} workers": statistics.median(beside),
        f"the command's part of it, {workers} workers": statistics.median(command),
    }


def measure(bench: Bench, paths: list[Path], tracks: int, rounds: int) -> dict[str, Any]:
    many = bench.collection("two and one", paths, tracks)
    gains, possible, shares, rates = [], [], [], []
    memory = 0.0
    for number in range(rounds):
        one, two = bench.run(many, 1), bench.run(many, 2)
        gains.append(two.rate / one.rate)
        # What else the machine does takes the clock's time from two workers more than from one, the processor's hardly.
        possible.append(2 * one.track / two.track)
        rates.append(one.rate)
        shares.append(1 - two.listening / two.processor)
        memory = max(memory, one.memory, two.memory)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return {
        "tracks a second, one worker": statistics.median(rates),
        "two workers / one": statistics.median(gains),
        "two workers / one, each round": gains,
        "two workers / one, by processor time a track": statistics.median(possible),
        "processor time beside listening, share": statistics.median(shares),
        "processor time beside listening, each round": shares,
        "memory of a worker, MB": memory,
    }


def three_hours(bench: Bench) -> float:
    """Memory, in MB, of a worker that hears a file of three hours."""
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
    parser.add_argument("--tracks", type=int, default=80, help="tracks a run [80]")
    parser.add_argument("--rounds", type=int, default=3, help="how often each run is made [3]")
    parser.add_argument(
        "--feature-set", action="append", metavar="NAME", help="may be repeated [summary and musicnn]"
    )
    parser.add_argument(
        "--workers",
        type=int,
        action="append",
        help="beside plain multiprocessing; may be repeated [1, 2 and 4]",
    )
    parser.add_argument("--only-plain", action="store_true", help="nothing but that")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.feature_set or ["summary", "musicnn"])
        (bench.folder / "clips").mkdir()
        paths, what = clips(arguments.clips, bench.folder / "clips")
        found = {"clips": what, "cores": os.cpu_count()}
        many = bench.collection("many", paths, arguments.tracks)
        for workers in arguments.workers or [1, 2, 4]:
            found |= beside_plain(bench, many, workers, arguments.rounds)
        if not arguments.only_plain:
            found |= measure(bench, paths, arguments.tracks, arguments.rounds)
            found["memory of a worker on three hours, MB"] = three_hours(bench)
    if arguments.as_json:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            print(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    main()
