"""Authenticated requests and the endpoints of their handlers."""

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

INT64 = 2**63
LONGEST = 200
"""Characters of a key or a name in a request."""


class BadRequestError(CatalogError):
    """The request has invalid data."""


class HeldByOtherError(CatalogError):
    """Another reviewer holds the lease of the case."""


class ReadOnlyError(CatalogError):
    """A viewer sent a decision."""


STATUS_CODES: Mapping[type[CatalogError], int] = {
    NotPlayableError: 404,
    AudioError: 404,
    BadRequestError: 400,
    ReadOnlyError: 403,
    NothingToDecideError: 409,
    InvalidVerdictError: 409,
    HeldByOtherError: 409,
}
"""The status code of the response to each error of a request."""


def validated_text(value: object, longest: int) -> str | None:
    """The value if it is text of 1 to `longest` characters that a database can store; otherwise None.

    PostgreSQL stores no NUL, and UTF-8 encodes no lone surrogate.
    """
    if not isinstance(value, str) or not 0 < len(value) <= longest or "\0" in value:
        return None
    return None if any("\ud800" <= character <= "\udfff" for character in value) else value


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """A request with its reviewer."""

    state: AppState
    reviewer: str
    http: Request
    data: Mapping[str, Any]
    """The JSON body; empty for GET."""
    is_viewer: bool = False
    """The link allows no decisions."""

    def integer(self, name: str) -> int:
        """A row id in the body. Raises BadRequestError."""
        value = self.data.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < INT64:
            raise BadRequestError(f"{name} is not an id")
        return value

    def text(self, name: str) -> str:
        """A text in the body. Raises BadRequestError."""
        value = validated_text(self.data.get(name), LONGEST)
        if value is None:
            raise BadRequestError(f"{name} is not a text")
        return value

    @property
    def track_id(self) -> int:
        """The track id of the URL. Raises NotPlayableError for a number that is too large."""
        track_id: int = self.http.path_params["track_id"]
        if track_id >= INT64:
            raise NotPlayableError(f"there is no track {track_id}")
        return track_id


Handler = Callable[[ReviewRequest], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(handler: Handler, *, decides: bool = False) -> Endpoint:
    """An endpoint that runs the handler in a thread for authenticated requests, and answers others with 401.

    One that `decides` answers viewers with 403.
    """

    async def respond(request: Request) -> Response:
        try:
            data = _json_body(await request.body()) if request.method == "POST" else {}
        except BadRequestError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return await run_in_threadpool(_respond, handler, request, data, decides=decides)

    return respond


def _respond(handler: Handler, request: Request, data: Mapping[str, Any], *, decides: bool) -> Response:
    state: AppState = request.app.state.app_state
    try:
        client = None if request.client is None else request.client.host
        with state.database.read() as connection:
            visitor = state.auth.visitor(
                connection, request.cookies.get(state.address.cookie), request.headers, client
            )
        if visitor is None:
            return unauthenticated(request)
        if visitor.is_viewer and decides:
            raise ReadOnlyError("your link does not allow decisions")
        return handler(ReviewRequest(state, visitor.name, request, data, visitor.is_viewer))
    except tuple(STATUS_CODES) as error:
        code = next(code for kind, code in STATUS_CODES.items() if isinstance(error, kind))
        return JSONResponse({"error": str(error)}, status_code=code)
    except (sa.exc.OperationalError, OSError) as error:
        return JSONResponse({"error": _error_message(error)}, status_code=503)


def unauthenticated(request: Request) -> Response:
    """The response to a request without a valid token."""
    if "text/html" in request.headers.get("accept", ""):
        return render(
            "message.html",
            status_code=401,
            title="Open your link",
            text="Open the link shown in the terminal. Old links stop working when the server restarts.",
            command="catalog review serve",
        )
    return JSONResponse({"error": "you are no longer signed in; open your link again"}, status_code=401)


def _json_body(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadRequestError("the request is not JSON") from error
    if not isinstance(data, dict):
        raise BadRequestError("the request is not a JSON object")
    return data


def _error_message(error: Exception) -> str:
    """A line for an error of the database or the file system."""
    origin = getattr(error, "orig", None) or error
    text = str(origin)
    if getattr(origin, "errno", None) == errno.ENOSPC or "disk is full" in text:
        return "the disk is full; free some space, then try again"
    if "readonly" in text or "read-only" in text:
        return "the database is read-only; check the permissions of its file and folder, then try again"
    if "locked" in text:
        return "the database is busy; try again"
    return "the database or a disk does not respond; try again"
