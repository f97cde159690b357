"""The benchmark of sub-genres runs on made-up files of the same form, and counts what it says."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[3]
GENRES = {12: (0, "Rock"), 25: (12, "Punk"), 31: (12, "Metal"), 21: (0, "Hip-Hop"), 83: (21, "Rap")}
TRACKS = {12: 20, 25: 20, 31: 20, 21: 30, 83: 4, 0: 6}


def write(folder):
    generator = np.random.default_rng(4)
    with (folder / "genres.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["genre_id", "#tracks", "parent", "title", "top_level"])
        rows.writerows(
            [genre, 1, parent, title, parent or genre] for genre, (parent, title) in GENRES.items()
        )
    genres = [genre for genre, count in TRACKS.items() for _ in range(count)]
    with (folder / "ntds2017_fma_tracks.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["track_id", "genre"])
        rows.writerows(enumerate(genres, 2))
    with (folder / "ntds2017_fma_features.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        for first in ("feature", "statistics", "number"):
            rows.writerow([first, *["mfcc"] * 6])
        for number, genre in enumerate(genres, 2):
            center = np.eye(6)[list(TRACKS).index(genre)] * 4
            rows.writerow([number, *(center + generator.normal(0, 1, 6)).round(4)])


def test_it_tells_sub_genres_from_top_terms(tmp_path):
    write(tmp_path)
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "subgenres.py", tmp_path, "--seeds", "1", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    assert "94 tracks, 4 classes, the commonest 34; no artist is known" in done.stderr
    found = {row["way"]: row for row in json.loads(done.stdout)}
    assert set(found) == {"commonest", "local", "flat"}
    assert abs(found["commonest"]["path"] - 34 / 94) < 1e-9
    # Hip-Hop is right for 34 answers of one term each; there are 34 + 20 + 2 x 40 true ones.
    assert abs(found["commonest"]["hierarchical_precision"] - 34 / 94) < 1e-9
    assert abs(found["commonest"]["hierarchical_recall"] - 34 / 134) < 1e-9
    for way in ("local", "flat"):
        row = found[way]
        assert row["path"] > 0.8
        assert row["top_level"] >= row["path"]
        assert row["hierarchical_f1"] > 0.85
