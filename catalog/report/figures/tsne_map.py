"""Two-dimensional t-SNE map of the collection: similar tracks are close together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Floats
from catalog.batches import chunks
from catalog.db.tables import artist, feature_vector, track, track_status
from catalog.report.figures.genre_colors import color_groups
from catalog.report.formatting import display_name, safe_text
from catalog.report.genre_agreement import read_genre_tree
from catalog.report.open_cases import is_open_suspect, suspects
from catalog.report.track_sampling import analyzed_tracks, sample_evenly
from catalog.threads import one_thread

MOST_DOTS = 3_000
"""Dots that a browser draws without delay and t-SNE places in seconds."""
FEWEST_DOTS = 5
FEWEST_FOR_TSNE = 30
COMPONENTS = 50
WIDTH, HEIGHT, MARGIN = 1000, 600, 20
UNTAGGED, OTHER = "untagged", "other"


@dataclass(frozen=True, eq=False)
class PlottedTracks:
    """A sample of the analyzed tracks; the sequences have one entry per track."""

    vectors: Floats
    """(tracks, dimensions), finite."""
    names: Sequence[str]
    genres: Sequence[int | None]
    labels: Sequence[str]
    """The tagged genre for display; empty if untagged."""
    is_suspect: Sequence[bool]
    groups: dict[int, int]
    """The color group by genre id."""
    group_names: tuple[str, ...]
    analyzed: int
    """Number of tracks that the sample was drawn from."""


@dataclass(frozen=True)
class Dot:
    """A track on the map; x grows to the right, y downwards, in units of the drawing."""

    x: float
    y: float
    group: str
    """`0` to `6`, `other` or `untagged`."""
    title: str
    is_suspect: bool


@dataclass(frozen=True)
class LegendEntry:
    """One line of the legend."""

    group: str
    name: str
    dots: int


@dataclass(frozen=True)
class TsneMap:
    """The drawing."""

    dots: tuple[Dot, ...]
    """In drawing order: suspects are last, on top."""
    legend: tuple[LegendEntry, ...]
    suspects: int
    analyzed: int
    method: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def is_sample(self) -> bool:
        """Whether the map shows only a sample of the analyzed tracks."""
        return len(self.dots) < self.analyzed


def read_plotted_tracks(connection: Connection, feature_set_id: int, most: int = MOST_DOTS) -> PlottedTracks:
    """Reads a deterministic sample of at most `most` vectors of a feature set."""
    is_drawn, analyzed = sample_evenly(connection, feature_set_id, most)
    rows = connection.execute(
        sa.select(
            track.c.id,
            feature_vector.c.vector,
            artist.c.name.label("artist"),
            track.c.title,
            track.c.path,
            track_status.c.tagged_genre_id,
            track_status.c.tagged_genre,
        )
        .select_from(
            analyzed_tracks.outerjoin(track_status, track_status.c.track_id == track.c.id).outerjoin(
                artist, artist.c.id == track.c.artist_id
            )
        )
        .where(is_drawn)
        .order_by(track.c.id)
    ).all()
    if len(rows) > most:
        rows = [rows[at] for at in np.linspace(0, len(rows) - 1, most).astype(int)]
    sizes = Counter(len(row.vector) for row in rows)
    size = sizes.most_common(1)[0][0] if sizes else 0
    rows = [row for row in rows if len(row.vector) == size and np.isfinite(row.vector).all()]
    names, groups = color_groups(
        (row.tagged_genre_id for row in rows if row.tagged_genre_id is not None), read_genre_tree(connection)
    )
    suspect_ids = _suspect_tracks(connection, [row.id for row in rows])
    return PlottedTracks(
        vectors=np.array([row.vector for row in rows], dtype=np.float64).reshape(len(rows), size),
        names=[display_name(row.artist, row.title, row.path) for row in rows],
        genres=[row.tagged_genre_id for row in rows],
        labels=[safe_text(row.tagged_genre) for row in rows],
        is_suspect=[row.id in suspect_ids for row in rows],
        groups=groups,
        group_names=names,
        analyzed=analyzed,
    )


def _suspect_tracks(connection: Connection, track_ids: list[int]) -> set[int]:
    query = sa.select(suspects.c.track_id).where(is_open_suspect)
    return {
        key
        for ids in chunks(track_ids)
        for key in connection.execute(query.where(suspects.c.track_id.in_(ids))).scalars()
    }


@one_thread()
def draw_map(tracks: PlottedTracks) -> TsneMap | None:
    """The map of a sample; None for too few tracks. Takes 0.4 s for 344 tracks and 6 s for 3,000 on one core."""
    number = len(tracks.names)
    if number < FEWEST_DOTS:
        return None
    places, method = _embed(tracks.vectors)
    places = _fit(places)
    groups = [
        UNTAGGED if genre is None else str(tracks.groups[genre]) if genre in tracks.groups else OTHER
        for genre in tracks.genres
    ]
    dots = [
        Dot(
            x=round(float(x), 1),
            y=round(float(y), 1),
            group=group,
            title=f"{name}\n{f'tagged {label}' if label else 'untagged'}{', flagged' if is_suspect else ''}",
            is_suspect=is_suspect,
        )
        for (x, y), group, name, label, is_suspect in zip(
            places, groups, tracks.names, tracks.labels, tracks.is_suspect, strict=True
        )
    ]
    # Shuffled, so that no genre covers another; suspects on top.
    order = np.random.default_rng(0).permutation(number)
    mixed = sorted((dots[at] for at in order), key=lambda dot: dot.is_suspect)
    sizes = Counter(groups)
    legend = [LegendEntry(str(at), name, sizes[str(at)]) for at, name in enumerate(tracks.group_names)]
    legend += [
        LegendEntry(OTHER, "Other genres", sizes[OTHER]),
        LegendEntry(UNTAGGED, "No genre", sizes[UNTAGGED]),
    ]
    return TsneMap(
        dots=tuple(mixed),
        legend=tuple(key for key in legend if key.dots),
        suspects=sum(tracks.is_suspect),
        analyzed=tracks.analyzed,
        method=method,
    )


def _embed(vectors: Floats) -> tuple[Floats, str]:
    """Two coordinates per track from its standardized vector, and the name of the method."""
    spread = vectors.std(axis=0)
    # The deviation of a constant dimension is only rounding error; do not divide by it.
    varies = spread > 1e-9 * np.maximum(np.abs(vectors).max(axis=0), 1e-30)
    standard = (vectors[:, varies] - vectors[:, varies].mean(axis=0)) / spread[varies]
    if not standard.shape[1]:
        standard = np.zeros((len(vectors), 1))
    left, singular, _ = np.linalg.svd(standard, full_matrices=False)
    components = left * singular
    if len(vectors) < FEWEST_FOR_TSNE or not components.any():
        plane = components[:, :2]
        return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1]))), "Principal components"
    from sklearn.manifold import TSNE

    tsne: Any = TSNE(
        init="pca",
        perplexity=min(30.0, len(vectors) / 4),
        max_iter=500,
        random_state=0,
        n_jobs=1,
    )
    return np.asarray(tsne.fit_transform(components[:, :COMPONENTS]), dtype=np.float64), "t-SNE"


def _fit(places: Floats) -> Floats:
    """Coordinates scaled into the drawing, each axis separately: distances of t-SNE have no unit."""
    low, high = places.min(axis=0), places.max(axis=0)
    unit = (places - low) / np.where(high > low, high - low, 1.0)
    unit[:, high <= low] = 0.5
    return np.asarray(MARGIN + unit * (np.array([WIDTH, HEIGHT]) - 2 * MARGIN))
