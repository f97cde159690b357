"""What the page sends: next, open, decide, judge, confirm, undo, redo, hold."""

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
from catalog.web.request import LONGEST, BadRequestError, HeldByOtherError, ReviewRequest
from catalog.web.review_item_view import next_item_reply, render_case
from catalog.web.validation import validated_text


def next_item(visit: ReviewRequest) -> Response:
    """The next question; `after` is the key of the one that is skipped."""
    after = validated_text(visit.data.get("after"), LONGEST)
    return JSONResponse(next_item_reply(visit, _filters(visit), after, mixed=after is None))


def open_case(visit: ReviewRequest) -> Response:
    """The case asked for, or another track of it; held for the reviewer if nobody else holds it."""
    case_id = visit.text("case_id")
    track_id = visit.integer("track_id") if visit.data.get("track_id") is not None else None
    with visit.site.database.write() as connection:
        if not acquire_only(connection, case_id, visit.reviewer):
            raise HeldByOtherError(f"{holder(connection, case_id)} is deciding on this case at present")
    return JSONResponse({"html": render_case(visit, case_id, track_id)})


def decide_case(visit: ReviewRequest) -> Response:
    """Writes a verdict on a case or a part of it; answers with what is left of the case, or the next question."""
    case_id, asked, scope = visit.text("case_id"), visit.text("verdict"), visit.text("scope")
    if asked not in VERDICTS or scope not in get_args(Scope):
        raise BadRequestError("there is no such verdict, or it does not reach so far")
    genre_id = visit.integer("genre_id") if visit.data.get("genre_id") is not None else None
    with visit.site.database.write() as connection:
        case = _case(connection, case_id)
        if not case.open_tracks and scope != "track":
            raise NothingToDecideError("all of this case was decided meanwhile; skip it")
        verdict = _plainest(asked, genre_id, case)
        doubts = case_suspects(
            connection, case_id, scope=cast("Scope", scope), track_id=visit.integer("track_id")
        )
        done = decide(
            connection,
            doubts,
            verdict,
            visit.reviewer,
            genre_id=_named(connection, genre_id) if verdict in GENRE_VERDICTS else None,
            seen=_seen(visit.data.get("seen")),
        )
        said = _said(connection, done, case)
        is_open = _case(connection, case_id).open_tracks > 0
    if is_open:
        reply = {"html": render_case(visit, case_id)}
    else:
        reply = next_item_reply(visit, _filters(visit), after=case_id)
    return JSONResponse({**reply, "said": said, "told": list(done.messages)})


def judge_track(visit: ReviewRequest) -> Response:
    """Writes what was heard in a track of the check sample; only now the tag appears, and what the model heard."""
    track_id = visit.integer("track_id")
    genre_id = visit.integer("genre_id") if visit.data.get("genre_id") is not None else None
    verdict = cast("Verdict", visit.text("verdict")) if genre_id is None else None
    near = visit.site.nearby.neighborhood()
    with visit.site.database.write() as connection:
        chosen = _named(connection, genre_id)
        revealed = judge_blind(connection, track_id, visit.reviewer, genre_id=chosen, verdict=verdict)
        said = fragment(
            "revealed.html",
            case_artist=None,
            track=view_track(connection, track_id, near),
            revealed=revealed,
            chosen=_name(connection, genre_id),
        )
    return JSONResponse({"html": said, "said": "written", "told": list(revealed.decided.messages)})


def confirm_tag_right(visit: ReviewRequest) -> Response:
    """Says that the tag of a track of the check sample is right too."""
    with visit.site.database.write() as connection:
        done = confirm_tag(connection, visit.integer("track_id"), visit.reviewer)
    reply = next_item_reply(visit, _filters(visit))
    return JSONResponse({**reply, "said": "The tag is right too.", "told": list(done.messages)})


def undo_last(visit: ReviewRequest) -> Response:
    """Undoes the reviewer's newest stroke, and shows the case it was about."""
    with visit.site.database.write() as connection:
        batch = last_batch(connection, reviewer=visit.reviewer)
        if batch is None:
            raise NothingToDecideError("you have decided nothing that could be taken back")
        undone = undo(connection, batch, visit.reviewer)
        case_id = _case_of(connection, undone.track_ids[0])
        mine = case_id is not None and acquire_only(connection, case_id, visit.reviewer)
    words = (undone.verdict or "").replace("_", " ")
    said = f"Taken back: {words} of {pluralize(len(undone.track_ids), 'track')}."
    if case_id is None or not mine:
        return JSONResponse({**next_item_reply(visit, _filters(visit)), "said": said})
    return JSONResponse({"html": render_case(visit, case_id, undone.track_ids[0]), "said": said})


def redo_last(visit: ReviewRequest) -> Response:
    """Takes back the reviewer's newest undo, and goes on as after a decision."""
    with visit.site.database.write() as connection:
        batch = last_undo(connection, visit.reviewer)
        if batch is None:
            raise NothingToDecideError("you have taken back nothing since you last decided")
        done = redo(connection, batch)
        case_id = _case_of(connection, done.track_ids[0])
        case = None if case_id is None else find_case_row(connection, case_id)
        goes_on = (
            case is not None
            and case.open_tracks > 0
            and acquire_only(connection, case.case_id, visit.reviewer)
        )
    if case is not None and goes_on:
        reply = {"html": render_case(visit, case.case_id)}
    else:
        # What is on the page is left behind only if that is what was decided again.
        is_shown = case_id is not None and visit.data.get("key") == case_id
        reply = next_item_reply(visit, _filters(visit), after=case_id if is_shown else None)
    said = f"Again: {done.verdict.replace('_', ' ')} of {pluralize(len(done.track_ids), 'track')}."
    return JSONResponse({**reply, "said": said, "told": list(done.messages)})


def extend_lease(visit: ReviewRequest) -> Response:
    """Holds a question for another quarter of an hour, as long as somebody looks at it; says who has it, if another."""
    key = visit.text("key")
    with visit.site.database.write() as connection:
        if acquire(connection, key, visit.reviewer):
            return JSONResponse({"held": True})
        return JSONResponse({"held": False, "by": holder(connection, key)})


def _filters(visit: ReviewRequest) -> Filters:
    asked = visit.data.get("filters")
    return read_filters(asked if isinstance(asked, Mapping) else {})


def _case(connection: Connection, case_id: str) -> CaseRow:
    case = find_case_row(connection, case_id)
    if case is None:
        raise NothingToDecideError("a new audit has begun and this case is no more; skip it")
    return case


def _plainest(verdict: Verdict, genre_id: int | None, case: CaseRow) -> Verdict:
    """Who names the suggestion accepts it, and who names the tag keeps it."""
    if verdict == "relabel" and genre_id == case.suggested_genre_id:
        return "accept"
    if verdict == "relabel" and genre_id == case.tagged_genre_id:
        return "keep"
    return verdict


def _named(connection: Connection, genre_id: int | None) -> int | None:
    """The id of a genre that there is. Raises BadRequestError."""
    if genre_id is not None and _name(connection, genre_id) is None:
        raise BadRequestError("the vocabulary has no such genre")
    return genre_id


def _name(connection: Connection, genre_id: int | None) -> str | None:
    return connection.execute(sa.select(genre.c.name).where(genre.c.id == genre_id)).scalar_one_or_none()


def _seen(sent: Any) -> dict[int, int | None]:
    """The statements that were on the page, by track."""
    if not isinstance(sent, Mapping):
        return {}
    return {
        int(track_id): statement_id
        for track_id, statement_id in sent.items()
        if isinstance(track_id, str) and track_id.isdecimal() and isinstance(statement_id, int | None)
    }


def _said(connection: Connection, done: DecisionBatch, case: CaseRow) -> str:
    """What was decided, in words."""
    number = len(done.track_ids)
    tracks, are = pluralize(number, "track"), "is" if number == 1 else "are"
    chosen = _name(connection, done.genre_id) or case.suggested_genre
    return {
        "keep": f"Kept: {tracks} tagged {case.tagged_genre}.",
        "accept": f"Accepted: {tracks} {are} {chosen} now.",
        "relabel": f"Changed: {tracks} {are} {chosen} now.",
        "add": f"Added: {tracks} {are} {chosen} too.",
        "unsure": f"Unsure: {tracks} left as tagged.",
        "wrong_recording": f"Wrong recording: {tracks} left as tagged.",
    }[done.verdict]


def _case_of(connection: Connection, track_id: int) -> str | None:
    """The case of the latest audit that a track is in."""
    query = (
        sa.select(review_case.c.case_id)
        .join_from(suspect, review_case, review_case.c.id == suspect.c.review_case_id)
        .where(suspect.c.track_id == track_id, is_reviewable())
        .order_by(suspect.c.suspicion.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found
