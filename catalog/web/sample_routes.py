"""POST routes of the audit sample: judge a track blind, show its names, settle an answer that differs from the tag."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast, get_args

from starlette.responses import JSONResponse, Response

from catalog.review.audit_sample.audit_sample import Settlement, judge_blind, settle_judgment, show_names
from catalog.review.case_view import view_track
from catalog.review.verdict import Verdict
from catalog.web.case_filters import request_filters
from catalog.web.genre_request import existing_genre, genre_name
from catalog.web.rendering import fragment
from catalog.web.request import BadRequestError, ReviewRequest
from catalog.web.review_item_view import next_item_reply

SETTLED: dict[Settlement, str] = {
    "keep": "Kept the tag.",
    "use": "Replaced the tag by your answer.",
    "unsure": "Unsure: the tag stays.",
}


def judge_track(request: ReviewRequest) -> Response:
    """Stores a blind judgment on a track of the audit sample, and reveals the tag and the prediction."""
    track_id = request.integer("track_id")
    genre_id = request.integer("genre_id") if request.data.get("genre_id") is not None else None
    verdict = cast("Verdict", request.text("verdict")) if genre_id is None else None
    index = request.state.neighbors.get()
    with request.state.database.write() as connection:
        chosen = existing_genre(connection, genre_id)
        revealed = judge_blind(connection, track_id, request.reviewer, genre_id=chosen, verdict=verdict)
        html = fragment(
            "revealed.html",
            track=view_track(connection, track_id, index),
            revealed=revealed,
            tagged=", ".join(revealed.genres) or "nothing",
            chosen=genre_name(connection, genre_id),
        )
    return JSONResponse({"html": html, "message": "", "notes": list(revealed.decided.messages)})


def settle(request: ReviewRequest) -> Response:
    """Decides on the tag of a judged track: keeps it, replaces it by the blind answer, or neither."""
    settlement = request.text("settlement")
    if settlement not in get_args(Settlement):
        raise BadRequestError("unknown settlement")
    settlement = cast("Settlement", settlement)
    with request.state.database.write() as connection:
        decided = settle_judgment(connection, request.integer("track_id"), request.reviewer, settlement)
    reply = next_item_reply(request, request_filters(request))
    return JSONResponse({**reply, "message": SETTLED[settlement], "notes": list(decided.messages)})


def names(request: ReviewRequest) -> Response:
    """The names of a track of the audit sample; that the reviewer saw them is recorded."""
    with request.state.database.write() as connection:
        shown = show_names(connection, request.integer("track_id"), request.reviewer)
    return JSONResponse(asdict(shown))
