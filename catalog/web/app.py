"""The Starlette application: routes, middleware, error handler."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from catalog.web import decision_routes, media_routes, page_routes, sample_routes, track_routes
from catalog.web.app_state import AppState
from catalog.web.request import Handler, endpoint
from catalog.web.security_middleware import SecurityMiddleware
from workers.state.prometheus_metrics import CatalogCollector
from workers.state.readiness import OK, UNREACHABLE, is_database_reachable

LARGEST_BODY = 2**20
"""Bytes; a decision on a case of ten thousand tracks takes a quarter of it."""


def make_app(state: AppState) -> Starlette:
    """The application of the review page."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        # Loading the index now saves the first request the wait.
        warming = threading.Thread(target=state.neighbors.warm)
        warming.start()
        try:
            yield
        finally:
            # The thread must end before the database is closed.
            warming.join()

    app = Starlette(
        routes=[
            Route("/enter/{token}", page_routes.enter),
            _get("/", page_routes.review),
            _get("/progress", page_routes.progress),
            _get("/report/{name}", page_routes.report),
            _get("/cases", page_routes.cases),
            _get("/genres", page_routes.genres),
            _get("/tracks/{track_id:int}/sound", media_routes.sound),
            _get("/tracks/{track_id:int}/audio", media_routes.audio),
            _get("/tracks/{track_id:int}/recording.mp3", media_routes.recording),
            _get("/tracks/{track_id:int}/peaks", media_routes.peaks),
            _get("/tracks/{track_id:int}/spectrogram.png", media_routes.spectrogram),
            _post("/next", decision_routes.next_item),
            _post("/open", decision_routes.open_case),
            _post("/decide", decision_routes.decide_case, decides=True),
            _post("/keep-artist", decision_routes.keep_artist, decides=True),
            _post("/judge", sample_routes.judge_track, decides=True),
            _post("/settle", sample_routes.settle, decides=True),
            _post("/names", sample_routes.names, decides=True),
            _post("/open-track", track_routes.open_track),
            _post("/decide-track", track_routes.decide_track, decides=True),
            _post("/upcoming", track_routes.upcoming),
            _post("/undo", decision_routes.undo_last, decides=True),
            _post("/redo", decision_routes.redo_last, decides=True),
            _post("/hold", decision_routes.extend_lease, decides=True),
            Route("/metrics", _metrics(state), methods=["GET"]),
            Route("/healthz", _health, methods=["GET"]),
            Route("/readyz", _readiness(state), methods=["GET"]),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(SecurityMiddleware, address=state.address)],
        exception_handlers={Exception: _failed},
        lifespan=lifespan,
        max_body_size=LARGEST_BODY,
    )
    app.state.app_state = state
    return app


def _get(path: str, handler: Handler) -> Route:
    return Route(path, endpoint(handler), methods=["GET"])


def _post(path: str, handler: Handler, *, decides: bool = False) -> Route:
    return Route(path, endpoint(handler, decides=decides), methods=["POST"])


def _metrics(state: AppState) -> Callable[[Request], Response]:
    """The Prometheus endpoint. It needs no link, because it contains no name of a track or a person."""
    registry = CollectorRegistry()
    registry.register(CatalogCollector(state.database, settings=state.settings))

    def answer(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return answer


def _health(_request: Request) -> Response:
    """Whether the process runs. It needs no link."""
    return PlainTextResponse("ok\n")


def _readiness(state: AppState) -> Callable[[Request], Response]:
    """Whether the database answers, 503 if not. The page needs no other service, and the endpoint no link."""

    def answer(_request: Request) -> Response:
        is_ready = is_database_reachable(state.database)
        return PlainTextResponse(
            f"database: {OK if is_ready else UNREACHABLE}\n", status_code=200 if is_ready else 503
        )

    return answer


def _failed(_request: Request, _error: Exception) -> Response:
    """An unexpected error: the details are in the log, not on the page."""
    return JSONResponse(
        {"error": "internal error; see the terminal in which the server was started"},
        status_code=500,
    )
