"""Heat map of tagged against predicted genres: rows, columns, their order and the shades."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.report.genre_agreement import TaggedGenre

MOST_ROWS = 40
"""Rows of the heat map; the rarer genres are summed in one more row."""
REST = "All others"
STEPS = (0.02, 0.1, 0.25, 0.5, 0.75)
"""Shares of a row at which the next darker shade begins."""


@dataclass(frozen=True)
class Cell:
    """Tracks with the tag of the row and the suggestion of the column."""

    tracks: int
    share: float
    """Of the row's judged tracks, 0 to 1."""
    shade: int
    """0 (empty) to 6 (at least 75 % of the row)."""
    kind: str
    """`same`, `near` (a broader or narrower term), `other`, or `unsure` in the last column."""
    flagged: int = 0
    """Open suspects among the tracks."""


@dataclass(frozen=True)
class HeatRow:
    """One tagged class, with the small genres that count for it."""

    genre: str
    tracks: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class HeatMap:
    """Rows are tagged classes, columns suggested genres; the last column is "no suggestion"."""

    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    left_out: int
    """Number of classes summed in the last row."""


def heat_map(tagged: Sequence[TaggedGenre]) -> HeatMap:
    """The heat map of the judged genres. Classes of one family are neighbors, so that confusions within a family form
    a block on the diagonal.
    """
    classes: defaultdict[str, list[TaggedGenre]] = defaultdict(list)
    sizes: Counter[str] = Counter()
    families: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for row in tagged:
        classes[row.counted_as].append(row)
        sizes[row.counted_as] += row.judged
        families[row.family] += row.judged
        predicted.update({item.genre: item.tracks for item in row.predicted})
    largest = sorted(classes, key=lambda name: (-sizes[name], name))
    family = {name: rows[0].family for name, rows in classes.items()}
    shown = sorted(
        largest[:MOST_ROWS],
        key=lambda name: (-families[family[name]], family[name], -sizes[name], name),
    )
    rest = largest[MOST_ROWS:]
    named = [name for name in shown if predicted[name]]
    columns = [*named, *(name for name, _ in predicted.most_common() if name not in named)][:MOST_ROWS]
    rows = [_row(name, classes[name], columns) for name in shown]
    if rest:
        rows.append(_row(REST, [row for name in rest for row in classes[name]], columns))
    return HeatMap(tuple(columns), tuple(rows), len(rest))


def _row(name: str, genres: Sequence[TaggedGenre], columns: Sequence[str]) -> HeatRow:
    judged = sum(row.judged for row in genres)
    predicted: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for row in genres:
        predicted.update({item.genre: item.tracks for item in row.predicted})
        flagged.update({item.genre: item.flagged for item in row.predicted})
        # The classes summed in one row have no common relation to a column.
        kinds.update({item.genre: "other" if name == REST else item.kind for item in row.predicted})
    kinds[name] = "same"
    cells = [
        _cell(predicted[column], judged, kinds.get(column, "other"), flagged[column]) for column in columns
    ]
    return HeatRow(name, judged, (*cells, _cell(sum(row.unsure for row in genres), judged, "unsure")))


def _cell(tracks: int, of: int, kind: str, flagged: int = 0) -> Cell:
    share = min(tracks / of, 1.0) if of else 0.0
    shade = 0 if not tracks else 1 + sum(share >= limit for limit in STEPS)
    return Cell(tracks, share, shade, kind, flagged)
