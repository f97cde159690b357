"""Cases: suspects of one artist or album with the same tag and the same suggestion, decided together."""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.audit.labels.label_issues import Suspect

Key = int | str

SIZE_WEIGHT = 0.5
"""The odds of a case grow with the square root of its number of tracks, which are not independent."""


@dataclass(frozen=True)
class SuspectGroup:
    """Suspects that are decided together."""

    case_id: str
    """The same in every audit: it depends on artist or album, tag and suggestion, not on the tracks."""
    artist: Key | None
    """None for an unknown artist."""
    album: Key | None
    """None unless all tracks are on one album."""
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
    """Each suspect in exactly one case, the most suspicious case first.

    `tracks`, `albums` and `artists` hold a key for every row of the suspects. A case holds an artist's suspects with
    one tag and one suggestion, on any albums; without a known artist, those of an album; without either, a single
    track. `case_id` is stable if the keys are the same in every audit.
    """
    grouped: defaultdict[tuple[str, Key, int, int], list[Suspect]] = defaultdict(list)
    for suspect in suspects:
        artist, album = artists[suspect.row], albums[suspect.row]
        if artist is not None:
            owner: tuple[str, Key] = ("artist", artist)
        else:
            owner = ("track", tracks[suspect.row]) if album is None else ("album", album)
        grouped[*owner, suspect.genre_id, suspect.suggested_genre_id].append(suspect)
    cases = [
        _case(question, sorted(members, key=lambda member: (-member.suspicion, member.row)), albums, artists)
        for question, members in grouped.items()
    ]
    return sorted(cases, key=lambda case: (-case.suspicion, -len(case.suspects), case.case_id))


def _case(
    question: tuple[str, Key, int, int],
    members: Sequence[Suspect],
    albums: Sequence[Key | None],
    artists: Sequence[Key | None],
) -> SuspectGroup:
    case_albums = {albums[member.row] for member in members}
    return SuspectGroup(
        case_id=hashlib.blake2b(json.dumps(question).encode(), digest_size=8).hexdigest(),
        artist=artists[members[0].row],
        album=case_albums.pop() if len(case_albums) == 1 else None,
        genre_id=question[2],
        suggested_genre_id=question[3],
        suspects=tuple(members),
        suspicion=_suspicion([member.suspicion for member in members]),
    )


def _suspicion(suspicions: Sequence[float]) -> float:
    """Between the highest and the mean, and higher for more tracks: the model is rarely wrong on ten tracks alike."""
    middle = (max(suspicions) + sum(suspicions) / len(suspicions)) / 2
    middle = min(max(middle, 1e-6), 1 - 1e-6)
    odds = math.log(middle / (1 - middle)) + SIZE_WEIGHT * math.log(len(suspicions))
    return round(1 / (1 + math.exp(-odds)), 4)
