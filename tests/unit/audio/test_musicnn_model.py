"""The bundled networks: names, filters, and the shape of their output."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.audio.feature_sets.musicnn_model import NETWORKS, PATCH, PENULTIMATE, mel_filters, run, tag_names


def test_each_network_has_fifty_tags() -> None:
    assert {network: len(tags) for network, tags in tag_names().items()} == dict.fromkeys(NETWORKS, 50)


def test_the_filters_cover_the_bins() -> None:
    assert mel_filters().shape == (PATCH[1], 257)
    assert (mel_filters() >= 0).all()


def test_a_patch_gives_both_layers() -> None:
    penultimate, tags = run(np.random.default_rng(1).random(PATCH, np.float32))
    assert penultimate.shape == (2, PENULTIMATE)
    assert tags.shape == (2, 50)
    assert ((tags >= 0) & (tags <= 1)).all()


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="187 frames and 96 bands"):
        run(np.zeros((10, 96), np.float32))
