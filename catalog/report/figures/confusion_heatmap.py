"""The heat map of tagged against suggested genres: which rows and columns, in which order, how dark."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.report.genre_agreement import TaggedGenre

MOST_ROWS = 40
"""More rows than this no eye takes in; the rarer genres are summed up in a last row."""
REST = "All others"
STEPS = (0.02, 0.1, 0.25, 0.5, 0.75)
"""Shares of a row at which a cell gets darker."""


@dataclass(frozen=True)
class Cell:
    """Tracks of the row's tag that were suggested the column's genre."""

    tracks: int
    share: float
    """Of the row's judged tracks, 0 to 1."""
    step: int
    """0 (empty) to 6 (nearly the whole row)."""
    kind: str
    """`same`, `near` (a broader or narrower term), `other`, or `unsure` in the last column."""


@dataclass(frozen=True)
class HeatRow:
    """One tagged class, with the rarer genres that count for it."""

    genre: str
    tracks: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class HeatMap:
    """Rows are tagged classes, columns suggested genres; the last column is "no answer"."""

    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    left_out: int
    """Classes that are summed up in the last row."""


def heat_map(tagged: Sequence[TaggedGenre]) -> HeatMap:
    """The heat map of genres that the model has a say on. Classes of one family stand together, so that confusions
    among relatives are a block on the diagonal and the rest stands out.
    """
    classes: defaultdict[str, list[TaggedGenre]] = defaultdict(list)
    sizes: Counter[str] = Counter()
    families: Counter[str] = Counter()
    heard: Counter[str] = Counter()
    for row in tagged:
        classes[row.counted_as].append(row)
        sizes[row.counted_as] += row.judged
        families[row.family] += row.judged
        heard.update({item.genre: item.tracks for item in row.heard})
    largest = sorted(classes, key=lambda name: (-sizes[name], name))
    family = {name: rows[0].family for name, rows in classes.items()}
    shown = sorted(
        largest[:MOST_ROWS],
        key=lambda name: (-families[family[name]], family[name], -sizes[name], name),
    )
    rest = largest[MOST_ROWS:]
    named = [name for name in shown if heard[name]]
    columns = [*named, *(name for name, _ in heard.most_common() if name not in named)][:MOST_ROWS]
    rows = [_row(name, classes[name], columns) for name in shown]
    if rest:
        rows.append(_row(REST, [row for name in rest for row in classes[name]], columns))
    return HeatMap(tuple(columns), tuple(rows), len(rest))


def _row(name: str, genres: Sequence[TaggedGenre], columns: Sequence[str]) -> HeatRow:
    judged = sum(row.judged for row in genres)
    heard: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for row in genres:
        heard.update({item.genre: item.tracks for item in row.heard})
        # Several classes in one row are no relatives of anything.
        kinds.update({item.genre: "other" if name == REST else item.kind for item in row.heard})
    kinds[name] = "same"
    cells = [_cell(heard[column], judged, kinds.get(column, "other")) for column in columns]
    return HeatRow(name, judged, (*cells, _cell(sum(row.unsure for row in genres), judged, "unsure")))


def _cell(tracks: int, of: int, kind: str) -> Cell:
    share = min(tracks / of, 1.0) if of else 0.0
    step = 0 if not tracks else 1 + sum(share >= limit for limit in STEPS)
    return Cell(tracks, share, step, kind)
