"""Generate metadata in the official layout of the Free Music Archive, with the same files, headers and shapes.

    python benchmarks/make_fma.py FOLDER [--tracks N] [--features N] [--echonest N] [--genre TOP]... [--signal S]
    [--seed N]

The default size is that of the archive: 106,574 tracks by 16,341 artists with 518 features each, 13,129 of them with
Echo Nest features. Half of the tracks have no top genre, 1 % have contradictory genres, and cells with HTML span lines.
The same seed gives the same bytes. A row depends on its number only, so a smaller set is the beginning of a larger one.
Features do not depend on the genre without --signal. --genre selects the top genres.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from catalog.genres.seeds import seeds

Floats = npt.NDArray[np.float64]
TRACKS = 106_574
ECHONEST_SHARE = 13_129 / TRACKS
TRACKS_AN_ARTIST = 6.5
TRACKS_AN_ALBUM = 7.2

ALBUM = "comments date_created date_released engineer favorites id information listens producer tags title tracks type"
ARTIST = (
    "active_year_begin active_year_end associated_labels bio comments date_created favorites id latitude location "
    "longitude members name related_projects tags website wikipedia_page"
)
TRACK = (
    "bit_rate comments composer date_created date_recorded duration favorites genre_top genres genres_all information "
    "interest language_code license listens lyricist number publisher tags title"
)
COLUMNS = [
    (above, below)
    for above, names in (("album", ALBUM), ("artist", ARTIST), ("set", "split subset"), ("track", TRACK))
    for below in names.split()
]

STATISTICS = ("kurtosis", "max", "mean", "median", "min", "skew", "std")
FEATURES = {
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
ECHONEST = {
    "audio_features": [
        "acousticness",
        "danceability",
        "energy",
        "instrumentalness",
        "liveness",
        "speechiness",
        "tempo",
        "valence",
    ],
    "metadata": [
        "album_date",
        "album_name",
        "artist_latitude",
        "artist_location",
        "artist_longitude",
        "artist_name",
        "release",
    ],
    "ranks": [
        "artist_discovery_rank",
        "artist_familiarity_rank",
        "artist_hotttnesss_rank",
        "song_currency_rank",
        "song_hotttnesss_rank",
    ],
    "social_features": [
        "artist_discovery",
        "artist_familiarity",
        "artist_hotttnesss",
        "song_currency",
        "song_hotttnesss",
    ],
    "temporal_features": [f"{number:03d}" for number in range(224)],
}
WORDS = [
    "river",
    "night",
    "glass",
    "hollow",
    "amber",
    "signal",
    "paper",
    "static",
    "morning",
    "low",
    "copper",
    "tide",
    "broken",
    "summer",
    "machine",
    "bird",
]
LICENSES = (
    "Attribution-NonCommercial-ShareAlike 3.0 International",
    "Attribution-NonCommercial-NoDerivatives (aka Music Sharing) 3.0 International",
    "Attribution",
)
BATCH = 1_000


def write_fma(
    folder: Path,
    tracks: int,
    features: int,
    echonest: int,
    seed: int = 0,
    *,
    tops: Sequence[str] = (),
    signal: float = 0.0,
) -> None:
    """Write the four files.

    Tracks have genres under `tops`; without `tops` all genres occur. The features of each top genre lie around a center
    whose coordinates have the standard deviation `signal`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    genres = [(each.fma, each.name, each.parent) for each in seeds() if each.fma is not None]
    numbers = {name: number for number, name, _ in genres}
    broader = {number: numbers.get(above or "", 0) for number, _, above in genres}
    with _opened(folder / "genres.csv") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["genre_id", "#tracks", "parent", "title", "top_level"])
        writer.writerows(
            [number, 1, broader[number], name, _top(number, broader)] for number, name, _ in genres
        )
    names = {
        number: name
        for number, name, _ in genres
        if not tops or _title(_top(number, broader), genres) in tops
    }
    with _opened(folder / "tracks.csv") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["", *(above for above, _ in COLUMNS)])
        writer.writerow(["", *(below for _, below in COLUMNS)])
        writer.writerow(["track_id", *("" for _ in COLUMNS)])
        for at in range(tracks):
            writer.writerow(_track(at, np.random.default_rng((seed, at)), names, broader))
    if features:
        levels = [
            (name, statistic, f"{number:02d}")
            for name, size in FEATURES.items()
            for statistic in STATISTICS
            for number in range(1, size + 1)
        ]
        with _opened(folder / "features.csv") as stream:
            for at, title in enumerate(("feature", "statistics", "number")):
                stream.write(",".join([title, *(level[at] for level in levels)]) + "\n")
            stream.write("track_id" + "," * len(levels) + "\n")
            rows = _vectors(min(features, tracks), len(levels), (seed, 1))
            if signal:
                centers = np.random.default_rng((seed, 5)).normal(0, signal, (max(broader) + 1, len(levels)))
                draws_of_tracks = (
                    np.random.default_rng((seed, at)).random(16).tolist() for at in range(tracks)
                )
                shifts = (centers[_top(_own(one, list(names)), broader)] for one in draws_of_tracks)
                rows = _vectors(min(features, tracks), len(levels), (seed, 1), shifts)
            stream.writelines(rows)
    if echonest:
        _write_echonest(folder / "echonest.csv", min(echonest, tracks), seed)


def _write_echonest(file: Path, number: int, seed: int) -> None:
    columns = [(above, below) for above, names in ECHONEST.items() for below in names]
    with _opened(file) as stream:
        stream.write("," + ",".join("echonest" for _ in columns) + "\n")
        stream.write("," + ",".join(above for above, _ in columns) + "\n")
        stream.write("," + ",".join(below for _, below in columns) + "\n")
        stream.write("track_id" + "," * len(columns) + "\n")
        for line in _vectors(number, 8 + 5 + 224, (seed, 2)):
            key, *cells = line.split(",")
            metadata = [
                "",
                '"Constant, Hitmaker"',
                "32.6783",
                '"Georgia, US"',
                "-83.2230",
                "Somebody",
                "Release",
            ]
            stream.write(",".join([key, *cells[:8], *metadata, *[""] * 5, *cells[8:]]))


def _vectors(
    number: int, dimensions: int, seed: tuple[int, int], shifts: Iterator[Floats] | None = None
) -> Iterator[str]:
    """Rows of numbers in the archive's format, with one shift per track."""
    for start in range(0, number, BATCH):
        values = np.random.default_rng((*seed, start)).normal(size=(BATCH, dimensions)).astype(np.float32)
        values = values[: number - start].astype(np.float64)
        if shifts is not None:
            values += np.array(list(islice(shifts, len(values))))
        for at, row in enumerate(values.tolist()):
            yield f"{_id(start + at)}," + ",".join([f"{value:.10e}" for value in row]) + "\n"


def _track(
    at: int, random: np.random.Generator, names: dict[int, str], broader: dict[int, int]
) -> list[object]:
    draws = random.random(16).tolist()
    listed = list(names)
    own = _own(draws, listed)
    top = _top(own, broader)
    genres = [own] if draws[1] < 0.6 else sorted({own, listed[int(draws[2] * len(listed))]})
    if len(genres) > 1:
        genre_top = ""
    else:
        genre_top = names[top]
        if draws[3] < 0.02:
            genre_top = names[_top(listed[int(draws[4] * len(listed))], broader)]
    artist, album = int(at / TRACKS_AN_ARTIST) + 1, int(at / TRACKS_AN_ALBUM) + 1
    artist_words, title_words = np.random.default_rng((3, artist)), np.random.default_rng((4, album))
    ancestors = sorted({above for number in genres for above in (number, *_above(number, broader))})
    html = (
        "<p>" + "\n".join(" ".join(WORDS) for _ in range(6)) + '</p>\n<p class="more">"Quoted", and more</p>'
    )
    values = {
        "album.comments": 0,
        "album.date_created": "2008-11-26 01:44:45",
        "album.date_released": f"{1990 + album % 27}-01-05 00:00:00",
        "album.favorites": 4,
        "album.id": album,
        "album.information": html if album % 3 else "",
        "album.listens": 6073,
        "album.tags": "[]",
        "album.title": f"{_words(title_words, 3)} {album}",
        "album.tracks": 7,
        "album.type": "Album",
        "artist.bio": html * 2,
        "artist.comments": 0,
        "artist.date_created": "2008-11-26 01:42:32",
        "artist.favorites": 9,
        "artist.id": artist,
        "artist.latitude": "40.0583238",
        "artist.location": "New Jersey",
        "artist.longitude": "-74.4056612",
        "artist.name": f"{_words(artist_words, 2)} {artist}",
        "artist.tags": f"['{_words(artist_words, 1)}']",
        "artist.website": "http://www.example.org/",
        "set.split": "training" if draws[5] < 0.8 else "validation" if draws[5] < 0.9 else "test",
        "set.subset": "large" if draws[6] < 0.77 else "medium" if draws[6] < 0.925 else "small",
        "track.bit_rate": 256000,
        "track.comments": 0,
        "track.composer": "" if draws[7] < 0.96 else "A Composer",
        "track.date_created": "2008-11-26 01:48:12",
        "track.date_recorded": "2008-11-26 00:00:00" if draws[8] < 0.06 else "",
        "track.duration": int(60 + 400 * draws[9]),
        "track.favorites": int(5 * draws[10]),
        "track.genre_top": genre_top,
        "track.genres": genres,
        "track.genres_all": ancestors,
        "track.interest": int(5000 * draws[11]),
        "track.language_code": "en",
        "track.license": LICENSES[at % 3],
        "track.listens": int(3000 * draws[12]),
        "track.number": at % 12 + 1,
        "track.tags": f"['{_words(random, 1)}']" if draws[13] < 0.2 else "[]",
        "track.title": _words(random, 3),
    }
    return [_id(at), *(values.get(f"{above}.{below}", "") for above, below in COLUMNS)]


def _own(draws: Sequence[float], listed: Sequence[int]) -> int:
    """The genre of a track. The first genre of the list is the most common one."""
    return listed[int(draws[0] ** 2 * len(listed))]


def _title(number: int, genres: Sequence[tuple[int, str, str | None]]) -> str:
    return next(name for one, name, _ in genres if one == number)


def _id(at: int) -> int:
    """The track id; ids have gaps."""
    return 2 + at + at // 3


def _words(random: np.random.Generator, number: int) -> str:
    return " ".join(WORDS[at] for at in random.integers(len(WORDS), size=number).tolist()).title()


def _above(number: int, broader: dict[int, int]) -> list[int]:
    return [broader[number], *_above(broader[number], broader)] if broader[number] else []


def _top(number: int, broader: dict[int, int]) -> int:
    return [number, *_above(number, broader)][-1]


def _opened(file: Path) -> TextIOWrapper:
    return file.open("w", encoding="utf-8", newline="")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=TRACKS)
    parser.add_argument("--features", type=int, help="number of tracks with features  [default: all]")
    parser.add_argument(
        "--echonest", type=int, help="number of tracks with Echo Nest features  [default: an eighth]"
    )
    parser.add_argument(
        "--genre", action="append", default=[], metavar="TOP", help="top genre to include; repeatable"
    )
    parser.add_argument("--signal", type=float, default=0.0, help="standard deviation of the genre centers")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    features = options.tracks if options.features is None else options.features
    echonest = int(options.tracks * ECHONEST_SHARE) if options.echonest is None else options.echonest
    write_fma(
        options.folder,
        options.tracks,
        features,
        echonest,
        options.seed,
        tops=options.genre,
        signal=options.signal,
    )


if __name__ == "__main__":
    main()
