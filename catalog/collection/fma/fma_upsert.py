"""Recording rows of the Free Music Archive: tracks, artists, albums, its own columns, statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.fma.fma_audio import LinkedFile
from catalog.collection.fma.fma_genres import FmaGenres, FmaStatement
from catalog.collection.fma.fma_tracks import FmaTrack
from catalog.collection.naming.albums import fold_album
from catalog.collection.naming.artists import fold_artist, placeholder_artists
from catalog.db.bulk_insert import take_ids, write_rows
from catalog.db.columns import now
from catalog.db.derived.track_status import one_track_of, refresh_track_status
from catalog.db.tables import album, artist, fma_track, label, statement, track
from catalog.db.upsert import insert_into

SAID_BY = "Free Music Archive"
"""`statement.stated_by` of all that is imported so."""

FACTS = ("title", "artist_id", "album_id", "duration", "bit_rate", "track_number", "year")
"""What the archive says of every track."""
FILE = (
    "path",
    "path_bytes",
    "state",
    "size",
    "mtime_ns",
    "file_signature",
    "duration",
    "codec",
    "sample_rate",
    "channels",
    "bit_rate",
    "seen_at",
)
"""What its file says, where there is one."""
OWN = tuple(column.name for column in fma_track.columns)


@dataclass
class FmaUpsertResult:
    """What became of some rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    with_file: int = 0
    """Rows whose file is there."""
    statements: int = 0
    contradicting: int = 0
    """Rows whose top genre is above none of their genres."""
    without_genre: int = 0


def upsert_fma_tracks(
    connection: Connection,
    collection_id: int,
    rows: Sequence[FmaTrack],
    links: Mapping[int, LinkedFile],
    genres: FmaGenres,
) -> FmaUpsertResult:
    """Records rows in the caller's transaction; the same rows once more change nothing.

    `links` are the files of tracks by the archive's id. What a person or a file said of a track that has a file is
    not overwritten: the archive fills what is empty.
    """
    done = FmaUpsertResult()
    moment = now()
    links = dict(links)
    artists = _ensure_artists(connection, rows)
    albums = _ensure_albums(connection, rows)
    known = _known(connection, collection_id, rows, links)
    fresh = [each for each in rows if each.id not in known]
    ids = {number: row.id for number, row in known.items()}
    ids |= dict(zip((each.id for each in fresh), take_ids(connection, track, len(fresh)), strict=True))
    touched: list[int] = []
    left: set[int] = set()
    _insert_tracks(connection, collection_id, fresh, links, artists, albums, ids, moment)
    touched += [ids[each.id] for each in fresh]
    changed: set[int] = set()
    for each in rows:
        if each.id not in known:
            continue
        row = known[each.id]
        values = _changes(row, each, links.get(each.id), artists, albums, moment)
        if values:
            connection.execute(sa.update(track).where(track.c.id == row.id).values(**values))
            changed.add(row.id)
            if "artist_id" in values:
                touched.append(row.id)
                if row.artist_id is not None:
                    left.add(row.artist_id)
    said = {each.id: genres.statement(each) for each in rows}
    old = [row.id for row in known.values()]
    changed |= _write_own(connection, rows, said, ids, old)
    spoken = _write_statements(connection, rows, said, ids, old, moment)
    refresh_track_status(connection, [*touched, *spoken, *one_track_of(connection, left)])
    done.added = len(fresh)
    changed = (changed | set(spoken)) - {ids[each.id] for each in fresh}
    done.changed = len(changed)
    done.unchanged = len(rows) - len(fresh) - len(changed)
    done.with_file = len(links)
    done.statements = len(spoken)
    done.contradicting = sum(each is not None and each.contradicts for each in said.values())
    done.without_genre = sum(each is None for each in said.values())
    return done


def _known(
    connection: Connection, collection_id: int, rows: Sequence[FmaTrack], links: dict[int, LinkedFile]
) -> dict[int, Any]:
    """The tracks that are there, by the archive's id: by that id, else by the path of the file that is linked.

    A link to a file that is another track already is taken out.
    """
    columns = [track.c[name] for name in ("id", *dict.fromkeys(("external_id", *FACTS, *FILE)))]
    query = sa.select(*columns).where(track.c.collection_id == collection_id)
    by_id = query.where(track.c.external_id.in_([str(each.id) for each in rows]))
    found = {int(row.external_id): row for row in connection.execute(by_id)}
    by_path = query.where(track.c.path_bytes.in_([link.path for link in links.values()]))
    placed = {row.path_bytes: row for row in connection.execute(by_path)} if links else {}
    for number, link in list(links.items()):
        row = placed.get(link.path)
        if row is None or row.external_id == str(number):
            continue
        if row.external_id is None and number not in found:
            found[number] = row
        else:
            del links[number]
    return found


def _facts(each: FmaTrack, artists: Mapping[str, int], albums: Mapping[str, int]) -> tuple[Any, ...]:
    return (
        each.title,
        artists.get(each.artist_id or ""),
        albums.get(each.album_id or ""),
        None if each.duration is None else float(each.duration),
        each.bit_rate,
        each.number,
        each.year,
    )


def _insert_tracks(
    connection: Connection,
    collection_id: int,
    rows: Sequence[FmaTrack],
    links: Mapping[int, LinkedFile],
    artists: Mapping[str, int],
    albums: Mapping[str, int],
    ids: Mapping[int, int],
    moment: datetime,
) -> None:
    if not rows:
        return
    beside = tuple(name for name in FILE if name not in FACTS)
    columns = ("id", "collection_id", "external_id", "added_at", *FACTS)

    def bare(each: FmaTrack) -> tuple[Any, ...]:
        facts = _facts(each, artists, albums)
        return (ids[each.id], collection_id, str(each.id), moment, *facts, "metadata")

    def linked(each: FmaTrack) -> tuple[Any, ...]:
        file = links[each.id].columns(moment)
        facts = zip(FACTS, _facts(each, artists, albums), strict=True)
        stated = [file.get(name, fact) for name, fact in facts]
        return (ids[each.id], collection_id, str(each.id), moment, *stated, *(file[name] for name in beside))

    write_rows(connection, track, (*columns, "state"), (bare(each) for each in rows if each.id not in links))
    write_rows(connection, track, (*columns, *beside), (linked(each) for each in rows if each.id in links))


def _changes(
    row: Any,
    each: FmaTrack,
    link: LinkedFile | None,
    artists: Mapping[str, int],
    albums: Mapping[str, int],
    moment: datetime,
) -> dict[str, Any]:
    """The columns of a known track that change."""
    facts = _facts(each, artists, albums)
    if link is None and row.state == "metadata" and tuple(row[1 : 2 + len(facts)]) == (str(each.id), *facts):
        return {}
    wanted = dict(zip(FACTS, facts, strict=True))
    if row.state != "metadata" or link is not None:
        del wanted["duration"], wanted["bit_rate"]
    if row.state != "metadata":
        wanted = {name: value for name, value in wanted.items() if getattr(row, name) is None}
    wanted["external_id"] = str(each.id)
    changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if link is not None and not link.is_known(row):
        changes |= link.columns(moment)
    return changes


def _write_own(
    connection: Connection,
    rows: Sequence[FmaTrack],
    said: Mapping[int, FmaStatement | None],
    ids: Mapping[int, int],
    old: list[int],
) -> set[int]:
    """Writes the archive's own columns where they are new or differ; the tracks of which they differ."""
    wanted = {}
    for each in rows:
        contradicts = (it := said[each.id]) is not None and it.contradicts
        wanted[ids[each.id]] = (each.subset, each.split, each.genre_top, contradicts, *each.own)
    query = sa.select(fma_track).where(fma_track.c.track_id.in_(old))
    kept = {row[0]: tuple(row[1:]) for row in connection.execute(query)} if old else {}
    differing = {key for key, values in kept.items() if values != wanted[key]}
    for key in sorted(differing):
        values = dict(zip(OWN[1:], wanted[key], strict=True))
        connection.execute(sa.update(fma_track).where(fma_track.c.track_id == key).values(**values))
    fresh = ((key, *values) for key, values in wanted.items() if key not in kept)
    write_rows(connection, fma_track, OWN, fresh)
    return differing


def _write_statements(
    connection: Connection,
    rows: Sequence[FmaTrack],
    said: Mapping[int, FmaStatement | None],
    ids: Mapping[int, int],
    old: list[int],
    moment: datetime,
) -> list[int]:
    """Adds what differs from what the archive said of a track before, as written; gives the tracks."""
    before = _said_before(connection, old) if old else {}
    news = []
    for each in rows:
        it = said[each.id]
        if (it.as_written if it is not None else "") != before.get(ids[each.id], ""):
            news.append((ids[each.id], it))
    keys = take_ids(connection, statement, len(news)) if news else []
    columns = ("id", "track_id", "source", "stated_at", "stated_by", "origin", "as_written")
    write_rows(
        connection,
        statement,
        columns,
        [
            (key, track_id, "import", moment, SAID_BY, it and it.origin, it.as_written if it else "")
            for key, (track_id, it) in zip(keys, news, strict=True)
        ],
    )
    labels = [
        (key, rank, genre_id, name)
        for key, (_, it) in zip(keys, news, strict=True)
        if it is not None
        for rank, (genre_id, name) in enumerate(it.labels)
    ]
    write_rows(connection, label, ("statement_id", "rank", "genre_id", "as_written"), labels)
    return [track_id for track_id, _ in news]


def _said_before(connection: Connection, track_ids: list[int]) -> dict[int, str]:
    latest = (
        sa.select(sa.func.max(statement.c.id))
        .where(
            statement.c.track_id.in_(track_ids),
            statement.c.source == "import",
            statement.c.stated_by == SAID_BY,
            sa.func.coalesce(statement.c.withdraws_id, 0) == 0,
        )
        .group_by(statement.c.track_id)
    )
    query = sa.select(statement.c.track_id, sa.func.coalesce(statement.c.as_written, ""))
    return dict(connection.execute(query.where(statement.c.id.in_(latest))).all())


def _ensure_artists(connection: Connection, rows: Iterable[FmaTrack]) -> dict[str, int]:
    """The rows of artists by the archive's id, which tells two of one name apart."""
    names = {each.artist_id: each.artist for each in rows if each.artist_id and each.artist}
    wanted = []
    for number, name in names.items():
        folded = fold_artist(name)
        wanted.append(
            {
                "key": f"fma:{number}",
                "name": name,
                "folded": folded,
                "is_placeholder": folded in placeholder_artists(),
                "external_id": number,
            }
        )
    return _ensure(connection, artist, wanted)


def _ensure_albums(connection: Connection, rows: Iterable[FmaTrack]) -> dict[str, int]:
    """The rows of albums by the archive's id. It does not say whose an album is: many are compilations."""
    first: dict[str, FmaTrack] = {}
    for each in rows:
        if each.album_id and each.album:
            first.setdefault(each.album_id, each)
    wanted = [
        {
            "key": f"fma:{number}",
            "title": each.album,
            "folded": fold_album(each.album or ""),
            "external_id": number,
            "released": each.released,
            "information": each.information,
        }
        for number, each in first.items()
    ]
    return _ensure(connection, album, wanted)


def _ensure(connection: Connection, table: sa.Table, wanted: list[dict[str, Any]]) -> dict[str, int]:
    """Ids by the archive's id; rows are made in the order of their keys, so that nobody waits in a circle."""
    query = sa.select(table.c.external_id, table.c.id)
    keys = [row["key"] for row in wanted]
    found: dict[str, int] = dict(connection.execute(query.where(table.c.key.in_(keys))).all())
    lacking = sorted((row for row in wanted if row["external_id"] not in found), key=lambda row: row["key"])
    if lacking:
        connection.execute(insert_into(connection, table).on_conflict_do_nothing(), lacking)
        keys = [row["key"] for row in lacking]
        found |= dict(connection.execute(query.where(table.c.key.in_(keys))).all())
    return found
