# ruff: noqa: RUF001 - look-alike signs are what tags hold
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.genres.genre_tag import LONGEST_NAME, MOST_GENRES, canonical_name, find_compounds, split_genres
from catalog.genres.vocabulary import genres_in
from catalog.text import sanitize


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("Rock", ["Rock"]),
        (" Rock ", ["Rock"]),
        ("Rock/Pop", ["Rock", "Pop"]),
        ("Metal; Doom", ["Metal", "Doom"]),
        ("Metal\0Doom", ["Metal", "Doom"]),
        ("Rock\\Pop|Jazz, Blues", ["Rock", "Pop", "Jazz", "Blues"]),
        ("Rock／Pop、Jazz；Blues", ["Rock", "Pop", "Jazz", "Blues"]),
        ("Rock\r\nPop", ["Rock", "Pop"]),
        ("Rock;;rock; ROCK ;Pop", ["Rock", "Pop"]),
        ("Folk, World, & Country", ["Folk", "World", "& Country"]),
        ("", []),
        (" ; / ", []),
    ],
)
def test_genres_in_one_tag_come_apart_in_order(text, genres):
    assert split_genres(text) == genres


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Pop/Funk",
            "pop / funk",
            "Old-Time / Historic",
            "Big Band/Swing",
            "Folk/Rock",
            "Singer/Songwriter",
        ),
        *("Soul-RnB", "Reggae - Dub", "Drum & Bass", "Jazz+Funk", "N/A", "Techno (Peak Time / Driving)"),
    ],
)
def test_a_known_spelling_with_a_separator_stays_whole(text):
    assert split_genres(text) == [text]


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("R&amp;B", ["R&B"]),
        ("R&amp;amp;B", ["R&B"]),
        ("R&amp B", ["R& B"]),
        ("Drum &#39;n&#39; Bass", ["Drum 'n' Bass"]),
        ("Rock&#47;Pop&#x3b;Jazz", ["Rock", "Pop", "Jazz"]),
        ("R&B;Soul", ["R&B", "Soul"]),
        ("R&amp;B/Soul", ["R&B/Soul"]),
        ("D&nothing;Rock", ["D&nothing", "Rock"]),
    ],
)
def test_entities_are_decoded_before_splitting(text, genres):
    assert split_genres(text) == genres


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("Electronic---House---Deep House", ["Electronic", "House", "Deep House"]),
        ("Rock > Metal>Doom Metal", ["Rock", "Metal", "Doom Metal"]),
        ("Rock -> Metal", ["Rock", "Metal"]),
        ("Rock » Metal → Doom Metal", ["Rock", "Metal", "Doom Metal"]),
        ("Hip-Hop • Rap", ["Hip-Hop", "Rap"]),
        ("Hip-Hop · Rap", ["Hip-Hop", "Rap"]),
        ("Rock :: Metal -- Pop", ["Rock", "Metal", "Pop"]),
        ("Rock… Pop...", ["Rock", "Pop"]),
        ("Música instrumental col·lectiva", ["Música instrumental col·lectiva"]),
        ("ドラム・アンド・ベース", ["ドラム・アンド・ベース"]),
        ("Drum'n'Bass", ["Drum'n'Bass"]),
        ("Techno-Industrial", ["Techno-Industrial"]),
    ],
)
def test_hierarchies_and_bullets_separate(text, genres):
    assert split_genres(text) == genres


def test_the_longest_known_spelling_wins():
    known = find_compounds(["A/B", "A/B/C"])
    assert split_genres("A/B/C/D", known) == ["A/B/C", "D"]
    assert split_genres("X/A/B/D", known) == ["X", "A/B", "D"]
    assert split_genres("A;B/A,B", known) == ["A", "B"]


def test_a_known_spelling_is_found_among_others():
    assert split_genres("Jazz/Pop/Funk/Soul") == ["Jazz", "Pop/Funk", "Soul"]


def test_brackets_that_do_not_close_protect_nothing():
    assert split_genres("Techno (Peak / Driving") == ["Techno (Peak", "Driving"]


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("17", ["17"]),
        ("(17)", ["(17)"]),
        ("(17)(6)", ["(17)", "(6)"]),
        ("(4)Eurodisco", ["(4)", "Eurodisco"]),
        ("(51) (39)", ["(51)", "(39)"]),
        ("((literal)", ["(literal)"]),
        ("(17)((literal)", ["(17)", "(literal)"]),
        ("(RX)(17)", ["(RX)", "(17)"]),
        ("(17)Rock/(9)Metal", ["(17)", "Rock", "(9)", "Metal"]),
        ("(17)/(9)", ["(17)", "(9)"]),
        ("17/9", ["17", "9"]),
    ],
)
def test_references_come_apart(text, genres):
    assert split_genres(text) == genres


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("17", "Rock"),
        ("(17)", "Rock"),
        (" 0 ", "Blues"),
        ("191", "Psybient"),
        ("40", "Alternative Rock"),
        ("80s", "80s"),
        ("2-Step", "2-Step"),
        ("Rock", "Rock"),
    ],
)
def test_numbers_are_names_of_the_list(written, name):
    assert canonical_name(written) == name


@pytest.mark.parametrize(
    "written",
    [
        *("12", "(12)", "192", "255", "(255)", "99999999999999999999", "1998", "1998-2003", "RX", "(CR)"),
        *(
            "Other",
            "OTHER",
            "unknown",
            "Unknown Genre",
            "none",
            "misc",
            "genre",
            "default",
            "n/a",
            "No Genre",
        ),
        *(
            "Unbekannt",
            "Sonstiges",
            "inconnu",
            "Autre",
            "Desconocido",
            "その他",
            "未知",
            "Другое",
            "기타",
            "אחר",
        ),
        *("", "-", "???", "🎸", "x" * (LONGEST_NAME + 1), "a;b", "²"),
    ],
)
def test_words_that_are_no_genre(written):
    assert canonical_name(written) is None


def test_what_cannot_be_stored_or_deceives_is_taken_out():
    assert sanitize("Ro\x00ck\t\x1b[31m \u202ekcoR\ud800") == "Ro ck [31m kcoR"


def test_values_of_one_tag_are_read_together():
    assert genres_in(["(17)Rock", "Other", "rock; Jazz", "n/a"]) == ["(17)", "Jazz"]
    assert genres_in(["Other"]) == genres_in([]) == genres_in(["12", ""]) == []


def test_hostile_tags_are_bounded():
    assert split_genres("Rock" * 2500) == []
    assert len(split_genres(";".join(f"genre{n}" for n in range(1000)))) == MOST_GENRES
    assert len(genres_in([f"genre{n};and{n}" for n in range(1000)])) == MOST_GENRES
    assert split_genres("(" * 10_000) == []
    assert split_genres("/" * 10_000) == []
    # What the bound cuts off in the middle is not taken for a genre.
    assert split_genres(";".join(["Rock", " " * 4088, "Jazzy"])) == ["Rock"]


@given(st.text(st.one_of(st.characters(), st.sampled_from("/;,|\\()[]\0 17&RXnA")), max_size=200))
def test_any_text_gives_few_clean_genres(text):
    found = split_genres(text)
    assert len(found) <= MOST_GENRES
    for each in found:
        assert each == sanitize(each)
        assert 0 < len(each) <= LONGEST_NAME
        each.encode()
        assert not set(each) & set(";\0\n")
    assert split_genres(";".join(found)) == found


@given(st.lists(st.sampled_from(["Rock", "Pop", "Jazz", "Metal", "Soul", "Reggae"]), unique=True))
def test_joining_and_splitting_gives_the_genres_back(genres):
    for separator in (";", " / ", ", ", "|", "\0"):
        assert split_genres(separator.join(genres)) == genres
