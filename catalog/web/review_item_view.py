"""What is asked next, as HTML: a case with one of its tracks, a track of the check sample, or that nothing is left."""

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
from catalog.review.similar_tracks import neighbors_of
from catalog.web.rendering import fragment
from catalog.web.request import LONGEST, ReviewRequest
from catalog.web.validation import validated_text

Reply = dict[str, Any]

FAMILIAR = 9
"""Genres that a blind question offers by a key."""


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """How far a decision reaches."""

    value: str
    words: str
    tracks: int


def next_item_reply(
    visit: ReviewRequest, filters: Filters, after: str | None = None, *, mixed: bool = True
) -> Reply:
    """The reviewer's next question behind that of the key `after`, held from now on.

    With `behind` the page sends the keys of the case and of the track of the sample that it showed last.
    """
    sent = visit.data.get("behind")
    behind = [key for key in sent if validated_text(key, LONGEST)] if isinstance(sent, list) else []
    with visit.site.database.write() as connection:
        question = next_item(
            connection,
            visit.reviewer,
            replace(filters, state="open"),
            after=after,
            behind=behind,
            mixed=mixed,
        )
    return item_reply(visit, question, filters)


def item_reply(visit: ReviewRequest, question: QueueItem | None, filters: Filters) -> Reply:
    """A question as the page shows it."""
    if question is None:
        with visit.site.database.read() as connection:
            return {"html": render_empty_queue(connection, visit, filters)}
    if question.blind is not None:
        with visit.site.database.read() as connection:
            return {"html": render_blind_track(connection, question.blind, visit.reviewer)}
    assert question.case_id is not None, "a question is one of the two"
    return {"html": render_case(visit, question.case_id)}


def render_case(visit: ReviewRequest, case_id: str, track_id: int | None = None) -> str:
    """A case; the track shown is the one named, else the most suspicious one that is open. Raises NothingToDecideError."""
    near = visit.site.nearby.neighborhood()
    with visit.site.database.read() as connection:
        view = view_case(connection, case_id)
        shown = _shown(view, track_id)
        neighbors = {} if near is None else neighbors_of(connection, near, [shown.track_id])
        has_undone = last_undo(connection, visit.reviewer) is not None
    return fragment(
        "case.html",
        view=view,
        case=view.case,
        case_artist=view.case.artist,
        shown=shown,
        track=replace(shown, neighbors=neighbors.get(shown.track_id, ())),
        scopes=scope_choices(view, shown),
        has_undone=has_undone,
    )


def render_blind_track(connection: Connection, track: BlindTrack, reviewer: str) -> str:
    """A track of the check sample without anything that names a genre."""
    return fragment(
        "blind.html",
        track=track,
        case_artist=None,
        genres=common_genres(connection),
        has_undone=last_undo(connection, reviewer) is not None,
    )


def render_empty_queue(connection: Connection, visit: ReviewRequest, filters: Filters) -> str:
    """Why there is no question, and what to do."""
    audit_id = connection.execute(sa.select(latest_audit("labels"))).scalar_one()
    narrowed = filters.narrows
    return fragment(
        "nothing.html",
        is_audited=audit_id is not None,
        held=list_cases(connection, replace(filters, state="open"), per_page=1, moment=now()).total,
        everything=list_cases(connection, Filters(state="all"), per_page=1).total,
        narrowed=narrowed,
        command=visit.site.command,
        has_undone=last_undo(connection, visit.reviewer) is not None,
    )


def scope_choices(view: CaseView, shown: CaseTrack) -> Sequence[ScopeChoice]:
    """How far a decision on a case may reach, the widest first; one only where there is no choice."""
    still_open = view.open_tracks
    if len(still_open) < 2:
        return (ScopeChoice("track", "this track", 1),)
    whose = "the artist\N{RIGHT SINGLE QUOTATION MARK}s" if view.case.artist else "all"
    found = [ScopeChoice("artist", f"{whose} {len(still_open)}", len(still_open))]
    on_album = [each for each in still_open if each.album_id == shown.album_id and each.album_id is not None]
    if 1 < len(on_album) < len(still_open):
        found.append(
            ScopeChoice("album", f"this album\N{RIGHT SINGLE QUOTATION MARK}s {len(on_album)}", len(on_album))
        )
    return (*found, ScopeChoice("track", "this track", 1))


def common_genres(connection: Connection) -> list[tuple[int, str]]:
    """The commonest first tags of the catalog by name: the same for every blind question, so that they hint at nothing."""
    rows = connection.execute(
        sa.select(genre.c.id, genre.c.name)
        .join_from(track_status, genre, genre.c.id == track_status.c.tagged_genre_id)
        .group_by(genre.c.id, genre.c.name)
        .order_by(sa.func.count().desc(), genre.c.name)
        .limit(FAMILIAR)
    )
    return sorted((tuple(row) for row in rows), key=lambda each: each[1].lower())


def _shown(view: CaseView, track_id: int | None) -> CaseTrack:
    named = next((each for each in view.tracks if each.track_id == track_id), None)
    return named or next(iter(view.open_tracks), view.tracks[0])
