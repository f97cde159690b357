"""Verdicts on a tag, and the tags of a track after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import sqlalchemy as sa

from catalog.db.tables import decision
from catalog.errors import CatalogError

Verdict = Literal["keep", "accept", "relabel", "add", "unsure", "wrong_recording"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

GENRE_VERDICTS: frozenset[Verdict] = frozenset({"accept", "relabel", "add"})
"""Verdicts that name a genre."""
NEUTRAL_VERDICTS: frozenset[Verdict] = frozenset({"unsure", "wrong_recording"})
"""Verdicts without an opinion on the genre: the tags stay, and no statement is added."""
CORRECTING_VERDICTS: frozenset[Verdict] = frozenset({"accept", "relabel"})
"""Verdicts that correct a wrong tag."""


Outcome = Literal["corrected", "filled in", "genre added", "kept", "unsure", "wrong recording"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""What a decision meant for the tags of a track."""


class InvalidVerdictError(CatalogError):
    """The verdict does not apply to this track."""


def outcome_of(verdict: str, genre_id: int | None) -> Outcome:
    """The outcome of a stored verdict on a tag; `genre_id` is the tag, None if the track had none.

    A wrong tag was found only if there was a tag: a genre for a track without one is filled in.
    """
    if genre_id is None and verdict in GENRE_VERDICTS:
        return "filled in"
    if verdict in CORRECTING_VERDICTS:
        return "corrected"
    others: dict[str, Outcome] = {"add": "genre added", "keep": "kept", "wrong_recording": "wrong recording"}
    return others.get(verdict, "unsure")


def is_correction() -> sa.ColumnElement[bool]:
    """A row of `decision` replaced a tag."""
    return sa.and_(decision.c.genre_id.is_not(None), decision.c.verdict.in_(sorted(CORRECTING_VERDICTS)))


def is_filled_in() -> sa.ColumnElement[bool]:
    """A row of `decision` gave a genre to a track without one."""
    return sa.and_(decision.c.genre_id.is_(None), decision.c.verdict.in_(sorted(GENRE_VERDICTS)))


def recorded_verdict(verdict: Verdict, suspect_tag: int | None, chosen: int | None) -> Verdict:
    """The verdict to store: replacing a tag by itself is `keep`."""
    return (
        "keep"
        if verdict in CORRECTING_VERDICTS and suspect_tag is not None and chosen == suspect_tag
        else verdict
    )


def verdict_of_batch(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict that a reviewer gave to a batch, from the stored ones, some of which may have become `keep`."""
    return next((verdict for verdict in verdicts if verdict != "keep"), "keep")


def genres_shown(current: Sequence[int], suspect_tag: int | None, replacement: int | None) -> tuple[int, ...]:
    """The genre ids that the reviewer saw: the current ones, with the suspect tag in its old position.

    A suspect tag that is gone takes the place of `replacement`, the genre from another decision, or of the first tag if
    the tags changed otherwise.
    """
    if suspect_tag is None or suspect_tag in current:
        return tuple(current)
    if not current:
        return (suspect_tag,)
    replaced = replacement if replacement in current else current[0]
    return _distinct([suspect_tag if genre_id == replaced else genre_id for genre_id in current])


def genres_after(
    verdict: Verdict, shown: Sequence[int], suspect_tag: int | None, chosen: int | None
) -> tuple[int, ...] | None:
    """The genre ids of a track after a verdict on the tags shown; None if the verdict does not change them.

    `keep` states the same again. `accept` and `relabel` replace the suspect tag by the chosen genre and keep the
    others. `add` appends. Raises InvalidVerdictError.
    """
    if verdict in NEUTRAL_VERDICTS:
        return None
    if verdict == "keep":
        if not shown:
            raise InvalidVerdictError("there is no genre to keep; choose one")
        return tuple(shown)
    if chosen is None:
        raise InvalidVerdictError(f"{verdict} needs a genre")
    if verdict == "add" or suspect_tag is None:
        return _distinct([*shown, chosen])
    return _distinct([chosen if genre_id == suspect_tag else genre_id for genre_id in shown])


def _distinct(genre_ids: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(genre_ids))
