"""Putting the seeds into a database, on its first day and after every upgrade."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, genre_alias
from catalog.genres.ancestor import rebuild_ancestors
from catalog.genres.fold import fold
from catalog.genres.seeds import Seed, seeds
from catalog.genres.store import ADDED_BY_SEED, insert_new, load, lock
from catalog.genres.vocabulary import Term, Vocabulary


def seed(connection: Connection) -> int:
    """Puts in the seeds that the vocabulary has not; gives how many terms came in.

    A seed that is there, by its code or by any spelling, is left as people made it: renamed, moved, merged. Its aliases
    come with the term only, so that one which was taken away does not come back. A term that a file brought in before
    the house knew it gets its code, and its broader term if it has none.
    """
    lock(connection)
    vocabulary = load(connection)
    ids = {term.folded: term.id for term in vocabulary.by_id.values()}
    ids |= {alias.folded: alias.genre_id for alias in vocabulary.aliases}
    added: list[Seed] = []
    adopted = False
    for each in seeds():
        known = vocabulary.by_code(each.code)
        if known is None:
            ids[fold(each.name)] = _insert(connection, each, _broader_id(each, ids))
            added.append(each)
        elif known.origin == "file" and known.folded == fold(each.name):
            _adopt(connection, each, known, vocabulary.by_id.get(_broader_id(each, ids) or 0), vocabulary)
            adopted = True
    for each in added:
        aliases = {fold(alias): alias for alias in each.aliases if fold(alias) not in ids}
        for folded, alias in aliases.items():
            ids[folded] = ids[fold(each.name)]
            insert_new(
                connection,
                genre_alias,
                genre_id=ids[folded],
                alias=alias,
                folded=folded,
                added_by=ADDED_BY_SEED,
            )
    if added or adopted:
        rebuild_ancestors(connection)
    return len(added)


def _broader_id(each: Seed, ids: dict[str, int]) -> int | None:
    return None if each.broader is None else ids[fold(each.broader)]


def _insert(connection: Connection, each: Seed, broader_id: int | None) -> int:
    made = connection.execute(
        sa.insert(genre)
        .values(
            name=each.name,
            folded=fold(each.name),
            code=each.code,
            broader_id=broader_id,
            origin=each.origin,
            suggest=each.suggest,
            write=True,
        )
        .returning(genre.c.id)
    )
    return int(made.scalar_one())


def _adopt(
    connection: Connection, each: Seed, known: Term, broader: Term | None, vocabulary: Vocabulary
) -> None:
    values: dict[str, object] = {"code": each.code, "origin": each.origin}
    # A person may have put the seed's broader term beneath this very one.
    if known.broader_id is None and broader is not None and known not in vocabulary.ancestors(broader):
        values["broader_id"] = broader.id
    connection.execute(sa.update(genre).where(genre.c.id == known.id).values(**values))
