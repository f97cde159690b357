"""A clip is made once per waveform and holds its intermediate results."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets import clip
from catalog.audio.feature_sets.clip import LOUDEST, Clip, cached_clip


def waveform() -> Waveform:
    return Waveform(np.random.default_rng(1).standard_normal(22_050).astype(np.float32), 22_050)


def test_the_same_waveform_gives_the_same_clip() -> None:
    first = waveform()
    assert cached_clip(first) is cached_clip(first)
    assert cached_clip(first) is not cached_clip(waveform())
    assert cached_clip(first).spectrum is cached_clip(first).spectrum


def test_a_clip_is_freed_with_its_waveform() -> None:
    before = len(clip._clips)
    made = waveform()
    cached_clip(made)
    del made
    gc.collect()
    assert len(clip._clips) <= before


def test_samples_are_limited() -> None:
    samples = np.array([1e9, -1e9, 0.5], np.float32)
    assert Clip.of(samples).samples.tolist() == [LOUDEST, -LOUDEST, 0.5]


def test_other_input_is_refused() -> None:
    with pytest.raises(ValueError, match="22050 Hz"):
        cached_clip(Waveform(np.zeros(10, np.float32), 16_000))
    with pytest.raises(ValueError, match="empty"):
        cached_clip(Waveform(np.zeros(0, np.float32), 22_050))
