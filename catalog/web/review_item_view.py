"""HTML of the next review item: a case with one of its tracks, a blind track, or the empty queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.tables import genre, track_status
from catalog.db.track_query import latest_audit
from catalog.review.audit_sample.audit_sample import BlindTrack
from catalog.review.case_list import Filters, list_cases
from catalog.review.case_view import CaseTrack, CaseView, view_case
from catalog.review.redo import last_undo
from catalog.review.review_queue import QueueItem, next_item
from catalog.review.similar_tracks import similar_tracks
from catalog.web.rendering import fragment
from catalog.web.request import LONGEST, ReviewRequest, validated_text

Reply = dict[str, Any]

COMMON_GENRES = 9
"""Genres with a key in the view of a blind track."""


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """A scope of a decision: all tracks, one album, or one track."""

    value: str
    label: str
    tracks: int


def next_item_reply(
    request: ReviewRequest, filters: Filters, after: str | None = None, *, mixed: bool = True
) -> Reply:
    """The reviewer's next item after the key `after`; the reviewer gets its lease.

    In `behind` the page sends the keys of the case and of the blind track that it showed last.
    """
    keys = request.data.get("behind")
    behind = [key for key in keys if validated_text(key, LONGEST)] if isinstance(keys, list) else []
    with request.state.database.write() as connection:
        item = next_item(
            connection,
            request.reviewer,
            replace(filters, state="open"),
            after=after,
            behind=behind,
            mixed=mixed,
        )
    return item_reply(request, item, filters)


def item_reply(request: ReviewRequest, item: QueueItem | None, filters: Filters) -> Reply:
    """An item as HTML in the reply to the page."""
    if item is None:
        with request.state.database.read() as connection:
            return {"html": render_empty_queue(connection, request, filters)}
    if item.blind is not None:
        with request.state.database.read() as connection:
            return {"html": render_blind_track(connection, item.blind, request.reviewer)}
    assert item.case_id is not None, "an item is a case or a blind track"
    return {"html": render_case(request, item.case_id)}


def render_case(request: ReviewRequest, case_id: str, track_id: int | None = None) -> str:
    """A case with a track: the given one, or else the most suspicious open one. Raises NothingToDecideError."""
    index = request.state.neighbors.get()
    with request.state.database.read() as connection:
        view = view_case(connection, case_id)
        shown = _shown(view, track_id)
        neighbors = similar_tracks(connection, index, {shown.track_id: shown.reasons})
        has_undone = last_undo(connection, request.reviewer) is not None
    return fragment(
        "case.html",
        view=view,
        case=view.case,
        case_artist=view.case.artist,
        shown=shown,
        track=replace(shown, neighbors=neighbors.get(shown.track_id, ())),
        scope_choices=scope_choices(view, shown),
        has_undone=has_undone,
    )


def render_blind_track(connection: Connection, track: BlindTrack, reviewer: str) -> str:
    """A track of the audit sample without any hint of its genre."""
    return fragment(
        "blind.html",
        track=track,
        case_artist=None,
        genres=common_genres(connection),
        has_undone=last_undo(connection, reviewer) is not None,
    )


def render_empty_queue(connection: Connection, request: ReviewRequest, filters: Filters) -> str:
    """The reason why the queue is empty, and what to do."""
    audit_id = connection.execute(sa.select(latest_audit("labels"))).scalar_one()
    return fragment(
        "empty_queue.html",
        is_audited=audit_id is not None,
        open_cases=list_cases(connection, replace(filters, state="open"), per_page=1, moment=now()).total,
        all_cases=list_cases(connection, Filters(state="all"), per_page=1).total,
        is_filtered=filters.narrows,
        command=request.state.command,
        has_undone=last_undo(connection, request.reviewer) is not None,
    )


def scope_choices(view: CaseView, shown: CaseTrack) -> Sequence[ScopeChoice]:
    """The scopes of a decision on a case, the widest first; a single one if there is no choice."""
    open_tracks = view.open_tracks
    if len(open_tracks) < 2:
        return (ScopeChoice("track", "this track", 1),)
    owner = "the artist\N{RIGHT SINGLE QUOTATION MARK}s" if view.case.artist else "all"
    choices = [ScopeChoice("artist", f"{owner} {len(open_tracks)}", len(open_tracks))]
    on_album = [
        track for track in open_tracks if track.album_id == shown.album_id and track.album_id is not None
    ]
    if 1 < len(on_album) < len(open_tracks):
        choices.append(
            ScopeChoice("album", f"this album\N{RIGHT SINGLE QUOTATION MARK}s {len(on_album)}", len(on_album))
        )
    return (*choices, ScopeChoice("track", "this track", 1))


def common_genres(connection: Connection) -> list[tuple[int, str]]:
    """The most common first tags by name. They are the same for every blind track, so that they give no hint."""
    rows = connection.execute(
        sa.select(genre.c.id, genre.c.name)
        .join_from(track_status, genre, genre.c.id == track_status.c.tagged_genre_id)
        .group_by(genre.c.id, genre.c.name)
        .order_by(sa.func.count().desc(), genre.c.name)
        .limit(COMMON_GENRES)
    )
    return sorted((tuple(row) for row in rows), key=lambda genre: genre[1].lower())


def _shown(view: CaseView, track_id: int | None) -> CaseTrack:
    requested = next((track for track in view.tracks if track.track_id == track_id), None)
    return requested or next(iter(view.open_tracks), view.tracks[0])
