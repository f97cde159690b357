from __future__ import annotations

from catalog.report.figures.confusion_heatmap import MOST_ROWS, REST, heat_map
from catalog.report.genre_agreement import PredictedShare, TaggedGenre


def tagged(
    genre: str, heard: dict[str, int], *, unsure: int = 0, family: str = "", counted_as: str = ""
) -> TaggedGenre:
    total = sum(heard.values()) + unsure
    return TaggedGenre(
        genre=genre,
        family=family or genre,
        tracks=total,
        same=heard.get(genre, 0),
        near=0,
        other=total - unsure - heard.get(genre, 0),
        unsure=unsure,
        not_judged=0,
        suspects=0,
        counted_as=counted_as or genre,
        predicted=tuple(
            PredictedShare(name, number, "same" if name == genre else "other")
            for name, number in heard.items()
        ),
    )


def test_every_track_is_in_one_cell_of_its_row():
    found = heat_map([tagged("Rock", {"Rock": 6, "Pop": 2}, unsure=2), tagged("Pop", {"Pop": 3})])
    assert found.columns == ("Rock", "Pop")
    assert [cell.tracks for cell in found.rows[0].cells] == [6, 2, 2]
    assert [cell.kind for cell in found.rows[0].cells] == ["same", "other", "unsure"]
    assert all(sum(cell.tracks for cell in row.cells) == row.tracks for row in found.rows)


def test_relatives_stand_together():
    rows = [tagged("Metal", {"Metal": 9}, family="Rock"), tagged("Jazz", {"Jazz": 8})]
    rows.append(tagged("Rock", {"Rock": 5}))
    assert [row.genre for row in heat_map(rows).rows] == ["Metal", "Rock", "Jazz"]


def test_a_rare_genre_is_in_the_row_of_its_class():
    found = heat_map([tagged("Rock", {"Rock": 6}), tagged("Folk Rock", {"Rock": 2}, counted_as="Rock")])
    assert [(row.genre, row.tracks) for row in found.rows] == [("Rock", 8)]
    assert found.rows[0].cells[0].tracks == 8
    assert found.rows[0].cells[0].kind == "same"


def test_more_genres_than_fit_are_summed_up():
    rows = [tagged(f"G{number:03}", {f"G{number:03}": 200 - number}) for number in range(60)]
    found = heat_map(rows)
    assert len(found.rows) == MOST_ROWS + 1
    assert len(found.columns) == MOST_ROWS
    assert found.left_out == 20
    assert found.rows[-1].genre == REST
    assert found.rows[-1].tracks == sum(200 - number for number in range(40, 60))


def test_nothing_gives_nothing():
    assert heat_map([]).rows == ()
