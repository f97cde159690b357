"""Exclusion: the labeled tracks that nothing is learned from, by genre or because they are not what their tags say."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.db.tables import decision, genre_ancestor
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.learning.dataset.class_support import LabeledTrack, Support, class_support

REASON = "left out: --exclude-genre"


@dataclass(frozen=True)
class Excluded:
    """Genres that somebody left out."""

    names: tuple[str, ...]
    """As the vocabulary spells those that were named, in alphabetical order."""
    genre_ids: frozenset[int]
    """Of these and of all narrower ones."""

    def support(
        self, tracks: Sequence[LabeledTrack], broader: Mapping[int, int | None]
    ) -> dict[int, Support]:
        """What stands behind the genres of the excluded tracks: none is a class, and the reason says so."""
        return {
            genre_id: replace(row, counts_for=None, judged=False, reason=REASON)
            for genre_id, row in class_support(tracks, broader, minimum_tracks=sys.maxsize).items()
        }


def excluded_genres(connection: Connection, named: Collection[str]) -> Excluded:
    """The genres of these names or aliases, with all narrower ones. Raises UnknownGenreError."""
    if not named:
        return Excluded((), frozenset())
    vocabulary = load_vocabulary(connection)
    terms = {term.id: term.name for term in map(vocabulary.require, named)}
    narrower = connection.execute(
        sa.select(genre_ancestor.c.genre_id).where(genre_ancestor.c.ancestor_id.in_(terms))
    ).scalars()
    return Excluded(tuple(sorted(terms.values())), frozenset(narrower) | frozenset(terms))


def wrong_recordings(connection: Connection) -> Integers:
    """The ids of the tracks that a person found to be another recording than their tags say, ascending.

    The newest verdict that was not undone counts.
    """
    undoing, later = decision.alias(), decision.alias()

    def stands(made: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.and_(made.c.verdict != "undo", ~sa.exists().where(undoing.c.undoes_id == made.c.id))

    ids = connection.execute(
        sa.select(decision.c.track_id)
        .where(
            decision.c.verdict == "wrong_recording",
            stands(decision),
            ~sa.exists().where(
                later.c.track_id == decision.c.track_id, later.c.id > decision.c.id, stands(later)
            ),
        )
        .distinct()
    ).scalars()
    return np.sort(np.fromiter(ids, dtype=np.int64))
