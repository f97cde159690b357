"""How a file keeps several genres."""

import pytest

from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import Term, Vocabulary
from catalog.writeback.formats.id3v1_genre import id3v1_genre_number
from catalog.writeback.formats.multi_value import values_for
from catalog.writeback.formats.tag_format import TagFormatError


@pytest.fixture(scope="module")
def vocabulary():
    from catalog.genres.fold import fold

    ids = {seed.name: number for number, seed in enumerate(seeds(), 1)}
    terms = [
        Term(
            ids[each.name],
            each.name,
            fold(each.name),
            each.code,
            ids.get(each.parent or ""),
            each.origin,
            True,
            True,
        )
        for each in seeds()
    ]
    odd = Term(9_999, "Rock; but slow", "rockbutslow", None, None, "builtin", True, True)
    return Vocabulary([*terms, odd])


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


def test_numbers_of_id3v1(vocabulary):
    assert id3v1_genre_number(["Jazz"], vocabulary) == (8, True)
    assert id3v1_genre_number(["Jazz", "Folk"], vocabulary) == (8, False)
    assert id3v1_genre_number([], vocabulary) == (None, False)
    # Death Metal is not in the list of ID3v1; Metal, which is broader, is number 9.
    lacking = next(each for each in seeds() if each.id3 is None and each.parent == "Metal")
    assert id3v1_genre_number([lacking.name], vocabulary) == (9, False)
