import numpy as np
import pytest

from catalog.audit.labels.label_issues import find_suspects
from catalog.audit.labels.multilabel_issues import find_multilabel_issues
from tests.unit.audit.test_label_issues import (
    CLASSES,
    DEATH_METAL,
    FOLK,
    JAZZ,
    METAL,
    OLDIES,
    ROCK,
    TERMS,
    collection,
    described,
    judge,
)


def several(tags_of_first, *, others_too=False, heard=None):
    """A collection whose first track, which is Rock, has these tags; the artist's other tracks too, if so wished."""
    probability, true, groups, vectors = collection()
    if heard is not None:
        probability[0] = heard
    tags = [(CLASSES[column],) for column in true]
    for row in range(5 if others_too else 1):
        tags[row] = tags_of_first
    y = true.copy()
    y[:5] = [CLASSES.index(TERMS.counts_for[tags[row][0]]) for row in range(5)]
    return judge(probability, y, groups, vectors, tags=tags)


@pytest.mark.parametrize("tags", [(ROCK, FOLK), (FOLK, ROCK), (ROCK, OLDIES, FOLK)])
def test_the_tag_that_the_sound_speaks_against_is_doubted_whatever_its_place(tags):
    judged = several(tags)
    [suspect] = find_multilabel_issues(judged, TERMS)
    assert (suspect.row, suspect.genre_id, suspect.suggested_genre_id) == (0, FOLK, ROCK)
    assert suspect.relation == "different"
    assert [reason["kind"] for reason in suspect.reasons] == ["prediction", "other_tags"]
    sentence = "The other tag Rock fits; 0 of the 10 most similar tracks by other artists are tagged Folk"
    assert described(suspect)[1] == sentence
    assert find_suspects(judged, TERMS) == [], "as a whole the track is tagged rightly"


def test_two_tags_that_share_what_is_heard_are_both_right():
    assert find_multilabel_issues(several((ROCK, FOLK), heard=[0.6, 0.05, 0.05, 0.3]), TERMS) == []


def test_a_broader_and_a_narrower_tag_do_not_contradict_each_other():
    assert find_multilabel_issues(several((ROCK, METAL)), TERMS, least=0.0) == []
    assert (
        find_multilabel_issues(several((METAL, DEATH_METAL), heard=[0.9, 0.0, 0.05, 0.05]), TERMS, least=0.0)
        == []
    )


def test_where_no_tag_fits_it_is_no_matter_of_one_among_several():
    assert find_multilabel_issues(several((FOLK, JAZZ)), TERMS, least=0.0) == []


def test_what_the_artist_has_on_other_tracks_too_is_doubted_less():
    alone, usual = several((ROCK, FOLK)), several((ROCK, FOLK), others_too=True)
    [one], among = (find_multilabel_issues(judged, TERMS, least=0.0) for judged in (alone, usual))
    assert [suspect.suspicion for suspect in among if suspect.row == 0] < [one.suspicion]


def test_without_vectors_and_artists_it_is_the_sound_alone():
    judged = several((ROCK, FOLK))
    bare = judge(
        judged.probability, judged.y, judged.groups, tags=judged.tags, artists=[None] * len(judged.y)
    )
    found = find_multilabel_issues(bare, TERMS, least=0.0)
    assert [suspect.genre_id for suspect in found] == [FOLK]
    assert described(found[0])[1] == "The other tag Rock fits"
    single = several((ROCK,))
    assert find_multilabel_issues(single, TERMS, least=0.0) == []
    assert np.isfinite(found[0].suspicion)
