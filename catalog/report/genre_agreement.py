"""Agreement of tags and predictions for each genre, and the support of the genres."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, model_class, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.report.formatting import LONGEST_GENRE, LONGEST_REASON, safe_text
from catalog.report.open_cases import is_open_suspect, suspects


@dataclass(frozen=True)
class GenreSupport:
    """The examples of one genre."""

    genre_id: int
    genre: str
    tracks: int
    artists: int
    albums: int
    counts_for_id: int | None
    counts_for: str | None
    """The class that its tracks count for: itself if it is a class; None if no class includes it."""
    reason: str
    """Why it is not a class; empty for a class."""

    @property
    def is_class(self) -> bool:
        """Whether the model predicts this very genre."""
        return self.counts_for_id == self.genre_id


def read_genre_support(connection: Connection, model_id: int) -> list[GenreSupport]:
    """The support of every genre of a model, the most tracks first."""
    target = genre.alias("target")
    rows = connection.execute(
        sa.select(model_class, genre.c.name, target.c.name.label("counts_for"))
        .join_from(model_class, genre, genre.c.id == model_class.c.genre_id)
        .join(target, target.c.id == model_class.c.counts_for_id, isouter=True)
        .where(model_class.c.model_id == model_id)
        .order_by(model_class.c.tracks.desc(), genre.c.name)
    )
    return [
        GenreSupport(
            genre_id=row.genre_id,
            genre=safe_text(row.name, LONGEST_GENRE),
            tracks=row.tracks,
            artists=row.artists,
            albums=row.albums,
            counts_for_id=row.counts_for_id,
            counts_for=None if row.counts_for is None else safe_text(row.counts_for, LONGEST_GENRE),
            # The class is shown beside the reason.
            reason=safe_text(row.reason.partition("; counts for ")[0], LONGEST_REASON),
        )
        for row in rows
    ]


AGREEMENT = {
    "same": "same",
    "broader": "near",
    "narrower": "near",
    "sibling": "other",
    "different": "other",
    None: "unsure",
    "not_judged": "not_judged",
}
"""The part of a bar for each relation of the suggestion to the tag."""


@dataclass(frozen=True)
class PredictedShare:
    """The number of tracks of a tagged genre with one suggested genre."""

    genre: str
    tracks: int
    kind: str
    """Relation to the class that the tag counts for: `same`, `near` (broader or narrower) or `other`."""
    flagged: int = 0
    """Open suspects among them."""


@dataclass(frozen=True)
class TaggedGenre:
    """The tracks of one tagged genre by their prediction; the five counts add up to `tracks`."""

    genre: str
    family: str
    """The top term above `counted_as`, or that itself."""
    tracks: int
    same: int
    """Predicted as tagged, or as the class that the tag counts for."""
    near: int
    """Predicted as a broader or a narrower term."""
    other: int
    unsure: int
    """No suggestion: below the threshold."""
    not_judged: int
    suspects: int
    """Tracks with this tag among the open suspects."""
    counted_as: str
    """The class that it counts for; itself if it is one or counts for no class."""
    predicted: tuple[PredictedShare, ...]
    """All suggestions, its own genre among them, the most common first."""

    @property
    def near_flagged(self) -> int:
        """Open suspects predicted as a broader or a narrower term; a part of `near`."""
        return min(self.near, sum(row.flagged for row in self.predicted if row.kind == "near"))

    @property
    def near_unflagged(self) -> int:
        """Tracks predicted as a broader or a narrower term that are not flagged."""
        return self.near - self.near_flagged

    @property
    def judged(self) -> int:
        """Tracks with a prediction by a model that knows the genre."""
        return self.tracks - self.not_judged

    @property
    def common_others(self) -> tuple[PredictedShare, ...]:
        """The two most common suggestions besides the tag and the class that it counts for."""
        return tuple(row for row in self.predicted if row.kind != "same" and row.genre != self.genre)[:2]


@dataclass(frozen=True)
class Genres:
    """All tagged genres."""

    tagged: tuple[TaggedGenre, ...]
    """The most tracks first."""
    classes: tuple[GenreSupport, ...]
    """Genres with enough examples, the most tracks first; empty without a trained model."""
    small: tuple[GenreSupport, ...]
    """Genres with too few examples, those that count for no class first."""

    @property
    def compared(self) -> tuple[TaggedGenre, ...]:
        """Tagged genres with at least one judged track."""
        return tuple(row for row in self.tagged if row.judged)

    @property
    def not_judged(self) -> tuple[GenreSupport, ...]:
        """Genres that count for no class: they have no suspects and no score."""
        return tuple(row for row in self.small if row.counts_for is None)


@dataclass(frozen=True)
class GenreTree:
    """Names and broader terms of all genres by genre id."""

    names: dict[int, str]
    broader: dict[int, int | None]

    def name(self, genre_id: int) -> str:
        """The preferred label, as safe text."""
        return self.names.get(genre_id, "?")

    def path(self, genre_id: int) -> tuple[int, ...]:
        """The genre, its broader term, and so on up to the top term. A cycle ends the path."""
        path = [genre_id]
        while (parent := self.broader.get(path[-1])) is not None and parent not in path:
            path.append(parent)
        return tuple(path)

    def kind(self, tagged: int, suggested: int) -> str:
        """The relation of a suggestion to a tag: `same`, `near` or `other`."""
        if tagged == suggested:
            return "same"
        return "near" if suggested in self.path(tagged) or tagged in self.path(suggested) else "other"


def read_genre_tree(connection: Connection) -> GenreTree:
    """Reads the whole vocabulary: hundreds of terms, rarely thousands."""
    rows = connection.execute(sa.select(genre.c.id, genre.c.name, genre.c.parent_id)).all()
    return GenreTree(
        {row.id: safe_text(row.name, LONGEST_GENRE) for row in rows}, {row.id: row.parent_id for row in rows}
    )


def read_genres(connection: Connection, model_id: int | None) -> Genres:
    """The tagged genres and their predictions by the active model. The rows read are pairs of genres, not tracks."""
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
    suspect_tracks = connection.execute(
        sa.select(
            suspects.c.tagged_genre,
            suspects.c.suggested_genre,
            sa.func.count(suspects.c.track_id.distinct()),
        )
        .where(is_open_suspect)
        .group_by(suspects.c.tagged_genre, suspects.c.suggested_genre)
    )
    support = [] if model_id is None else read_genre_support(connection, model_id)
    return Genres(
        tagged=_tagged(
            (tuple(row) for row in pairs),
            read_genre_tree(connection),
            {row.genre_id: row.counts_for_id for row in support},
            {
                (safe_text(tagged, LONGEST_GENRE), safe_text(suggested, LONGEST_GENRE)): number
                for tagged, suggested, number in suspect_tracks
            },
            has_model=model_id is not None,
        ),
        classes=tuple(row for row in support if row.is_class),
        small=tuple(
            row for row in sorted(support, key=lambda row: row.counts_for is not None) if not row.is_class
        ),
    )


def _tagged(
    pairs: Iterable[tuple[int, int | None, str | None, int]],
    tree: GenreTree,
    counts_for: dict[int, int | None],
    suspect_tracks: dict[tuple[str, str], int],
    *,
    has_model: bool,
) -> tuple[TaggedGenre, ...]:
    states: defaultdict[int, Counter[str]] = defaultdict(Counter)
    predicted: defaultdict[int, Counter[int]] = defaultdict(Counter)
    targets: dict[int, int] = {}
    for tagged, suggested, relation, tracks in pairs:
        target = counts_for.get(tagged)
        targets[tagged] = tagged if target is None else target
        # Without a model there are no predictions.
        state = AGREEMENT.get(relation, "unsure") if has_model else "not_judged"
        if state == "near" and suggested == targets[tagged]:
            # The model cannot predict a tag that is not a class more precisely than by its class.
            state = "same"
        states[tagged][state] += tracks
        if suggested is not None:
            predicted[tagged][suggested] += tracks
    rows = [
        TaggedGenre(
            genre=tree.name(tagged),
            counted_as=tree.name(targets[tagged]),
            family=tree.name(tree.path(targets[tagged])[-1]),
            tracks=counts.total(),
            same=counts["same"],
            near=counts["near"],
            other=counts["other"],
            unsure=counts["unsure"],
            not_judged=counts["not_judged"],
            suspects=sum(number for pair, number in suspect_tracks.items() if pair[0] == tree.name(tagged)),
            predicted=tuple(
                PredictedShare(
                    tree.name(genre_id),
                    tracks,
                    tree.kind(targets[tagged], genre_id),
                    suspect_tracks.get((tree.name(tagged), tree.name(genre_id)), 0),
                )
                for genre_id, tracks in predicted[tagged].most_common()
            ),
        )
        for tagged, counts in states.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.tracks, row.genre)))
