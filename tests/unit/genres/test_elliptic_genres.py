import pytest

from catalog.genres.genre_tag import split_genres


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("Death/Black Metal", ["Death Metal", "Black Metal"]),
        ("Folk/Viking Metal", ["Folk Metal", "Viking Metal"]),
        ("Heavy / Power / Thrash Metal", ["Heavy Metal", "Power Metal", "Thrash Metal"]),
        ("Melodic Death/Black Metal", ["Melodic Death Metal", "Black Metal"]),
        ("Melodic/Technical Death Metal", ["Melodic Death Metal", "Technical Death Metal"]),
        ("Death & Black Metal", ["Death Metal", "Black Metal"]),
        ("Deep and Tech House/Pop", ["Deep House", "Tech House", "Pop"]),
        ("Death-/Black-Metal", ["Death-Metal", "Black-Metal"]),
        ("Post-/Math Rock", ["Post-Rock", "Math Rock"]),
        ("Deep/Tech House", ["Deep House", "Tech House"]),
        ("Deep, Tech House", ["Deep House", "Tech House"]),
        ("Power Metal/Folk/Viking Metal", ["Power Metal", "Folk Metal", "Viking Metal"]),
    ],
)
def test_a_shared_last_word_completes_earlier_genres(text, genres):
    assert split_genres(text) == genres


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("Rock/Folk/Black Metal", ["Rock", "Folk", "Black Metal"]),
        ("Folk, Viking Metal", ["Folk", "Viking Metal"]),
        ("Death;Black Metal", ["Death", "Black Metal"]),
        ("Soul/Smooth Jazz", ["Soul", "Smooth Jazz"]),
        ("Blues/Classic Rock", ["Blues", "Classic Rock"]),
        ("Hard Rock/Heavy Metal", ["Hard Rock", "Heavy Metal"]),
        ("Jazz/Hip-Hop", ["Jazz", "Hip-Hop"]),
        ("Nonsense/Black Metal", ["Nonsense", "Black Metal"]),
        ("Rock/Metal", ["Rock", "Metal"]),
        ("Rock & Roll", ["Rock & Roll"]),
        ("Funk & Deep House", ["Funk & Deep House"]),
        ("Drum and Bass", ["Drum and Bass"]),
    ],
)
def test_genres_of_a_list_are_not_completed(text, genres):
    assert split_genres(text) == genres
