"""The number of a genre in the ID3v1 list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.formats.tag_format import Id3v1Genre


def id3v1_genre_number(names: Sequence[str], vocabulary: Vocabulary) -> Id3v1Genre:
    """The number of the first genre, or else of its nearest ancestor that has one.

    A number that contradicts the genre is never kept, because some programs read only ID3v1.
    """
    term = vocabulary.resolve(names[0]) if names else None
    if term is None:
        return Id3v1Genre(None, is_exact=False)
    numbers = _numbers(vocabulary)
    number = numbers.get(term.id)
    if number is not None:
        return Id3v1Genre(number, is_exact=len(names) == 1)
    ancestors = (numbers.get(ancestor.id) for ancestor in vocabulary.ancestors(term))
    return Id3v1Genre(next((number for number in ancestors if number is not None), None), is_exact=False)


@lru_cache(maxsize=1)
def _numbers(vocabulary: Vocabulary) -> dict[int, int]:
    """Numbers by the id of the term that the list's genre is, or was merged into."""
    numbers: dict[int, int] = {}
    for seed in seeds():
        if seed.id3 is not None and (term := vocabulary.by_spelling(seed.name)) is not None:
            numbers.setdefault(term.id, seed.id3)
    return numbers
