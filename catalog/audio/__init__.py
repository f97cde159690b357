"""Decoding and feature sets: files and arrays in, arrays out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.audio.feature_set import Float32
    from catalog.audio.source import Name


def extract(path: "Name", feature_set: str) -> "Float32":
    """The vector of a file by an installed feature set: one float32 number for each of its dimensions.

        from catalog.audio import extract
        vector = extract("song.mp3", "musicnn")

    Needs no catalog. `catalog.audio.failure.AudioFailure` says why a file has none; LookupError names the feature sets
    that there are.
    """
    # Decoders and recipes are imported by what uses them: a command line names them without paying for them.
    from catalog.audio import registry
    from catalog.audio.analysis import analyze

    return analyze(path, [registry.feature_set(feature_set)]).vectors[feature_set]
