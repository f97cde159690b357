"""Decoding and feature sets: files and arrays in, arrays out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.arrays import Float32
    from catalog.audio.decoding.media_file import Name


def extract(path: "Name", feature_set: str) -> "Float32":
    """The vector of a file by an installed feature set: one float32 number for each of its dimensions.

        from catalog.audio import extract
        vector = extract("song.mp3", "musicnn")

    Needs no catalog. Raises `catalog.audio.audio_error.AudioError` if the file cannot be analyzed, and
    FeatureSetNotInstalledError, which lists the installed feature sets.
    """
    # Imported here, so that the command line can list feature sets without loading decoders.
    from catalog.audio.feature_sets import installed
    from catalog.audio.feature_sets.analysis import analyze

    return analyze(path, [installed.feature_set(feature_set)]).vectors[feature_set]
