"""Which seconds stand for a track."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audio.excerpts import excerpt_windows


def test_a_short_track_is_taken_whole():
    assert excerpt_windows(12.5) == (((0.0, 12.5),),)
    assert excerpt_windows(30.0) == (((0.0, 30.0),),)


def test_thirty_seconds_from_the_middle_and_the_thirds_as_second_try():
    assert excerpt_windows(90.0) == (((30.0, 60.0),), ((10.0, 20.0), (40.0, 50.0), (70.0, 80.0)))


def test_more_than_ten_minutes_are_three_windows():
    assert excerpt_windows(600.0)[0] == ((285.0, 315.0),)
    assert excerpt_windows(1200.0) == (((195.0, 205.0), (595.0, 605.0), (995.0, 1005.0)),)


@given(st.floats(0.5, 1e6))
def test_windows_lie_in_the_track_apart_and_in_order(duration):
    for windows in excerpt_windows(duration):
        borders = [border for window in windows for border in window]
        assert borders == sorted(borders)
        assert borders[0] >= 0
        assert borders[-1] <= duration * (1 + 1e-9)
        assert sum(end - begin for begin, end in windows) == pytest.approx(min(duration, 30))
