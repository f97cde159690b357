"""Generate audio for the metadata of `make_fma.py`, in the archive's folder layout. Each genre has its own sound.

    python benchmarks/make_fma_audio.py FMA_DIR [--seconds S]

FMA_DIR/fma_metadata is the output of `make_fma.py`. The script writes one file for each track of the medium subset that
has a top genre: FMA_DIR/fma_medium/000/000002.mp3 is track 2.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
from clips import RATE, write

SUBSET, TOP = ("set", "subset"), ("track", "genre_top")


def top_genres(tracks: Path) -> dict[int, str]:
    """The top genre by track id of the archive, for tracks of the medium subset that have one."""
    with tracks.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        columns = list(zip(next(rows), next(rows), strict=True))
        next(rows)
        subset, top = columns.index(SUBSET), columns.index(TOP)
        return {int(row[0]): row[top] for row in rows if row[top] and row[subset] in {"small", "medium"}}


def sound(genre: int, seed: int, seconds: float) -> npt.NDArray[np.float32]:
    """Stereo float32 (2, n): register, beat, roughness and noise depend on the genre, the melody on the seed."""
    random, style = np.random.default_rng((1, seed)), np.random.default_rng((2, genre))
    times = np.arange(round(seconds * RATE)) / RATE
    rate, register = style.uniform(0.5, 6), style.uniform(80, 700)
    steps = random.integers(0, 13, int(seconds * rate) + 2)
    pitch = register * 2 ** (steps[(times * rate).astype(int)] / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    partials = 1 + int(style.integers(12))
    tone = sum(np.sin(phase * partial) / partial for partial in range(1, partials + 1))
    tone = np.tanh(tone * style.uniform(0.3, 6)) * np.exp(-style.uniform(0, 5) * (times * rate % 1))
    noise = random.standard_normal(len(times)) * np.exp(-style.uniform(2, 30) * (times * rate % 1))
    mono = 0.2 * tone + style.uniform(0, 0.3) * noise
    return np.asarray(np.stack([mono, mono]), np.float32)


def write_audio(folder: Path, seconds: float) -> int:
    """Write the missing files; return the number of all files."""
    tops = top_genres(folder / "fma_metadata" / "tracks.csv")
    numbers = {name: number for number, name in enumerate(sorted(set(tops.values())))}
    for number, top in tops.items():
        path = folder / "fma_medium" / f"{number // 1000:03d}" / f"{number:06d}.mp3"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, sound(numbers[top], number, seconds))
    return len(tops)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FMA_DIR")
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    print(f"{write_audio(options.folder, options.seconds):,} files")


if __name__ == "__main__":
    main()
