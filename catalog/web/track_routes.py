"""Routes of tracks outside the queue: search, open, decide, and the next track to prepare."""

from __future__ import annotations

from typing import cast

from starlette.responses import JSONResponse, Response

from catalog.review.case_view import view_track
from catalog.review.decision import NothingToDecideError, case_suspects, decide, track_suspect
from catalog.review.lease import upcoming_case
from catalog.review.redo import last_undo
from catalog.review.suspect_lookup import last_case_of_track
from catalog.review.track_search import is_hidden
from catalog.review.verdict import GENRE_VERDICTS, VERDICTS, Verdict
from catalog.web.case_filters import request_filters
from catalog.web.genre_request import existing_genre
from catalog.web.rendering import fragment
from catalog.web.request import BadRequestError, ReviewRequest
from catalog.web.review_item_view import next_item_reply, render_case


def open_track(request: ReviewRequest) -> Response:
    """Any track: in its case if it is flagged, else on its own."""
    track_id = request.integer("track_id")
    index = request.state.neighbors.get()
    with request.state.database.read() as connection:
        if is_hidden(connection, track_id):
            raise NothingToDecideError("this track is in the audit sample and hidden until it is judged")
        track = view_track(connection, track_id, index)
        case_id = last_case_of_track(connection, track_id)
        has_undone = last_undo(connection, request.reviewer) is not None
    if case_id is not None:
        return JSONResponse({"html": render_case(request, case_id, track_id)})
    html = fragment("track.html", track=track, has_undone=has_undone, is_viewer=request.is_viewer)
    return JSONResponse({"html": html})


def decide_track(request: ReviewRequest) -> Response:
    """Stores a verdict on a track outside the queue, and returns the next item."""
    track_id, requested = request.integer("track_id"), request.text("verdict")
    if requested not in VERDICTS or requested == "accept":
        raise BadRequestError("unknown verdict")
    verdict = cast("Verdict", requested)
    genre_id = request.integer("genre_id") if verdict in GENRE_VERDICTS else None
    with request.state.database.write() as connection:
        if is_hidden(connection, track_id):
            raise NothingToDecideError("this track is in the audit sample and hidden until it is judged")
        decided = decide(
            connection,
            [track_suspect(connection, track_id)],
            verdict,
            request.reviewer,
            genre_id=existing_genre(connection, genre_id),
            source="search",
        )
    reply = next_item_reply(request, request_filters(request))
    return JSONResponse({**reply, "message": "Your decision is stored.", "notes": list(decided.messages)})


def upcoming(request: ReviewRequest) -> Response:
    """The track that the reviewer will probably get next, so that the browser can load its images."""
    with request.state.database.read() as connection:
        case_id = upcoming_case(
            connection, request.reviewer, request_filters(request), behind=request.text("key")
        )
        track_id = None if case_id is None else case_suspects(connection, case_id)[0].track_id
    return JSONResponse({"track_id": track_id})
