"""Propagation: an untagged track answered from its album's or artist's other tracks, with the sound as a check."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from catalog.arrays import Floats
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top
from catalog.learning.prediction.predictions import Suggestion

Source = Literal["album", "artist"]

FEWEST_TRACKS = 3
LEAST_SHARE = 0.8
PRIOR_TRACKS = 1.0
"""How many tracks of an artist what is known of all artists counts for: the rule of succession (Laplace 1814)."""


@dataclass(frozen=True, slots=True)
class MajorityTags:
    """What the tagged tracks of an album or artist agree on."""

    genre_id: int
    by: Source
    agreeing: int
    """Tracks tagged with the genre or a narrower term."""
    of: int
    """Tagged tracks there are."""


def majority_tags(
    genres: Sequence[int],
    albums: Sequence[Hashable | None],
    artists: Sequence[Hashable | None],
    broader: Mapping[int, int | None],
    *,
    suggestable: Collection[int] | None = None,
) -> list[MajorityTags | None]:
    """(n): for each untagged track what its album's, or else its artist's, tagged tracks agree on; None for others.

    `genres` (n) holds the first tagged genre, 0 for untagged. There have to be FEWEST_TRACKS, and LEAST_SHARE of them
    under one term, of which the narrowest counts: four tracks of Hard Rock and one of Metal agree on Hard Rock, two
    and three on Rock. An album comes before the artist, whose other albums may be of another kind. Terms outside
    `suggestable` (all, if None) are passed over for a broader one.
    """
    counts = _counts_by(genres, albums, artists)
    known: dict[tuple[Source, Hashable], MajorityTags | None] = {
        (by, key): _agreement(by, tags, broader, suggestable)
        for by in counts
        for key, tags in counts[by].items()
    }
    found: list[MajorityTags | None] = []
    for genre, album, artist in zip(genres, albums, artists, strict=True):
        agreement = None
        if not genre:
            agreement = known.get(("album", album)) or known.get(("artist", artist))
        found.append(agreement)
    return found


def leave_one_out_majority(
    at: Sequence[int],
    genres: Sequence[int],
    albums: Sequence[Hashable | None],
    artists: Sequence[Hashable | None],
    broader: Mapping[int, int | None],
    *,
    suggestable: Collection[int] | None = None,
) -> list[MajorityTags | None]:
    """(m): what the others agree on, for each of the tagged tracks at these m positions, as if it had no tag."""
    counts = _counts_by(genres, albums, artists)
    known: dict[tuple[Source, Hashable, int], MajorityTags | None] = {}

    def others(by: Source, key: Hashable | None, own: int) -> MajorityTags | None:
        if key is None:
            return None
        if (by, key, own) not in known:
            known[by, key, own] = _agreement(by, counts[by][key] - Counter((own,)), broader, suggestable)
        return known[by, key, own]

    return [
        others("album", albums[one], genres[one]) or others("artist", artists[one], genres[one]) for one in at
    ]


def _counts_by(
    genres: Sequence[int], albums: Sequence[Hashable | None], artists: Sequence[Hashable | None]
) -> dict[Source, dict[Hashable, Counter[int]]]:
    return {"album": _counts(genres, albums), "artist": _counts(genres, artists)}


def _counts(genres: Sequence[int], keys: Sequence[Hashable | None]) -> dict[Hashable, Counter[int]]:
    counts: defaultdict[Hashable, Counter[int]] = defaultdict(Counter)
    for genre, key in zip(genres, keys, strict=True):
        if genre and key is not None:
            counts[key][genre] += 1
    return dict(counts)


def _agreement(
    by: Source,
    counts: Counter[int],
    broader: Mapping[int, int | None],
    suggestable: Collection[int] | None,
) -> MajorityTags | None:
    tracks = counts.total()
    if tracks < FEWEST_TRACKS:
        return None
    below: Counter[int] = Counter()
    depth: dict[int, int] = {}
    for genre, count in counts.items():
        path = path_to_top(genre, broader)
        for at, term in enumerate(path):
            below[term] += count
            depth[term] = len(path) - at
    agreed = [
        term
        for term, count in below.items()
        if count >= LEAST_SHARE * tracks and (suggestable is None or term in suggestable)
    ]
    if not agreed:
        return None
    narrowest = max(agreed, key=lambda term: (depth[term], -term))
    return MajorityTags(narrowest, by, below[narrowest], tracks)


def suggestions(
    sound: Sequence[Suggestion | None],
    agreed: Sequence[MajorityTags | None],
    probability: Floats,
    shares: Floats,
    hierarchy: Hierarchy,
    broader: Mapping[int, int | None],
) -> list[Suggestion | None]:
    """(n): what is suggested, by album or artist where their tracks agree, by the sound elsewhere.

    `sound` (n) is what the model answers by its threshold, `probability` (n, classes) what it was taken from, a row
    of NaN for a track that was not heard; `shares` (classes,) are how common it takes the classes to be. Where the
    sound objects both are good evidence and one is wrong: then the nearest term above both is suggested, as far as the
    model knows one, or nothing. A genre that the model does not know it cannot object to.
    """
    subtree = hierarchy.subtree_probability(probability)
    common = hierarchy.subtree_probability(shares[None, :])[0]
    position = {genre: at for at, genre in enumerate(hierarchy.nodes)}
    answered: list[Suggestion | None] = []
    for at, (heard, agreement) in enumerate(zip(sound, agreed, strict=True)):
        if agreement is None:
            answered.append(heard)
            continue
        path = path_to_top(agreement.genre_id, broader)
        known = next((position[term] for term in path if term in position), None)
        if (
            heard is None
            or known is None
            or _related(heard.genre_id, path, broader)
            or not _outweighs(agreement, subtree[at], common, position[heard.genre_id], known)
        ):
            answered.append(Suggestion(agreement.genre_id, None, agreement.by))
            continue
        above = path_to_top(heard.genre_id, broader)
        shared = next((term for term in path if term in above and term in position), None)
        answered.append(
            None
            if shared is None
            else Suggestion(shared, round(float(subtree[at, position[shared]]), 6), heard.by)
        )
    return answered


def _related(heard: int, path: Sequence[int], broader: Mapping[int, int | None]) -> bool:
    """Whether what was heard is a term of the path, or one below its first."""
    return heard in path or path[0] in path_to_top(heard, broader)


def _outweighs(agreement: MajorityTags, subtree: Floats, common: Floats, heard: int, known: int) -> bool:
    """Whether what was heard is likelier than what the others agree on, by both kinds of evidence together.

    What a track sounds like and what its artist's other tracks are tagged with are taken as independent once its genre
    is given (naive Bayes): the sound's probabilities `subtree` (nodes,) over how `common` (nodes,) it takes the terms
    to be, times the share of each among the others. `prediction_chunk` and `known` are positions of nodes. Whatever the others do
    not agree on is counted for what was heard.
    """
    for_heard = (
        subtree[heard] * common[known] * (agreement.of - agreement.agreeing + PRIOR_TRACKS * common[heard])
    )
    for_agreed = subtree[known] * common[heard] * (agreement.agreeing + PRIOR_TRACKS * common[known])
    return bool(for_heard > for_agreed)
