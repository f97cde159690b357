"""Analyze thousands of damaged files: each must get a vector or a failure reason, and no worker may be lost.

    python benchmarks/mutated.py [--files N] [--seed N] [--workers N] [--feature-set NAME ...] [--json]

The script encodes eleven formats and damages them: wrong header fields, flipped bits, and missing, repeated, zeroed and
foreign parts. It adds the bad files of the test suite and runs `catalog scan` and `catalog analyze`. It exits with 1,
and keeps the folder, if a file has neither vector nor reason, if a vector is invalid, or if a worker did not stop
cleanly.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np
import sqlalchemy as sa
from clips import RATE, music

sys.path.insert(0, str(Path(__file__).parents[1]))

from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import open_database
from catalog.db.tables import claim, failure, feature_vector, track, worker
from catalog.features.stored_feature_set import find_feature_set
from catalog.features.vectors import tracks_without_vector
from tests.integration.workers.zoo import ZOO

ENCODERS = {
    "mp3": "libmp3lame",
    "flac": "flac",
    "ogg": "vorbis",
    "opus": "libopus",
    "m4a": "aac",
    "aac": "aac",
    "wma": "wmav2",
    "aiff": "pcm_s16be",
    "wv": "wavpack",
    "wav": "pcm_s16le",
    "mka": "libopus",
}
"""Suffix -> encoder."""
SECONDS = 3.0
HEADER = 600
"""Number of bytes that contain most header fields."""
FORMS = ("<B", "<H", ">H", "<I", ">I", "<Q", ">Q")
VALUES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
TIME_LIMIT = 20
"""Seconds per track."""

Mutation = Callable[[bytearray, random.Random, list[bytes]], bytearray]


def corrupt_header(content: bytearray, randomness: random.Random, _others: list[bytes]) -> bytearray:
    """Overwrite up to four fields of the header."""
    for _ in range(randomness.randint(1, 4)):
        form = randomness.choice(FORMS)
        width = struct.calcsize(form)
        at = randomness.randrange(min(HEADER, len(content) - width))
        value = randomness.choice([*VALUES, randomness.getrandbits(64)])
        content[at : at + width] = struct.pack(form, value % 256**width)
    return content


def flip_bits(content: bytearray, randomness: random.Random, _others: list[bytes]) -> bytearray:
    """Flip one bit in 100, 1,000 or 10,000 bytes."""
    for _ in range(max(1, len(content) // randomness.choice([100, 1_000, 10_000]))):
        content[randomness.randrange(len(content))] ^= 1 << randomness.randrange(8)
    return content


def cut_end(content: bytearray, randomness: random.Random, _others: list[bytes]) -> bytearray:
    """Remove the end."""
    return content[: randomness.randrange(len(content))]


def cut_start(content: bytearray, randomness: random.Random, _others: list[bytes]) -> bytearray:
    """Remove the beginning."""
    return content[randomness.randrange(len(content)) :]


def repeat_part(content: bytearray, randomness: random.Random, _others: list[bytes]) -> bytearray:
    """Repeat a part many times."""
    start, length = randomness.randrange(len(content)), randomness.randrange(1, 4_000)
    return content[:start] + content[start : start + length] * randomness.randint(2, 50) + content[start:]


def zero_part(content: bytearray, randomness: random.Random, _others: list[bytes]) -> bytearray:
    """Overwrite a part with zeros, like a bad sector."""
    start, length = randomness.randrange(len(content)), randomness.randrange(1, 20_000)
    end = min(start + length, len(content))
    content[start:end] = bytes(end - start)
    return content


def append_other(content: bytearray, randomness: random.Random, others: list[bytes]) -> bytearray:
    """Continue with a part of another file."""
    other = randomness.choice(others)
    return content[: randomness.randrange(len(content))] + other[randomness.randrange(len(other)) :]


MUTATIONS: tuple[Mutation, ...] = (
    corrupt_header,
    corrupt_header,
    flip_bits,
    cut_end,
    cut_start,
    repeat_part,
    zero_part,
    append_other,
)


def encode(path: Path, seed: int) -> bytes:
    """Encode music in the format of the suffix."""
    rate = 48_000 if ENCODERS[path.suffix[1:]] == "libopus" else RATE
    with av.open(path, "w") as container:
        stream = container.add_stream(ENCODERS[path.suffix[1:]], rate=rate, layout="stereo")
        if not ENCODERS[path.suffix[1:]].startswith("pcm"):
            stream.bit_rate = 128_000
        if path.suffix == ".ogg":
            stream.codec_context.options = {"strict": "-2"}
        samples = np.ascontiguousarray(music(seed, SECONDS))
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, 0
        fifo = av.AudioFifo()
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=rate)
        for part in resampler.resample(frame):
            fifo.write(part)
        while (piece := fifo.read(stream.codec_context.frame_size or 4096, partial=True)) is not None:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path.read_bytes()


def make(folder: Path, files: int, seed: int) -> None:
    """Fill a folder with damaged files and the bad files of the test suite."""
    folder.mkdir()
    for name, (content, _) in ZOO.items():
        (folder / name).write_bytes(content(folder / name))
    intact = {suffix: encode(folder / f"whole.{suffix}", number) for number, suffix in enumerate(ENCODERS)}
    randomness = random.Random(seed)
    for number in range(files):
        suffix = randomness.choice(list(intact))
        mutation = randomness.choice(MUTATIONS)
        damaged = mutation(bytearray(intact[suffix]), randomness, list(intact.values()))
        (folder / f"{number:05}-{mutation.__name__}.{suffix}").write_bytes(damaged)


@dataclass(frozen=True)
class Outcome:
    """The results for all files."""

    files: int
    vectors: int
    reasons: dict[str, int]
    deaths: int
    """Number of work horses that died."""
    deadly: dict[str, str]
    """File that a work horse died on -> message."""
    seconds: float
    wrong: list[str]
    """Violations, as messages."""


def run(folder: Path, workers: int, feature_sets: list[str]) -> Outcome:
    """Scan and analyze the folder `music` with the real commands."""
    home = folder / "home"
    catalog = [
        sys.executable,
        "-P",
        "-c",
        "from catalog.cli.main import main; main()",
        "-q",
        "--home",
        str(home),
    ]
    subprocess.run([*catalog, "scan", str(folder / "music")], check=True, stdout=subprocess.DEVNULL)
    options = [part for name in feature_sets for part in ("--feature-set", name)]
    options += ["--workers", str(workers), "--time-limit", str(TIME_LIMIT)]
    begin = time.monotonic()
    code = subprocess.run([*catalog, "analyze", *options], check=False, stdout=subprocess.DEVNULL).returncode
    seconds = time.monotonic() - begin
    deaths = (home / "run" / "workers.log").read_text(errors="replace").count("the work horse died")
    return _collect(home, feature_sets, code, deaths, seconds)


def _collect(home: Path, feature_sets: list[str], code: int, deaths: int, seconds: float) -> Outcome:
    database = open_database(f"sqlite:///{home / 'catalog.db'}")
    wrong = [] if code == 3 else [f"the exit code is {code}"]
    with database.read() as connection:
        recipes = [find_feature_set(connection, feature_set(name).hash) for name in feature_sets]
        lengths = {recipe.id: len(recipe.dimensions) for recipe in recipes if recipe is not None}
        tracks = set(connection.execute(sa.select(track.c.id)).scalars())
        vectors = connection.execute(sa.select(feature_vector)).all()
        failures = connection.execute(
            sa.select(failure.c.track_id, failure.c.reason, failure.c.message, track.c.path).join_from(
                failure, track
            )
        ).all()
        pending = connection.execute(tracks_without_vector(list(lengths))).scalars().all()
        claims = connection.execute(sa.select(claim)).all()
        running = connection.execute(sa.select(worker.c.name).where(worker.c.stopped_at.is_(None))).all()
    database.close()
    wrong += [
        f"the vector of track {row.track_id} is invalid"
        for row in vectors
        if len(row.vector) != lengths[row.feature_set_id] or not np.isfinite(row.vector).all()
    ]
    with_vector, failed = {row.track_id for row in vectors}, {row.track_id for row in failures}
    wrong += [f"track {track_id} has neither vector nor reason" for track_id in tracks - with_vector - failed]
    wrong += [f"track {track_id} is still pending" for track_id in pending]
    wrong += [f"a claim remains: {row}" for row in claims] + [f"{row.name} did not stop" for row in running]
    reasons = Counter(row.reason for row in failures)
    deadly = {row.path: row.message for row in failures if row.reason == "poison"}
    return Outcome(len(tracks), len(with_vector), dict(reasons.most_common()), deaths, deadly, seconds, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2_000, help="number of damaged files [2000]")
    parser.add_argument("--seed", type=int, default=0, help="seed of the damage [0]")
    parser.add_argument("--workers", type=int, default=2, help="number of workers [2]")
    parser.add_argument(
        "--feature-set", action="append", metavar="NAME", help="feature set to compute; repeatable [grid]"
    )
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mutated"))
    make(folder / "music", arguments.files, arguments.seed)
    outcome = run(folder, arguments.workers, arguments.feature_set or ["grid"])
    if arguments.as_json:
        print(json.dumps(asdict(outcome), indent=1))
    else:
        print(f"{outcome.files} files: {outcome.vectors} vectors, {sum(outcome.reasons.values())} reasons")
        print("\n".join(f"  {count:5} {reason}" for reason, count in outcome.reasons.items()))
        print(f"{outcome.deaths} work horses died; {outcome.seconds:.0f} s")
        print("\n".join(f"  {name}: {message}" for name, message in outcome.deadly.items()))
    if outcome.wrong:
        print("\n".join(outcome.wrong), f"see {folder}", sep="\n", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
