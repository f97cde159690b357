# ruff: noqa: RUF001 - look-alike signs are what folding is about
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.genres.fold import fold, tokens


@pytest.mark.parametrize(
    "spellings",
    [
        ["hip hop", "Hip-Hop", "hiphop", "HIP  HOP", "Hip_Hop", "hip‐hop", "ｈｉｐ　ｈｏｐ"],
        ["R&B", "RnB", "R and B", "R 'n' B", "R’n’B", "r & b", "R+B"],
        ["Drum & Bass", "Drum and Bass", "drum n bass", "Drum'n'Bass", "Drum ’n’ Bass", "DRUM+BASS"],
        ["Rock & Roll", "Rock 'n' Roll", "Rock n' Roll", "rock and roll"],
        ["Musique Concrète", "musique concrete"],
        ["Música", "Mu\u0301sica", "musica"],
        ["& Country", "Country", "and Country"],
        ["Straße", "STRASSE"],
        ["Øystre", "oystre"],
        ["ガレージ", "ｶﾞﾚｰｼﾞ"],
        ["Метал", "метал"],
        ["Children's", "Childrens", "Children’s"],
    ],
)
def test_spellings_of_one_genre_fold_to_one_key(spellings):
    assert len({fold(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("Rock", "Rock & Roll"), ("ガ", "カ"), ("Jazz Funk", "Jazz & Funk"), ("가요", "가"), ("की", "का")],
)
def test_different_genres_stay_apart(one, other):
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    "text", ["その他", "摇滚", "Рок", "Ελληνικά", "ميتال", "मेटल", "메탈", "รอก", "עברית"]
)
def test_no_script_folds_to_nothing(text):
    assert fold(text)


@pytest.mark.parametrize("text", ["", " ", "&", "and", "-", "!!!", "🎸", "❤️", "\0\x1b", "\ud800"])
def test_what_has_no_letter_folds_to_nothing(text):
    assert fold(text) == ""


def test_words_keep_the_boundaries():
    assert tokens("Melodic Death-Metal") == ["melodic", "death", "metal"]
    assert tokens("Drum & Bass") == ["drum", "n", "bass"]


@given(st.text(max_size=60))
def test_folding_takes_any_text_and_ignores_case_and_edges(text):
    key = fold(text)
    assert key == "".join(tokens(text))
    assert fold(f" -{text}- ") == key
    assert " " not in key


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_a_text_of_letters_never_folds_to_nothing(text):
    assert fold(text) or text.casefold() == "and"
