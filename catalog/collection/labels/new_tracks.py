"""Creates tracks without audio for the rows of a labels file, in a collection of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.labels.label_file import LabelFileError, LabelRow
from catalog.collection.name_matching import NameMatcher, fma_number
from catalog.collection.naming.tag_values import text_of
from catalog.db.tables import collection, track


def data_set_name(file: Path) -> str:
    """The name of the collection for a file: its name without suffix. Raises LabelFileError for standard input."""
    if str(file) == "-":
        raise LabelFileError("the standard input has no name; add: --collection NAME")
    return text_of(file.stem) or file.stem


def ensure_data_set(connection: Connection, name: str) -> None:
    """Adds a collection without a folder, unless a collection of that name exists."""
    exists = sa.select(collection.c.id).where(collection.c.name == name)
    if connection.execute(exists).first() is None:
        connection.execute(sa.insert(collection).values(name=name, kind="data_set"))


def create_tracks(
    connection: Connection, matcher: NameMatcher, rows: Sequence[LabelRow], matches: list[set[int]]
) -> int:
    """Adds a track for every row without a match, and its id to `matches`; returns the number of tracks.

    The external id of a track is that of its row, else its path; of a file of the Free Music Archive its number.
    """
    unmatched = [at for at, (row, ids) in enumerate(zip(rows, matches, strict=True)) if row.name and not ids]
    keys = {at: _external_id(rows[at]) for at in unmatched}
    known = matcher.find_external(keys.values())
    new = [key for key in dict.fromkeys(keys.values()) if key not in known]
    if new:
        values = [
            {"collection_id": matcher.collection_id, "external_id": key, "state": "metadata"} for key in new
        ]
        query = sa.insert(track).returning(track.c.id, sort_by_parameter_order=True)
        ids = connection.execute(query, values).scalars()
        known |= {key: {track_id} for key, track_id in zip(new, ids, strict=True)}
    for at, key in keys.items():
        matches[at] = known[key]
    return len(new)


def _external_id(row: LabelRow) -> str:
    path = row.path or ""
    return row.external_id or fma_number(path) or path.strip().replace("\\", "/")
