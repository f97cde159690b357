"""Breaks a working installation again and again, and asks after each time whether anything was lost.

    python benchmarks/chaos.py [--rounds N] [--seed N] [--database postgresql|sqlite] [--tracks N]
                               [--longest-pause SECONDS] [--calm] [--only FAULT] [--folder FOLDER] [--json]

A real PostgreSQL (or a SQLite file), a real Redis or Valkey and six workers of two commands, on a collection made for
it that has bad files in it. Each round makes work (new files, changed files, vectors to be computed again), breaks
one thing at a random moment of it, and waits until nothing is pending. Then every track must have the vector of the
very file that is there, or the reason that this file must have; no claim may be left, and what people said must be as
it was. The first time that it is not so the state is kept, and the exit code is 1. A full disk needs the right to
mount one.
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

PATIENCE = 240.0
"""Seconds after which what is not quiet will not be."""
AT_LEAST = 4
"""Workers that live when something is broken; at the end all have to."""
SHORTEST_PAUSE = 0.5
HANGS, HANGS_IN = "hangs", 0.05
"""The share of rounds with a file that hangs: it costs two time limits."""


@dataclass(frozen=True)
class Round:
    """One thing that was broken."""

    fault: str
    share: float
    """Of the round's tracks that were done when it struck."""
    tracks: int
    lasted: float
    """Seconds from the blow until every server answered again."""
    next_result: float | None
    """Seconds from then to the next track that was done; None where none was left."""
    quiet: float
    """Seconds from then until nothing was pending."""
    ended: int
    """Commands that ended by themselves."""


def begin(site: Site, tracks: int, bad: list[str]) -> None:
    """The first collection, analyzed with nothing broken. Raises BrokenInvariantError."""
    site.begin(tracks, bad)
    if not site.wait(site.is_quiet, PATIENCE):
        raise BrokenInvariantError("nothing was broken yet, and it does not come to rest")


def wait_for_workers(site: Site, count: int) -> None:
    """Waits until so many live. Raises BrokenInvariantError."""
    if not site.wait(lambda: site.living() >= count, PATIENCE):
        raise BrokenInvariantError(f"{site.living()} workers live, not {count}")


def play(site: Site, name: str, fault: Fault, *, tracks: int, bad: list[str], longest_pause: float) -> Round:
    """One round. Raises BrokenInvariantError."""
    wait_for_workers(site, AT_LEAST)
    total = site.make_work(tracks, _bad_files(site.random, bad))
    said = site.evidence()
    moment = site.random.uniform(0, 0.9)
    site.wait(lambda: site.pending() <= total * (1 - moment), PATIENCE)
    share = 1 - site.pending() / total
    ended = site.ended()
    pause = math.exp(site.random.uniform(math.log(SHORTEST_PAUSE), math.log(longest_pause)))
    struck = time.monotonic()
    fault(site, pause)
    over = time.monotonic()
    left = site.pending()
    next_result = None
    if left:
        if not site.wait(lambda: site.pending() < left, PATIENCE):
            raise BrokenInvariantError(f"no track was done in {PATIENCE:.0f} s; {left} are pending")
        next_result = time.monotonic() - over
    if not site.wait(site.is_quiet, PATIENCE):
        raise BrokenInvariantError(f"not quiet after {PATIENCE:.0f} s: {site.pending()} tracks are pending")
    quiet = time.monotonic() - over
    retry_until_connected(lambda: _check(site, said))
    return Round(name, share, total, over - struck, next_result, quiet, site.ended() - ended)


def _check(site: Site, said: str) -> None:
    with site.database.read() as connection:
        check(connection, site.recipe, site.music.sounds)
    if site.evidence() != said:
        raise BrokenInvariantError("labels or decisions have changed")


def _bad_files(randomness: random.Random, bad: list[str]) -> list[str]:
    if HANGS in bad and randomness.random() < HANGS_IN:
        return [HANGS]
    return randomness.sample([kind for kind in bad if kind != HANGS], 2)


def tell(number: int, one: Round) -> None:
    """A line for one round."""
    after = "   -  " if one.next_result is None else f"{one.next_result:5.1f}s"
    print(
        f"{number:4} {one.fault:26} at {one.share:4.0%} of {one.tracks:3}, for {one.lasted:4.1f} s; next result "
        f"{after}, quiet {one.quiet:5.1f} s" + (f", {one.ended} commands ended" if one.ended else ""),
        file=sys.stderr,
        flush=True,
    )


def order(names: list[str], rounds: int, randomness: random.Random) -> list[str]:
    """Which fault strikes when: each equally often, shuffled."""
    drawn = [names[number % len(names)] for number in range(rounds)]
    randomness.shuffle(drawn)
    return drawn


def summary(rounds: list[Round]) -> list[dict[str, object]]:
    """A row a fault: how often, and how long it took to recover."""
    by_fault: defaultdict[str, list[Round]] = defaultdict(list)
    for one in rounds:
        by_fault[one.fault].append(one)
    rows: list[dict[str, object]] = []
    for name, those in sorted(by_fault.items()):
        results = [one.next_result for one in those if one.next_result is not None] or [math.nan]
        quiet = [one.quiet for one in those]
        rows.append(
            {
                "fault": name,
                "rounds": len(those),
                "lasted, median": statistics.median(one.lasted for one in those),
                "lasted, longest": max(one.lasted for one in those),
                "next result, median": statistics.median(results),
                "next result, longest": max(results),
                "quiet, median": statistics.median(quiet),
                "quiet, longest": max(quiet),
                "commands ended": sum(one.ended for one in those),
            }
        )
    return rows


def show(rows: list[dict[str, object]]) -> None:
    """The summary as a table for docs."""
    print("| " + " | ".join(rows[0]) + " |")
    print("|---" * len(rows[0]) + "|")
    for row in rows:
        cells = (f"{value:.1f}" if isinstance(value, float) else str(value) for value in row.values())
        print("| " + " | ".join(cells) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200, help="how often something is broken [200]")
    parser.add_argument("--seed", type=int, default=0, help="of the faults, their moments and the files [0]")
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--tracks", type=int, default=60, help="tracks of new work a round [60]")
    parser.add_argument("--collection", type=int, default=300, help="tracks to begin with [300]")
    parser.add_argument("--longest-pause", type=float, default=30.0, help="seconds that a fault lasts [30]")
    parser.add_argument("--calm", action="store_true", help="no file hangs, which costs two time limits")
    parser.add_argument("--only", action="append", metavar="FAULT", help="this fault alone; may be repeated")
    parser.add_argument("--folder", type=Path, help="where everything is made; kept [a temporary one]")
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
        known = faults(site)
        names = arguments.only or sorted(known)
        if unknown := set(names) - known.keys():
            raise SystemExit(f"cannot be broken here: {', '.join(sorted(unknown))}")
        for number, name in enumerate(order(names, arguments.rounds, randomness), start=1):
            one = play(
                site,
                name,
                known[name],
                tracks=arguments.tracks,
                bad=bad,
                longest_pause=arguments.longest_pause,
            )
            rounds.append(one)
            tell(number, one)
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
        print(f"round {len(rounds) + 1}: {broken}; the state is in {folder}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
