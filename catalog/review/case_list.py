"""Cases of the latest audit, most suspicious first, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.audit.labels.decision_feedback import load_feedback, shifted
from catalog.collection.naming.albums import fold_album
from catalog.collection.naming.artists import fold_artist
from catalog.db.columns import now
from catalog.db.tables import (
    album,
    artist,
    audit,
    collection,
    decision,
    genre,
    review_case,
    review_lease,
    statement,
    suspect,
    track,
    track_status,
)
from catalog.db.track_query import latest_audit
from catalog.review.suspect_filters import is_in_effect, is_open, is_reviewable, unjudged_sample

State = Literal["open", "decided", "all"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions on cases; None is no condition. Names of artists and albums are compared folded, others exactly."""

    tagged: str | None = None
    """Name of the suspect tag."""
    suggested: str | None = None
    collection: str | None = None
    artist: str | None = None
    album: str | None = None
    text: str | None = None
    """Contained in the artist, the album or the title."""
    source: Literal["file", "import", "person"] | None = None
    """Source of the suspect tag."""
    reviewer: str | None = None
    """Cases with decisions of this reviewer in effect."""
    suspicion: float | None = None
    """Minimum suspicion of the track."""
    state: State = "open"

    @property
    def narrows(self) -> bool:
        """There is a condition besides suspicion and state."""
        free = {"suspicion", "state"}
        return any(getattr(self, each.name) is not None for each in fields(self) if each.name not in free)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list."""

    number: int
    """From 1, by suspicion x tracks over all cases of the audit, open or not: the same until the next audit."""
    case_id: str
    artist: str | None
    album: str | None
    """None unless all tracks are on one album."""
    tagged_genre: str
    suggested_genre: str
    tagged_genre_id: int
    suggested_genre_id: int
    tracks: int
    """All suspects of the case except tracks of an audit sample that wait for a blind judgment."""
    open_tracks: int
    """Tracks without a decision."""
    suspicion: float
    """0 to 1, of the case: a score to rank by."""
    expected_right: float | None
    """Mean share of similar suggestions that people accepted; None before 100 decisions."""
    held_by: str | None
    """The reviewer with the lease."""


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of the list."""

    cases: tuple[CaseRow, ...]
    total: int
    """Cases on all pages."""
    page: int
    """From 1."""
    pages: int
    """At least 1."""


def list_cases(
    connection: Connection,
    filters: Filters | None = None,
    *,
    page: int = 1,
    per_page: int = 20,
    moment: datetime | None = None,
) -> CasePage:
    """A page of the cases in the order of `ordered_cases`.

    A case without open tracks is listed only with `state` `decided` or `all`. A page number out of range becomes the
    nearest page.
    """
    cases = ordered_cases(connection, filters or Filters(), moment or now())
    pages = max(1, -(-len(cases) // per_page))
    page = min(max(page, 1), pages)
    return CasePage(tuple(cases[(page - 1) * per_page : page * per_page]), len(cases), page, pages)


def find_case_row(connection: Connection, case_id: str, moment: datetime | None = None) -> CaseRow | None:
    """The case of the latest audit, open or not; None if the audit has no such case."""
    return read_case(connection, lambda cases: cases.c.case_id == case_id, moment or now())


def read_case(
    connection: Connection, condition: Callable[[sa.FromClause], ColumnElement[bool]], moment: datetime
) -> CaseRow | None:
    """The case of the latest audit that meets a condition, open or not; None if there is none."""
    cases = cases_query(Filters(state="all"), moment).subquery()
    row = connection.execute(sa.select(cases).where(condition(cases))).one_or_none()
    return None if row is None else _row(row)


def ordered_cases(connection: Connection, filters: Filters, moment: datetime) -> list[CaseRow]:
    """All cases that match, at most some thousands, by suspicion x tracks; equal ones by their ids.

    Decisions made since the audit shift the suspicion of other cases of the same pair of genres and the same artist
    (`catalog.audit.labels.decision_feedback`); the audit itself took account of the earlier ones. A case does not move
    while it is decided track by track.
    """
    rows = connection.execute(cases_query(filters, moment)).all()
    audited_at = connection.execute(
        sa.select(audit.c.finished_at).where(audit.c.id == latest_audit("labels"))
    ).scalar_one_or_none()
    feedback = load_feedback(connection, audited_at)

    def weight(row: sa.Row[Any]) -> float:
        shift = feedback.shift(
            row.tagged_genre_id, row.suggested_genre_id, row.artist_id, case_key=row.case_key
        )
        return shifted(row.suspicion, shift) * float(row.tracks)

    return [_row(row) for row in sorted(rows, key=lambda row: (-weight(row), row.case_id))]


def cases_query(filters: Filters, moment: datetime) -> sa.Select[Any]:
    """The query of the cases with a suspect that matches the filters, one row per case."""
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    matching = suspects_query(filters).subquery("matching")
    # Tracks of the audit sample without a judgment are not part of their case.
    hidden = (
        sa.select(suspect.c.review_case_id, sa.func.count().label("tracks"))
        .where(suspect.c.audit_id == latest_audit("labels"), suspect.c.track_id.in_(unjudged_sample()))
        .group_by(suspect.c.review_case_id)
        .subquery("hidden")
    )
    counted = (
        sa.select(
            matching.c.review_case_id,
            sa.func.sum(matching.c.is_open).label("open_tracks"),
            sa.func.avg(matching.c.expected_right).label("expected_right"),
        )
        .group_by(matching.c.review_case_id)
        .subquery("counted")
    )
    order = [(review_case.c.suspicion * review_case.c.tracks).desc(), review_case.c.case_id]
    numbered = (
        sa.select(review_case.c.id, sa.func.row_number().over(order_by=order).label("number"))
        .where(review_case.c.audit_id == latest_audit("labels"))
        .subquery("numbered")
    )
    query = (
        sa.select(
            numbered.c.number,
            review_case.c.case_id,
            review_case.c.id.label("case_key"),
            review_case.c.artist_id,
            artist.c.name.label("artist"),
            album.c.title.label("album"),
            tagged.c.name.label("tagged_genre"),
            suggested.c.name.label("suggested_genre"),
            review_case.c.genre_id.label("tagged_genre_id"),
            review_case.c.suggested_genre_id,
            (review_case.c.tracks - sa.func.coalesce(hidden.c.tracks, 0)).label("tracks"),
            counted.c.open_tracks,
            review_case.c.suspicion,
            counted.c.expected_right,
            review_lease.c.reviewer.label("held_by"),
        )
        .join_from(review_case, counted, counted.c.review_case_id == review_case.c.id)
        .join(numbered, numbered.c.id == review_case.c.id)
        .join(hidden, hidden.c.review_case_id == review_case.c.id, isouter=True)
        .join(tagged, tagged.c.id == review_case.c.genre_id)
        .join(suggested, suggested.c.id == review_case.c.suggested_genre_id)
        .join(artist, artist.c.id == review_case.c.artist_id, isouter=True)
        .join(album, album.c.id == review_case.c.album_id, isouter=True)
        .join(
            review_lease,
            sa.and_(review_lease.c.case_id == review_case.c.case_id, review_lease.c.until > moment),
            isouter=True,
        )
    )
    if filters.state == "open":
        return query.where(counted.c.open_tracks > 0)
    if filters.state == "decided":
        return query.where(counted.c.open_tracks == 0)
    return query


def suspects_query(filters: Filters) -> sa.Select[Any]:
    """The query of the suspects that match the filters in any state: ids, suspicion, and `is_open` as 0 or 1."""
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    query = (
        sa.select(
            suspect.c.id,
            suspect.c.track_id,
            suspect.c.review_case_id,
            suspect.c.suspicion,
            suspect.c.expected_right,
            sa.case((is_open(), 1), else_=0).label("is_open"),
        )
        .join_from(suspect, track, track.c.id == suspect.c.track_id)
        .join(collection, collection.c.id == track.c.collection_id)
        .join(tagged, tagged.c.id == suspect.c.genre_id)
        .join(suggested, suggested.c.id == suspect.c.suggested_genre_id)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .join(album, album.c.id == track.c.album_id, isouter=True)
        .where(is_reviewable(), suspect.c.review_case_id.is_not(None))
    )
    equal: dict[str, ColumnElement[Any]] = {
        "tagged": tagged.c.name,
        "suggested": suggested.c.name,
        "collection": collection.c.name,
    }
    for name, column in equal.items():
        if (value := getattr(filters, name)) is not None:
            query = query.where(column == value)
    if filters.artist is not None:
        query = query.where(artist.c.folded == fold_artist(filters.artist))
    if filters.album is not None:
        query = query.where(album.c.folded == fold_album(filters.album))
    if filters.text is not None:
        columns = (artist.c.name, album.c.title, track.c.title)
        query = query.where(sa.or_(*(each.icontains(filters.text, autoescape=True) for each in columns)))
    if filters.suspicion is not None:
        query = query.where(suspect.c.suspicion >= filters.suspicion)
    if filters.source is not None:
        query = query.join(track_status, track_status.c.track_id == suspect.c.track_id).join(
            statement,
            sa.and_(statement.c.id == track_status.c.statement_id, statement.c.source == filters.source),
        )
    if filters.reviewer is not None:
        query = query.where(_is_decided_by(filters.reviewer))
    return query


def _is_decided_by(reviewer: str) -> ColumnElement[bool]:
    made = decision.alias()
    return sa.exists().where(
        made.c.track_id == suspect.c.track_id,
        made.c.genre_id == suspect.c.genre_id,
        made.c.reviewer == reviewer,
        is_in_effect(made),
    )


def _row(row: sa.Row[Any]) -> CaseRow:
    return CaseRow(**{each.name: getattr(row, each.name) for each in fields(CaseRow)})
