import numpy as np
import pytest

from catalog.audio.kernels.blocked_spectrum import WIDTH, FrameBlocks


@pytest.mark.parametrize("frames", [1, 15, 16, 17, 63, 64, 65, 200])
def test_tiles_hold_every_number_and_zeros_after_the_last(frames):
    by_frame = np.random.default_rng(0).random((frames, 21), np.float32) + 1
    tiles = FrameBlocks.of(by_frame)
    np.testing.assert_array_equal(tiles.matrix(), by_frame.T)
    assert tiles.columns % WIDTH == 0
    assert 0 <= tiles.columns - frames < WIDTH
    assert np.count_nonzero(tiles.blocks) == by_frame.size
