"""Encoded sound for the tests of decoding, which are too slow for the unit tests."""

from __future__ import annotations

from tests.unit.audio.conftest import encode, sweep

__all__ = ["encode", "sweep"]
