"""Cases: the suspects of one artist or album with the same tag and the same suggestion, decided at one stroke."""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.audit.labels.label_issues import Suspect

Key = int | str

SIZE_WEIGHT = 0.5
"""What company weighs: the odds grow with the square root of the number of tracks, which are not independent."""


@dataclass(frozen=True)
class SuspectGroup:
    """Suspects that are one question."""

    case_id: str
    """The same in every audit: it hangs on whose the tracks are, on tag and suggestion, not on which tracks."""
    artist: Key | None
    """Whose tracks they are; None where nobody is known."""
    album: Key | None
    """The album, where all are on one."""
    genre_id: int
    suggested_genre_id: int
    suspects: tuple[Suspect, ...]
    """Most suspicious first."""
    suspicion: float
    """0 to 1: a score to rank by."""


def group_into_cases(
    suspects: Sequence[Suspect],
    tracks: Sequence[Key],
    albums: Sequence[Key | None],
    artists: Sequence[Key | None],
) -> list[SuspectGroup]:
    """Each suspect in exactly one case, the gravest case first.

    `tracks`, `albums` and `artists` hold a key for every row that a suspect may name. An artist's suspects with one
    tag and one suggestion are a case on whatever albums; without a known artist those of an album are; without either a
    track is one by itself. The keys must be the same in every audit for `case_id` to be.
    """
    grouped: defaultdict[tuple[str, Key, int, int], list[Suspect]] = defaultdict(list)
    for suspect in suspects:
        artist, album = artists[suspect.row], albums[suspect.row]
        if artist is not None:
            whose: tuple[str, Key] = ("artist", artist)
        else:
            whose = ("track", tracks[suspect.row]) if album is None else ("album", album)
        grouped[*whose, suspect.genre_id, suspect.suggested_genre_id].append(suspect)
    cases = [
        _case(question, sorted(members, key=lambda one: (-one.suspicion, one.row)), albums, artists)
        for question, members in grouped.items()
    ]
    return sorted(cases, key=lambda case: (-case.suspicion, -len(case.suspects), case.case_id))


def _case(
    question: tuple[str, Key, int, int],
    members: Sequence[Suspect],
    albums: Sequence[Key | None],
    artists: Sequence[Key | None],
) -> SuspectGroup:
    on = {albums[member.row] for member in members}
    return SuspectGroup(
        case_id=hashlib.blake2b(json.dumps(question).encode(), digest_size=8).hexdigest(),
        artist=artists[members[0].row],
        album=on.pop() if len(on) == 1 else None,
        genre_id=question[2],
        suggested_genre_id=question[3],
        suspects=tuple(members),
        suspicion=_suspicion([member.suspicion for member in members]),
    )


def _suspicion(suspicions: Sequence[float]) -> float:
    """Between the highest and the mean, and higher in company: ten of a kind are rarely a slip of the model."""
    middle = (max(suspicions) + sum(suspicions) / len(suspicions)) / 2
    middle = min(max(middle, 1e-6), 1 - 1e-6)
    odds = math.log(middle / (1 - middle)) + SIZE_WEIGHT * math.log(len(suspicions))
    return round(1 / (1 + math.exp(-odds)), 4)
