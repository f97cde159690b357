"""Keys of albums."""

import pytest

from catalog.collection.naming.albums import album_key, fold_album


@pytest.mark.parametrize(
    "title", ["Mellon Collie (Disc 2)", "Mellon Collie, CD 1", "MELLON COLLIE [disk 02]"]
)
def test_the_number_of_a_disc_is_not_part_of_the_title(title):
    assert fold_album(title) == fold_album("Mellon Collie")


def test_albums_of_placeholder_artists_are_known_by_their_title():
    assert album_key("Various Artists", "Hits") == album_key(None, "Hits")
    assert album_key("Queen", "Hits") != album_key("Abba", "Hits")
