"""Which files are taken for audio: those with one of these suffixes. All others are counted, never opened."""

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
"""Lower case, with the dot. Containers that are mostly video (.mp4, .mkv, .webm) are not among them."""

LONGEST_SUFFIX = 8
"""Characters, with the dot; what is longer is a dot in a name."""


def suffix_of(name: bytes) -> str:
    """The suffix of a file name in lower case with its dot; empty where it has none worth the name."""
    stem, dot, suffix = name.rpartition(b".")
    if not dot or not stem or len(suffix) >= LONGEST_SUFFIX or not suffix.isascii():
        return ""
    text = suffix.decode("ascii").lower()
    return f".{text}" if text.isprintable() and text.strip() else ""


def is_audio(name: bytes) -> bool:
    """Whether a file of that name is taken for audio."""
    return suffix_of(name) in AUDIO_SUFFIXES
