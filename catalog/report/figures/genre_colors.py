"""Color groups for the map: few enough to tell apart, fine enough to show something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from catalog.report.genre_agreement import Terms

MOST_GROUPS = 7
"""Colors that people with any kind of color vision tell apart, on light and on dark."""
TOO_LARGE = 0.35
"""A group with more than this share of the tracks is split while there are colors left."""
TOO_SMALL = 0.03
"""A genre below this share of the tracks gets no color of its own by a split."""
CRUMBS = 0.01
"""Nor does a top-level genre below this share."""


def color_groups(tagged: Iterable[int], terms: Terms) -> tuple[tuple[str, ...], dict[int, int]]:
    """Names of at most seven groups, the largest first, and the group of each genre id; the rest has no group.

    The groups are top-level genres. Where one of them holds most of the tracks, as Rock does in many collections, its
    largest narrower terms get colors of their own.
    """
    tracks = Counter(tagged)
    total = tracks.total()
    if not total:
        return (), {}
    paths = {genre: terms.path(genre) for genre in tracks}
    cut = {path[-1] for path in paths.values()}
    while True:
        sizes: Counter[int] = Counter()
        for genre, path in paths.items():
            sizes[_group(path, cut)] += tracks[genre]
        largest, size = min(sizes.items(), key=lambda item: (-item[1], item[0]))
        colors = sum(number >= CRUMBS * total for number in sizes.values())
        if colors >= MOST_GROUPS or size <= TOO_LARGE * total:
            break
        children: Counter[int] = Counter()
        for genre, path in paths.items():
            if _group(path, cut) == largest and genre != largest:
                children[path[path.index(largest) - 1]] += tracks[genre]
        child, child_size = min(children.items(), key=lambda item: (-item[1], item[0]), default=(0, 0))
        if child_size < max(TOO_SMALL * total, 2):
            break
        cut.add(child)
    by_size = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    chosen = [genre for genre, number in by_size if number >= CRUMBS * total][:MOST_GROUPS]
    place = {genre: at for at, genre in enumerate(chosen)}
    groups = {genre: place[_group(path, cut)] for genre, path in paths.items() if _group(path, cut) in place}
    return tuple(terms.name(genre) for genre in chosen), groups


def _group(path: tuple[int, ...], cut: set[int]) -> int:
    return next(genre for genre in path if genre in cut)
