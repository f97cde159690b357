"""POST routes: next, open, decide, judge, confirm, undo, redo, hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from catalog.db.tables import genre, review_case, suspect
from catalog.review.audit_sample.audit_sample import confirm_tag, judge_blind
from catalog.review.case_list import CaseRow, Filters, find_case_row
from catalog.review.case_view import view_track
from catalog.review.decision import (
    DecisionBatch,
    NothingToDecideError,
    Scope,
    case_suspects,
    decide,
    last_batch,
    undo,
)
from catalog.review.lease import acquire, acquire_only, holder
from catalog.review.redo import last_undo, redo
from catalog.review.suspect_filters import is_reviewable
from catalog.review.verdict import GENRE_VERDICTS, VERDICTS, Verdict
from catalog.text import pluralize
from catalog.web.case_filters import read_filters
from catalog.web.rendering import fragment
from catalog.web.request import LONGEST, BadRequestError, HeldByOtherError, ReviewRequest, validated_text
from catalog.web.review_item_view import next_item_reply, render_case


def next_item(request: ReviewRequest) -> Response:
    """The next case or blind track; `after` is the key of a skipped one."""
    after = validated_text(request.data.get("after"), LONGEST)
    return JSONResponse(next_item_reply(request, _filters(request), after, mixed=after is None))


def open_case(request: ReviewRequest) -> Response:
    """A case, optionally with another of its tracks; the reviewer gets its lease unless another reviewer holds it."""
    case_id = request.text("case_id")
    track_id = request.integer("track_id") if request.data.get("track_id") is not None else None
    with request.state.database.write() as connection:
        if not acquire_only(connection, case_id, request.reviewer):
            raise HeldByOtherError(f"{holder(connection, case_id)} has opened this case")
    return JSONResponse({"html": render_case(request, case_id, track_id)})


def decide_case(request: ReviewRequest) -> Response:
    """Stores a verdict on a case or a part of it; returns the rest of the case, or the next item."""
    case_id, requested, scope = request.text("case_id"), request.text("verdict"), request.text("scope")
    if requested not in VERDICTS or scope not in get_args(Scope):
        raise BadRequestError("unknown verdict or scope")
    genre_id = request.integer("genre_id") if request.data.get("genre_id") is not None else None
    with request.state.database.write() as connection:
        case = _case(connection, case_id)
        if not case.open_tracks and scope != "track":
            raise NothingToDecideError("all tracks in this case have been decided in the meantime; skip it")
        verdict = _normalize(requested, genre_id, case)
        suspects = case_suspects(
            connection, case_id, scope=cast("Scope", scope), track_id=request.integer("track_id")
        )
        decided = decide(
            connection,
            suspects,
            verdict,
            request.reviewer,
            genre_id=_existing_genre(connection, genre_id) if verdict in GENRE_VERDICTS else None,
            seen=_seen_statements(request.data.get("seen")),
        )
        message = _message(connection, decided, case)
        is_open = _case(connection, case_id).open_tracks > 0
    if is_open:
        reply = {"html": render_case(request, case_id)}
    else:
        reply = next_item_reply(request, _filters(request), after=case_id)
    return JSONResponse({**reply, "message": message, "notes": list(decided.messages)})


def judge_track(request: ReviewRequest) -> Response:
    """Stores a blind judgment on a track of the audit sample, and reveals the tag and the prediction."""
    track_id = request.integer("track_id")
    genre_id = request.integer("genre_id") if request.data.get("genre_id") is not None else None
    verdict = cast("Verdict", request.text("verdict")) if genre_id is None else None
    index = request.state.neighbors.get()
    with request.state.database.write() as connection:
        chosen = _existing_genre(connection, genre_id)
        revealed = judge_blind(connection, track_id, request.reviewer, genre_id=chosen, verdict=verdict)
        html = fragment(
            "revealed.html",
            case_artist=None,
            track=view_track(connection, track_id, index),
            revealed=revealed,
            chosen=_name(connection, genre_id),
        )
    return JSONResponse({"html": html, "message": "", "notes": list(revealed.decided.messages)})


def confirm_tag_right(request: ReviewRequest) -> Response:
    """Confirms that the tag of a judged track of the audit sample is also correct."""
    with request.state.database.write() as connection:
        decided = confirm_tag(connection, request.integer("track_id"), request.reviewer)
    reply = next_item_reply(request, _filters(request))
    return JSONResponse(
        {**reply, "message": "Confirmed: the tag is also correct.", "notes": list(decided.messages)}
    )


def undo_last(request: ReviewRequest) -> Response:
    """Undoes the reviewer's latest decision and shows its case."""
    with request.state.database.write() as connection:
        batch = last_batch(connection, reviewer=request.reviewer)
        if batch is None:
            raise NothingToDecideError("there is no decision of yours to undo")
        undone = undo(connection, batch, request.reviewer)
        case_id = _case_of(connection, undone.track_ids[0])
        has_lease = case_id is not None and acquire_only(connection, case_id, request.reviewer)
    verdict = (undone.verdict or "").replace("_", " ")
    message = f"Undone: {verdict} of {pluralize(len(undone.track_ids), 'track')}."
    if case_id is None or not has_lease:
        return JSONResponse({**next_item_reply(request, _filters(request)), "message": message})
    return JSONResponse({"html": render_case(request, case_id, undone.track_ids[0]), "message": message})


def redo_last(request: ReviewRequest) -> Response:
    """Redoes the decision that the reviewer undid last, and continues as after a decision."""
    with request.state.database.write() as connection:
        batch = last_undo(connection, request.reviewer)
        if batch is None:
            raise NothingToDecideError("there is no undone decision to redo")
        redone = redo(connection, batch)
        case_id = _case_of(connection, redone.track_ids[0])
        case = None if case_id is None else find_case_row(connection, case_id)
        is_continued = (
            case is not None
            and case.open_tracks > 0
            and acquire_only(connection, case.case_id, request.reviewer)
        )
    if case is not None and is_continued:
        reply = {"html": render_case(request, case.case_id)}
    else:
        # The case on the page is skipped only if it is the one decided again.
        is_shown = case_id is not None and request.data.get("key") == case_id
        reply = next_item_reply(request, _filters(request), after=case_id if is_shown else None)
    message = f"Redone: {redone.verdict.replace('_', ' ')} of {pluralize(len(redone.track_ids), 'track')}."
    return JSONResponse({**reply, "message": message, "notes": list(redone.messages)})


def extend_lease(request: ReviewRequest) -> Response:
    """Extends the lease of an item by 15 minutes; returns the holder if it is another reviewer."""
    key = request.text("key")
    with request.state.database.write() as connection:
        if acquire(connection, key, request.reviewer):
            return JSONResponse({"held": True})
        return JSONResponse({"held": False, "by": holder(connection, key)})


def _filters(request: ReviewRequest) -> Filters:
    filters = request.data.get("filters")
    return read_filters(filters if isinstance(filters, Mapping) else {})


def _case(connection: Connection, case_id: str) -> CaseRow:
    case = find_case_row(connection, case_id)
    if case is None:
        raise NothingToDecideError("this case is not in the latest audit; skip it")
    return case


def _normalize(verdict: Verdict, genre_id: int | None, case: CaseRow) -> Verdict:
    """Relabeling to the suggestion is `accept`, relabeling to the tag is `keep`."""
    if verdict == "relabel" and genre_id == case.suggested_genre_id:
        return "accept"
    if verdict == "relabel" and genre_id == case.tagged_genre_id:
        return "keep"
    return verdict


def _existing_genre(connection: Connection, genre_id: int | None) -> int | None:
    """The id, if the genre exists. Raises BadRequestError."""
    if genre_id is not None and _name(connection, genre_id) is None:
        raise BadRequestError("there is no such genre")
    return genre_id


def _name(connection: Connection, genre_id: int | None) -> str | None:
    return connection.execute(sa.select(genre.c.name).where(genre.c.id == genre_id)).scalar_one_or_none()


def _seen_statements(data: Any) -> dict[int, int | None]:
    """The statement ids shown on the page, by track id."""
    if not isinstance(data, Mapping):
        return {}
    return {
        int(track_id): statement_id
        for track_id, statement_id in data.items()
        if isinstance(track_id, str) and track_id.isdecimal() and isinstance(statement_id, int | None)
    }


def _message(connection: Connection, decided: DecisionBatch, case: CaseRow) -> str:
    """The decision as a message."""
    number = len(decided.track_ids)
    tracks, are = pluralize(number, "track"), "is" if number == 1 else "are"
    chosen = _name(connection, decided.genre_id) or case.suggested_genre
    return {
        "keep": f"Kept: {tracks} tagged {case.tagged_genre}.",
        "accept": f"Accepted: {tracks} {are} {chosen} now.",
        "relabel": f"Changed: {tracks} {are} {chosen} now.",
        "add": f"Added: {tracks} {are} {chosen} too.",
        "unsure": f"Unsure: {tracks} left as tagged.",
        "wrong_recording": f"Wrong recording: {tracks} left as tagged.",
    }[decided.verdict]


def _case_of(connection: Connection, track_id: int) -> str | None:
    """The case of a track in the latest audit."""
    query = (
        sa.select(review_case.c.case_id)
        .join_from(suspect, review_case, review_case.c.id == suspect.c.review_case_id)
        .where(suspect.c.track_id == track_id, is_reviewable())
        .order_by(suspect.c.suspicion.desc())
        .limit(1)
    )
    case_id: str | None = connection.execute(query).scalar_one_or_none()
    return case_id
