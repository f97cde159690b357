"""Runs the review page with uvicorn until it is stopped."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable

import uvicorn

from catalog.web.app import make_app
from catalog.web.app_state import AppState
from catalog.web.server_address import Address, AddressError

_log = logging.getLogger("uvicorn.error")

SHUTDOWN_SECONDS = 2
"""Time for open requests at shutdown: a browser keeps the request of a song open while it plays."""


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free port. Raises AddressError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressError(
                f"port {port} is in use: is catalog review serve already running? If not, choose another --port"
            ) from None
        if error.errno == errno.EACCES:
            raise AddressError(f"port {port} needs root permissions; choose a --port above 1023") from None
        raise AddressError(
            f"{host} is not an address of this machine; omit --host or choose another one"
        ) from None


def serve(state: AppState, server_socket: socket.socket, *, on_start: Callable[[], None]) -> None:
    """Serves on the socket until SIGINT or SIGTERM, then ends the open requests and returns.

    `on_start` is called when the server accepts requests.
    """
    # No access log, because URLs contain tokens. Internal errors are logged.
    config = uvicorn.Config(
        make_app(state),
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        lifespan="on",
    )
    server = _NotifyingServer(config, on_start)
    try:
        server.run(sockets=[server_socket])
    except KeyboardInterrupt:
        # The normal way to stop: uvicorn ends all requests before it raises the signal again.
        pass
    finally:
        _log.setLevel(logging.NOTSET)
        server_socket.close()


class _NotifyingServer(uvicorn.Server):
    """A server that calls `on_start` and logs no aborted requests at shutdown."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Open requests of songs are aborted: this is not an error to log.
        _log.setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def address_of(server_socket: socket.socket, host: str, public_url: str | None = None) -> Address:
    """The address of a listening socket. Raises AddressError for an invalid public URL."""
    return Address(host, server_socket.getsockname()[1], public_url)
