"""Genres in the data of a request."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre
from catalog.web.request import BadRequestError


def existing_genre(connection: Connection, genre_id: int | None) -> int | None:
    """The id, if the genre exists. Raises BadRequestError."""
    if genre_id is not None and genre_name(connection, genre_id) is None:
        raise BadRequestError("there is no such genre")
    return genre_id


def genre_name(connection: Connection, genre_id: int | None) -> str | None:
    """The name of a genre; None if there is no such genre."""
    return connection.execute(sa.select(genre.c.name).where(genre.c.id == genre_id)).scalar_one_or_none()
