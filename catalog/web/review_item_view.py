"""HTML of the next review item: a case with one of its tracks, a blind track, or the empty queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.labels.audit_freshness import find_stale_audit
from catalog.db.columns import now
from catalog.db.tables import genre, track_status
from catalog.db.track_query import latest_audit
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.learning.registry.registry import active_model
from catalog.review.audit_sample.audit_sample import BlindTrack
from catalog.review.case_list import Filters, list_cases
from catalog.review.case_view import CaseTrack, CaseView, view_case
from catalog.review.lease import upcoming_case
from catalog.review.redo import last_undo
from catalog.review.review_queue import QueueItem, next_item
from catalog.review.similar_tracks import similar_tracks
from catalog.review.suspect_lookup import artist_suspects
from catalog.web.rendering import fragment
from catalog.web.request import LONGEST, ReviewRequest, validated_text
from catalog.writeback.write_plan import Selection, plan_changes

Reply = dict[str, Any]

OFFERED_GENRES = 12
"""Genres offered in a blind question, more if the model has more classes; the first ten have a key."""
FEWEST_TERMS = 3
"""Common tags offered after the classes."""


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
    if request.is_viewer:
        with request.state.database.read() as connection:
            case_id = upcoming_case(
                connection, request.reviewer, replace(filters, state="open"), behind=after
            )
        return item_reply(request, None if case_id is None else QueueItem(case_id, None), filters)
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
        artist_tracks = len(artist_suspects(connection, case_id)) if view.case.artist else 0
        is_stale = find_stale_audit(connection) is not None
    return fragment(
        "case.html",
        view=view,
        case=view.case,
        shown=shown,
        track=replace(shown, neighbors=neighbors.get(shown.track_id, ())),
        scope_choices=scope_choices(view, shown),
        artist_tracks=artist_tracks,
        is_viewer=request.is_viewer,
        has_undone=has_undone,
        stale=is_stale,
        command=request.state.command,
    )


def render_blind_track(connection: Connection, track: BlindTrack, reviewer: str) -> str:
    """A track of the audit sample without any hint of its genre."""
    return fragment(
        "blind.html",
        track=track,
        genres=sample_genres(connection),
        has_undone=last_undo(connection, reviewer) is not None,
    )


def render_empty_queue(connection: Connection, request: ReviewRequest, filters: Filters) -> str:
    """The reason why the queue is empty, and what to do."""
    audit_id = connection.execute(sa.select(latest_audit("labels"))).scalar_one()
    all_cases = list_cases(connection, Filters(state="all"), per_page=1).total
    return fragment(
        "empty_queue.html",
        is_audited=audit_id is not None,
        open_cases=list_cases(connection, replace(filters, state="open"), per_page=1, moment=now()).total,
        all_cases=all_cases,
        is_filtered=filters.narrows,
        command=request.state.command,
        has_undone=last_undo(connection, request.reviewer) is not None,
        unwritten=unwritten_decisions(connection) if all_cases else 0,
    )


def unwritten_decisions(connection: Connection) -> int:
    """The number of tracks whose decided genre is not in their file yet."""
    return len(plan_changes(connection, Selection(), load_vocabulary(connection)).changes)


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


def sample_genres(connection: Connection) -> list[tuple[int, str]]:
    """Genres to choose from in a blind question, ids and names: all classes of the active model, then common tags.

    Each part is in alphabetical order, so that people learn the keys. They are the same for every blind track and give
    no hint. An answer that is not offered is given less often: without the classes the estimate would be biased.
    """
    model_row = active_model(connection)
    classes = set() if model_row is None else set(model_row["class_order"])
    names = dict(connection.execute(sa.select(genre.c.id, genre.c.name)).all())
    tagged = connection.execute(
        sa.select(genre.c.id)
        .join_from(track_status, genre, genre.c.id == track_status.c.tagged_genre_id)
        .where(genre.c.id.not_in(classes))
        .group_by(genre.c.id, genre.c.name)
        .order_by(sa.func.count().desc(), genre.c.name)
        .limit(max(FEWEST_TERMS, OFFERED_GENRES - len(classes)))
    ).scalars()
    parts = (classes & names.keys(), list(tagged))
    return [
        (genre_id, names[genre_id])
        for part in parts
        for genre_id in sorted(part, key=lambda each: str(names[each]).lower())
    ]


def _shown(view: CaseView, track_id: int | None) -> CaseTrack:
    requested = next((track for track in view.tracks if track.track_id == track_id), None)
    return requested or next(iter(view.open_tracks), view.tracks[0])
