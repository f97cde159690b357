"""The error of a file that cannot be analyzed."""

from __future__ import annotations

import copy

import pytest

from catalog.audio.audio_error import AudioError


def test_a_copy_keeps_reason_and_message() -> None:
    error = AudioError("too-short", "0.10 s of audio")
    again = copy.copy(error)
    assert (again.reason, str(again)) == ("too-short", "0.10 s of audio")


def test_unknown_reasons_are_a_bug() -> None:
    with pytest.raises(ValueError, match="unknown reason 'tired'"):
        AudioError("tired", "")
