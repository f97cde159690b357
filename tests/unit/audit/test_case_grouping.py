import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit.labels.case_grouping import group_into_cases
from catalog.audit.labels.label_issues import Suspect


def suspect(row, suspicion=0.6, genre=1, suggested=2):
    return Suspect(row, genre, suggested, suspicion, "different", ())


def test_an_artists_suspects_with_one_tag_and_one_suggestion_are_a_case():
    suspects = [suspect(0), suspect(1, 0.8), suspect(2), suspect(3, suggested=3), suspect(4, genre=4)]
    cases = group_into_cases(suspects, range(5), ["x", "y", "x", "x", "x"], ["a", "a", "b", "a", "a"])
    assert [len(case.suspects) for case in cases] == [2, 1, 1, 1]
    first = cases[0]
    assert [one.row for one in first.suspects] == [1, 0]
    assert (first.artist, first.album, first.genre_id, first.suggested_genre_id) == ("a", None, 1, 2)


def test_a_case_on_one_album_names_it():
    [case] = group_into_cases([suspect(0), suspect(1)], [7, 8], ["x", "x"], ["a", "a"])
    assert case.album == "x"


def test_without_an_artist_the_album_is_the_case_and_without_either_the_track():
    cases = group_into_cases(
        [suspect(0), suspect(1), suspect(2), suspect(3)], range(4), ["x", "x", None, None], [None] * 4
    )
    assert sorted(len(case.suspects) for case in cases) == [1, 1, 2]


def test_company_weighs_and_a_higher_suspicion_does():
    def suspicion(*values):
        [case] = group_into_cases(
            [suspect(row, value) for row, value in enumerate(values)], range(9), "x" * 9, "a" * 9
        )
        return case.suspicion

    assert suspicion(0.6) == pytest.approx(0.6)
    assert suspicion(0.6) < suspicion(0.6, 0.6) < suspicion(*[0.6] * 8) < 1
    assert suspicion(0.9) > suspicion(0.6)
    assert 0 <= suspicion(0.0) < suspicion(1.0) <= 1


def test_a_case_keeps_its_id_when_its_tracks_change():
    [before] = group_into_cases([suspect(0), suspect(1)], range(2), ["x", "y"], ["a", "a"])
    [after] = group_into_cases([suspect(2, 0.9)], range(3), ["x", "y", "z"], ["a", "a", "a"])
    assert before.case_id == after.case_id
    [other] = group_into_cases([suspect(0)], range(1), ["x"], ["b"])
    assert other.case_id != before.case_id
    [by_number] = group_into_cases([suspect(0)], range(1), ["x"], [1])
    [by_text] = group_into_cases([suspect(0)], range(1), ["x"], ["1"])
    assert by_number.case_id != by_text.case_id


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(1, 3),
            st.integers(4, 6),
            st.none() | st.sampled_from("xy"),
            st.none() | st.sampled_from("ab"),
        ),
        max_size=30,
    )
)
def test_every_suspect_is_in_exactly_one_case(rows):
    suspects = [suspect(at, row[0], row[1], row[2]) for at, row in enumerate(rows)]
    cases = group_into_cases(suspects, range(len(rows)), [row[3] for row in rows], [row[4] for row in rows])
    assert sorted(one.row for case in cases for one in case.suspects) == list(range(len(rows)))
    assert len({case.case_id for case in cases}) == len(cases)
    assert [case.suspicion for case in cases] == sorted((case.suspicion for case in cases), reverse=True)
