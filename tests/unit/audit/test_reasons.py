import json

import pytest

from catalog.audit.reasons import (
    artist_prediction_reason,
    artist_reason,
    cluster_reason,
    describe_reason,
    isolated_tag_reason,
    neighbors_reason,
    other_tags_reason,
    prediction_reason,
)

NAMES = {1: "Rock", 2: "Metal"}


def test_prediction_for_and_against_the_tag():
    against = prediction_reason(1, 0.73, 2, 0.15)
    assert describe_reason(against, NAMES) == "Predicted Rock (73\xa0%); the tag Metal gets 15\xa0%"
    supporting = prediction_reason(1, 0.34, 2, 0.65)
    sentence = "On its own the track is predicted Metal (65\xa0%); Rock gets 34\xa0%"
    assert describe_reason(supporting, NAMES) == sentence
    assert (supporting["probability"], supporting["tagged_probability"]) == (0.34, 0.65)


def test_artist_prediction_needs_two_tracks_and_a_positive_ratio():
    reason = artist_prediction_reason(1, 2, 0.4, 2)
    assert reason is not None
    sentence = "The artist's 2 tracks together are predicted Rock rather than Metal"
    assert describe_reason(reason, NAMES) == sentence
    assert artist_prediction_reason(1, 2, 0.4, 1) is None
    assert artist_prediction_reason(1, 2, -0.1, 9) is None


def test_artist_reason_follows_the_majority():
    assert artist_reason(1, 1, 2, 1, 5) is None
    supporting_tag = artist_reason(1, 1, 2, 4, 5)
    assert supporting_tag is not None
    assert (supporting_tag["supports"], supporting_tag["genre_id"], supporting_tag["tracks"]) == ("tag", 2, 4)


def test_neighbors_reason_counts_the_neighbors_it_names():
    assert neighbors_reason(1, [], []) is None
    reason = neighbors_reason(1, [7, 8, 9], [7, 9])
    assert reason is not None
    sentence = "of the 3 most similar tracks by other artists are tagged Rock or a kind of Rock"
    assert describe_reason(reason, NAMES) == f"2 {sentence}"
    weak = neighbors_reason(1, [7, 8, 9], [8])
    assert weak is not None
    assert describe_reason(weak, NAMES) == f"Only 1 {sentence}"


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (isolated_tag_reason(2), "Among the most similar tracks by any artist, at most one is tagged Metal"),
        (other_tags_reason(2, 1, [], []), "The other tag Rock fits"),
        (
            cluster_reason("musicnn", 1, 0.85),
            "Near the center of a cluster (musicnn) in which 85\xa0% of the tracks by other artists are tagged Rock",
        ),
        (
            {
                "kind": "source",
                "source": "file",
                "genre_id": 1,
                "tagged_source": "import",
                "tagged_genre_id": 2,
            },
            "Sources differ: Rock in the file, Metal in the imported list",
        ),
        (
            {"kind": "album", "genre_id": 1, "tracks": 7, "of": 8},
            "The album's other tracks are tagged Rock (7 of 8)",
        ),
        (
            {"kind": "duplicate", "pair": "same_audio", "track_id": 9, "genre_id": 1},
            "A track with the same audio is tagged Rock",
        ),
    ],
)
def test_every_kind_has_a_sentence(reason, sentence):
    assert describe_reason(reason, NAMES) == sentence


def test_a_stored_reason_holds_no_genre_name():
    stored = json.dumps(prediction_reason(1, 0.73, 2, 0.15))
    assert "Rock" not in stored
    assert describe_reason(json.loads(stored), {1: "Rock music", 2: "Metal"}).startswith(
        "Predicted Rock music"
    )
