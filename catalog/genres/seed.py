"""Putting the seeds into a database, on its first day and after every upgrade."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.derived.track_status import refresh_track_status
from catalog.db.schema.bundled_content import store_digest, stored_digests
from catalog.db.tables import genre, genre_alias
from catalog.genres.closure_table import rebuild_ancestors
from catalog.genres.curation import add_alias
from catalog.genres.fold import fold
from catalog.genres.seeds import SEEDS, Seed, digest, seeds
from catalog.genres.vocabulary import Term, Vocabulary
from catalog.genres.vocabulary_store import ADDED_BY_SEED, insert_new_terms, load_vocabulary, lock_vocabulary


def seed_vocabulary(connection: Connection) -> int:
    """Puts in the seeds that the vocabulary has not; gives how many terms came in.

    A seed that is there, by its code or by any spelling, is left as people made it: renamed, moved, merged. So is the
    meaning of a spelling. Only what files brought and nobody vouched for gives way: a term of a seed's name becomes the
    seed, one of its other spellings is merged into it, and the rest are placed anew. A spelling that was taken away
    comes back with other seeds only.
    """
    lock_vocabulary(connection)
    vocabulary = load_vocabulary(connection)
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
    renewed = stored_digests(connection).get(SEEDS) != digest()
    merged = _spell(connection, seeds() if renewed else added, vocabulary, ids)
    if added or adopted or merged:
        rebuild_ancestors(connection)
        placed = _place_anew(connection, load_vocabulary(connection))
        if adopted or merged or placed:
            refresh_track_status(connection)
    store_digest(connection, SEEDS, digest())
    return len(added)


def _broader_id(each: Seed, ids: dict[str, int]) -> int | None:
    return None if each.broader is None else ids[fold(each.broader)]


def _insert(connection: Connection, each: Seed, parent_id: int | None) -> int:
    made = connection.execute(
        sa.insert(genre)
        .values(
            name=each.name,
            folded=fold(each.name),
            code=each.code,
            parent_id=parent_id,
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
    values: dict[str, object] = {"code": each.code, "origin": each.origin, "suggest": each.suggest}
    # A person may have put the seed's broader term beneath this very one.
    if broader is not None and known not in vocabulary.ancestors(broader):
        values["parent_id"] = broader.id
    connection.execute(sa.update(genre).where(genre.c.id == known.id).values(**values))


def _spell(
    connection: Connection, spelled: Iterable[Seed], vocabulary: Vocabulary, ids: dict[str, int]
) -> bool:
    """Puts in the other spellings of seeds; says whether a term of a file was merged."""
    merged = False
    for each in spelled:
        for alias in each.aliases:
            folded = fold(alias)
            known = vocabulary.known(alias)
            if folded not in ids:
                term = vocabulary.by_code(each.code)
                ids[folded] = ids[fold(each.name)] if term is None else term.id
                insert_new_terms(
                    connection,
                    genre_alias,
                    genre_id=ids[folded],
                    alias=alias,
                    folded=folded,
                    added_by=ADDED_BY_SEED,
                )
            elif known is not None and known.origin == "file" and known.folded == folded:
                add_alias(connection, alias, each.code, ADDED_BY_SEED)
                merged = True
    return merged


def _place_anew(connection: Connection, vocabulary: Vocabulary) -> bool:
    """Puts the terms of files beneath what their names end with by now; says whether one moved."""
    moved = False
    for term in vocabulary.terms:
        broader = vocabulary.broader_for(term.name) if term.origin == "file" else None
        if broader is None or broader.id == term.parent_id or term in vocabulary.ancestors(broader):
            continue
        connection.execute(sa.update(genre).where(genre.c.id == term.id).values(parent_id=broader.id))
        moved = True
    if moved:
        rebuild_ancestors(connection)
    return moved
