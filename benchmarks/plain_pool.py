"""A plain multiprocessing pool, the peer of this project's workers.

    python plain_pool.py FOLDER WORKERS FEATURE_SET...

The script extracts every file of a folder in processes forked from a warm one, and keeps the vectors in memory. The
caller sets one thread in the environment. It has no queue, no database and no limits, and no result survives a crash.
It prints the times of each process as JSON.
"""

import json
import multiprocessing
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from catalog.audio.feature_sets.analysis import analyze
from catalog.audio.feature_sets.installed import feature_set
from workers.process.warm_up import warm_up

FEATURE_SETS = [feature_set(name) for name in sys.argv[3:]]


def spent() -> float:
    return sum(
        sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def extract(path: str) -> tuple[dict[str, Any], Any]:
    begin = time.process_time()
    vectors = analyze(path, FEATURE_SETS).vectors
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = time.process_time() - begin
    return {"worker": os.getpid(), "end": time.time(), "processor": seconds, "memory": memory}, vectors


def main() -> None:
    paths = sorted(map(str, Path(sys.argv[1]).iterdir()))
    warm_up(FEATURE_SETS)
    before = spent()
    with multiprocessing.get_context("fork").Pool(int(sys.argv[2])) as pool:
        results = list(pool.imap_unordered(extract, paths))
        pool.close()
        pool.join()
    json.dump({"notes": [note for note, _ in results], "spent": spent() - before}, sys.stdout)


if __name__ == "__main__":
    main()
