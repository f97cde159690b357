"""Inserts the built-in terms (seeds) into a database, at its creation and after every upgrade."""

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
from catalog.genres.vocabulary_store import ADDED_BY_SEED, insert_if_new, load_vocabulary, lock_vocabulary


def seed_vocabulary(connection: Connection) -> int:
    """Inserts the seeds that the vocabulary lacks; returns the number of new terms.

    A seed that exists, by its code or by any spelling, stays as people changed it: renamed, moved or merged.
    Spellings keep their meaning too. Only unconfirmed terms from files change: a term with a seed's name becomes the
    seed, a term with one of its aliases is merged into it, and any other unconfirmed term moves under the parent that
    its name implies now. A deleted alias comes back only when the seeds change.
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
            ids[fold(each.name)] = _insert(connection, each, _parent_id(each, ids))
            added.append(each)
        elif known.origin == "file" and known.folded == fold(each.name):
            _adopt(connection, each, known, vocabulary.by_id.get(_parent_id(each, ids) or 0), vocabulary)
            adopted = True
    renewed = stored_digests(connection).get(SEEDS) != digest()
    merged = _insert_aliases(connection, seeds() if renewed else added, vocabulary, ids)
    if added or adopted or merged:
        rebuild_ancestors(connection)
        moved = _update_parents(connection, load_vocabulary(connection))
        if adopted or merged or moved:
            refresh_track_status(connection)
    store_digest(connection, SEEDS, digest())
    return len(added)


def _parent_id(each: Seed, ids: dict[str, int]) -> int | None:
    return None if each.parent is None else ids[fold(each.parent)]


def _insert(connection: Connection, each: Seed, parent_id: int | None) -> int:
    inserted = connection.execute(
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
    return int(inserted.scalar_one())


def _adopt(
    connection: Connection, each: Seed, known: Term, parent: Term | None, vocabulary: Vocabulary
) -> None:
    values: dict[str, object] = {"code": each.code, "origin": each.origin, "suggest": each.suggest}
    # A person may have moved the seed's parent below this term.
    if parent is not None and known not in vocabulary.ancestors(parent):
        values["parent_id"] = parent.id
    connection.execute(sa.update(genre).where(genre.c.id == known.id).values(**values))


def _insert_aliases(
    connection: Connection, spelled: Iterable[Seed], vocabulary: Vocabulary, ids: dict[str, int]
) -> bool:
    """Inserts the aliases of seeds; returns whether a term from a file was merged."""
    merged = False
    for each in spelled:
        for alias in each.aliases:
            folded = fold(alias)
            known = vocabulary.by_spelling(alias)
            if folded not in ids:
                term = vocabulary.by_code(each.code)
                ids[folded] = ids[fold(each.name)] if term is None else term.id
                insert_if_new(
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


def _update_parents(connection: Connection, vocabulary: Vocabulary) -> bool:
    """Gives unconfirmed terms the parent that their name has now; returns whether one changed."""
    moved = False
    for term in vocabulary.terms:
        parent = vocabulary.parent_for(term.name) if term.origin == "file" else None
        if parent is None or parent.id == term.parent_id or term in vocabulary.ancestors(parent):
            continue
        connection.execute(sa.update(genre).where(genre.c.id == term.id).values(parent_id=parent.id))
        moved = True
    if moved:
        rebuild_ancestors(connection)
    return moved
