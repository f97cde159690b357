"""Suspicion by genre: how many tags of each are in open doubt, and how strong the doubts are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.report.formatting import LONGEST_GENRE, safe_text
from catalog.report.open_cases import is_reported_suspect, suspects

BINS = 10
"""Of suspicion, a tenth each."""
MOST_GENRES = 20


@dataclass(frozen=True)
class SuspectedGenre:
    """A tagged genre with tracks in doubt."""

    genre: str
    doubted: int
    """Tracks."""
    share: float | None
    """Of all tracks with that tag, 0 to 1; None where it is no track's first genre."""
    bins: tuple[int, ...]
    """Tracks by suspicion, from 0 to 1 in tenths."""


@dataclass(frozen=True)
class Suspicion:
    """All genres with doubts."""

    genres: tuple[SuspectedGenre, ...]
    """The most doubted tracks first."""
    left_out: int
    highest: int
    """Of all bins: what is darkest."""


def read_suspicion(connection: Connection, tagged: Mapping[str, int]) -> Suspicion:
    """Reads the open doubts by genre and tenth; `tagged` is the number of tracks of each tag.

    The database counts: rows are genres times tenths, however many tracks there are.
    """
    tenth = sa.case(
        *((suspects.c.suspicion < (at + 1) / BINS, at) for at in range(BINS - 1)), else_=BINS - 1
    ).label("tenth")
    rows = connection.execute(
        sa.select(suspects.c.tagged_genre, tenth, sa.func.count())
        .where(is_reported_suspect)
        .group_by(suspects.c.tagged_genre, tenth)
    )
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * BINS)
    for name, at, tracks in rows:
        counts[safe_text(name, LONGEST_GENRE)][at] += tracks
    genres = sorted(
        (_genre(name, tuple(bins), tagged.get(name, 0)) for name, bins in counts.items()),
        key=lambda row: (-row.doubted, row.genre),
    )
    return Suspicion(
        genres=tuple(genres[:MOST_GENRES]),
        left_out=max(0, len(genres) - MOST_GENRES),
        highest=max((number for row in genres[:MOST_GENRES] for number in row.bins), default=0),
    )


def _genre(name: str, bins: tuple[int, ...], tracks: int) -> SuspectedGenre:
    doubted = sum(bins)
    return SuspectedGenre(name, doubted, min(1.0, doubted / tracks) if tracks else None, bins)
