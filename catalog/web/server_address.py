"""The address of the page, and the host names and origins accepted in requests."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from catalog.errors import CatalogError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
DEFAULT_PORTS = {"http": 80, "https": 443}
"""Ports that browsers omit."""


class AddressError(CatalogError):
    """The page cannot be served at an address."""


@dataclass(frozen=True)
class Address:
    """Host and port of the server, and the public URL if a proxy is in front of it."""

    host: str
    port: int
    public_url: str | None = None
    """For example `https://review.example.org`: the URL of a proxy that forwards to host and port."""

    def __post_init__(self) -> None:
        """Raises AddressError for an invalid public URL."""
        if self.public_url is None:
            return
        if self._origin is None:
            raise AddressError("the public URL must look like https://review.example.org, without a path")

    @property
    def is_private(self) -> bool:
        """Whether it is reachable from this machine only."""
        return self.host in LOOPBACK

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers use HTTPS."""
        return (self._origin or "").startswith("https:")

    @property
    def base(self) -> str:
        """The base URL of links, without a slash at the end."""
        if self._origin is not None:
            return self._origin
        host = socket.gethostname() if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def cookie(self) -> str:
        """The name of the cookie. It contains the port, because browsers share cookies between ports of a host."""
        return f"catalog_review_{self.port}"

    def is_ours(self, host_header: str) -> bool:
        """Whether the Host header of a request is a name of this page.

        This check stops DNS rebinding, in which a foreign page with its own host name resolves to this server. Numeric
        addresses cannot be rebound: all are accepted if the page is not private.
        """
        if self._origin is not None and host_header.lower() == urlsplit(self._origin).netloc:
            return True
        try:
            parts = urlsplit(f"//{host_header}")
            name, port = (parts.hostname or "").lower(), parts.port or 80
        except ValueError:
            return False
        if port != self.port or parts.username is not None:
            return False
        if name in LOOPBACK or name == self.host.lower():
            return True
        return not self.is_private and (name in self._own_names or _is_numeric(name))

    def is_our_origin(self, origin: str, host_header: str) -> bool:
        """Whether the Origin header of a POST request is this page; `host_header` must have passed `is_ours`."""
        if self._origin is not None and origin.lower() == self._origin:
            return True
        return origin.lower() == f"http://{host_header.lower()}"

    @cached_property
    def _origin(self) -> str | None:
        """The public URL as browsers send it: lower case, no default port; None if it is missing or invalid."""
        try:
            parts = urlsplit(self.public_url or "")
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:
            return None
        extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
        if parts.scheme not in DEFAULT_PORTS or not host or extra:
            return None
        name = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{name}{'' if port in {None, DEFAULT_PORTS[parts.scheme]} else f':{port}'}"

    @cached_property
    def _own_names(self) -> frozenset[str]:
        return frozenset({socket.gethostname().lower(), socket.getfqdn().lower()})


def _is_numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
