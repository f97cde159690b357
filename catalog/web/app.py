"""The application: which address is answered by what."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from catalog.web import decision_routes, media_routes, page_routes
from catalog.web.app_state import AppState
from catalog.web.request import Handler, endpoint
from catalog.web.security_middleware import SecurityMiddleware
from workers.state.prometheus_metrics import collector

LARGEST_BODY = 2**20
"""Bytes; a case of ten thousand tracks sends a quarter of it."""


def make_app(site: AppState) -> Starlette:
    """The review page of a catalog."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        # The first question need not wait for what sounds alike.
        warming = threading.Thread(target=site.nearby.warm)
        warming.start()
        try:
            yield
        finally:
            # Nothing may read on when the database is closed.
            warming.join()

    app = Starlette(
        routes=[
            Route("/enter/{token}", page_routes.enter),
            _reading("/", page_routes.review),
            _reading("/progress", page_routes.progress),
            _reading("/cases", page_routes.cases),
            _reading("/genres", page_routes.genres),
            _reading("/tracks/{track_id:int}/sound", media_routes.sound),
            _reading("/tracks/{track_id:int}/audio", media_routes.audio),
            _reading("/tracks/{track_id:int}/recording.mp3", media_routes.recording),
            _reading("/tracks/{track_id:int}/peaks", media_routes.peaks),
            _reading("/tracks/{track_id:int}/spectrogram.png", media_routes.spectrogram),
            _sending("/next", decision_routes.next_item),
            _sending("/open", decision_routes.open_case),
            _sending("/decide", decision_routes.decide_case),
            _sending("/judge", decision_routes.judge_track),
            _sending("/confirm", decision_routes.confirm_tag_right),
            _sending("/undo", decision_routes.undo_last),
            _sending("/redo", decision_routes.redo_last),
            _sending("/hold", decision_routes.extend_lease),
            Route("/metrics", _metrics(site), methods=["GET"]),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(SecurityMiddleware, address=site.address)],
        exception_handlers={Exception: _failed},
        lifespan=lifespan,
        max_body_size=LARGEST_BODY,
    )
    app.state.site = site
    return app


def _reading(path: str, handler: Handler) -> Route:
    return Route(path, endpoint(handler), methods=["GET"])


def _sending(path: str, handler: Handler) -> Route:
    return Route(path, endpoint(handler), methods=["POST"])


def _metrics(site: AppState) -> Callable[[Request], Response]:
    """What Prometheus is told, for which no link is needed: it names no track and no person."""
    registry = CollectorRegistry()
    registry.register(collector(site.database, settings=site.settings))

    def answer(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return answer


def _failed(_request: Request, _error: Exception) -> Response:
    """What nobody foresaw: it is in the log, not on the page."""
    return JSONResponse(
        {"error": "something went wrong here; the terminal in which the page was started says what"},
        status_code=500,
    )
