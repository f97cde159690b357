"""File name suffixes of audio files. Files with other suffixes are counted and never opened."""

from __future__ import annotations

AUDIO_SUFFIXES = frozenset(
    {
        ".aac",
        ".ac3",
        ".aif",
        ".aifc",
        ".aiff",
        ".ape",
        ".au",
        ".caf",
        ".dff",
        ".dsf",
        ".flac",
        ".m4a",
        ".m4b",
        ".m4r",
        ".mka",
        ".mp+",
        ".mp1",
        ".mp2",
        ".mp3",
        ".mpc",
        ".oga",
        ".ogg",
        ".opus",
        ".shn",
        ".spx",
        ".tak",
        ".tta",
        ".w64",
        ".wav",
        ".wave",
        ".weba",
        ".wma",
        ".wv",
    }
)
"""Lower case, with the dot, without containers that are mostly video (.mp4, .mkv, .webm)."""

MAX_SUFFIX = 8
"""Maximum length in characters, with the dot."""


def suffix_of(name: bytes) -> str:
    """The suffix of a file name in lower case with its dot; empty if there is none or it is too long."""
    stem, dot, suffix = name.rpartition(b".")
    if not dot or not stem or len(suffix) >= MAX_SUFFIX or not suffix.isascii():
        return ""
    text = suffix.decode("ascii").lower()
    return f".{text}" if text.isprintable() and text.strip() else ""


def is_audio(name: bytes) -> bool:
    """Whether a file name has a suffix of audio files."""
    return suffix_of(name) in AUDIO_SUFFIXES
