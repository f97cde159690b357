"""A small archive as hypothesis draws it, its rows, and `track_status` by the same rules in Python."""

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

BROADER = {
    "Arch": None,
    "Arch One": "Arch",
    "Arch Two": "Arch",
    "Arch One Deep": "Arch One",
    "Bow": None,
    "Bow One": "Bow",
}
GENRES = list(BROADER)
ARTISTS = [None, "Ann", "Ben", "Nobody"]
SOURCES = ["person", "import", "file"]


@dataclass(frozen=True)
class Said:
    track: int
    source: str
    genres: tuple[str, ...]
    withdraws: int | None = None


@dataclass(frozen=True)
class Heard:
    first: str | None
    suggested: str | None
    fold: int | None


@dataclass(frozen=True)
class World:
    """A catalog in a few words: the artist of each track, what was said, what was heard, which genres are judged."""

    artists: list[str | None]
    said: list[Said] = field(default_factory=list)
    heard: dict[int, Heard] = field(default_factory=dict)
    judged: frozenset[str] = frozenset()
    has_model: bool = True


@st.composite
def worlds(draw: st.DrawFn) -> World:
    tracks = draw(st.integers(1, 6))
    artists = draw(st.lists(st.sampled_from(ARTISTS), min_size=tracks, max_size=tracks))
    genre = st.sampled_from(GENRES)
    said: list[Said] = []
    withdrawn: set[int] = set()
    for number in range(draw(st.integers(0, 12))):
        track = draw(st.integers(0, tracks - 1))
        genres = draw(st.lists(genre, max_size=3, unique=True))
        open_ones = [at for at in range(number) if said[at].track == track and at not in withdrawn]
        withdraws = draw(st.none() | st.sampled_from(open_ones)) if open_ones else None
        if withdraws is not None:
            withdrawn.add(withdraws)
        said.append(Said(track, draw(st.sampled_from(SOURCES)), tuple(genres), withdraws))
    one = st.builds(Heard, st.none() | genre, st.none() | genre, st.none() | st.integers(0, 4))
    heard = draw(st.dictionaries(st.integers(0, tracks - 1), one))
    return World(artists, said, heard, draw(st.frozensets(genre)), draw(st.booleans()))


def above(genre: str) -> set[str]:
    """The genre and all that is broader."""
    broader = BROADER[genre]
    return {genre} | (above(broader) if broader else set())


def current(world: World, track: int) -> int | None:
    withdrawn = {said.withdraws for said in world.said}
    open_ones = [
        (SOURCES.index(said.source), -at)
        for at, said in enumerate(world.said)
        if said.track == track and said.withdraws is None and at not in withdrawn
    ]
    return -min(open_ones)[1] if open_ones else None


def tags(world: World, track: int) -> tuple[str, ...]:
    at = current(world, track)
    return () if at is None else world.said[at].genres


def artist_genre(world: World, track: int) -> str | None:
    """What most of the artist's other tracks are; of equals the one that all of them have most, then the elder."""
    artist = world.artists[track]
    if artist in {None, "Nobody"}:
        return None
    firsts = {
        at: tags(world, at)[0] for at, who in enumerate(world.artists) if who == artist and tags(world, at)
    }
    others = Counter(genre for at, genre in firsts.items() if at != track)
    everyone = Counter(firsts.values())
    return min(
        others, key=lambda genre: (-others[genre], -everyone[genre], GENRES.index(genre)), default=None
    )


def relation(world: World, track: int) -> str | None:
    tagged = tags(world, track)
    if not tagged:
        return "untagged"
    if not (world.has_model and world.judged.intersection(tagged)):
        return "not_judged"
    heard = world.heard.get(track)
    if heard is None or heard.suggested is None:
        return None
    near = ["same", "broader", "narrower", "sibling", "different"]
    return min((_relation(tag, heard.suggested) for tag in tagged), key=near.index)


def _relation(tag: str, suggested: str) -> str:
    if tag == suggested:
        return "same"
    if suggested in above(tag):
        return "broader"
    if tag in above(suggested):
        return "narrower"
    return "sibling" if BROADER[tag] is not None and BROADER[tag] == BROADER[suggested] else "different"


def expected(world: World, track: int) -> dict[str, Any]:
    heard = world.heard.get(track) if world.has_model else None
    tagged = tags(world, track)
    at = current(world, track)
    return {
        "statement_id": None if at is None else FIRST + at,
        "tagged_genre": tagged[0] if tagged else None,
        "tagged_genres": "; ".join(tagged) if tagged else None,
        "artist_genre": artist_genre(world, track),
        "predicted_genre": heard.first if heard else None,
        "suggested_genre": heard.suggested if heard else None,
        "relation": relation(world, track),
        "out_of_fold": (heard.fold is not None) if heard and tagged else None,
    }


def write(connection: Connection, world: World) -> None:
    """Puts the world into the tables; nothing that is computed."""
    ids = {name: FIRST + number for number, name in enumerate(GENRES)}
    for name, broader in BROADER.items():
        row = {"id": ids[name], "name": name, "folded": name.lower(), "parent_id": ids.get(broader or "")}
        connection.execute(sa.insert(t.genre).values(origin="builtin", **row))
    rebuild_ancestors(connection)
    people = {name: FIRST + number for number, name in enumerate(ARTISTS) if name}
    insert(
        connection,
        t.artist,
        [
            {"id": key, "key": name, "name": name, "folded": name, "is_placeholder": name == "Nobody"}
            for name, key in people.items()
        ],
    )
    connection.execute(sa.insert(t.collection).values(id=FIRST, name="world", kind="folder"))
    insert(
        connection,
        t.track,
        [
            {
                "id": FIRST + at,
                "collection_id": FIRST,
                "path_bytes": bytes([at]),
                "artist_id": people.get(who or ""),
            }
            for at, who in enumerate(world.artists)
        ],
    )
    say(connection, world, 0)
    if not world.has_model:
        return
    connection.execute(
        sa.insert(t.model).values(
            id=FIRST, algorithm="x", parameters={}, class_order=[], metrics={}, versions={}, status="active"
        )
    )
    insert(
        connection,
        t.model_class,
        [
            {
                "model_id": FIRST,
                "genre_id": key,
                "tracks": 1,
                "artists": 1,
                "albums": 1,
                "counts_for_id": key if name in world.judged else None,
                "judged": name in world.judged,
                "reason": "",
            }
            for name, key in ids.items()
        ],
    )
    insert(
        connection,
        t.prediction,
        [
            {
                "model_id": FIRST,
                "track_id": FIRST + track,
                "fold": heard.fold,
                "genre_1_id": ids.get(heard.first or ""),
                "suggested_genre_id": ids.get(heard.suggested or ""),
                "predicted_at": now(),
            }
            for track, heard in world.heard.items()
        ],
    )


def say(connection: Connection, world: World, first: int) -> None:
    """Writes the world's statements from the given one on."""
    ids = {name: FIRST + number for number, name in enumerate(GENRES)}
    for at, each in enumerate(world.said[first:], first):
        key = FIRST + at
        withdraws = None if each.withdraws is None else FIRST + each.withdraws
        row = {"id": key, "track_id": FIRST + each.track, "source": each.source, "withdraws_id": withdraws}
        connection.execute(sa.insert(t.statement).values(row))
        labels = [
            {"statement_id": key, "rank": rank, "genre_id": ids[name], "as_written": name}
            for rank, name in enumerate(each.genres)
        ]
        insert(connection, t.label, labels)


def insert(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def kept(connection: Connection, world: World) -> list[dict[str, Any]]:
    """The rows of `track_status` in the order of the tracks, of the columns that `expected` has."""
    columns = [t.track_status.c[name] for name in expected(world, 0)]
    rows = connection.execute(sa.select(*columns).order_by(t.track_status.c.track_id)).mappings()
    return [dict(row) for row in rows]
