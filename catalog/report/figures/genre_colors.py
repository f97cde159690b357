"""Color groups of genres for the map: at most seven groups of similar size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from catalog.report.genre_agreement import GenreTree

MOST_GROUPS = 7
"""Number of colors that are distinguishable with any kind of color vision, on light and dark backgrounds."""
TOO_LARGE = 0.35
"""A group with more than this share of the tracks is split while colors are left."""
TOO_SMALL = 0.03
"""A split gives no color to a genre below this share of the tracks."""
LEAST_SHARE = 0.01
"""A top-level genre below this share of the tracks gets no color."""


def color_groups(tagged: Iterable[int], tree: GenreTree) -> tuple[tuple[str, ...], dict[int, int]]:
    """Names of at most seven groups, the largest first, and the group of each genre id. Other genres have no group.

    The groups are top-level genres. If one of them has most of the tracks, as Rock does in many collections, its
    largest narrower terms get separate colors.
    """
    tracks = Counter(tagged)
    total = tracks.total()
    if not total:
        return (), {}
    paths = {genre: tree.path(genre) for genre in tracks}
    cut = {path[-1] for path in paths.values()}
    while True:
        sizes: Counter[int] = Counter()
        for genre, path in paths.items():
            sizes[_group(path, cut)] += tracks[genre]
        largest, size = min(sizes.items(), key=lambda item: (-item[1], item[0]))
        colors = sum(number >= LEAST_SHARE * total for number in sizes.values())
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
    chosen = [genre for genre, number in by_size if number >= LEAST_SHARE * total][:MOST_GROUPS]
    position = {genre: at for at, genre in enumerate(chosen)}
    groups = {
        genre: position[_group(path, cut)] for genre, path in paths.items() if _group(path, cut) in position
    }
    return tuple(tree.name(genre) for genre in chosen), groups


def _group(path: tuple[int, ...], cut: set[int]) -> int:
    return next(genre for genre in path if genre in cut)
