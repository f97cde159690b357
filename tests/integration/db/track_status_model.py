"""Random small catalogs, and a reference implementation of `track_status` in Python."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy import Connection

from catalog.db import tables as t
from catalog.db.columns import now
from catalog.genres.closure_table import rebuild_ancestors

FIRST = 100_000
"""Ids far above those of the seeds."""

PARENTS = {
    "Arch": None,
    "Arch One": "Arch",
    "Arch Two": "Arch",
    "Arch One Deep": "Arch One",
    "Bow": None,
    "Bow One": "Bow",
}
GENRES = list(PARENTS)
ARTISTS = [None, "Ann", "Ben", "Nobody"]
SOURCES = ["person", "import", "file"]


@dataclass(frozen=True)
class ToyStatement:
    track: int
    source: str
    genres: tuple[str, ...]
    withdraws: int | None = None


@dataclass(frozen=True)
class ToyPrediction:
    first: str | None
    suggested: str | None
    fold: int | None


@dataclass(frozen=True)
class ToyCatalog:
    """The artist of each track, the statements, the predictions, and the genres that the model judges."""

    artists: list[str | None]
    statements: list[ToyStatement] = field(default_factory=list)
    predictions: dict[int, ToyPrediction] = field(default_factory=dict)
    judged: frozenset[str] = frozenset()
    has_model: bool = True


@st.composite
def toy_catalogs(draw: st.DrawFn) -> ToyCatalog:
    tracks = draw(st.integers(1, 6))
    artists = draw(st.lists(st.sampled_from(ARTISTS), min_size=tracks, max_size=tracks))
    genre = st.sampled_from(GENRES)
    statements: list[ToyStatement] = []
    withdrawn: set[int] = set()
    for number in range(draw(st.integers(0, 12))):
        track = draw(st.integers(0, tracks - 1))
        genres = draw(st.lists(genre, max_size=3, unique=True))
        candidates = [at for at in range(number) if statements[at].track == track and at not in withdrawn]
        withdraws = draw(st.none() | st.sampled_from(candidates)) if candidates else None
        if withdraws is not None:
            withdrawn.add(withdraws)
        statements.append(ToyStatement(track, draw(st.sampled_from(SOURCES)), tuple(genres), withdraws))
    prediction = st.builds(ToyPrediction, st.none() | genre, st.none() | genre, st.none() | st.integers(0, 4))
    predictions = draw(st.dictionaries(st.integers(0, tracks - 1), prediction))
    return ToyCatalog(artists, statements, predictions, draw(st.frozensets(genre)), draw(st.booleans()))


def genre_and_ancestors(genre: str) -> set[str]:
    """The genre and its ancestors."""
    parent = PARENTS[genre]
    return {genre} | (genre_and_ancestors(parent) if parent else set())


def current_statement(toy: ToyCatalog, track: int) -> int | None:
    withdrawn = {statement.withdraws for statement in toy.statements}
    candidates = [
        (SOURCES.index(statement.source), -at)
        for at, statement in enumerate(toy.statements)
        if statement.track == track and statement.withdraws is None and at not in withdrawn
    ]
    return -min(candidates)[1] if candidates else None


def tagged_genres(toy: ToyCatalog, track: int) -> tuple[str, ...]:
    at = current_statement(toy, track)
    return () if at is None else toy.statements[at].genres


def artist_genre(toy: ToyCatalog, track: int) -> str | None:
    """The most frequent genre of the artist's other tracks.

    Ties go to the most frequent genre of all their tracks, then to the lowest id.
    """
    artist = toy.artists[track]
    if artist in {None, "Nobody"}:
        return None
    first_genres = {
        at: tagged_genres(toy, at)[0]
        for at, who in enumerate(toy.artists)
        if who == artist and tagged_genres(toy, at)
    }
    others = Counter(genre for at, genre in first_genres.items() if at != track)
    all_tracks = Counter(first_genres.values())
    return min(
        others, key=lambda genre: (-others[genre], -all_tracks[genre], GENRES.index(genre)), default=None
    )


def relation(toy: ToyCatalog, track: int) -> str | None:
    tagged = tagged_genres(toy, track)
    if not tagged:
        return "untagged"
    if not (toy.has_model and toy.judged.intersection(tagged)):
        return "not_judged"
    prediction = toy.predictions.get(track)
    if prediction is None or prediction.suggested is None:
        return None
    closest_first = ["same", "broader", "narrower", "sibling", "different"]
    return min((_relation(tag, prediction.suggested) for tag in tagged), key=closest_first.index)


def _relation(tag: str, suggested: str) -> str:
    if tag == suggested:
        return "same"
    if suggested in genre_and_ancestors(tag):
        return "broader"
    if tag in genre_and_ancestors(suggested):
        return "narrower"
    return "sibling" if PARENTS[tag] is not None and PARENTS[tag] == PARENTS[suggested] else "different"


def expected_row(toy: ToyCatalog, track: int) -> dict[str, Any]:
    prediction = toy.predictions.get(track) if toy.has_model else None
    tagged = tagged_genres(toy, track)
    at = current_statement(toy, track)
    return {
        "statement_id": None if at is None else FIRST + at,
        "tagged_genre": tagged[0] if tagged else None,
        "tagged_genres": "; ".join(tagged) if tagged else None,
        "artist_genre": artist_genre(toy, track),
        "predicted_genre": prediction.first if prediction else None,
        "suggested_genre": prediction.suggested if prediction else None,
        "relation": relation(toy, track),
        "out_of_fold": (prediction.fold is not None) if prediction and tagged else None,
    }


def write_catalog(connection: Connection, toy: ToyCatalog) -> None:
    """Writes the rows of the catalog, without derived tables."""
    ids = {name: FIRST + number for number, name in enumerate(GENRES)}
    for name, parent in PARENTS.items():
        row = {"id": ids[name], "name": name, "folded": name.lower(), "parent_id": ids.get(parent or "")}
        connection.execute(sa.insert(t.genre).values(origin="builtin", **row))
    rebuild_ancestors(connection)
    artist_ids = {name: FIRST + number for number, name in enumerate(ARTISTS) if name}
    insert_rows(
        connection,
        t.artist,
        [
            {"id": key, "key": name, "name": name, "folded": name, "is_placeholder": name == "Nobody"}
            for name, key in artist_ids.items()
        ],
    )
    connection.execute(sa.insert(t.collection).values(id=FIRST, name="toy", kind="folder"))
    insert_rows(
        connection,
        t.track,
        [
            {
                "id": FIRST + at,
                "collection_id": FIRST,
                "path_bytes": bytes([at]),
                "artist_id": artist_ids.get(who or ""),
            }
            for at, who in enumerate(toy.artists)
        ],
    )
    write_statements(connection, toy, 0)
    if not toy.has_model:
        return
    connection.execute(
        sa.insert(t.model).values(
            id=FIRST, algorithm="x", parameters={}, class_order=[], metrics={}, versions={}, status="active"
        )
    )
    insert_rows(
        connection,
        t.model_class,
        [
            {
                "model_id": FIRST,
                "genre_id": key,
                "tracks": 1,
                "artists": 1,
                "albums": 1,
                "counts_for_id": key if name in toy.judged else None,
                "judged": name in toy.judged,
                "reason": "",
            }
            for name, key in ids.items()
        ],
    )
    insert_rows(
        connection,
        t.prediction,
        [
            {
                "model_id": FIRST,
                "track_id": FIRST + track,
                "fold": prediction.fold,
                "genre_1_id": ids.get(prediction.first or ""),
                "suggested_genre_id": ids.get(prediction.suggested or ""),
                "predicted_at": now(),
            }
            for track, prediction in toy.predictions.items()
        ],
    )


def write_statements(connection: Connection, toy: ToyCatalog, first: int) -> None:
    """Writes the statements from index `first` on."""
    ids = {name: FIRST + number for number, name in enumerate(GENRES)}
    for at, statement in enumerate(toy.statements[first:], first):
        key = FIRST + at
        withdraws = None if statement.withdraws is None else FIRST + statement.withdraws
        row = {
            "id": key,
            "track_id": FIRST + statement.track,
            "source": statement.source,
            "withdraws_id": withdraws,
        }
        connection.execute(sa.insert(t.statement).values(row))
        labels = [
            {"statement_id": key, "rank": rank, "genre_id": ids[name], "as_written": name}
            for rank, name in enumerate(statement.genres)
        ]
        insert_rows(connection, t.label, labels)


def insert_rows(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def stored_rows(connection: Connection, toy: ToyCatalog) -> list[dict[str, Any]]:
    """The rows of `track_status` in the order of the tracks, with the columns of `expected_row`."""
    columns = [t.track_status.c[name] for name in expected_row(toy, 0)]
    rows = connection.execute(sa.select(*columns).order_by(t.track_status.c.track_id)).mappings()
    return [dict(row) for row in rows]
