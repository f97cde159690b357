"""Source conflicts: tags that another source, the album's other tracks or a duplicate contradicts, without a model."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.duplicates.duplicate_audit import differing_duplicates
from catalog.db.tables import artist, label, statement, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.learning.dataset.hierarchy import path_to_top

# Weights in units of log odds, set by hand: after a conflict of two sources both are equally likely.
SOURCE = 1.5
DUPLICATE = 1.5
ALBUM = 1.25
FEWEST_ON_ALBUM = 4
"""Other tracks of the album by the same artist below which there is no conflict."""
AGREEING = 0.8
"""Share of these tracks that must have one tag."""


@dataclass(frozen=True, slots=True)
class SourceConflict:
    """A contradiction of a track's first tag."""

    track_id: int
    genre_id: int
    """The tag."""
    suggested_genre_id: int
    """The other genre: neither a genre of the track nor broader or narrower than one."""
    weight: float
    reason: Mapping[str, Any]
    """See `catalog.audit.reasons`: kind `source`, `album` or `duplicate`."""


@dataclass(frozen=True, slots=True)
class _Tagged:
    genres: tuple[int, ...]
    album: int | None
    artist: int | None
    source: str


def load_source_conflicts(
    connection: Connection,
    broader: Mapping[int, int | None],
    suggestable: Collection[int],
) -> list[SourceConflict]:
    """All conflicts by track id. Labels set by a person have none, and neither have broader or narrower genres."""
    tagged = _tagged(connection)
    above = {genre_id: path_to_top(genre_id, broader) for genre_id in broader}
    conflicts = [
        *_by_source(connection, tagged),
        *_by_album(tagged),
        *_by_duplicate(connection, tagged),
    ]
    relevant = [
        each
        for each in conflicts
        if tagged[each.track_id].source != "person"
        and each.suggested_genre_id in suggestable
        and not any(
            each.suggested_genre_id in above[genre] or genre in above[each.suggested_genre_id]
            for genre in tagged[each.track_id].genres
        )
    ]
    return sorted(relevant, key=lambda each: each.track_id)


def _tagged(connection: Connection) -> dict[int, _Tagged]:
    rows = connection.execute(
        sa.select(
            track.c.id,
            track.c.album_id,
            sa.case((artist.c.is_placeholder, None), else_=artist.c.id).label("artist_id"),
            statement.c.source,
            label.c.genre_id,
        )
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .join(label, label.c.statement_id == statement.c.id)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .where(IS_LISTED)
        .order_by(track.c.id, label.c.rank)
    )
    genres: defaultdict[int, list[int]] = defaultdict(list)
    track_facts: dict[int, tuple[int | None, int | None, str]] = {}
    for row in rows:
        genres[row.id].append(row.genre_id)
        track_facts[row.id] = (row.album_id, row.artist_id, row.source)
    return {track_id: _Tagged(tuple(genres[track_id]), *facts) for track_id, facts in track_facts.items()}


def _by_source(connection: Connection, tagged: Mapping[int, _Tagged]) -> Iterator[SourceConflict]:
    """The newest statements of sources with less weight than the one that counts."""
    current, other, later, withdrawal = (statement.alias(name) for name in ("cur", "oth", "lat", "wit"))
    is_newest = sa.and_(
        sa.func.coalesce(other.c.withdraws_id, 0) == 0,
        ~sa.exists().where(withdrawal.c.withdraws_id == other.c.id),
        ~sa.exists().where(
            later.c.track_id == other.c.track_id, later.c.source == other.c.source, later.c.id > other.c.id
        ),
    )
    rows = connection.execute(
        sa.select(track_status.c.track_id, other.c.source, label.c.genre_id)
        .join_from(track_status, current, current.c.id == track_status.c.statement_id)
        .join(other, sa.and_(other.c.track_id == track_status.c.track_id, other.c.source != current.c.source))
        .join(label, sa.and_(label.c.statement_id == other.c.id, label.c.rank == 0))
        .where(is_newest, sa.func.coalesce(other.c.origin, "") != "catalog")
        .order_by(track_status.c.track_id, other.c.id)
    )
    for row in rows:
        if row.track_id not in tagged:
            continue
        current_tags = tagged[row.track_id]
        yield SourceConflict(
            row.track_id,
            current_tags.genres[0],
            row.genre_id,
            SOURCE,
            {
                "kind": "source",
                "source": row.source,
                "genre_id": row.genre_id,
                "tagged_source": current_tags.source,
                "tagged_genre_id": current_tags.genres[0],
            },
        )


def _by_album(tagged: Mapping[int, _Tagged]) -> Iterator[SourceConflict]:
    """One tag on nearly all other tracks of the artist on the album."""
    albums: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for track_id, of_track in tagged.items():
        if of_track.album is not None and of_track.artist is not None:
            albums[of_track.album, of_track.artist].append(track_id)
    for track_ids in albums.values():
        if len(track_ids) <= FEWEST_ON_ALBUM:
            continue
        tags = Counter(tagged[track_id].genres[0] for track_id in track_ids)
        majority, number = tags.most_common(1)[0]
        of = len(track_ids) - 1
        if number < AGREEING * of:
            continue
        for track_id in track_ids:
            if tagged[track_id].genres[0] != majority:
                yield SourceConflict(
                    track_id,
                    tagged[track_id].genres[0],
                    majority,
                    ALBUM,
                    {"kind": "album", "genre_id": majority, "tracks": number, "of": of},
                )


def _by_duplicate(connection: Connection, tagged: Mapping[int, _Tagged]) -> Iterator[SourceConflict]:
    """The tag of another copy of the recording; of several copies, the first."""
    for track_id, others in differing_duplicates(connection).items():
        copies = [(other, kind) for other, kind in others if other in tagged]
        if track_id not in tagged or not copies:
            continue
        other, kind = copies[0]
        yield SourceConflict(
            track_id,
            tagged[track_id].genres[0],
            tagged[other].genres[0],
            DUPLICATE,
            {"kind": "duplicate", "pair": kind, "track_id": other, "genre_id": tagged[other].genres[0]},
        )
