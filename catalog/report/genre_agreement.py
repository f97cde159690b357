"""Genres: what the tags say against what was heard, and which genres can be judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, model, model_class, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.report.formatting import LONGEST_GENRE, safe_text
from catalog.report.open_cases import is_reported_suspect, suspects

AGREEMENT = {
    "same": "same",
    "broader": "near",
    "narrower": "near",
    "sibling": "other",
    "different": "other",
    None: "unsure",
    "not_judged": "not_judged",
}
"""What a relation between tag and suggestion means to somebody who looks at a bar."""


@dataclass(frozen=True)
class PredictedShare:
    """How often the tracks of a tagged genre were suggested one other genre."""

    genre: str
    tracks: int
    kind: str
    """To the class that the tag counts for: `same`, `near` (broader or narrower) or `other`."""


@dataclass(frozen=True)
class TaggedGenre:
    """The tracks of one tagged genre by what was heard; the five numbers add up to `tracks`."""

    genre: str
    family: str
    """The top term above `counted_as`, or that itself."""
    tracks: int
    same: int
    """Heard as tagged, or as the class that the tag counts for."""
    near: int
    """Heard as a broader or a narrower term."""
    other: int
    unsure: int
    """No suggestion: below the threshold."""
    not_judged: int
    doubted: int
    """Tracks whose tag is in open doubt."""
    counted_as: str
    """The class that it counts for; itself where it is one, or where it counts for none."""
    heard: tuple[PredictedShare, ...]
    """Every suggestion, its own genre among them, commonest first."""

    @property
    def judged(self) -> int:
        """Tracks on which the model has a say."""
        return self.tracks - self.not_judged

    @property
    def commonest_other(self) -> tuple[PredictedShare, ...]:
        """The two commonest suggestions that are neither the tag itself nor what it counts for."""
        return tuple(row for row in self.heard if row.kind != "same" and row.genre != self.genre)[:2]


@dataclass(frozen=True)
class Unjudged:
    """A genre that is no class, and why."""

    genre: str
    tracks: int
    artists: int
    reason: str
    counts_for: str | None
    """The class that its tracks count for; None: not judged at all."""


@dataclass(frozen=True)
class Judged:
    """A genre that is a class."""

    genre: str
    tracks: int
    artists: int


@dataclass(frozen=True)
class Genres:
    """All tagged genres."""

    tagged: tuple[TaggedGenre, ...]
    """Every tagged genre, the most tracks first."""
    classes: tuple[Judged, ...]
    """Genres that can be judged by themselves, the most tracks first; empty without such a model."""
    rare: tuple[Unjudged, ...]
    """Genres that cannot, those with nothing to count for first."""

    @property
    def compared(self) -> tuple[TaggedGenre, ...]:
        """Tagged genres on whose tracks the model has a say."""
        return tuple(row for row in self.tagged if row.judged)

    @property
    def not_judged(self) -> tuple[Unjudged, ...]:
        """Genres that count for nothing: no suspects, no score."""
        return tuple(row for row in self.rare if row.counts_for is None)


def read_genres(connection: Connection) -> Genres:
    """Reads the tagged genres, grouped by the database; rows are pairs of genres, never tracks."""
    terms = read_terms(connection)
    pairs = connection.execute(
        sa.select(
            track_status.c.tagged_genre_id,
            track_status.c.suggested_genre_id,
            track_status.c.relation,
            sa.func.count(),
        )
        .join_from(track_status, track, track.c.id == track_status.c.track_id)
        .where(IS_LISTED, track_status.c.tagged_genre_id.is_not(None))
        .group_by(track_status.c.tagged_genre_id, track_status.c.suggested_genre_id, track_status.c.relation)
    )
    support = connection.execute(
        sa.select(model_class)
        .join(model, model.c.id == model_class.c.model_id)
        .where(model.c.status == "active")
        .order_by(model_class.c.tracks.desc(), model_class.c.genre_id)
    ).all()
    has_model = (
        connection.execute(sa.select(model.c.id).where(model.c.status == "active")).first() is not None
    )
    counts_for = {row.genre_id: row.counts_for_id for row in support}
    doubted = connection.execute(
        sa.select(suspects.c.tagged_genre, sa.func.count(suspects.c.track_id.distinct()))
        .where(is_reported_suspect)
        .group_by(suspects.c.tagged_genre)
    )
    return Genres(
        tagged=_tagged(
            (tuple(row) for row in pairs),
            terms,
            counts_for,
            {safe_text(name, LONGEST_GENRE): number for name, number in doubted},
            has_model=has_model,
        ),
        classes=tuple(
            Judged(terms.name(row.genre_id), row.tracks, row.artists)
            for row in support
            if row.judged and row.counts_for_id == row.genre_id
        ),
        rare=tuple(
            Unjudged(
                genre=terms.name(row.genre_id),
                tracks=row.tracks,
                artists=row.artists,
                # What it counts for stands beside it already.
                reason=safe_text(row.reason.partition("; counts for ")[0], 300),
                counts_for=None if row.counts_for_id is None else terms.name(row.counts_for_id),
            )
            for row in sorted(support, key=lambda row: row.counts_for_id is not None)
            if row.counts_for_id != row.genre_id
        ),
    )


@dataclass(frozen=True)
class Terms:
    """The vocabulary as the report needs it: names and broader terms by genre id."""

    names: dict[int, str]
    broader: dict[int, int | None]

    def name(self, genre_id: int) -> str:
        """The preferred spelling, cleaned."""
        return self.names.get(genre_id, "?")

    def path(self, genre_id: int) -> tuple[int, ...]:
        """The genre, its broader term, and so on to the top; it ends where the terms would run in a circle."""
        path = [genre_id]
        while (parent := self.broader.get(path[-1])) is not None and parent not in path:
            path.append(parent)
        return tuple(path)

    def kind(self, tagged: int, suggested: int) -> str:
        """What a suggestion is to a tag: `same`, `near` or `other`."""
        if tagged == suggested:
            return "same"
        return "near" if suggested in self.path(tagged) or tagged in self.path(suggested) else "other"


def read_terms(connection: Connection) -> Terms:
    """Reads the whole vocabulary: hundreds of terms, rarely thousands."""
    rows = connection.execute(sa.select(genre.c.id, genre.c.name, genre.c.parent_id)).all()
    return Terms(
        {row.id: safe_text(row.name, LONGEST_GENRE) for row in rows}, {row.id: row.parent_id for row in rows}
    )


def _tagged(
    pairs: Iterable[tuple[int, int | None, str | None, int]],
    terms: Terms,
    counts_for: dict[int, int | None],
    doubted: dict[str, int],
    *,
    has_model: bool,
) -> tuple[TaggedGenre, ...]:
    states: defaultdict[int, Counter[str]] = defaultdict(Counter)
    heard: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for tagged, suggested, relation, tracks in pairs:
        # Without a model nobody has listened: nothing is unsure, nothing is judged.
        state = AGREEMENT.get(relation, "unsure") if has_model else "not_judged"
        if state == "near" and suggested == counts_for.get(tagged):
            # A tag that is no class of its own cannot be heard more exactly than that.
            state = "same"
        states[tagged][state] += tracks
        if suggested is not None:
            heard[tagged][suggested] += tracks
    rows = []
    for tagged, counts in states.items():
        target = counts_for.get(tagged)
        counted = tagged if target is None else target
        rows.append(
            TaggedGenre(
                genre=terms.name(tagged),
                counted_as=terms.name(counted),
                family=terms.name(terms.path(counted)[-1]),
                tracks=counts.total(),
                same=counts["same"],
                near=counts["near"],
                other=counts["other"],
                unsure=counts["unsure"],
                not_judged=counts["not_judged"],
                doubted=doubted.get(terms.name(tagged), 0),
                heard=tuple(
                    PredictedShare(terms.name(key), number, terms.kind(counted, key))
                    for key, number in heard[tagged].most_common()
                ),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.tracks, row.genre)))
