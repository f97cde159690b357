"""Data of the feature plots: distributions by genre, the first two components of `pca`, explained variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Floats
from catalog.batches import chunks
from catalog.db.tables import feature_set, feature_vector, track_status
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set
from catalog.report.figures.genre_colors import color_groups
from catalog.report.genre_agreement import read_genre_tree
from catalog.report.track_sampling import sample_vectors

MOST_TRACKS = 2_000
"""Sample size of the plots: enough for quartiles, and read in a second."""
FEWEST_TRACKS = 8
FEWEST_OF_GENRE = 3
"""A group with fewer tracks gets no box."""
PERCENTILES = (10, 25, 50, 75, 90)
FAMILIES = (
    ("harmonic", "Harmonic part (H)", "mean level in mel bands, dB"),
    ("percussive", "Percussive part (P)", "mean level in mel bands, dB"),
    ("mel", "Mel spectrum", "mean level in mel bands, dB"),
    ("spectral_contrast", "Spectral contrast", "peaks above valleys, mean of the bands, dB"),
)
"""Feature families of `summary`: the prefix of the dimensions, the title of the panel, and its unit."""
WIDTH, HEIGHT, MARGIN = 1000, 620, 16
OTHER, UNTAGGED = "other", "untagged"


@dataclass(frozen=True)
class GenreColors:
    """The color groups of the map, used by all plots."""

    names: tuple[str, ...]
    groups: Mapping[int, int]

    def group_of(self, genre_id: int | None) -> str:
        """The color group of a track with this tagged genre."""
        if genre_id is None:
            return UNTAGGED
        return str(self.groups[genre_id]) if genre_id in self.groups else OTHER


@dataclass(frozen=True)
class Box:
    """The distribution of one group of genres in a panel."""

    name: str
    group: str
    tracks: int
    median: float
    """In the unit of the panel."""
    percentiles: tuple[float, float, float, float, float]
    """Positions of the 10th, 25th, 50th, 75th and 90th percentile in the panel, 0 to 1."""


@dataclass(frozen=True)
class Panel:
    """The distributions of one feature family by group of genres."""

    name: str
    unit: str
    low: float
    high: float
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class PcaPlane:
    """The first two components of `pca`, and the explained variance."""

    dots: tuple[tuple[float, float, str], ...]
    """x, y in units of the drawing, and color group."""
    legend: tuple[tuple[str, str], ...]
    """Color group and its name."""
    explained: tuple[float, ...]
    """Cumulative share of the variance of `grid` that the components explain, 0 to 1."""
    curve: str
    """The same as points of an SVG polyline in a square of 100; the x axis is logarithmic."""
    tracks: int
    analyzed: int


@dataclass(frozen=True)
class FeatureDistributions:
    """The data of all feature plots."""

    panels: tuple[Panel, ...]
    """Empty without vectors of `summary`."""
    tracks: int
    """Sample size of the panels."""
    analyzed: int
    plane: PcaPlane | None


def read_feature_distributions(connection: Connection, colors: GenreColors | None) -> FeatureDistributions:
    """Reads a sample of the vectors of `summary`, `grid` and `pca`, if they exist."""
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
    return GenreColors(*color_groups(tagged, read_genre_tree(connection)))


def _panels(connection: Connection, colors: GenreColors) -> tuple[tuple[Panel, ...], int, int]:
    features = active_feature_set(connection, "summary")
    if features is None:
        return (), 0, 0
    rows, analyzed = sample_vectors(connection, features, MOST_TRACKS)
    columns = [
        [at for at, name in enumerate(features.dimensions) if name.startswith(f"{family}.mean.")]
        for family, _, _ in FAMILIES
    ]
    if len(rows) < FEWEST_TRACKS:
        return (), 0, analyzed
    groups = [colors.group_of(row.tagged_genre_id) for row in rows]
    values = np.array([[np.mean(row.vector[at]) if at else np.nan for at in columns] for row in rows])
    panels = [
        group_panel(name, unit, values[:, at], groups, colors.names)
        for at, (_, name, unit) in enumerate(FAMILIES)
        if columns[at]
    ]
    return tuple(panel for panel in panels if panel.boxes), len(rows), analyzed


def group_panel(name: str, unit: str, values: Floats, groups: Sequence[str], names: Sequence[str]) -> Panel:
    """The distribution of one value per track (n,) by color group, the highest median first."""
    group_of = np.array(groups)
    all_groups = [(str(at), title) for at, title in enumerate(names)] + [(OTHER, "Other genres")]
    percentiles = {
        (group, title): np.percentile(values[group_of == group], PERCENTILES)
        for group, title in all_groups
        if (group_of == group).sum() >= FEWEST_OF_GENRE
    }
    if not percentiles:
        return Panel(name, unit, 0.0, 1.0, ())
    low = float(min(values[0] for values in percentiles.values()))
    high = float(max(values[-1] for values in percentiles.values()))
    scale = high - low if high > low else 1.0
    boxes = [
        Box(
            name=title,
            group=group,
            tracks=int((group_of == group).sum()),
            median=float(limits[2]),
            percentiles=tuple(((limits - low) / scale).round(4).tolist()),
        )
        for (group, title), limits in percentiles.items()
    ]
    return Panel(name, unit, low, high, tuple(sorted(boxes, key=lambda box: (-box.median, box.name))))


def _plane(connection: Connection, colors: GenreColors) -> PcaPlane | None:
    features = active_feature_set(connection, "pca")
    if features is None or len(features.dimensions) < 2:
        return None
    rows, analyzed = sample_vectors(connection, features, MOST_TRACKS)
    if len(rows) < FEWEST_TRACKS:
        return None
    coordinates = np.array([row.vector for row in rows], dtype=np.float64)
    total = _variance(connection, features, [row.id for row in rows])
    explained = np.cumsum(coordinates.var(axis=0)) / total if total else np.empty(0)
    points = _scale_to_drawing(coordinates[:, :2])
    groups = [colors.group_of(row.tagged_genre_id) for row in rows]
    legend = [(str(at), name) for at, name in enumerate(colors.names)]
    legend += [(OTHER, "Other genres"), (UNTAGGED, "No genre")]
    return PcaPlane(
        dots=tuple(
            (round(float(x), 1), round(float(y), 1), group)
            for (x, y), group in zip(points, groups, strict=True)
        ),
        legend=tuple(entry for entry in legend if entry[0] in groups),
        explained=tuple(float(share) for share in explained.clip(0, 1)),
        curve=_curve(explained.clip(0, 1)),
        tracks=len(rows),
        analyzed=analyzed,
    )


def _variance(connection: Connection, pca: StoredFeatureSet, track_ids: Sequence[int]) -> float | None:
    """Total variance of these tracks in the `grid` behind a PCA; None if a track has no vector of it."""
    source = (
        sa.select(feature_set.c.parameters["of"].as_string())
        .where(feature_set.c.id == pca.id)
        .scalar_subquery()
    )
    source_id = connection.execute(sa.select(feature_set.c.id).where(feature_set.c.hash == source)).scalar()
    if source_id is None:
        return None
    number, total, squares = 0, np.zeros(1), 0.0
    for ids in chunks(track_ids):
        for vector in connection.execute(
            sa.select(feature_vector.c.vector).where(
                feature_vector.c.feature_set_id == source_id,
                feature_vector.c.track_id.in_(ids),
            )
        ).scalars():
            # Sums instead of a matrix of 2,000 grids, which takes 65 MB.
            cells = np.asarray(vector, dtype=np.float64)
            number, total, squares = number + 1, total + cells, squares + float(cells @ cells)
    if number < len(track_ids):
        return None
    variance = squares / number - float((total / number) @ (total / number))
    return variance if variance > 0 else None


def _curve(explained: Floats) -> str:
    if len(explained) < 2:
        return ""
    x_values = 100 * np.log(np.arange(1, len(explained) + 1)) / np.log(len(explained))
    return " ".join(f"{x:.2f},{100 - 100 * y:.2f}" for x, y in zip(x_values, explained, strict=True))


def _scale_to_drawing(points: Floats) -> Floats:
    """Points scaled into the drawing: the 1st and 99th percentile are its edges, and points beyond move there."""
    low, high = np.percentile(points, [1, 99], axis=0)
    unit = ((points - low) / np.where(high > low, high - low, 1.0)).clip(0, 1)
    unit[:, high <= low] = 0.5
    # The second component grows upwards, SVG coordinates downwards.
    unit[:, 1] = 1 - unit[:, 1]
    return np.asarray(MARGIN + unit * (np.array([WIDTH, HEIGHT]) - 2 * MARGIN))
