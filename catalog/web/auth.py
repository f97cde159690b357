"""Authentication: links with a token, which a cookie stores, or the header of a trusted proxy."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from catalog.review.reviewer import LONGEST_NAME, ReviewerError, add_reviewer, find_reviewer, list_reviewers


def make_links(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """A token of this run for every active reviewer; reviewers in `names` are added if they are new.

    The database stores only hashes of the links that `review reviewers add` printed. Those links stay valid; the tokens
    of this run exist in memory only. Needs a write transaction. Raises ReviewerError for an invalid or revoked name.
    """
    reviewers = {reviewer.name: reviewer for reviewer in list_reviewers(connection)}
    for name in names:
        if name not in reviewers:
            add_reviewer(connection, name)
        elif reviewers[name].revoked_at is not None:
            raise ReviewerError(
                f"the link of {name} was revoked; to create a new one, run: catalog review reviewers add {name!r}"
            )
    return {
        reviewer.name: secrets.token_urlsafe(32)
        for reviewer in list_reviewers(connection)
        if reviewer.revoked_at is None
    }


@dataclass(frozen=True, slots=True)
class TrustedHeader:
    """A header in which a proxy names the person who is signed in."""

    name: str
    proxies: frozenset[str]
    """Addresses from which the header is believed."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who opens the page."""

    name: str
    is_viewer: bool
    """May look at everything and decide nothing."""


class Auth:
    """Maps tokens, and names in the header of a trusted proxy, to visitors."""

    def __init__(
        self, links: Mapping[str, str], *, viewers: Iterable[str] = (), header: TrustedHeader | None = None
    ) -> None:
        """`links` are the tokens of this run by name; `viewers` are the names among them that may decide nothing."""
        self._viewers = frozenset(viewers)
        self._header = header
        # Keyed by hash, so that the time of a look-up reveals nothing about a token.
        self._names = {_hash(token): name for name, token in links.items()}
        self._links = dict(links)
        self._invitations: dict[bytes, str] = {}

    def invite(self, name: str) -> str:
        """A one-time token for a reviewer. Use it in an argument list, which all users of a host can read."""
        token = secrets.token_urlsafe(32)
        self._invitations[_hash(token)] = self._links[name]
        return token

    def redeem(self, token: str) -> str:
        """The token behind an invitation, which becomes invalid; any other token is returned unchanged."""
        return self._invitations.pop(_hash(token), token)

    def visitor(
        self, connection: Connection, token: str | None, headers: Mapping[str, str], address: str | None
    ) -> Visitor | None:
        """Who sends a request from this address; None for an unknown token and for a revoked reviewer.

        A trusted proxy has the last word: a person whom it names is a viewer unless they are an active reviewer.
        """
        active = {each.name for each in list_reviewers(connection) if each.revoked_at is None}
        if self._header is not None and address in self._header.proxies:
            name = " ".join(headers.get(self._header.name, "").split())[:LONGEST_NAME]
            if name and name.isprintable():
                return Visitor(name, is_viewer=name not in active)
        if not token:
            return None
        name_of_run = self._names.get(_hash(token))
        if name_of_run is None:
            reviewer = find_reviewer(connection, token)
            return None if reviewer is None else Visitor(reviewer.name, is_viewer=False)
        if name_of_run in self._viewers:
            return Visitor(name_of_run, is_viewer=True)
        return Visitor(name_of_run, is_viewer=False) if name_of_run in active else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
