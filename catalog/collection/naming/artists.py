"""Artists: which spellings are one name, who is nobody, and their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import artist
from catalog.genres.fold import tokens

_GUEST = re.compile(r"\s+[(\[]?(?:feat\.?|ft\.?|featuring)\s+.*$", re.IGNORECASE)
_ARTICLE_BEHIND = re.compile(r"^(.+),\s*the$", re.IGNORECASE)


def without_featured_artists(name: str) -> str:
    """The name up to `feat.`, `ft.` or `featuring`: who sings along makes no other artist.

    `and`, `&`, `with`, `vs.` and commas stay: they are part of too many names.
    """
    return _GUEST.sub("", name).strip() or name.strip()


def fold_artist(name: str) -> str:
    """The key of an artist: case, punctuation, diacritics, spaces, guests and the article "The" are gone.

    `The Beatles`, `Beatles, The` and `BEATLES` are one; `Simon & Garfunkel` and `Simon and Garfunkel`, too. A name
    without a letter or digit (`!!!`) keeps its signs.
    """
    plain = without_featured_artists(name)
    plain = _ARTICLE_BEHIND.sub(r"\1", plain)
    parts = tokens(plain)
    if len(parts) > 1 and parts[0] == "the":
        parts = parts[1:]
    return "".join(parts) or "".join(plain.casefold().split())


@cache
def placeholder_artists() -> frozenset[str]:
    """Folded names that stand for nobody: Various, Unknown, and their like in some twenty languages."""
    text = files("catalog.collection.naming").joinpath("placeholder_artists.txt").read_text(encoding="utf-8")
    return frozenset(fold_artist(line) for line in text.splitlines() if line and not line.startswith("#"))


def is_placeholder_artist(name: str) -> bool:
    """Whether a name says that the artist is several, or not known."""
    return fold_artist(name) in placeholder_artists()


def ensure_artists(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """The id of the artist of each name; unknown ones are made, in the spelling that came first.

    Two processes may meet the same new artist at once: both get the one row. Rows are made in the order of their
    keys, so that none waits for the other in a circle.
    """
    keys = {name: fold_artist(name) for name in names if name.strip()}
    spelling: dict[str, str] = {}
    for name, key in keys.items():
        spelling.setdefault(key, without_featured_artists(name))
    found = _ids(connection, spelling)
    lacking = sorted(spelling.keys() - found.keys())
    if lacking:
        connection.execute(
            sa.text(
                "INSERT INTO artist (key, name, folded, is_placeholder) VALUES (:key, :name, :key, :is_placeholder)"
                " ON CONFLICT (key) DO NOTHING"
            ),
            [
                {"key": key, "name": spelling[key], "is_placeholder": key in placeholder_artists()}
                for key in lacking
            ],
        )
        found |= _ids(connection, lacking)
    return {name: found[key] for name, key in keys.items()}


def _ids(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    rows = connection.execute(sa.select(artist.c.key, artist.c.id).where(artist.c.key.in_(list(keys))))
    return dict(rows.all())
