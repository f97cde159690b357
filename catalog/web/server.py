"""Running the page until it is stopped."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable

import uvicorn

from catalog.web.address import Address, AddressError
from catalog.web.app import make_app
from catalog.web.app_state import AppState

_log = logging.getLogger("uvicorn.error")

GRACE = 2
"""Seconds for what is being answered when the page is stopped: a browser holds a song open for as long as it lasts."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes any that is free. Raises AddressError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressError(
                f"port {port} is in use; is the page running already? else take another --port"
            ) from None
        if error.errno == errno.EACCES:
            raise AddressError(f"port {port} is not ours to use; take a --port above 1023") from None
        raise AddressError(
            f"{host} is no address of this machine; leave --host out, or name one that is"
        ) from None


def serve(site: AppState, listening: socket.socket, *, on_start: Callable[[], None]) -> None:
    """Answers on the socket until SIGINT or SIGTERM, then ends what is under way and gives back.

    `on_start` is called when visitors may come.
    """
    # No access log: addresses hold tokens. What goes wrong inside is logged as an error.
    config = uvicorn.Config(
        make_app(site),
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        lifespan="on",
    )
    server = _Announcing(config, on_start)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        # That is how a page is stopped; uvicorn has ended everything before it passes the signal on.
        pass
    finally:
        _log.setLevel(logging.NOTSET)
        listening.close()


class _Announcing(uvicorn.Server):
    """A server that says when it has started, and ends in silence."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Songs that browsers hold open are cut off: that is no fault to be told of.
        _log.setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def address_of(listening: socket.socket, host: str, outside: str | None = None) -> Address:
    """Where a listening socket is reached. Raises AddressError for an outside address that is none."""
    return Address(host, listening.getsockname()[1], outside)
