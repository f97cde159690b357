"""The plots of the classic study: what genres sound like by four families of features, and the plane of `pca`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Floats
from catalog.db.tables import feature_set, feature_vector, track, track_status
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set
from catalog.report.figures.genre_colors import color_groups
from catalog.report.genre_agreement import read_terms
from catalog.report.track_sampling import analyzed_tracks, sample_evenly

MOST_TRACKS = 2_000
"""That the plots are made of: enough for quartiles, and read in a second."""
FEWEST_TRACKS = 8
FEWEST_OF_GENRE = 3
"""Tracks of a group below which no box is drawn."""
PERCENTILES = (10, 25, 50, 75, 90)
FAMILIES = (
    ("harmonic", "Harmonic part (H)", "mean level in mel bands, dB"),
    ("percussive", "Percussive part (P)", "mean level in mel bands, dB"),
    ("mel", "Mel spectrum", "mean level in mel bands, dB"),
    ("spectral_contrast", "Spectral contrast", "peaks above valleys, mean of the bands, dB"),
)
"""Families of `summary`: the beginning of their dimensions' names, what they are called, and what is shown of them."""
WIDTH, HEIGHT, MARGIN = 1000, 620, 16
OTHER, UNTAGGED = "other", "untagged"


@dataclass(frozen=True)
class GenreColors:
    """Groups of genres as the map has them, so that a color means the same everywhere."""

    names: tuple[str, ...]
    groups: Mapping[int, int]

    def of(self, genre_id: int | None) -> str:
        """The class of a track's dot."""
        if genre_id is None:
            return UNTAGGED
        return str(self.groups[genre_id]) if genre_id in self.groups else OTHER


@dataclass(frozen=True)
class Box:
    """One group of genres in a panel; places are shares of the panel's width, 0 to 1."""

    name: str
    group: str
    tracks: int
    median: float
    """In the panel's unit."""
    places: tuple[float, float, float, float, float]
    """Of the 10th, 25th, 50th, 75th and 90th percentile."""


@dataclass(frozen=True)
class Panel:
    """A family of features over the groups of genres."""

    name: str
    unit: str
    low: float
    high: float
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class PcaPlane:
    """The first components of `pca`."""

    dots: tuple[tuple[float, float, str], ...]
    """Place across and down in the units of the drawing, and color group."""
    legend: tuple[tuple[str, str], ...]
    """Color group and its name."""
    held: tuple[float, ...]
    """The share of the variance of `grid` that the first 1, 2, ... components hold, 0 to 1."""
    curve: str
    """The same as points of a line in a square of 100, the number of components on a logarithmic scale."""
    tracks: int
    analyzed: int


@dataclass(frozen=True)
class FeatureDistributions:
    """What can be shown of the vectors that there are."""

    panels: tuple[Panel, ...]
    """Empty without vectors of `summary`."""
    tracks: int
    """That the panels are made of."""
    analyzed: int
    plane: PcaPlane | None


def read_feature_distributions(connection: Connection, colors: GenreColors | None) -> FeatureDistributions:
    """Reads a sample of the vectors of `summary`, and of `grid` and `pca`, as far as there are any."""
    colors = colors or _colors(connection)
    panels, tracks, analyzed = _panels(connection, colors)
    return FeatureDistributions(panels, tracks, analyzed, _plane(connection, colors))


def _colors(connection: Connection) -> GenreColors:
    sizes = connection.execute(
        sa.select(track_status.c.tagged_genre_id, sa.func.count())
        .where(track_status.c.tagged_genre_id.is_not(None))
        .group_by(track_status.c.tagged_genre_id)
    )
    tagged = (genre_id for genre_id, tracks in sizes for _ in range(tracks))
    return GenreColors(*color_groups(tagged, read_terms(connection)))


def _panels(connection: Connection, colors: GenreColors) -> tuple[tuple[Panel, ...], int, int]:
    recipe = active_feature_set(connection, "summary")
    if recipe is None:
        return (), 0, 0
    is_drawn, analyzed = sample_evenly(connection, recipe.id, MOST_TRACKS)
    columns = [
        [at for at, name in enumerate(recipe.dimensions) if name.startswith(f"{family}.mean.")]
        for family, _, _ in FAMILIES
    ]
    groups: list[str] = []
    means: list[list[float]] = []
    for row in connection.execute(_vectors(is_drawn)):
        if len(row.vector) == len(recipe.dimensions) and np.isfinite(row.vector).all():
            groups.append(colors.of(row.tagged_genre_id))
            means.append([float(np.mean(row.vector[at])) if at else np.nan for at in columns])
    if len(means) < FEWEST_TRACKS:
        return (), 0, analyzed
    values = np.array(means)
    panels = [
        panel(name, unit, values[:, at], groups, colors.names)
        for at, (_, name, unit) in enumerate(FAMILIES)
        if columns[at]
    ]
    return tuple(found for found in panels if found.boxes), len(means), analyzed


def _vectors(is_drawn: sa.ColumnElement[bool]) -> sa.Select[tuple[int, Floats, int | None]]:
    return (
        sa.select(track.c.id, feature_vector.c.vector, track_status.c.tagged_genre_id)
        .select_from(analyzed_tracks.outerjoin(track_status, track_status.c.track_id == track.c.id))
        .where(is_drawn)
        .order_by(track.c.id)
    )


def panel(name: str, unit: str, values: Floats, groups: Sequence[str], names: Sequence[str]) -> Panel:
    """The boxes of one value a track (n,), by color group, the highest median first."""
    of = np.array(groups)
    shown = [(str(at), called) for at, called in enumerate(names)] + [(OTHER, "Other genres")]
    percentiles = {
        (group, called): np.percentile(values[of == group], PERCENTILES)
        for group, called in shown
        if (of == group).sum() >= FEWEST_OF_GENRE
    }
    if not percentiles:
        return Panel(name, unit, 0.0, 1.0, ())
    low = float(min(found[0] for found in percentiles.values()))
    high = float(max(found[-1] for found in percentiles.values()))
    scale = high - low if high > low else 1.0
    boxes = [
        Box(
            name=called,
            group=group,
            tracks=int((of == group).sum()),
            median=float(found[2]),
            places=tuple(((found - low) / scale).round(4).tolist()),
        )
        for (group, called), found in percentiles.items()
    ]
    return Panel(name, unit, low, high, tuple(sorted(boxes, key=lambda box: (-box.median, box.name))))


def _plane(connection: Connection, colors: GenreColors) -> PcaPlane | None:
    recipe = active_feature_set(connection, "pca")
    if recipe is None or len(recipe.dimensions) < 2:
        return None
    is_drawn, analyzed = sample_evenly(connection, recipe.id, MOST_TRACKS)
    rows = [
        row
        for row in connection.execute(_vectors(is_drawn))
        if len(row.vector) == len(recipe.dimensions) and np.isfinite(row.vector).all()
    ]
    if len(rows) < FEWEST_TRACKS:
        return None
    coordinates = np.array([row.vector for row in rows], dtype=np.float64)
    total = _variance(connection, recipe, [row.id for row in rows])
    held = np.cumsum(coordinates.var(axis=0)) / total if total else np.empty(0)
    places = _fit(coordinates[:, :2])
    groups = [colors.of(row.tagged_genre_id) for row in rows]
    legend = [(str(at), name) for at, name in enumerate(colors.names)]
    legend += [(OTHER, "Other genres"), (UNTAGGED, "No genre")]
    return PcaPlane(
        dots=tuple(
            (round(float(x), 1), round(float(y), 1), group)
            for (x, y), group in zip(places, groups, strict=True)
        ),
        legend=tuple(each for each in legend if each[0] in groups),
        held=tuple(float(share) for share in held.clip(0, 1)),
        curve=_curve(held.clip(0, 1)),
        tracks=len(rows),
        analyzed=analyzed,
    )


def _variance(connection: Connection, recipe: StoredFeatureSet, track_ids: Sequence[int]) -> float | None:
    """The whole variance of the `grid` that a projection is of, over these tracks; None where one of them lacks it."""
    source = (
        sa.select(feature_set.c.parameters["of"].as_string())
        .where(feature_set.c.id == recipe.id)
        .scalar_subquery()
    )
    source_id = connection.execute(sa.select(feature_set.c.id).where(feature_set.c.hash == source)).scalar()
    if source_id is None:
        return None
    number, total, squares = 0, np.zeros(1), 0.0
    for start in range(0, len(track_ids), 500):
        for vector in connection.execute(
            sa.select(feature_vector.c.vector).where(
                feature_vector.c.feature_set_id == source_id,
                feature_vector.c.track_id.in_(track_ids[start : start + 500]),
            )
        ).scalars():
            # Sums instead of a matrix: 2,000 grids would be 65 MB.
            cells = np.asarray(vector, dtype=np.float64)
            number, total, squares = number + 1, total + cells, squares + float(cells @ cells)
    if number < len(track_ids):
        return None
    variance = squares / number - float((total / number) @ (total / number))
    return variance if variance > 0 else None


def _curve(held: Floats) -> str:
    if len(held) < 2:
        return ""
    across = 100 * np.log(np.arange(1, len(held) + 1)) / np.log(len(held))
    return " ".join(f"{x:.2f},{100 - 100 * y:.2f}" for x, y in zip(across, held, strict=True))


def _fit(places: Floats) -> Floats:
    """Places moved and scaled into the drawing, the 1st and 99th percentile at its edges and what is beyond on them."""
    low, high = np.percentile(places, [1, 99], axis=0)
    unit = ((places - low) / np.where(high > low, high - low, 1.0)).clip(0, 1)
    unit[:, high <= low] = 0.5
    # The second component grows upwards.
    unit[:, 1] = 1 - unit[:, 1]
    return np.asarray(MARGIN + unit * (np.array([WIDTH, HEIGHT]) - 2 * MARGIN))
