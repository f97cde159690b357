"""A spectrum cut into tiles of 64 frames, each of them one piece of memory."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Float32
from catalog.audio.jit import jit

WIDTH = 64  # frames a tile: four of the widest machine vectors


@dataclass(frozen=True, eq=False)
class FrameBlocks:
    """Magnitudes (tiles, bins, 64 frames) of so many `frames`, zeros after the last.

    What sums along frequency goes through one tile after another, 64 frames at once, in the cache of a core. In a
    matrix (bins, frames) every bin of a tile would lie on a memory page of its own, which takes two to four times as
    long.
    """

    blocks: Float32
    frames: int

    @classmethod
    def of(cls, by_frame: Float32) -> "FrameBlocks":
        """Tiles of a C-ordered matrix (frames, bins)."""
        frames, bins = by_frame.shape
        blocks = np.empty((-(-frames // WIDTH), bins, WIDTH), np.float32)
        _cut(by_frame, blocks)
        return cls(blocks, frames)

    @property
    def columns(self) -> int:
        """How many frames there are with those that only fill the last tile."""
        return len(self.blocks) * WIDTH

    def matrix(self) -> Float32:
        """The same numbers as a matrix (bins, frames)."""
        bins = self.blocks.shape[1]
        return self.blocks.transpose(1, 0, 2).reshape(bins, self.columns)[:, : self.frames]


@jit
def _cut(by_frame: Float32, blocks: Float32) -> None:
    frames, bins = by_frame.shape
    for tile in range(len(blocks)):
        block = blocks[tile]
        for left in range(0, WIDTH, 16):  # sixteen numbers make a cache line
            first = tile * WIDTH + left
            if first + 16 <= frames:
                for k in range(bins):
                    for lane in range(16):
                        block[k, left + lane] = by_frame[first + lane, k]
            else:
                for k in range(bins):
                    for lane in range(16):
                        block[k, left + lane] = by_frame[first + lane, k] if first + lane < frames else 0
