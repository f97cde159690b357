"""How a file's genre tag keeps several genres: as values of their own, or in one text with a sign between them."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.genres.genre_tag import split_genres
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.text import sanitize
from catalog.writeback.formats.id3v2 import TagFormatError

HARD = "; "
"""What no genre of a file holds: it separates in every program."""

_SIGNS = frozenset(";/\\|,")


def values_for(
    names: Sequence[str], present: Sequence[str], vocabulary: Vocabulary, *, single: bool
) -> tuple[str, ...]:
    """The values of the tag that say these genres, in the way in which the present ones say theirs.

    `single`: where the present values show no way, one text and not several (ID3 before version 2.4, which has no
    several). Raises TagFormatError where a name would be read as something else.
    """
    if len(names) < 2:
        return tuple(names)
    sign = _separator(present, vocabulary)
    if len(present) > 1 or (sign is None and not single):
        return tuple(names)
    for between in (sign or HARD, HARD):
        joined = between.join(names)
        if genres_in([joined], vocabulary) == list(names):
            return (joined,)
    raise TagFormatError(
        f"{HARD.join(names)!r} would be read as other genres; rename the one that holds a sign"
    )


def _separator(present: Sequence[str], vocabulary: Vocabulary) -> str | None:
    """What stands between the first two genres of the only value."""
    if len(present) != 1:
        return None
    text = sanitize(present[0])
    pieces = split_genres(text, vocabulary.compounds)
    if len(pieces) < 2:
        return None
    start = text.find(pieces[0]) + len(pieces[0])
    between = text[start : text.find(pieces[1], start)]
    return between if between.strip() in _SIGNS else None
