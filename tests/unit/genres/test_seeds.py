import pytest
from mutagen._constants import GENRES

from catalog.genres.fold import fold
from catalog.genres.genre_tag import canonical_name, split_compound, split_genres
from catalog.genres.seeds import fma_genre_name, id3v1_genre_name, null_genres, seeds

TOPS = {
    *("Blues", "Classical", "Country", "Easy Listening", "Electronic", "Experimental", "Folk", "Hip-Hop"),
    *("Instrumental", "International", "Jazz", "Old-Time / Historic", "Pop", "Rock", "Soul-RnB", "Spoken"),
}


def spellings():
    return {fold(spelling): seed for seed in seeds() for spelling in (seed.name, *seed.aliases)}


def test_both_lists_are_complete():
    assert len([seed for seed in seeds() if seed.fma is not None]) == 163
    assert {seed.id3 for seed in seeds() if seed.id3 is not None} == {*range(192)} - {12}
    assert len({seed.code for seed in seeds()}) == len(seeds())


def test_every_name_of_the_id3_list_is_a_spelling_of_its_number():
    known = spellings()
    for number, name in enumerate(GENRES):
        if number == 12:
            assert canonical_name(name) is None
            assert id3v1_genre_name(number) is None
        else:
            assert known[fold(name)].id3 == number
            assert id3v1_genre_name(number) == known[fold(name)].name
            assert fma_genre_name(f"id3:{number}") == id3v1_genre_name(number)


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        ("AlternRock", 40),
        ("Altern. Rock", 40),
        ("Gangsta", 59),
        ("Native US", 64),
        ("Psychadelic", 67),
        ("Bebob", 85),
        ("Psychadelic Rock", 93),
        ("Negerpunk", 133),
        ("Christian Gangsta", 136),
        ("Contemporary C", 140),
        ("Trash Metal", 144),
    ],
)
def test_old_spellings_of_the_id3_list_are_known(spelling, number):
    assert spellings()[fold(spelling)].id3 == number


def test_only_the_top_genres_of_fma_have_no_parent():
    assert {seed.name for seed in seeds() if seed.parent is None} == TOPS


def test_parents_come_first():
    seen = set()
    for seed in seeds():
        assert seed.parent is None or seed.parent in seen
        seen.add(seed.name)


def test_every_spelling_has_one_term():
    keys = [
        key
        for seed in seeds()
        # A spelling that holds a separator may fold like the name: it is there to stay whole.
        for key in {fold(seed.name), *(fold(alias) for alias in seed.aliases)}
    ]
    assert len(keys) == len(set(keys)), "a spelling is given to two terms"
    assert not set(keys) & null_genres()


def test_no_alias_is_superfluous():
    for seed in seeds():
        plain = [fold(alias) for alias in seed.aliases if split_compound(alias) is None]
        assert len({fold(seed.name), *plain}) == 1 + len(plain), seed


def test_every_spelling_can_be_written_in_a_tag():
    for seed in seeds():
        for spelling in (seed.name, *seed.aliases):
            assert split_genres(spelling) == [spelling] == [canonical_name(spelling)]


COMMON = {
    "Metal": "Doom|Doom Metal|Metalcore|Deathcore|Djent|Nu-Metal|Nü Metal|Power Metal|Prog Metal|Melodeath|NWOBHM|DSBM|NDH",  # noqa: E501
    "Punk": "Crust|Post Hardcore|Screamo|Pop-Punk|Oi|D-Beat|Psychobilly",
    "Rock": "Stoner|Glam|AOR|Blues Rock|Alternative & Punk|J-Rock|Slowcore|Deathrock|Surf Rock|Coldwave",
    "Pop": "K-Pop|Kpop|C-Pop|Mandopop|Schlager|Europop|Dream Pop|Indie Pop|Adult Contemporary|Christian & Gospel|Worship",  # noqa: E501
    "Hip-Hop": "Trap|Trap Music|Grime|Drill|Phonk|Boom Bap|Crunk|Turntablism|Deutschrap",
    "Electronic": "Synthwave|Vaporwave|Chillwave|Witch House|Hardstyle|Gabber|Happy Hardcore|UK Garage|2-Step|Deep House|"  # noqa: E501
    "Tech House|Electro Swing|Liquid Funk|Neurofunk|Minimal|Breakcore|Eurobeat|Hi-NRG|Amapiano",
    "Soul-RnB": "Neo-Soul|Motown|Doo Wop|New Jack Swing|Italo Disco|Quiet Storm",
    "Jazz": "Dixieland|Hard Bop|Smooth Jazz|Gypsy Jazz|Ragtime|Latin Jazz",
    "International": "Reggaeton|Reggaetón|Bachata|Bossa Nova|Bossa|MPB|Forró|Mariachi|Ranchera|Afrobeats|Highlife|Zouk|Soca|"  # noqa: E501
    "Calypso|Rocksteady|Lovers Rock|Ragga|Irish|Enka|Qawwali|Raï|Variété française|Tropicalia|Tejano",
    "Classical": "Renaissance|Medieval|Early Music|Concerto|String Quartet|Gregorian Chant|Lieder|Barock|Operetta|Orchestra",  # noqa: E501
    "Folk": "Neofolk|Sea Shanty|Volksmusik",
    "Country": "Cajun|Zydeco",
    "Easy Listening": "Exotica|Crooner",
}
"""What collections are full of, beneath the top term where it belongs; much of it is on neither list."""


def test_common_genres_have_the_right_parent():
    known = spellings()
    by_name = {seed.name: seed for seed in seeds()}
    for top, words in COMMON.items():
        for word in words.split("|"):
            seed = known.get(fold(word)) or known[fold(word.removesuffix(" Music"))]
            above = [seed]
            while above[-1].parent is not None:
                above.append(by_name[above[-1].parent])
            assert top in {each.name for each in above}, word


def test_a_term_of_neither_list_has_a_code_of_its_own():
    house = [seed for seed in seeds() if seed.origin == "builtin"]
    assert {"builtin:djent", "builtin:kpop"} <= {seed.code for seed in house}
    assert all(seed.parent for seed in house)
    assert fma_genre_name("builtin:kpop") == "K-Pop"
