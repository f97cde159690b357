"""Audio files for the benchmarks.

Real recordings if a folder has some, otherwise synthetic clips.
"""

import os
from pathlib import Path

import av
import numpy as np

SECONDS, RATE = 30, 44_100


def clips(folder: Path | None, into: Path, count: int = 10) -> tuple[list[Path], str]:
    """Return audio files and a description of them.

    The files of `folder` are used. Without `folder`, the clips of the Free Music Archive are used, from the folder in
    MUSIC_CATALOG_DATA or from shared/data next to the checkout. If there are no files, `count` synthetic clips are
    written to `into`.
    """
    data = Path(os.environ.get("MUSIC_CATALOG_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    real = folder or data / "fma" / "audio"
    recordings = sorted(path for path in real.glob("*") if path.is_file())
    if folder is not None and not recordings:
        raise SystemExit(f"{folder} contains no files")
    if recordings:
        return recordings, f"{len(recordings)} recordings"
    synthetic = [into / f"{number}.mp3" for number in range(count)]
    for number, path in enumerate(synthetic):
        write(path, music(number))
    return synthetic, f"{count} synthetic clips"


def music(seed: int, seconds: float = SECONDS) -> np.ndarray:
    """Stereo float32 (2, n) at 44.1 kHz: chords that change twice a second, a bass and noise bursts."""
    random = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    beat = times * 2 % 1
    chord = np.zeros((2, len(times)))
    for _ in range(4):
        steps = random.integers(0, 25, int(seconds * 2) + 1)
        pitch = 220 * 2 ** (steps[(times * 2).astype(int)] / 12)
        tone = sum(np.sin(2 * np.pi * np.cumsum(pitch) * partial / RATE) / partial for partial in range(1, 6))
        chord += random.uniform(0.2, 1, (2, 1)) * tone * np.exp(-3 * beat)
    bass = np.sin(2 * np.pi * 55 * times)
    hit = random.standard_normal((2, len(times))) * np.exp(-25 * (times * 4 % 1))
    return np.asarray(0.08 * chord + 0.15 * bass + 0.1 * hit, np.float32)


def write(path: Path, samples: np.ndarray, bit_rate: int = 192_000) -> None:
    """Encode samples (2, n) at 44.1 kHz as MP3."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libmp3lame", rate=RATE, layout="stereo")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, 0
        fifo = av.AudioFifo()
        for part in av.AudioResampler(format=stream.format, layout="stereo", rate=RATE).resample(frame):
            fifo.write(part)
        while (piece := fifo.read(stream.codec_context.frame_size, partial=True)) is not None:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
