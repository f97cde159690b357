"""Numbers of genres in the ID3v1 list."""

from catalog.genres.seeds import seeds
from catalog.writeback.formats.genre_rewrite import id3v1_genre_number


def test_numbers_of_id3v1(vocabulary):
    assert id3v1_genre_number(["Jazz"], vocabulary) == (8, True)
    assert id3v1_genre_number(["Jazz", "Folk"], vocabulary) == (8, False)
    assert id3v1_genre_number([], vocabulary) == (None, False)
    # Death Metal is not in the list of ID3v1; Metal, which is broader, is number 9.
    lacking = next(each for each in seeds() if each.id3 is None and each.parent == "Metal")
    assert id3v1_genre_number([lacking.name], vocabulary) == (9, False)
