"""Metadata in the Free Music Archive's official layout, small and made up."""

import csv
from pathlib import Path

from catalog.collection.fma.fma_vectors import ECHONEST, FMA_518

COLUMNS = {
    "album": (
        "comments date_created date_released engineer favorites id information listens producer tags title tracks type"
    ),
    "artist": (
        "active_year_begin active_year_end associated_labels bio comments date_created favorites id latitude location "
        "longitude members name related_projects tags website wikipedia_page"
    ),
    "set": "split subset",
    "track": (
        "bit_rate comments composer date_created date_recorded duration favorites genre_top genres genres_all "
        "information interest language_code license listens lyricist number publisher tags title"
    ),
}
NAMES = [(above, below) for above, names in COLUMNS.items() for below in names.split()]

HTML = '<p class="a">One, "two"\n\n<br />three</p>\n'


def row(number, **cells):
    """The cells of one track: `track_genres="[21]"`, by the two names of its column."""
    values = {
        "album_id": "1",
        "album_title": "An Album",
        "album_date_released": "2009-01-05 00:00:00",
        "album_information": HTML,
        "artist_id": "1",
        "artist_name": "Somebody",
        "artist_bio": HTML,
        "set_split": "training",
        "set_subset": "small",
        "track_bit_rate": "256000",
        "track_date_created": "2008-11-26 01:48:12",
        "track_duration": "168",
        "track_genre_top": "Hip-Hop",
        "track_genres": "[21]",
        "track_license": "Attribution",
        "track_listens": "1293",
        "track_favorites": "2",
        "track_interest": "4656",
        "track_number": "3",
        "track_tags": "[]",
        "track_title": f"Title {number}",
    } | cells
    return [str(number), *(values.get(f"{above}_{below}", "") for above, below in NAMES)]


def write_tracks(file: Path, rows, *, names=NAMES) -> Path:
    file.parent.mkdir(exist_ok=True, parents=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["", *(above for above, _ in names)])
        writer.writerow(["", *(below for _, below in names)])
        writer.writerow(["track_id", *("" for _ in names)])
        writer.writerows(rows)
    return file


def write_genres(
    file: Path, rows=((12, "Rock", 0), (21, "Hip-Hop", 0), (25, "Punk", 12), (83, "Nerdcore", 21))
):
    with file.open("w", encoding="utf-8") as stream:
        stream.write("genre_id,#tracks,parent,title,top_level\n")
        for number, title, parent in rows:
            stream.write(f"{number},1,{parent},{title},{parent or number}\n")
    return file


def write_features(file: Path, vectors, *, dimensions=518) -> Path:
    """`vectors` are pairs of id and numbers; a number by itself stands for all of them."""
    with file.open("w", encoding="utf-8") as stream:
        names = FMA_518 if dimensions == len(FMA_518) else [f"mfcc.mean.{at:03d}" for at in range(dimensions)]
        for level, parts in zip(
            ("feature", "statistics", "number"),
            zip(*(name.split(".") for name in names), strict=True),
            strict=True,
        ):
            stream.write(",".join([level, *parts]) + "\n")
        stream.write("track_id" + "," * dimensions + "\n")
        for key, numbers in vectors:
            listed = numbers if isinstance(numbers, list) else [numbers] * dimensions
            stream.write(",".join([str(key), *map(str, listed)]) + "\n")
    return file


def write_echonest(file: Path, vectors) -> Path:
    """`vectors` are rows of id, energy, tempo and the first temporal feature; the other features are 0."""
    columns = [name.split(".") for name in ECHONEST]
    columns[8:8] = [["echonest", "metadata", "album_date"], ["echonest", "metadata", "album_name"]]
    columns[10:10] = [["echonest", "ranks", "song_hotttnesss_rank"]]
    with file.open("w", encoding="utf-8") as stream:
        for level in zip(*columns, strict=True):
            stream.write(",".join(["", *level]) + "\n")
        stream.write("track_id" + "," * len(columns) + "\n")
        for key, energy, tempo, temporal in vectors:
            given = {"energy": energy, "tempo": tempo, "000": temporal}
            given |= {"album_date": "", "album_name": '"A, comma"', "song_hotttnesss_rank": ""}
            stream.write(",".join([str(key), *(str(given.get(name, 0)) for _, _, name in columns)]) + "\n")
    return file
