"""Fault test of the cache of compiled kernels: cold workers start at once, half of them are killed while they compile.

Each round begins with an empty cache folder. Then files of the cache are truncated, swapped and overwritten, and
`catalog analyze` must give every track a vector. The test ends at the first fault with exit code 1. See
docs/operations.md.

    python benchmarks/kernel_cache.py --rounds 20
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

TRACKS, SAMPLE_RATE = 4, 22_050
CATALOG = [sys.executable, "-c", "from catalog.cli.main import main; main()"]


def main() -> int:
    """Runs the rounds and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--feature-set", default="summary")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    for number in range(1, options.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            begin = time.monotonic()
            fault = run_round(Path(folder), options.workers, options.feature_set, chance)
        print(f"round {number}: {fault or 'no fault'}, {time.monotonic() - begin:.0f} s", flush=True)
        if fault:
            return 1
    return 0


def run_round(folder: Path, workers: int, feature_set: str, chance: random.Random) -> str | None:
    """One round in an empty folder. Returns the first fault."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-P", "-m", "workers.process.warm_up", feature_set]
    processes = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(workers)]
    # One process compiles at a time: half of the processes are killed in turn, each while it compiles.
    files, victims = 0, chance.sample(processes, workers // 2)
    for process in victims:
        files += chance.randint(1, 5)
        while len(code_files(folder)) < files and any(one.poll() is None for one in processes):
            time.sleep(0.01)
        process.kill()
        process.communicate()
    for process in processes:
        _, errors = (None, b"") if process in victims else process.communicate()
        if process.returncode not in ({0, -signal.SIGKILL} if process in victims else {0}):
            return f"a worker ended with {process.returncode}: {errors.decode()[-300:]}"
    damage(code_files(folder), chance)
    return analyze(folder, feature_set, environment)


def code_files(folder: Path) -> list[Path]:
    """The files with machine code."""
    return sorted((folder / "cache").rglob("*.nbc"))


def damage(files: list[Path], chance: random.Random) -> None:
    """Truncates a quarter of the files, swaps the contents of a quarter, and overwrites bytes of a quarter."""
    chance.shuffle(files)
    quarter = len(files) // 4
    for file in files[:quarter]:
        file.write_bytes(file.read_bytes()[: chance.randrange(file.stat().st_size)])
    swapped = files[quarter : 2 * quarter]
    contents = [file.read_bytes() for file in swapped]
    for file, content in zip(swapped, contents[1:] + contents[:1], strict=True):
        file.write_bytes(content)
    for file in files[2 * quarter : 3 * quarter]:
        content = bytearray(file.read_bytes())
        place = chance.randrange(len(content))
        content[place : place + 64] = chance.randbytes(64)
        file.write_bytes(content)


def analyze(folder: Path, feature_set: str, environment: dict[str, str]) -> str | None:
    """Analyzes noise with two workers. Returns a fault unless every track has a vector."""
    music = folder / "music"
    music.mkdir()
    for number in range(TRACKS):
        samples = np.random.default_rng(number).normal(scale=3_000, size=8 * SAMPLE_RATE).astype("<i2")
        with wave.open(str(music / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(samples.tobytes())
    command = [*CATALOG, "--home", str(folder / "home")]
    for arguments in (
        ["scan", str(music)],
        ["analyze", "--feature-set", feature_set, "--workers", "2"],
    ):
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"catalog {arguments[0]} ended with {done.returncode}: {done.stderr[-300:]}"
    return None if f"{TRACKS} tracks analyzed" in done.stdout else done.stdout


if __name__ == "__main__":
    sys.exit(main())
