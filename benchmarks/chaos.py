"""Inject faults into a running installation, and check after each one that no result was lost.

    python benchmarks/chaos.py [--rounds N] [--seed N] [--database postgresql|sqlite] [--tracks N]
                               [--longest-pause SECONDS] [--calm] [--only FAULT] [--folder FOLDER] [--json]

The installation has PostgreSQL (or a SQLite file), Redis or Valkey, and two `catalog worker` commands with three
workers each. Its generated collection contains bad files. Each round creates work (new files, changed files, deleted
vectors), injects one fault at a random moment, and waits until no track is pending. Then it checks these invariants:
every track has the vector of its current file, or the failure reason that this file must have; no claim remains; labels
and decisions are unchanged. At the first violation the script keeps the state and exits with 1. The fault "disk full"
needs the right to mount a disk.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("RQ_KEY_PREFIX", "music-catalog")

from chaos_faults import Fault, faults
from chaos_invariants import BrokenInvariantError, check
from chaos_music import BAD
from chaos_site import HOSTS, WORKERS, Site

from catalog.db.retry import retry_until_connected

ROUND_TIMEOUT = 240.0
"""Seconds after which a round counts as stuck."""
MIN_WORKERS = 4
"""Live workers before a fault; after the last round all must be alive."""
SHORTEST_PAUSE = 0.5
HANGS, HANG_SHARE = "hangs", 0.05
"""Share of rounds with a file that hangs. Such a file takes two time limits."""


@dataclass(frozen=True)
class Round:
    """One injected fault and the recovery from it."""

    fault: str
    share: float
    """Share of the round's tracks that were done when the fault was injected."""
    tracks: int
    duration: float
    """Seconds from the fault until every server answered again."""
    next_result: float | None
    """Seconds from then to the next finished track; None if no track was pending."""
    all_done: float
    """Seconds from then until no track was pending."""
    exits: int
    """Commands that exited without a signal."""


def begin(site: Site, tracks: int, bad: list[str]) -> None:
    """Analyze the first collection without a fault. Raises BrokenInvariantError."""
    site.begin(tracks, bad)
    if not site.wait(site.is_idle, ROUND_TIMEOUT):
        raise BrokenInvariantError("tracks are pending before the first fault")


def wait_for_workers(site: Site, count: int) -> None:
    """Wait until `count` workers are alive. Raises BrokenInvariantError."""
    if not site.wait(lambda: site.live_workers() >= count, ROUND_TIMEOUT):
        raise BrokenInvariantError(f"{site.live_workers()} workers are alive, not {count}")


def run_round(
    site: Site, name: str, fault: Fault, *, tracks: int, bad: list[str], longest_pause: float
) -> Round:
    """Run one round. Raises BrokenInvariantError."""
    wait_for_workers(site, MIN_WORKERS)
    total = site.make_work(tracks, _bad_files(site.random, bad))
    checksum = site.evidence()
    moment = site.random.uniform(0, 0.9)
    site.wait(lambda: site.pending() <= total * (1 - moment), ROUND_TIMEOUT)
    share = 1 - site.pending() / total
    exits_before = site.exits()
    pause = math.exp(site.random.uniform(math.log(SHORTEST_PAUSE), math.log(longest_pause)))
    injected_at = time.monotonic()
    fault(site, pause)
    answered_at = time.monotonic()
    pending = site.pending()
    next_result = None
    if pending:
        if not site.wait(lambda: site.pending() < pending, ROUND_TIMEOUT):
            raise BrokenInvariantError(
                f"no track was finished in {ROUND_TIMEOUT:.0f} s; {pending} are pending"
            )
        next_result = time.monotonic() - answered_at
    if not site.wait(site.is_idle, ROUND_TIMEOUT):
        raise BrokenInvariantError(f"{site.pending()} tracks are pending after {ROUND_TIMEOUT:.0f} s")
    all_done = time.monotonic() - answered_at
    retry_until_connected(lambda: _check(site, checksum))
    return Round(
        name, share, total, answered_at - injected_at, next_result, all_done, site.exits() - exits_before
    )


def _check(site: Site, checksum: str) -> None:
    with site.database.read() as connection:
        check(connection, site.recipe, site.music.sounds)
    if site.evidence() != checksum:
        raise BrokenInvariantError("labels or decisions have changed")


def _bad_files(randomness: random.Random, bad: list[str]) -> list[str]:
    if HANGS in bad and randomness.random() < HANG_SHARE:
        return [HANGS]
    return randomness.sample([kind for kind in bad if kind != HANGS], 2)


def log_round(number: int, one: Round) -> None:
    """Print one line for a round."""
    after = "   -  " if one.next_result is None else f"{one.next_result:5.1f}s"
    print(
        f"{number:4} {one.fault:26} at {one.share:4.0%} of {one.tracks:3}, for {one.duration:4.1f} s; next result "
        f"{after}, all done {one.all_done:5.1f} s" + (f", {one.exits} commands exited" if one.exits else ""),
        file=sys.stderr,
        flush=True,
    )


def order(names: list[str], rounds: int, randomness: random.Random) -> list[str]:
    """The fault of each round: equally often each, shuffled."""
    drawn = [names[number % len(names)] for number in range(rounds)]
    randomness.shuffle(drawn)
    return drawn


def summary(rounds: list[Round]) -> list[dict[str, object]]:
    """One row per fault: the number of rounds and the times until recovery."""
    by_fault: defaultdict[str, list[Round]] = defaultdict(list)
    for one in rounds:
        by_fault[one.fault].append(one)
    rows: list[dict[str, object]] = []
    for name, rounds_of_fault in sorted(by_fault.items()):
        results = [one.next_result for one in rounds_of_fault if one.next_result is not None] or [math.nan]
        all_done = [one.all_done for one in rounds_of_fault]
        rows.append(
            {
                "fault": name,
                "rounds": len(rounds_of_fault),
                "duration, median": statistics.median(one.duration for one in rounds_of_fault),
                "duration, longest": max(one.duration for one in rounds_of_fault),
                "next result, median": statistics.median(results),
                "next result, longest": max(results),
                "all done, median": statistics.median(all_done),
                "all done, longest": max(all_done),
                "commands exited": sum(one.exits for one in rounds_of_fault),
            }
        )
    return rows


def show(rows: list[dict[str, object]]) -> None:
    """Print the summary as a Markdown table."""
    print("| " + " | ".join(rows[0]) + " |")
    print("|---" * len(rows[0]) + "|")
    for row in rows:
        cells = (f"{value:.1f}" if isinstance(value, float) else str(value) for value in row.values())
        print("| " + " | ".join(cells) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200, help="number of faults [200]")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the faults, their moments and the files [0]"
    )
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--tracks", type=int, default=60, help="tracks of new work per round [60]")
    parser.add_argument("--collection", type=int, default=300, help="tracks of the first collection [300]")
    parser.add_argument(
        "--longest-pause", type=float, default=30.0, help="longest duration of a fault in seconds [30]"
    )
    parser.add_argument("--calm", action="store_true", help="make no file that hangs")
    parser.add_argument("--only", action="append", metavar="FAULT", help="inject only this fault; repeatable")
    parser.add_argument("--folder", type=Path, help="working folder; it is kept [a temporary one]")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="chaos"))
    randomness = random.Random(arguments.seed)
    site = Site(folder, arguments.database, randomness)
    broken = None
    rounds: list[Round] = []
    try:
        bad = sorted(set(BAD) - ({HANGS} if arguments.calm else set()))
        begin(site, arguments.collection, bad)
        available = faults(site)
        names = arguments.only or sorted(available)
        if unknown := set(names) - available.keys():
            raise SystemExit(f"unknown or unavailable faults: {', '.join(sorted(unknown))}")
        for number, name in enumerate(order(names, arguments.rounds, randomness), start=1):
            one = run_round(
                site,
                name,
                available[name],
                tracks=arguments.tracks,
                bad=bad,
                longest_pause=arguments.longest_pause,
            )
            rounds.append(one)
            log_round(number, one)
        wait_for_workers(site, HOSTS * WORKERS)
    except BrokenInvariantError as error:
        broken = str(error)
    finally:
        is_kept = broken is not None or arguments.folder is not None
        site.close(keep=is_kept)
        if not is_kept:
            shutil.rmtree(folder)
    rows = summary(rounds)
    if arguments.as_json:
        print(json.dumps({"broken": broken, "summary": rows, "rounds": [asdict(one) for one in rounds]}))
    elif rows:
        show(rows)
    if broken is not None:
        print(f"round {len(rounds) + 1}: {broken}; the state is kept in {folder}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
