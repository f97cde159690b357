"""Several genres in one genre field: as separate values, or as one text with a separator."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.genres.genre_tag import split_genres
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.text import sanitize
from catalog.writeback.formats.tag_format import TagFormatError

DEFAULT_SEPARATOR = "; "
"""Every program splits at it, and no genre name in a file contains it."""

_SEPARATORS = frozenset(";/\\|,")


def values_for(
    names: Sequence[str], present: Sequence[str], vocabulary: Vocabulary, *, single: bool
) -> tuple[str, ...]:
    """The values of the genre field for these genres, in the style of the present values.

    If the present values show no style, `single` asks for one joined text (ID3 before version 2.4 has no several
    values). Raises TagFormatError if the joined text would be read as other genres.
    """
    if len(names) < 2:
        return tuple(names)
    separator = _separator(present, vocabulary)
    if len(present) > 1 or (separator is None and not single):
        return tuple(names)
    for candidate in (separator or DEFAULT_SEPARATOR, DEFAULT_SEPARATOR):
        joined = candidate.join(names)
        if genres_in([joined], vocabulary) == list(names):
            return (joined,)
    raise TagFormatError(
        f"{DEFAULT_SEPARATOR.join(names)!r} would be read as other genres; rename the genre that contains a separator"
    )


def _separator(present: Sequence[str], vocabulary: Vocabulary) -> str | None:
    """The text between the first two genres of the only value; None if there is no such text."""
    if len(present) != 1:
        return None
    text = sanitize(present[0])
    pieces = split_genres(text, vocabulary.compounds)
    if len(pieces) < 2:
        return None
    start = text.find(pieces[0]) + len(pieces[0])
    between = text[start : text.find(pieces[1], start)]
    return between if between.strip() in _SEPARATORS else None
