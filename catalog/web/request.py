"""A request by somebody who may come in, and the handlers that answer it."""

from __future__ import annotations

import errno
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from catalog.audio.audio_error import AudioError
from catalog.errors import CatalogError
from catalog.review.decision import NothingToDecideError
from catalog.review.verdict import InvalidVerdictError
from catalog.web.app_state import AppState
from catalog.web.media.audio_file import NotPlayableError
from catalog.web.rendering import render
from catalog.web.validation import validated_text

INT64 = 2**63
LONGEST = 200
"""Signs in a key or a name that is sent."""


class BadRequestError(CatalogError):
    """What came is not what this page sends."""


class HeldByOtherError(CatalogError):
    """Somebody else holds what was asked for."""


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """A request and who sent it."""

    site: AppState
    reviewer: str
    request: Request
    data: Mapping[str, Any]
    """What a page of ours sent; empty where it only reads."""

    def integer(self, name: str) -> int:
        """A whole number sent. Raises BadRequestError."""
        value = self.data.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < INT64:
            raise BadRequestError(f"{name} is no number of a row")
        return value

    def text(self, name: str) -> str:
        """A text sent. Raises BadRequestError."""
        value = validated_text(self.data.get(name), LONGEST)
        if value is None:
            raise BadRequestError(f"{name} is no text")
        return value

    @property
    def track_id(self) -> int:
        """The track that the address names. Raises NotPlayableError for a number too large for a row."""
        track_id: int = self.request.path_params["track_id"]
        if track_id >= INT64:
            raise NotPlayableError(f"there is no track {track_id}")
        return track_id


Handler = Callable[[ReviewRequest], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(handler: Handler) -> Endpoint:
    """Answers by a handler, in a thread of its own, those who may come in; the others are told how to."""

    async def answer(request: Request) -> Response:
        try:
            data = _sent(await request.body()) if request.method == "POST" else {}
        except BadRequestError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return await run_in_threadpool(_answer, handler, request, data)

    return answer


def _answer(handler: Handler, request: Request, data: Mapping[str, Any]) -> Response:
    site: AppState = request.app.state.site
    try:
        with site.database.read() as connection:
            reviewer = site.access.reviewer(connection, request.cookies.get(site.address.cookie))
        if reviewer is None:
            return unauthenticated(request)
        return handler(ReviewRequest(site, reviewer, request, data))
    except (NotPlayableError, AudioError) as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    except BadRequestError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    except (NothingToDecideError, InvalidVerdictError, HeldByOtherError) as error:
        return JSONResponse({"error": str(error)}, status_code=409)
    except (sa.exc.OperationalError, OSError) as error:
        return JSONResponse({"error": _fault(error)}, status_code=503)


def unauthenticated(request: Request) -> Response:
    """What somebody without a link is told."""
    if "text/html" in request.headers.get("accept", ""):
        return render(
            "message.html",
            status_code=401,
            title="Your link, please",
            words="This page opens by the link that was printed where it was started. Links of an earlier run have "
            "ended; whoever started it can give you a new one.",
            command="catalog review serve",
        )
    return JSONResponse({"error": "you are not signed in any more; open your link again"}, status_code=401)


def _sent(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadRequestError("what came is no JSON") from error
    if not isinstance(data, dict):
        raise BadRequestError("what came is no JSON object")
    return data


def _fault(error: Exception) -> str:
    """One line on what the machine refused."""
    origin = getattr(error, "orig", None) or error
    text = str(origin)
    if getattr(origin, "errno", None) == errno.ENOSPC or "disk is full" in text:
        return "the disk is full; make room, then try again"
    if "readonly" in text or "read-only" in text:
        return (
            "the database cannot be written to; check the permissions of its file and folder, then try again"
        )
    if "locked" in text:
        return "the database is busy; try again"
    return "the database or a disk does not answer; try again"
