"""How a file keeps several genres."""

import pytest

from catalog.writeback.formats.genre_rewrite import values_for
from catalog.writeback.formats.tag_format import TagFormatError


@pytest.mark.parametrize(
    ("present", "single", "expected"),
    [
        ([], True, ("Jazz; Folk",)),
        ([], False, ("Jazz", "Folk")),
        (["Metal"], True, ("Jazz; Folk",)),
        (["Metal"], False, ("Jazz", "Folk")),
        (["Metal", "Pop"], True, ("Jazz", "Folk")),
        (["Metal/Pop"], False, ("Jazz/Folk",)),
        (["Metal / Pop"], True, ("Jazz / Folk",)),
        (["Metal, Pop, Rock"], False, ("Jazz, Folk",)),
        (["(9)(13)"], True, ("Jazz; Folk",)),
        # One genre that holds the sign shows no way to keep several.
        (["Pop/Funk"], False, ("Jazz", "Folk")),
    ],
)
def test_the_way_of_the_file_is_kept(vocabulary, present, single, expected):
    assert values_for(["Jazz", "Folk"], present, vocabulary, single=single) == expected


def test_one_genre_is_one_value(vocabulary):
    assert values_for(["Jazz"], ["Metal; Pop"], vocabulary, single=True) == ("Jazz",)
    assert values_for([], ["Metal; Pop"], vocabulary, single=True) == ()


def test_a_name_that_holds_the_sign_takes_another_or_is_refused(vocabulary):
    assert values_for(["Pop/Funk", "Jazz"], ["Metal/Pop"], vocabulary, single=True) == ("Pop/Funk/Jazz",)
    with pytest.raises(TagFormatError, match="rename"):
        values_for(["Rock; but slow", "Jazz"], ["Metal/Pop"], vocabulary, single=True)
