"""Reasons: the evidence against a tag as data and in words."""

from collections.abc import Mapping
from typing import Any


def sound_reason(
    suggested: int, probability: float, tagged: int, tagged_probability: float, names: Mapping[int, str]
) -> dict[str, Any]:
    """What it sounds like, and what is left for the tag; probabilities 0 to 1. It may speak for the tag."""
    heard, tag = names[suggested], names[tagged]
    words = f"heard as {heard} with {probability:.2f}; its tag {tag} gets {tagged_probability:.2f}"
    if probability < tagged_probability:
        words = (
            f"by itself it sounds more like {tag}, {tagged_probability:.2f}, than {heard}, {probability:.2f}"
        )
    return {
        "kind": "audio",
        "genre": heard,
        "probability": round(probability, 4),
        "tagged": tag,
        "tagged_probability": round(tagged_probability, 4),
        "words": words,
    }


def together_reason(
    suggested: int, tagged: int, log_ratio: float, tracks: int, names: Mapping[int, str]
) -> dict[str, Any] | None:
    """That the artist's tracks, taken together, sound more like the suggestion; None where they do not, or it is one.

    `log_ratio` is how much likelier the suggestion is than the tag, as the mean of logarithms over the tracks.
    """
    if tracks < 2 or log_ratio <= 0:
        return None
    heard, tag = names[suggested], names[tagged]
    return {
        "kind": "artist_sound",
        "genre": heard,
        "tagged": tag,
        "tracks": tracks,
        "log_ratio": round(log_ratio, 3),
        "words": f"the artist's {tracks} tracks together sound more like {heard} than {tag}",
    }


def artist_reason(
    suggested: int, agreeing: int, tagged: int, alike: int, of: int, names: Mapping[int, str]
) -> dict[str, Any] | None:
    """How the artist's other tracks are tagged, whichever way it speaks; None where it speaks neither way."""
    if of < 2 or max(agreeing, alike) * 2 < of:
        return None
    for_suggestion = agreeing >= alike
    number, genre = (agreeing, names[suggested]) if for_suggestion else (alike, names[tagged])
    words = f"{number} of the artist's {of} other tracks are tagged {genre}"
    return {
        "kind": "artist",
        "for": "suggestion" if for_suggestion else "tag",
        "genre": genre,
        "tracks": number,
        "of": of,
        "words": words if for_suggestion else f"but {words} too",
    }


def neighbor_reason(
    suggested: int, agreeing: int, of: int, names: Mapping[int, str]
) -> dict[str, Any] | None:
    """How the nearest tracks by other artists are tagged; None unless most are tagged as suggested."""
    if agreeing * 2 <= of:
        return None
    genre = names[suggested]
    return {
        "kind": "neighbors",
        "genre": genre,
        "tracks": agreeing,
        "of": of,
        "words": f"{agreeing} of its {of} nearest neighbors by other artists are {genre}",
    }


def stranger_reason(tagged: int, is_stranger: bool, names: Mapping[int, str]) -> dict[str, Any] | None:
    """That it sounds like hardly any other track with its tag."""
    if not is_stranger:
        return None
    tag = names[tagged]
    return {
        "kind": "stranger",
        "tagged": tag,
        "words": f"hardly any of the tracks most like it is tagged {tag}",
    }


def besides_reason(
    tagged: int, fitting: int, alike: int, of: int, names: Mapping[int, str]
) -> dict[str, Any]:
    """That the track has another tag, which fits; and how many of its nearest by other artists have the doubted one."""
    tag, fits = names[tagged], names[fitting]
    words = f"its other tag {fits} fits"
    if of:
        words += f"; {alike} of its {of} nearest neighbors by other artists are tagged {tag}"
    return {"kind": "besides", "tagged": tag, "genre": fits, "tracks": alike, "of": of, "words": words}


def cluster_reason(feature_set: str, majority: int, share: float, names: Mapping[int, str]) -> dict[str, Any]:
    """That the track lies deep inside another genre's cluster; the share, 0 to 1, is of the tracks by others in it."""
    genre = names[majority]
    return {
        "kind": "cluster",
        "feature_set": feature_set,
        "genre": genre,
        "share": round(share, 3),
        "words": f"lies deep in a cluster of {feature_set} in which {share:.0%} of the tracks by others are {genre}",
    }
