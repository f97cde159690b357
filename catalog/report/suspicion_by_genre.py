"""Open suspects by genre, with a histogram of their suspicion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.report.formatting import LONGEST_GENRE, safe_text
from catalog.report.open_cases import is_open_suspect, suspects

BINS = 10
"""Bins of the histogram, each 0.1 wide."""
MOST_GENRES = 20


@dataclass(frozen=True)
class SuspectedGenre:
    """A tagged genre with open suspects."""

    genre: str
    suspects: int
    share: float | None
    """Of all tracks with this tag as their first genre, 0 to 1; None if there are none."""
    bins: tuple[int, ...]
    """Tracks in each bin of suspicion, from 0 to 1."""


@dataclass(frozen=True)
class Suspicion:
    """All genres with open suspects."""

    genres: tuple[SuspectedGenre, ...]
    """The most suspects first."""
    left_out: int
    highest: int
    """The largest count of any bin: the darkest shade."""


def read_suspicion(connection: Connection, tagged: Mapping[str, int]) -> Suspicion:
    """Counts the open suspects by genre and bin; `tagged` is the number of tracks of each genre.

    The database counts: the number of rows is at most genres times bins.
    """
    bin_number = sa.case(
        *((suspects.c.suspicion < (at + 1) / BINS, at) for at in range(BINS - 1)), else_=BINS - 1
    ).label("bin_number")
    rows = connection.execute(
        sa.select(suspects.c.tagged_genre, bin_number, sa.func.count())
        .where(is_open_suspect)
        .group_by(suspects.c.tagged_genre, bin_number)
    )
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * BINS)
    for name, at, tracks in rows:
        counts[safe_text(name, LONGEST_GENRE)][at] += tracks
    genres = sorted(
        (_genre(name, tuple(bins), tagged.get(name, 0)) for name, bins in counts.items()),
        key=lambda row: (-row.suspects, row.genre),
    )
    return Suspicion(
        genres=tuple(genres[:MOST_GENRES]),
        left_out=max(0, len(genres) - MOST_GENRES),
        highest=max((number for row in genres[:MOST_GENRES] for number in row.bins), default=0),
    )


def _genre(name: str, bins: tuple[int, ...], tracks: int) -> SuspectedGenre:
    suspect_tracks = sum(bins)
    return SuspectedGenre(name, suspect_tracks, min(1.0, suspect_tracks / tracks) if tracks else None, bins)
