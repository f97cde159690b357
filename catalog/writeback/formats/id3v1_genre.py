"""The number of a genre in the list of ID3v1."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import Vocabulary


def id3v1_genre_number(names: Sequence[str], vocabulary: Vocabulary) -> tuple[int | None, bool]:
    """The number for the first of some genres, or for the nearest broader one that has a number; None without either.

    Beside it, whether the number says all: it is that of the only genre itself. A number that contradicts the genre is
    never kept: some programs read nothing else.
    """
    term = vocabulary.resolve(names[0]) if names else None
    if term is None:
        return None, False
    numbers = _numbers(vocabulary)
    own = numbers.get(term.id)
    if own is not None:
        return own, len(names) == 1
    broader = (numbers.get(each.id) for each in vocabulary.ancestors(term))
    return next((number for number in broader if number is not None), None), False


@lru_cache(maxsize=1)
def _numbers(vocabulary: Vocabulary) -> dict[int, int]:
    """Numbers by the key of the term that has taken the list's genre over."""
    found: dict[int, int] = {}
    for seed in seeds():
        if seed.id3 is not None and (term := vocabulary.known(seed.name)) is not None:
            found.setdefault(term.id, seed.id3)
    return found
