"""`genre_ancestor`: the closure table of `genre.parent_id`, for joins in SQL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, genre_ancestor

Closure = dict[tuple[int, int], int]
"""Distance by (genre id, ancestor id); 0 from a genre to itself."""


def rebuild_ancestors(connection: Connection) -> int:
    """Updates the closure; returns the number of rows written or deleted."""
    stored, computed = _stored(connection), _computed(connection)
    surplus = [{"g": g, "a": a} for (g, a), far in stored.items() if computed.get((g, a)) != far]
    lacking = [
        {"genre_id": g, "ancestor_id": a, "distance": far}
        for (g, a), far in computed.items()
        if stored.get((g, a)) != far
    ]
    if surplus:
        table = genre_ancestor.c
        row = (table.genre_id == sa.bindparam("g")) & (table.ancestor_id == sa.bindparam("a"))
        connection.execute(sa.delete(genre_ancestor).where(row), surplus)
    if lacking:
        connection.execute(sa.insert(genre_ancestor), lacking)
    return len(surplus) + len(lacking)


def add_ancestors(connection: Connection, genre_id: int, parent_id: int | None) -> None:
    """Adds the closure of a new term without children."""
    connection.execute(sa.insert(genre_ancestor).values(genre_id=genre_id, ancestor_id=genre_id, distance=0))
    if parent_id is not None:
        above = sa.select(
            sa.literal(genre_id, sa.BigInteger()),
            genre_ancestor.c.ancestor_id,
            genre_ancestor.c.distance + 1,
        ).where(genre_ancestor.c.genre_id == parent_id)
        connection.execute(
            sa.insert(genre_ancestor).from_select(["genre_id", "ancestor_id", "distance"], above)
        )


def check_ancestors(connection: Connection) -> list[str]:
    """The differences between the stored closure and the parents, one sentence each; empty if there are none."""
    stored, computed = _stored(connection), _computed(connection)
    names: dict[int, str] = {
        row.id: row.name for row in connection.execute(sa.select(genre.c.id, genre.c.name))
    }
    differences = [
        f"genre {names[g]!r}: is {stored.get((g, a), 'not')} below {names[a]!r}, "
        f"should be {computed.get((g, a), 'not')}"
        for g, a in sorted(stored.keys() | computed.keys())
        if stored.get((g, a)) != computed.get((g, a))
    ]
    return differences + [f"genre {names[each]!r}: is its own ancestor" for each in _in_cycles(connection)]


def _stored(connection: Connection) -> Closure:
    return {(g, a): far for g, a, far in connection.execute(sa.select(genre_ancestor))}


def _computed(connection: Connection) -> Closure:
    parents = _parents(connection)
    closure: Closure = {}
    for genre_id in parents:
        ancestor: int | None = genre_id
        distance = 0
        while ancestor is not None and (genre_id, ancestor) not in closure:
            closure[genre_id, ancestor] = distance
            ancestor = parents[ancestor]
            distance += 1
    return closure


def _in_cycles(connection: Connection) -> list[int]:
    parents = _parents(connection)
    in_cycles = []
    for genre_id in parents:
        ancestors: set[int] = set()
        ancestor = parents[genre_id]
        while ancestor is not None and ancestor not in ancestors:
            ancestors.add(ancestor)
            ancestor = parents[ancestor]
        if genre_id in ancestors:
            in_cycles.append(genre_id)
    return in_cycles


def _parents(connection: Connection) -> dict[int, int | None]:
    rows = connection.execute(sa.select(genre.c.id, genre.c.parent_id))
    return {row.id: row.parent_id for row in rows}
