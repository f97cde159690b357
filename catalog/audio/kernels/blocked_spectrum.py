"""A spectrum in blocks of 64 frames, each contiguous in memory."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Float32
from catalog.audio.jit import jit

WIDTH = 64  # frames per block: four of the widest vector registers


@dataclass(frozen=True, eq=False)
class FrameBlocks:
    """Magnitudes (blocks, bins, 64) of `frames` frames, zeros after the last.

    Sums along frequency process one block after another, 64 frames at a time, within the cache of a core. In a matrix
    (bins, frames) every bin of a block would lie on another memory page, which takes two to four times as long.
    """

    blocks: Float32
    frames: int

    @classmethod
    def of(cls, by_frame: Float32) -> "FrameBlocks":
        """Blocks of a C-ordered matrix (frames, bins)."""
        frames, bins = by_frame.shape
        blocks = np.empty((-(-frames // WIDTH), bins, WIDTH), np.float32)
        _fill_blocks(by_frame, blocks)
        return cls(blocks, frames)

    @property
    def columns(self) -> int:
        """The number of frames including the padding of the last block."""
        return len(self.blocks) * WIDTH

    def matrix(self) -> Float32:
        """The magnitudes as a matrix (bins, frames)."""
        bins = self.blocks.shape[1]
        return self.blocks.transpose(1, 0, 2).reshape(bins, self.columns)[:, : self.frames]


@jit
def _fill_blocks(by_frame: Float32, blocks: Float32) -> None:
    frames, bins = by_frame.shape
    for number in range(len(blocks)):
        block = blocks[number]
        for left in range(0, WIDTH, 16):  # sixteen numbers per cache line
            first = number * WIDTH + left
            if first + 16 <= frames:
                for k in range(bins):
                    for lane in range(16):
                        block[k, left + lane] = by_frame[first + lane, k]
            else:
                for k in range(bins):
                    for lane in range(16):
                        block[k, left + lane] = by_frame[first + lane, k] if first + lane < frames else 0
