"""What every request has to pass, and what every answer says to the browser."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.web.address import Address

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
READING = frozenset({"GET", "HEAD"})


class SecurityMiddleware:
    """Refuses what was not sent to this page by this page; sets the headers of every answer."""

    def __init__(self, app: ASGIApp, address: Address) -> None:
        """The application behind it, and where the page is reached."""
        self._app = app
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it with 403, or 421 for a name that is not ours."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                # Answers are one person's and of this moment, unless a handler knows better.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send_guarded)
        else:
            status, words = refusal
            await JSONResponse({"error": words}, status_code=status)(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._address.is_ours(host):
            return 421, "this page is not called that; use the link that was printed"
        if method in READING:
            return None
        # A browser sends Origin with every request that is not for reading: without one it was no page of ours.
        if not self._address.is_our_origin(headers.get("origin", ""), host):
            return 403, "this was sent by another page; nothing was changed"
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return 403, "this was sent by another page; nothing was changed"
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return 415, "what the page sends is JSON"
        return None
