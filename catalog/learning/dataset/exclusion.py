"""Exclusion from training: excluded genres, recordings that do not match their tags, tracks of audit samples."""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.db.tables import audit_sample_track, decision, genre_ancestor, track_status
from catalog.db.track_query import select_ids
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.learning.dataset.class_support import LabeledTrack, Support, class_support

REASON = "left out: --exclude-genre"


@dataclass(frozen=True)
class Excluded:
    """The excluded genres."""

    names: tuple[str, ...]
    """The named genres in the spelling of the vocabulary, in alphabetical order."""
    genre_ids: frozenset[int]
    """The ids of these genres and of all narrower ones."""

    def support(
        self, tracks: Sequence[LabeledTrack], broader: Mapping[int, int | None]
    ) -> dict[int, Support]:
        """The support of the excluded genres, none of which is a class."""
        return {
            genre_id: replace(row, counts_for=None, judged=False, reason=REASON)
            for genre_id, row in class_support(tracks, broader, minimum_tracks=sys.maxsize).items()
        }


def excluded_genres(connection: Connection, names: Collection[str]) -> Excluded:
    """The genres of these names or aliases, with all narrower ones. Raises UnknownGenreError."""
    if not names:
        return Excluded((), frozenset())
    vocabulary = load_vocabulary(connection)
    terms = {term.id: term.name for term in map(vocabulary.require, names)}
    narrower = connection.execute(
        sa.select(genre_ancestor.c.genre_id).where(genre_ancestor.c.ancestor_id.in_(terms))
    ).scalars()
    return Excluded(tuple(sorted(terms.values())), frozenset(narrower) | frozenset(terms))


def wrong_recordings(connection: Connection) -> Integers:
    """The ids of the tracks whose newest verdict that was not undone is `wrong_recording`, ascending."""
    undoing, later = decision.alias(), decision.alias()

    def is_valid(row: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.and_(row.c.verdict != "undo", ~sa.exists().where(undoing.c.undoes_id == row.c.id))

    is_overruled = sa.exists().where(
        later.c.track_id == decision.c.track_id, later.c.id > decision.c.id, is_valid(later)
    )
    is_wrong = decision.c.verdict == "wrong_recording"
    query = sa.select(decision.c.track_id).where(is_wrong, is_valid(decision), ~is_overruled).distinct()
    return np.sort(select_ids(connection, query))


def sampled_tracks(connection: Connection) -> Integers:
    """The ids of all tracks in an audit sample, ascending.

    Tracks without a verdict are included: a model that is trained on a track cannot be evaluated on it later.
    """
    return np.sort(select_ids(connection, sa.select(audit_sample_track.c.track_id).distinct()))


def sample_labels(connection: Connection) -> tuple[Integers, Integers]:
    """The sampled tracks with a verdict, ascending, and their genres.

    A decision that was undone, or that names no genre, does not count.
    """
    undone = sa.select(decision.c.undoes_id).where(decision.c.undoes_id.is_not(None))
    rows = connection.execute(
        sa.select(track_status.c.track_id, track_status.c.tagged_genre_id)
        .where(
            track_status.c.tagged_genre_id.is_not(None),
            track_status.c.track_id.in_(
                sa.select(audit_sample_track.c.track_id)
                .join(decision, decision.c.track_id == audit_sample_track.c.track_id)
                .where(
                    decision.c.source == "sample",
                    decision.c.verdict.in_(["keep", "accept", "relabel", "add"]),
                    decision.c.id.not_in(undone),
                )
            ),
        )
        .order_by(track_status.c.track_id)
    ).all()
    return (
        np.array([row.track_id for row in rows], dtype=np.int64),
        np.array([row.tagged_genre_id for row in rows], dtype=np.int64),
    )
