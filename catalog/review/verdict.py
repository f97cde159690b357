"""Verdicts: what a person may say of a genre tag, and what the tags are after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from catalog.errors import CatalogError

Verdict = Literal["keep", "accept", "relabel", "add", "unsure", "wrong_recording"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

GENRE_VERDICTS: frozenset[Verdict] = frozenset({"accept", "relabel", "add"})
"""Verdicts that name a genre."""
NEUTRAL_VERDICTS: frozenset[Verdict] = frozenset({"unsure", "wrong_recording"})
"""Verdicts that say nothing of the genre: the tags stay as they are, and no statement is made."""
CORRECTING_VERDICTS: frozenset[Verdict] = frozenset({"accept", "relabel"})
"""Verdicts that say that the tag was wrong."""


class InvalidVerdictError(CatalogError):
    """A verdict that makes no sense of this track; the message says why, in one line."""


def recorded_verdict(verdict: Verdict, doubted: int | None, chosen: int | None) -> Verdict:
    """The verdict to write down: who puts a tag in its own place has kept it, and found nothing wrong."""
    return "keep" if verdict in CORRECTING_VERDICTS and doubted is not None and chosen == doubted else verdict


def verdict_of_batch(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict that a stroke was given with, from those written down, some of which may have become `keep`."""
    return next((verdict for verdict in verdicts if verdict != "keep"), "keep")


def genres_shown(current: Sequence[int], doubted: int | None, put: int | None) -> tuple[int, ...]:
    """The genre ids that a verdict is about: the current ones, with the doubted one where it was when it was shown.

    Where it is gone meanwhile, it stands in the place of `put`, which somebody else's decision put there, or, where
    somebody else changed the tags, in that of the first.
    """
    if doubted is None or doubted in current:
        return tuple(current)
    if not current:
        return (doubted,)
    replaced = put if put in current else current[0]
    return _distinct([doubted if genre_id == replaced else genre_id for genre_id in current])


def genres_after(
    verdict: Verdict, judged: Sequence[int], doubted: int | None, chosen: int | None
) -> tuple[int, ...] | None:
    """The genre ids of a track after a verdict on the genres judged; None where the verdict says nothing of them.

    `keep` says the same again. `accept` and `relabel` put the chosen genre in the place of the doubted one and keep the
    others. `add` appends. Raises InvalidVerdictError.
    """
    if verdict in NEUTRAL_VERDICTS:
        return None
    if verdict == "keep":
        if not judged:
            raise InvalidVerdictError("there is no genre to keep; choose one")
        return tuple(judged)
    if chosen is None:
        raise InvalidVerdictError(f"{verdict} needs a genre")
    if verdict == "add" or doubted is None:
        return _distinct([*judged, chosen])
    return _distinct([chosen if genre_id == doubted else genre_id for genre_id in judged])


def _distinct(genre_ids: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(genre_ids))
