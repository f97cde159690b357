"""Suggestions from the tags of the album's or artist's other tracks, checked against the prediction from audio."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from catalog.arrays import Floats
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top
from catalog.learning.prediction.predictions import Suggestion

Source = Literal["album", "artist"]

MIN_TRACKS = 3
MIN_SHARE = 0.8
PRIOR_TRACKS = 1.0
"""Weight of the prior share of a genre, in tracks: the rule of succession (Laplace 1814)."""


@dataclass(frozen=True, slots=True)
class MajorityTags:
    """The genre that most tagged tracks of an album or artist share."""

    genre_id: int
    by: Source
    agreeing: int
    """Tracks tagged with the genre or a narrower term."""
    tracks: int
    """Tagged tracks of the album or artist."""


def majority_tags(
    genres: Sequence[int],
    albums: Sequence[Hashable | None],
    artists: Sequence[Hashable | None],
    broader: Mapping[int, int | None],
    *,
    suggestable: Collection[int] | None = None,
) -> list[MajorityTags | None]:
    """(n): the majority of each untagged track's album, or else its artist; None without one and for tagged tracks.

    `genres` (n) is the first tagged genre, 0 for untagged tracks. A majority needs MIN_TRACKS tagged tracks and
    MIN_SHARE of them under one term; the narrowest such term counts: four tracks of Hard Rock and one of Metal make
    Hard Rock, two and three make Rock. The album comes before the artist, whose albums can differ in genre. A term
    outside `suggestable` (None: all terms) is replaced by a broader one.
    """
    counts = _counts_by(genres, albums, artists)
    majorities: dict[tuple[Source, Hashable], MajorityTags | None] = {
        (by, key): _majority(by, tags, broader, suggestable)
        for by in counts
        for key, tags in counts[by].items()
    }
    return [
        None if genre else majorities.get(("album", album)) or majorities.get(("artist", artist))
        for genre, album, artist in zip(genres, albums, artists, strict=True)
    ]


def leave_one_out_majority(
    positions: Sequence[int],
    genres: Sequence[int],
    albums: Sequence[Hashable | None],
    artists: Sequence[Hashable | None],
    broader: Mapping[int, int | None],
    *,
    suggestable: Collection[int] | None = None,
) -> list[MajorityTags | None]:
    """(m): the majority for each tagged track at these m positions, as if it alone had no tag."""
    counts = _counts_by(genres, albums, artists)
    majorities: dict[tuple[Source, Hashable, int], MajorityTags | None] = {}

    def others(by: Source, key: Hashable | None, own: int) -> MajorityTags | None:
        if key is None:
            return None
        if (by, key, own) not in majorities:
            majorities[by, key, own] = _majority(by, counts[by][key] - Counter((own,)), broader, suggestable)
        return majorities[by, key, own]

    return [
        others("album", albums[at], genres[at]) or others("artist", artists[at], genres[at])
        for at in positions
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


def _majority(
    by: Source,
    counts: Counter[int],
    broader: Mapping[int, int | None],
    suggestable: Collection[int] | None,
) -> MajorityTags | None:
    tracks = counts.total()
    if tracks < MIN_TRACKS:
        return None
    below: Counter[int] = Counter()
    depth: dict[int, int] = {}
    for genre, count in counts.items():
        path = path_to_top(genre, broader)
        for at, term in enumerate(path):
            below[term] += count
            depth[term] = len(path) - at
    shared = [
        term
        for term, count in below.items()
        if count >= MIN_SHARE * tracks and (suggestable is None or term in suggestable)
    ]
    if not shared:
        return None
    narrowest = max(shared, key=lambda term: (depth[term], -term))
    return MajorityTags(narrowest, by, below[narrowest], tracks)


def suggestions(
    from_audio: Sequence[Suggestion | None],
    majority: Sequence[MajorityTags | None],
    probability: Floats,
    shares: Floats,
    hierarchy: Hierarchy,
    broader: Mapping[int, int | None],
) -> list[Suggestion | None]:
    """(n): the suggestion by album or artist where they have a majority, otherwise the suggestion from audio.

    `from_audio` (n) are the model's suggestions after abstention and `probability` (n, classes) their probabilities, a
    row of NaN for a track without vectors; `shares` (classes,) are the class shares that the probabilities assume. If
    the audio contradicts the majority, the nearest common ancestor among the model's terms is suggested, or no genre.
    A majority genre outside the model's terms cannot be contradicted.
    """
    subtree = hierarchy.subtree_probability(probability)
    subtree_shares = hierarchy.subtree_probability(shares[None, :])[0]
    position = {genre: at for at, genre in enumerate(hierarchy.nodes)}
    combined: list[Suggestion | None] = []
    for at, (audio, vote) in enumerate(zip(from_audio, majority, strict=True)):
        if vote is None:
            combined.append(audio)
            continue
        path = path_to_top(vote.genre_id, broader)
        node = next((position[term] for term in path if term in position), None)
        if (
            audio is None
            or node is None
            or _is_related(audio.genre_id, path, broader)
            or not _contradicts(vote, subtree[at], subtree_shares, position[audio.genre_id], node)
        ):
            combined.append(Suggestion(vote.genre_id, None, vote.by))
            continue
        above = path_to_top(audio.genre_id, broader)
        shared = next((term for term in path if term in above and term in position), None)
        combined.append(
            None
            if shared is None
            else Suggestion(shared, round(float(subtree[at, position[shared]]), 6), audio.by)
        )
    return combined


def _is_related(genre_id: int, path: Sequence[int], broader: Mapping[int, int | None]) -> bool:
    """Whether the genre is on the path, or narrower than its first term."""
    return genre_id in path or path[0] in path_to_top(genre_id, broader)


def _contradicts(vote: MajorityTags, subtree: Floats, shares: Floats, audio: int, node: int) -> bool:
    """Whether the genre from audio is more probable than the majority genre, given both kinds of evidence.

    `audio` and `node` are the positions of both genres among the nodes. Audio and the artist's other tags are assumed
    independent given the genre (naive Bayes): the probabilities from audio, `subtree` (nodes,), are divided by the
    assumed `shares` (nodes,) and multiplied by the smoothed share of each genre among the artist's other tracks. Tracks
    outside the majority count as having the genre from audio.
    """
    minority = vote.tracks - vote.agreeing
    audio_weight = subtree[audio] * shares[node] * (minority + PRIOR_TRACKS * shares[audio])
    majority_weight = subtree[node] * shares[audio] * (vote.agreeing + PRIOR_TRACKS * shares[node])
    return bool(audio_weight > majority_weight)
