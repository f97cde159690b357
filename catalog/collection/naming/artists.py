"""Artists: the key of a name, placeholder names, and the rows of artists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import artist
from catalog.genres.fold import tokens

_FEATURED = re.compile(r"\s+[(\[]?(?:feat\.?|ft\.?|featuring)\s+.*$", re.IGNORECASE)
_ARTICLE_BEHIND = re.compile(r"^(.+),\s*the$", re.IGNORECASE)


def without_featured_artists(name: str) -> str:
    """The name up to `feat.`, `ft.` or `featuring`.

    `and`, `&`, `with`, `vs.` and commas stay, because they are part of many names.
    """
    return _FEATURED.sub("", name).strip() or name.strip()


def fold_artist(name: str) -> str:
    """The key of an artist: the name without case, punctuation, diacritics, spaces, featured artists and "The".

    `The Beatles`, `Beatles, The` and `BEATLES` have one key; so have `Simon & Garfunkel` and `Simon and Garfunkel`. A
    name without a letter or digit (`!!!`) keeps its punctuation.
    """
    plain = without_featured_artists(name)
    plain = _ARTICLE_BEHIND.sub(r"\1", plain)
    parts = tokens(plain)
    if len(parts) > 1 and parts[0] == "the":
        parts = parts[1:]
    return "".join(parts) or "".join(plain.casefold().split())


@cache
def placeholder_artists() -> frozenset[str]:
    """Folded placeholder names: Various, Unknown and similar words in about twenty languages."""
    text = files("catalog.collection.naming").joinpath("placeholder_artists.txt").read_text(encoding="utf-8")
    return frozenset(fold_artist(line) for line in text.splitlines() if line and not line.startswith("#"))


def is_placeholder_artist(name: str) -> bool:
    """Whether a name stands for several or unknown artists."""
    return fold_artist(name) in placeholder_artists()


def ensure_artists(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """The id of the artist of each name; missing ones are inserted, in the spelling that comes first.

    Two processes may insert the same artist at the same time; both get the same row. Rows are inserted in order of
    their keys, so that no deadlock is possible.
    """
    keys = {name: fold_artist(name) for name in names if name.strip()}
    spelling: dict[str, str] = {}
    for name, key in keys.items():
        spelling.setdefault(key, without_featured_artists(name))
    ids = _ids(connection, spelling)
    missing = sorted(spelling.keys() - ids.keys())
    if missing:
        connection.execute(
            sa.text(
                "INSERT INTO artist (key, name, folded, is_placeholder) VALUES (:key, :name, :key, :is_placeholder)"
                " ON CONFLICT (key) DO NOTHING"
            ),
            [
                {"key": key, "name": spelling[key], "is_placeholder": key in placeholder_artists()}
                for key in missing
            ],
        )
        ids |= _ids(connection, missing)
    return {name: ids[key] for name, key in keys.items()}


def _ids(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    rows = connection.execute(sa.select(artist.c.key, artist.c.id).where(artist.c.key.in_(list(keys))))
    return dict(rows.all())
