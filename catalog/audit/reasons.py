"""Reasons: the evidence for and against a suspicion, stored as data and described in a sentence when shown.

A reason is a JSON object with a `kind`, its numbers and genre ids. It holds no genre names, so that a renamed genre
needs no new audit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalog.text import percent, pluralize

Reason = Mapping[str, Any]
GenreNames = Mapping[int, str]

SOURCES = {"file": "in the file", "import": "in the imported list", "person": "by a person"}


def describe_reason(reason: Reason, genre_names: GenreNames) -> str:
    """One sentence without a full stop. `genre_names` holds every genre by id, merged ones too."""
    return _SENTENCES[reason["kind"]](reason, genre_names)


def prediction_reason(
    suggested: int, probability: float, tagged: int, tagged_probability: float
) -> dict[str, Any]:
    """The model's probabilities, 0 to 1, of the suggestion and of the tag. It may support the tag."""
    return {
        "kind": "prediction",
        "genre_id": suggested,
        "probability": round(probability, 4),
        "tagged_genre_id": tagged,
        "tagged_probability": round(tagged_probability, 4),
    }


def artist_prediction_reason(
    suggested: int, tagged: int, log_ratio: float, tracks: int
) -> dict[str, Any] | None:
    """The artist's tracks together are predicted as the suggestion; None if they are not, or for a single track.

    `log_ratio` is the logarithm of the suggestion's probability over the tag's, as a mean over the tracks.
    """
    if tracks < 2 or log_ratio <= 0:
        return None
    return {
        "kind": "artist_prediction",
        "genre_id": suggested,
        "tagged_genre_id": tagged,
        "tracks": tracks,
        "log_ratio": round(log_ratio, 3),
    }


def artist_reason(
    suggested: int, tagged_as_suggested: int, tagged: int, tagged_alike: int, of: int
) -> dict[str, Any] | None:
    """The labels of the artist's other tracks, for or against the suggestion; None without a majority."""
    if of < 2 or max(tagged_as_suggested, tagged_alike) * 2 < of:
        return None
    supports_suggestion = tagged_as_suggested >= tagged_alike
    return {
        "kind": "artist",
        "supports": "suggestion" if supports_suggestion else "tag",
        "genre_id": suggested if supports_suggestion else tagged,
        "tracks": tagged_as_suggested if supports_suggestion else tagged_alike,
        "of": of,
    }


def neighbors_reason(suggested: int, near: Sequence[int], counted: Sequence[int]) -> dict[str, Any] | None:
    """The most similar tracks by other artists, nearest first, and those of them that are tagged as suggested.

    None without similar tracks.
    """
    if not near:
        return None
    return {"kind": "neighbors", "genre_id": suggested, **_counted_neighbors(near, counted)}


def _counted_neighbors(near: Sequence[int], counted: Sequence[int]) -> dict[str, Any]:
    return {"tracks": len(counted), "of": len(near), "near": list(near), "counted": list(counted)}


def isolated_tag_reason(tagged: int) -> dict[str, Any]:
    """At most one of the most similar tracks by any artist, also the same one, has the same tag."""
    return {"kind": "isolated_tag", "tagged_genre_id": tagged}


def other_tags_reason(
    tagged: int, fitting: int, near: Sequence[int], counted: Sequence[int]
) -> dict[str, Any]:
    """The track has another tag, which fits; its neighbors, and those of them that have the suspect tag."""
    return {
        "kind": "other_tags",
        "tagged_genre_id": tagged,
        "genre_id": fitting,
        **_counted_neighbors(near, counted),
    }


def cluster_reason(feature_set: str, majority: int, share: float) -> dict[str, Any]:
    """The track is near the center of another genre's cluster; the share, 0 to 1, is of the tracks by other artists."""
    return {"kind": "cluster", "feature_set": feature_set, "genre_id": majority, "share": round(share, 3)}


def _describe_prediction(reason: Reason, names: GenreNames) -> str:
    genre, tag = names[reason["genre_id"]], names[reason["tagged_genre_id"]]
    probability, tagged_probability = percent(reason["probability"]), percent(reason["tagged_probability"])
    if reason["probability"] < reason["tagged_probability"]:
        return f"On its own the track is predicted {tag} ({tagged_probability}); {genre} gets {probability}"
    return f"Predicted {genre} ({probability}); the tag {tag} gets {tagged_probability}"


def _describe_artist_prediction(reason: Reason, names: GenreNames) -> str:
    genre, tag = names[reason["genre_id"]], names[reason["tagged_genre_id"]]
    return f"The artist's {reason['tracks']} tracks together are predicted {genre} rather than {tag}"


def _describe_artist(reason: Reason, names: GenreNames) -> str:
    genre, of = names[reason["genre_id"]], pluralize(reason["of"], "other track")
    if reason["supports"] == "tag":
        return f"However, {reason['tracks']} of the artist's {of} are also tagged {genre}"
    return f"{reason['tracks']} of the artist's {of} are tagged {genre}"


def _describe_neighbors(reason: Reason, names: GenreNames) -> str:
    genre = names[reason["genre_id"]]
    only = "" if reason["tracks"] * 2 > reason["of"] else "Only "
    return (
        f"{only}{reason['tracks']:,} of the {reason['of']:,} most similar tracks by other artists are tagged {genre} "
        f"or a kind of {genre}"
    )


def _describe_isolated_tag(reason: Reason, names: GenreNames) -> str:
    tag = names[reason["tagged_genre_id"]]
    return f"Among the most similar tracks by any artist, at most one is tagged {tag}"


def _describe_other_tags(reason: Reason, names: GenreNames) -> str:
    sentence = f"The other tag {names[reason['genre_id']]} fits"
    if not reason["of"]:
        return sentence
    neighbors = f"{reason['tracks']} of the {reason['of']} most similar tracks by other artists"
    return f"{sentence}; {neighbors} are tagged {names[reason['tagged_genre_id']]}"


def _describe_cluster(reason: Reason, names: GenreNames) -> str:
    return (
        f"Near the center of a cluster ({reason['feature_set']}) in which {percent(reason['share'])} of the tracks "
        f"by other artists are tagged {names[reason['genre_id']]}"
    )


def _describe_source(reason: Reason, names: GenreNames) -> str:
    other = f"{names[reason['genre_id']]} {SOURCES[reason['source']]}"
    return f"Sources differ: {other}, {names[reason['tagged_genre_id']]} {SOURCES[reason['tagged_source']]}"


def _describe_album(reason: Reason, names: GenreNames) -> str:
    genre = names[reason["genre_id"]]
    return f"The album's other tracks are tagged {genre} ({reason['tracks']} of {reason['of']})"


def _describe_duplicate(reason: Reason, names: GenreNames) -> str:
    audio = "the same audio" if reason["pair"] == "same_audio" else "nearly the same audio"
    return f"A track with {audio} is tagged {names[reason['genre_id']]}"


_SENTENCES: Mapping[str, Callable[[Reason, GenreNames], str]] = {
    "prediction": _describe_prediction,
    "artist_prediction": _describe_artist_prediction,
    "artist": _describe_artist,
    "neighbors": _describe_neighbors,
    "isolated_tag": _describe_isolated_tag,
    "other_tags": _describe_other_tags,
    "cluster": _describe_cluster,
    "source": _describe_source,
    "album": _describe_album,
    "duplicate": _describe_duplicate,
}
