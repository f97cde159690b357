"""The feature sets of the Free Music Archive: the files of its vectors and their dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.csvio.csv_error import CsvSourceError
from catalog.features.vector_csv import Header

STATISTICS = ("kurtosis", "max", "mean", "median", "min", "skew", "std")
FAMILIES = {
    "chroma_cens": 12,
    "chroma_cqt": 12,
    "chroma_stft": 12,
    "mfcc": 20,
    "rmse": 1,
    "spectral_bandwidth": 1,
    "spectral_centroid": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
    "tonnetz": 6,
    "zcr": 1,
}
FMA_518 = tuple(
    f"{family}.{statistic}.{number:02d}"
    for family, size in FAMILIES.items()
    for statistic in STATISTICS
    for number in range(1, size + 1)
)
"""The dimensions of the official `features.csv`, named as in `features.py` of the archive."""
ECHONEST = tuple(
    f"echonest.{kind}.{name}"
    for kind, names in {
        "audio_features": (
            *("acousticness", "danceability", "energy", "instrumentalness"),
            *("liveness", "speechiness", "tempo", "valence"),
        ),
        "social_features": (
            *("artist_discovery", "artist_familiarity", "artist_hotttnesss"),
            *("song_currency", "song_hotttnesss"),
        ),
        "temporal_features": tuple(f"{number:03d}" for number in range(224)),
    }.items()
    for name in names
)
"""The dimensions of the official `echonest.csv`: its 249 columns without 7 of names and places and 5 of ranks."""


@dataclass(frozen=True, slots=True)
class VectorTable:
    """A file of vectors in the archive."""

    file: str
    feature_set: str
    dimensions: tuple[str, ...]
    """The required dimensions; the file may have them in another order, the vectors have them in this one."""
    omit: frozenset[str] = frozenset()
    """Prefixes of the names of columns that are not features."""


VECTOR_TABLES = (
    VectorTable("features.csv", "fma-518", FMA_518),
    # Names, places and ranks are left out; most of them are empty.
    VectorTable("echonest.csv", "echonest", ECHONEST, frozenset({"echonest.metadata.", "echonest.ranks."})),
)


def require_dimensions(table: VectorTable, file: str, header: Header) -> None:
    """Raises CsvSourceError if a file lacks dimensions of its feature set or has others."""
    found, required = len(header.dimensions), len(table.dimensions)
    if found != required:
        problem = f" has {found} columns of numbers instead of {required}"
    elif other := sorted(set(header.dimensions).difference(table.dimensions)):
        problem = f", lines 1 to 3: {other[0]} is not a column of {table.feature_set}"
    else:
        return
    raise CsvSourceError(
        f"{file}{problem}; to import other vectors: catalog features import {file} --name NAME"
    )


def require_dimensions_of(name: str, file: str, header: Header) -> None:
    """`require_dimensions` for the name of a feature set; other names than the archive's have no requirements."""
    for table in VECTOR_TABLES:
        if table.feature_set == name:
            require_dimensions(table, file, header)
