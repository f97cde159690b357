"""POST routes of cases: next, open, decide, keep for an artist, undo, redo, hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from catalog.review.case_list import CaseRow, find_case_row
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
from catalog.review.suspect_lookup import artist_suspects, last_case_of_track
from catalog.review.verdict import GENRE_VERDICTS, VERDICTS, Verdict
from catalog.text import pluralize
from catalog.web.case_filters import request_filters
from catalog.web.genre_request import existing_genre, genre_name
from catalog.web.request import LONGEST, BadRequestError, HeldByOtherError, ReviewRequest, validated_text
from catalog.web.review_item_view import next_item_reply, render_case


def next_item(request: ReviewRequest) -> Response:
    """The next case or blind track; `after` is the key of a skipped one."""
    after = validated_text(request.data.get("after"), LONGEST)
    return JSONResponse(next_item_reply(request, request_filters(request), after, mixed=after is None))


def open_case(request: ReviewRequest) -> Response:
    """A case, optionally with another of its tracks; the reviewer gets its lease unless another reviewer holds it."""
    case_id = request.text("case_id")
    track_id = request.integer("track_id") if request.data.get("track_id") is not None else None
    if not request.is_viewer:
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
            genre_id=existing_genre(connection, genre_id) if verdict in GENRE_VERDICTS else None,
            seen=_seen_statements(request.data.get("seen")),
        )
        message = _message(connection, decided, case)
        is_open = _case(connection, case_id).open_tracks > 0
    if is_open:
        reply = {"html": render_case(request, case_id)}
    else:
        reply = next_item_reply(request, request_filters(request), after=case_id)
    return JSONResponse({**reply, "message": message, "notes": list(decided.messages)})


def keep_artist(request: ReviewRequest) -> Response:
    """Keeps the suspect tag for all of the artist's tracks that have it, so that none of them is flagged again."""
    case_id = request.text("case_id")
    with request.state.database.write() as connection:
        case = _case(connection, case_id)
        decided = decide(connection, artist_suspects(connection, case_id), "keep", request.reviewer)
    reply = next_item_reply(request, request_filters(request), after=case_id)
    message = f"Kept {case.tagged_genre} for {pluralize(len(decided.track_ids), 'track')} by {case.artist}."
    return JSONResponse({**reply, "message": message, "notes": list(decided.messages)})


def undo_last(request: ReviewRequest) -> Response:
    """Undoes the reviewer's latest decision and shows its case."""
    with request.state.database.write() as connection:
        batch = last_batch(connection, reviewer=request.reviewer)
        if batch is None:
            raise NothingToDecideError("there is no decision of yours to undo")
        undone = undo(connection, batch, request.reviewer)
        case_id = last_case_of_track(connection, undone.track_ids[0])
        has_lease = case_id is not None and acquire_only(connection, case_id, request.reviewer)
    verdict = (undone.verdict or "").replace("_", " ")
    message = f"Undone: {verdict} of {pluralize(len(undone.track_ids), 'track')}."
    if case_id is None or not has_lease:
        return JSONResponse({**next_item_reply(request, request_filters(request)), "message": message})
    return JSONResponse({"html": render_case(request, case_id, undone.track_ids[0]), "message": message})


def redo_last(request: ReviewRequest) -> Response:
    """Redoes the decision that the reviewer undid last, and continues as after a decision."""
    with request.state.database.write() as connection:
        batch = last_undo(connection, request.reviewer)
        if batch is None:
            raise NothingToDecideError("there is no undone decision to redo")
        redone = redo(connection, batch)
        case_id = last_case_of_track(connection, redone.track_ids[0])
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
        reply = next_item_reply(request, request_filters(request), after=case_id if is_shown else None)
    message = f"Redone: {redone.verdict.replace('_', ' ')} of {pluralize(len(redone.track_ids), 'track')}."
    return JSONResponse({**reply, "message": message, "notes": list(redone.messages)})


def extend_lease(request: ReviewRequest) -> Response:
    """Extends the lease of an item by 15 minutes; returns the holder if it is another reviewer."""
    key = request.text("key")
    with request.state.database.write() as connection:
        if acquire(connection, key, request.reviewer):
            return JSONResponse({"held": True})
        return JSONResponse({"held": False, "by": holder(connection, key)})


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
    chosen = genre_name(connection, decided.genre_id) or case.suggested_genre
    return {
        "keep": f"Kept: {tracks} tagged {case.tagged_genre}.",
        "accept": f"Accepted: {tracks} {are} {chosen} now.",
        "relabel": f"Changed: {tracks} {are} {chosen} now.",
        "add": f"Added: {tracks} {are} {chosen} too.",
        "unsure": f"Unsure: {tracks} left as tagged.",
        "wrong_recording": f"Wrong recording: {tracks} left as tagged.",
    }[decided.verdict]
