"""Open cases: their number, and the largest with reasons and example tracks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.labels.audit_freshness import StaleAudit, find_stale_audit
from catalog.audit.reasons import GenreNames, Reason, describe_reason
from catalog.db.track_query import latest_audit
from catalog.learning.dataset.catalog_tracks import load_broader
from catalog.report.formatting import LONGEST_GENRE, display_name, safe_text
from catalog.text import percent, pluralize

MOST_REASONS = 3

MOST_CASES = 10
MOST_TRACKS = 12
"""Tracks listed by title in each case."""

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
"""The view `narrower_suggestions`: the prediction is a narrower term than the tag. These tags are not suspects."""

is_open_suspect = suspects.c.decision.is_(None)
"""The suspect has no decision yet."""


@dataclass(frozen=True)
class SuspectTrack:
    """A track of a case. The suspicion is 0 to 1."""

    title: str
    suspicion: float


@dataclass(frozen=True)
class ReportedCase:
    """Tracks of one artist or album with the same tag and the same suggestion, with texts safe for a page."""

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
        """The artist, or else the album, or else the title of the track."""
        return self.artist or self.album or (self.examples[0].title if self.examples else "")

    @property
    def sentence(self) -> str:
        """The case as a phrase."""
        return f"{pluralize(self.tracks, 'track')} tagged {self.tagged}, predicted {self.suggested}"


@dataclass(frozen=True)
class OpenCases:
    """The open suspects of the latest finished audit of labels."""

    audited: bool
    """Whether any audit of labels is finished."""
    cases: int
    tracks: int
    narrower: int
    """Tracks whose prediction is a narrower term than their tag."""
    decided: int
    """Suspects with a decision."""
    largest: tuple[ReportedCase, ...]
    stale: StaleAudit | None
    """Set if the audit was made with another model than the active one."""


def read_open_cases(connection: Connection, most: int = MOST_CASES) -> OpenCases:
    """Counts the open suspects and reads the `most` cases with the most tracks."""
    audit_id = connection.execute(sa.select(latest_audit("labels"))).scalar_one()
    number = connection.execute(
        sa.select(
            sa.func.count(suspects.c.case_id.distinct()).filter(is_open_suspect)
            + sa.func.count().filter(is_open_suspect, suspects.c.case_id.is_(None)),
            sa.func.count(suspects.c.track_id.distinct()).filter(is_open_suspect),
            sa.func.count(suspects.c.decision),
        )
    ).one()
    narrower = connection.execute(
        sa.select(sa.func.count(narrower_suggestions.c.track_id.distinct()))
    ).scalar_one()
    return OpenCases(
        audited=audit_id is not None,
        cases=number[0],
        tracks=number[1],
        narrower=narrower,
        decided=number[2],
        largest=_largest(connection, most),
        stale=find_stale_audit(connection),
    )


# A suspect without a case is shown as a case of one track; no case id begins with "track ".
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
        .where(is_open_suspect)
        .group_by(case, suspects.c.case_id, suspects.c.tagged_genre, suspects.c.suggested_genre)
        .order_by(tracks.desc(), suspicion.desc(), case)
        .limit(most)
    ).all()
    # A second query: a join of the two views is planned badly and takes minutes at a million tracks.
    cases_by_id = {
        row.case_id: row
        for row in connection.execute(
            sa.select(cases).where(cases.c.case_id.in_([row.case_id for row in grouped if row.case_id]))
        )
    }
    details = _details(connection, [row.case_key for row in grouped])
    _, names = load_broader(connection)
    genre_names = {genre_id: safe_text(name, LONGEST_GENRE) for genre_id, name in names.items()}
    return tuple(
        _case(row, cases_by_id.get(row.case_id), details[row.case_key], genre_names) for row in grouped
    )


def _case(
    row: sa.Row[Any], case: sa.Row[Any] | None, tracks: list[sa.Row[Any]], genre_names: GenreNames
) -> ReportedCase:
    return ReportedCase(
        # A suspect without a case has only the artist of its track.
        artist=safe_text(row.artist if case is None else case.artist),
        album=safe_text(None if case is None else case.album),
        tagged=safe_text(row.tagged_genre, LONGEST_GENRE),
        suggested=safe_text(row.suggested_genre, LONGEST_GENRE),
        tracks=row.tracks,
        suspicion=_share(row.suspicion if case is None else case.suspicion),
        reasons=common_reasons([track.reasons for track in tracks], genre_names),
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
        .where(is_open_suspect, case_key.in_(keys))
        .subquery()
    )
    details: defaultdict[str, list[sa.Row[Any]]] = defaultdict(list)
    rows = connection.execute(
        sa.select(ranked).where(ranked.c.place <= MOST_TRACKS).order_by(ranked.c.case_key, ranked.c.place)
    )
    for row in rows:
        details[row.case_key].append(row)
    return details


def common_reasons(tracks: Sequence[Sequence[Reason]], genre_names: GenreNames) -> tuple[str, ...]:
    """At most three sentences on the tracks of a case, from the stored reasons of each track and printable genre names.

    A single track keeps its sentences. Predictions and neighbors of several tracks are summarized in numbers; of the
    other kinds the sentences that hold for the most tracks are kept.
    """
    tracks = [[reason for reason in reasons if not _is_weak(reason)] for reasons in tracks]
    if len(tracks) == 1:
        sentences = [describe_reason(reason, genre_names) for reason in tracks[0]]
    else:
        by_kind: defaultdict[str, list[Reason]] = defaultdict(list)
        others: Counter[str] = Counter()
        for reasons in tracks:
            for reason in reasons:
                if reason["kind"] in _SUMMARIES:
                    by_kind[reason["kind"]].append(reason)
                else:
                    others[describe_reason(reason, genre_names)] += 1
        sentences = [
            summarize(by_kind[kind], genre_names) for kind, summarize in _SUMMARIES.items() if by_kind[kind]
        ]
        sentences += [sentence for sentence, _ in others.most_common(MOST_REASONS)]
    return tuple(sentences[:MOST_REASONS])


def _is_weak(reason: Reason) -> bool:
    """At most half of the similar tracks are tagged as suggested."""
    return bool(reason["kind"] == "neighbors" and reason["tracks"] * 2 <= reason["of"])


def _summarize_predictions(reasons: Sequence[Reason], genre_names: GenreNames) -> str:
    probability = median(reason["probability"] for reason in reasons)
    tagged_probability = median(reason["tagged_probability"] for reason in reasons)
    genre, tag = (genre_names[reasons[0][field]] for field in ("genre_id", "tagged_genre_id"))
    return f"Typically predicted {genre} ({percent(probability)}); the tag {tag} gets {percent(tagged_probability)}"


def _summarize_neighbors(reasons: Sequence[Reason], genre_names: GenreNames) -> str:
    totals = {field: sum(reason[field] for reason in reasons) for field in ("tracks", "of")}
    return describe_reason({**reasons[0], **totals}, genre_names)


_SUMMARIES = {"prediction": _summarize_predictions, "neighbors": _summarize_neighbors}
