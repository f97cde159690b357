"""Cases of doubt: how many are open, and the largest by name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import audit
from catalog.report.common_reasons import common_reasons
from catalog.report.formatting import LONGEST_GENRE, display_name, safe_text
from catalog.text import pluralize

MOST_CASES = 10
MOST_TRACKS = 12
"""Tracks of one case that the report lists by title."""

suspects = sa.table(
    "suspects",
    sa.column("track_id", sa.BigInteger()),
    sa.column("path", sa.Text()),
    sa.column("artist", sa.Text()),
    sa.column("album", sa.Text()),
    sa.column("title", sa.Text()),
    sa.column("tagged_genre", sa.Text()),
    sa.column("suggested_genre", sa.Text()),
    sa.column("suspicion", sa.Float()),
    sa.column("reasons", sa.JSON()),
    sa.column("case_id", sa.Text()),
    sa.column("decision", sa.Text()),
)
"""The view `suspects`."""
cases = sa.table(
    "cases",
    sa.column("case_id", sa.Text()),
    sa.column("artist", sa.Text()),
    sa.column("album", sa.Text()),
    sa.column("suspicion", sa.Float()),
)
"""The view `cases`."""

narrower_suggestions = sa.table("narrower_suggestions", sa.column("track_id", sa.BigInteger()))
"""The view `narrower_suggestions`: heard as a narrower term than the tag, which is no doubt."""

is_reported_suspect = suspects.c.decision.is_(None)
"""Open suspects."""


@dataclass(frozen=True)
class SuspectTrack:
    """A track of a case."""

    title: str
    suspicion: float


@dataclass(frozen=True)
class ReportedCase:
    """Tracks of one artist or album with the same tag and the same suggestion."""

    artist: str
    album: str
    tagged: str
    suggested: str
    tracks: int
    suspicion: float
    """0 to 1."""
    reasons: tuple[str, ...]
    examples: tuple[SuspectTrack, ...]
    """The most suspicious ones."""

    @property
    def name(self) -> str:
        """Whose tracks: the artist, or else the album, or else the track itself."""
        return self.artist or self.album or (self.examples[0].title if self.examples else "")

    @property
    def sentence(self) -> str:
        """The case in words."""
        return f"{pluralize(self.tracks, 'track')} tagged {self.tagged}, heard as {self.suggested}"


@dataclass(frozen=True)
class OpenCases:
    """All open doubts of the latest finished audit of labels."""

    audited: bool
    """Whether an audit was finished at all."""
    cases: int
    tracks: int
    precise: int
    """Tracks that were heard as a narrower term than their tag."""
    decided: int
    """Doubted labels that a person has decided on."""
    largest: tuple[ReportedCase, ...]


def read_open_cases(connection: Connection, most: int = MOST_CASES) -> OpenCases:
    """Reads the open doubts. The largest cases are those of most tracks, as in what the main job says."""
    audited = connection.execute(
        sa.select(sa.func.count())
        .select_from(audit)
        .where(audit.c.kind == "labels", audit.c.finished_at.is_not(None))
    ).scalar_one()
    number = connection.execute(
        sa.select(
            sa.func.count(suspects.c.case_id.distinct()).filter(is_reported_suspect)
            + sa.func.count().filter(is_reported_suspect, suspects.c.case_id.is_(None)),
            sa.func.count(suspects.c.track_id.distinct()).filter(is_reported_suspect),
            sa.func.count(suspects.c.decision),
        )
    ).one()
    precise = connection.execute(
        sa.select(sa.func.count(narrower_suggestions.c.track_id.distinct()))
    ).scalar_one()
    return OpenCases(
        audited=bool(audited),
        cases=number[0],
        tracks=number[1],
        precise=precise,
        decided=number[2],
        largest=_largest(connection, most),
    )


# A suspect outside every case is a case by itself; no case is named like that.
case_key = sa.func.coalesce(
    suspects.c.case_id, sa.literal("track ") + sa.cast(suspects.c.track_id, sa.Text), type_=sa.Text()
)


def _largest(connection: Connection, most: int) -> tuple[ReportedCase, ...]:
    suspicion = sa.func.max(suspects.c.suspicion).label("suspicion")
    tracks = sa.func.count().label("tracks")
    case = case_key.label("case_key")
    grouped = connection.execute(
        sa.select(
            case,
            suspects.c.case_id,
            suspects.c.tagged_genre,
            suspects.c.suggested_genre,
            sa.func.min(suspects.c.artist).label("artist"),
            tracks,
            suspicion,
        )
        .where(is_reported_suspect)
        .group_by(case, suspects.c.case_id, suspects.c.tagged_genre, suspects.c.suggested_genre)
        .order_by(tracks.desc(), suspicion.desc(), case)
        .limit(most)
    ).all()
    # Looked up afterwards: a join of two views in one query is planned badly, minutes at a million tracks.
    named = {
        row.case_id: row
        for row in connection.execute(
            sa.select(cases).where(cases.c.case_id.in_([row.case_id for row in grouped if row.case_id]))
        )
    }
    details = _details(connection, [row.case_key for row in grouped])
    return tuple(_case(row, named.get(row.case_id), details[row.case_key]) for row in grouped)


def _case(row: sa.Row[Any], known: sa.Row[Any] | None, tracks: list[sa.Row[Any]]) -> ReportedCase:
    return ReportedCase(
        # The case's own artist or album; a lone suspect has only its track's artist.
        artist=safe_text(row.artist if known is None else known.artist),
        album=safe_text(None if known is None else known.album),
        tagged=safe_text(row.tagged_genre, LONGEST_GENRE),
        suggested=safe_text(row.suggested_genre, LONGEST_GENRE),
        tracks=row.tracks,
        suspicion=_share(row.suspicion if known is None else known.suspicion),
        reasons=common_reasons([track.reasons for track in tracks]),
        examples=tuple(
            SuspectTrack(
                safe_text(track.title) or display_name(None, None, track.path), _share(track.suspicion)
            )
            for track in tracks
        ),
    )


def _share(value: float | None) -> float:
    return min(max(float(value or 0.0), 0.0), 1.0)


def _details(connection: Connection, keys: list[str]) -> dict[str, list[sa.Row[Any]]]:
    """The most suspicious tracks of each case."""
    place = sa.func.row_number().over(
        partition_by=case_key, order_by=(suspects.c.suspicion.desc(), suspects.c.track_id)
    )
    ranked = (
        sa.select(
            case_key.label("case_key"),
            suspects.c.title,
            suspects.c.path,
            suspects.c.suspicion,
            suspects.c.reasons,
            place.label("place"),
        )
        .where(is_reported_suspect, case_key.in_(keys))
        .subquery()
    )
    details: defaultdict[str, list[sa.Row[Any]]] = defaultdict(list)
    rows = connection.execute(
        sa.select(ranked).where(ranked.c.place <= MOST_TRACKS).order_by(ranked.c.case_key, ranked.c.place)
    )
    for row in rows:
        details[row.case_key].append(row)
    return details
