from catalog.audit.labels.audited_tracks import GenreInfo, class_column
from catalog.learning.dataset.hierarchy import Hierarchy

BROADER = {1: None, 2: 1, 3: None}


def test_columns_follow_the_order_of_the_classes():
    assert class_column((7, 3)) == {7: 0, 3: 1}
    genres = GenreInfo(Hierarchy.of((1, 3), BROADER), BROADER, {1: 1, 2: 1, 3: None}, {})
    assert genres.column == {1: 0, 3: 1}


def test_a_genre_without_a_class_counts_for_none():
    genres = GenreInfo(Hierarchy.of((1,), BROADER), BROADER, {1: 1, 2: 1, 3: None}, {})
    assert [genres.class_of(genre_id) for genre_id in (1, 2, 3, 9)] == [1, 1, 0, 0]
