"""Authentication of reviewers: links with a token, which a cookie stores."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from catalog.review.reviewer import ReviewerError, add_reviewer, find_reviewer, list_reviewers


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
                f"the link of {name} was revoked; for a new one run: catalog review reviewers add {name!r}"
            )
    return {
        reviewer.name: secrets.token_urlsafe(32)
        for reviewer in list_reviewers(connection)
        if reviewer.revoked_at is None
    }


class Auth:
    """Maps tokens to reviewers."""

    def __init__(self, links: Mapping[str, str]) -> None:
        """`links` are the tokens of this run by reviewer name."""
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

    def reviewer(self, connection: Connection, token: str | None) -> str | None:
        """The name of the reviewer; None for an unknown token and for a revoked reviewer."""
        if not token:
            return None
        name = self._names.get(_hash(token))
        if name is None:
            reviewer = find_reviewer(connection, token)
            return None if reviewer is None else reviewer.name
        active = (reviewer.name for reviewer in list_reviewers(connection) if reviewer.revoked_at is None)
        return name if name in active else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
