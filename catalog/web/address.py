"""Where the page is reached, and which names of it a browser may use."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from catalog.errors import CatalogError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
USUAL_PORTS = {"http": 80, "https": 443}
"""Which browsers leave out."""


class AddressError(CatalogError):
    """An address that the page cannot be reached at; the message says why, in one line."""


@dataclass(frozen=True)
class Address:
    """A host and port to listen on, and the address outside of it where a proxy stands in front."""

    host: str
    port: int
    outside: str | None = None
    """Such as `https://review.example.org`: what people type where a proxy passes on to host and port."""

    def __post_init__(self) -> None:
        """Raises AddressError for an outside address that is none."""
        if self.outside is None:
            return
        if self._origin is None:
            raise AddressError("the address for people looks like https://review.example.org, without a path")

    @property
    def is_private(self) -> bool:
        """Whether only programs on this machine can reach it."""
        return self.host in LOOPBACK

    @property
    def is_encrypted(self) -> bool:
        """Whether people come by https."""
        return (self._origin or "").startswith("https:")

    @property
    def base(self) -> str:
        """What links begin with, without a slash at the end."""
        if self._origin is not None:
            return self._origin
        host = socket.gethostname() if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies are kept by host whatever the port: two catalogs must not share one."""
        return f"catalog_review_{self.port}"

    def is_ours(self, host_header: str) -> bool:
        """Whether a request's Host names this page.

        A page of somebody else that has its own name lead here (DNS rebinding) sends its own name. Addresses in
        numbers cannot be made to lead elsewhere: any of them will do where others than this machine may come.
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
        """Whether a request that changes something was sent by a page of ours; `host_header` was found to be ours."""
        if self._origin is not None and origin.lower() == self._origin:
            return True
        return origin.lower() == f"http://{host_header.lower()}"

    @cached_property
    def _origin(self) -> str | None:
        """The outside address as browsers send it: in small letters, without the usual port; None without a usable one."""
        try:
            parts = urlsplit(self.outside or "")
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:
            return None
        more = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
        if parts.scheme not in USUAL_PORTS or not host or more:
            return None
        name = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{name}{'' if port in {None, USUAL_PORTS[parts.scheme]} else f':{port}'}"

    @cached_property
    def _own_names(self) -> frozenset[str]:
        return frozenset({socket.gethostname().lower(), socket.getfqdn().lower()})


def _is_numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
