"""Makes the reference of zero-shot models: the mean probability of each musicnn tag over many genres.

    python tools/make_tag_reference.py LABELS.csv [LABELS.csv ...] > reference.json

The file is catalog/learning/fitting/tag_map_data/reference.json. A labels file has the columns `path` (relative to the
file) and `genre`. Every genre has the same weight regardless of its number of tracks, so that the reference stands for
music in general. The file is made once and ships with the program. A zero-shot model must not use the mean of the
present collection: in a folder of classical music it would predict other genres.
"""

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.decode import decode
from catalog.audio.feature_sets.musicnn import MUSICNN


def reference(vectors: Iterable[tuple[str, npt.NDArray[np.float32]]]) -> dict[str, object]:
    """The mean of each tag, and the number of tracks per genre, from the genre and `musicnn` vector of each track."""
    by_genre: defaultdict[str, list[npt.NDArray[np.float32]]] = defaultdict(list)
    for genre, vector in vectors:
        by_genre[genre].append(vector)
    mean = np.mean([np.mean(rows, axis=0, dtype=np.float64) for rows in by_genre.values()], axis=0)
    tags = {
        name: float(f"{value:.4g}")
        for name, value in zip(MUSICNN.dimensions, mean, strict=True)
        if ".tag." in name
    }
    return {
        "about": "Mean probability of each tag, every genre weighing the same; made by tools/make_tag_reference.py",
        "feature_set": {"name": MUSICNN.name, "version": MUSICNN.version},
        "tracks": {genre: len(rows) for genre, rows in sorted(by_genre.items())},
        "mean": tags,
    }


def labeled(labels: Path) -> Iterable[tuple[str, npt.NDArray[np.float32]]]:
    """Yields genre and vector of each file of a labels file; files that cannot be analyzed are listed on stderr."""
    with labels.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            path = labels.parent / row["path"]
            try:
                yield row["genre"], MUSICNN.compute(decode(path).at(MUSICNN.sample_rate))
            except (AudioError, OSError) as error:
                print(f"{path}: {error}", file=sys.stderr)


if __name__ == "__main__":
    made = reference(pair for name in sys.argv[1:] for pair in labeled(Path(name)))
    print(json.dumps(made, indent=1))
