"""Spellings of artists and albums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.collection.naming.albums import album_key, fold_album
from catalog.collection.naming.artists import fold_artist, is_placeholder_artist, without_featured_artists


@pytest.mark.parametrize(
    "spellings",
    [
        ("The Beatles", "Beatles, The", "beatles", "  BEATLES  ", "Beatles\u00a0"),
        ("Simon & Garfunkel", "Simon and Garfunkel", "simon + garfunkel"),
        ("Motörhead", "Motorhead", "MOTO\u0308RHEAD"),
        ("AC/DC", "ACDC", "ac-dc"),
        ("Jay-Z", "Jay-Z feat. Alicia Keys", "Jay Z (ft. Alicia Keys)", "JAY-Z featuring X"),
        ("R.E.M.", "REM"),
    ],
)
def test_spellings_of_one_artist_fold_alike(spellings):
    assert len({fold_artist(each) for each in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("!!!", "???"),
        ("Earth, Wind & Fire", "Earth"),
        ("Кино", "Алиса"),
        ("久石譲", "群星"),
    ],
)
def test_different_artists_stay_apart(one, other):
    assert fold_artist(one) != fold_artist(other)
    assert fold_artist(one)


def test_an_artist_called_the_the_is_somebody():
    assert fold_artist("The The") == "the"
    assert fold_artist("The") == "the"


@pytest.mark.parametrize(
    "name",
    ["Various", "various artists", "VA", "V.A.", "<unknown>", "[Unknown Artist]", "Verschiedene Interpreten",
     "Artistes divers", "Vários artistas", "Разные исполнители", "群星", "AA.VV.", "-"],
)  # fmt: skip
def test_nobodies_are_nobody(name):
    assert is_placeholder_artist(name)


@pytest.mark.parametrize(
    "name", ["Various Production", "Unknown Mortal Orchestra", "Anonymous 4", "Cast", "The Who"]
)
def test_bands_that_sound_like_nobody_are_somebody(name):
    assert not is_placeholder_artist(name)


def test_guests_do_not_take_the_whole_name():
    assert without_featured_artists("feat. X") == "feat. X"
    assert without_featured_artists("A feat. B & C") == "A"
    assert without_featured_artists("Kraft Werk") == "Kraft Werk"
    assert without_featured_artists("Daft Punk") == "Daft Punk"


@given(st.text())
def test_folding_takes_every_text(name):
    assert fold_artist(f"  {name} ") == fold_artist(name)


def test_discs_are_one_album():
    assert fold_album("Mellon Collie (Disc 2)") == fold_album("Mellon Collie")
    assert fold_album("Mellon Collie, CD1") == fold_album("mellon collie [disk 1]")
    assert fold_album("CD 1") != ""
    assert fold_album("Greatest Hits 2") != fold_album("Greatest Hits")


def test_albums_of_one_title_belong_to_their_artists():
    assert album_key("Queen", "Greatest Hits") != album_key("Abba", "Greatest Hits")
    assert album_key("The Beatles", "Help!") == album_key("Beatles", "HELP")
    assert album_key("Various", "Now 1") == album_key(None, "Now 1") == album_key("VA", "Now 1")
