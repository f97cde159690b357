import pytest

from catalog.genres.fold import fold
from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import Alias, Term, UnknownGenreError, Vocabulary, genres_in


@pytest.fixture(scope="module")
def vocabulary():
    keys = {seed.name: number for number, seed in enumerate(seeds(), 1)}
    terms = [
        Term(
            keys[s.name],
            s.name,
            fold(s.name),
            s.code,
            keys.get(s.parent or ""),
            s.origin,
            s.suggest,
            write=True,
        )
        for s in seeds()
    ]
    found = Term(1000, "Zeuhl", "zeuhl", None, None, "file", suggest=True, write=True)
    aliases = [Alias(keys[s.name], alias, fold(alias)) for s in seeds() for alias in s.aliases]
    return Vocabulary([*terms, found], aliases)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("hip hop", "Hip-Hop"),
        ("HIPHOP", "Hip-Hop"),
        ("R and B", "R&B"),
        ("Rhythm & Blues", "R&B"),
        ("dnb", "Drum & Bass"),
        ("Drum 'n' Bass", "Drum & Bass"),
        ("electronica", "Electronic"),
        ("Death-Metal", "Death Metal"),
        ("Psych-Rock", "Psychedelic Rock"),
        ("Bebob", "Bebop"),
        ("17", "Rock"),
        ("(9)", "Metal"),
        ("Rock Music", "Rock"),
        ("Chamber Music", "Chamber Music"),
        ("Reggae", "Reggae"),
        ("Klassik", "Classical"),
        ("ジャズ", "Jazz"),
    ],
)
def test_spellings_resolve_to_terms(vocabulary, written, name):
    assert vocabulary.resolve(written).name == name


@pytest.mark.parametrize("written", ["Finnish Metal", "Other", "12", "", "Music", "Unknown"])
def test_unknown_genres_have_no_term(vocabulary, written):
    assert vocabulary.resolve(written) is None


@pytest.mark.parametrize(
    ("unknown", "parent"),
    [
        ("Finnish Metal", "Metal"),
        ("Melodic Death Metal", "Death Metal"),
        ("melodic death-metal", "Death Metal"),
        ("General Rock", "Rock"),
        ("Brit Rock", "Rock"),
        ("Post-Modern Electronic Pop", "Pop"),
        ("Christian Hip Hop", "Hip-Hop"),
        ("Alternative R&B", "R&B"),
        ("Liquid Drum and Bass", "Drum & Bass"),
        ("Finnish Metal Music", "Metal"),
        ("Techno (Peak Time / Driving)", "Techno"),
        ("Rock [live]", "Rock"),
        ("Blackmetalcore", None),
        ("Shamrock", None),
        ("Rock Around", None),
        ("Metal", None),
        ("Funeral Zeuhl", None),
    ],
)
def test_the_parent_is_the_longest_genre_at_the_end_of_the_name(vocabulary, unknown, parent):
    term = vocabulary.parent_for(unknown)
    assert (term and term.name) == parent


def test_ancestors_are_ordered_nearest_first(vocabulary):
    grunge = vocabulary.resolve("Grunge")
    assert [term.name for term in vocabulary.ancestors(grunge)] == ["Alternative Rock", "Alternative", "Rock"]
    assert vocabulary.top(grunge).name == "Rock"
    assert vocabulary.top(vocabulary.resolve("Rock")).name == "Rock"


def test_codes_of_both_lists_find_terms(vocabulary):
    assert vocabulary.by_code("fma:12").name == "Rock"
    assert vocabulary.by_code("id3:17").name == "Rock"
    assert vocabulary.by_code("id3:79").name == "Hard Rock"
    assert vocabulary.by_code("fma:99999") is None


def test_a_term_whose_name_became_an_alias_is_not_in_use():
    one = Term(1, "Brit Rock", "britrock", "fma:12", None, "file", suggest=True, write=True)
    other = Term(2, "Britpop", "britpop", None, None, "id3", suggest=True, write=True)
    merged = Vocabulary([one, other], [Alias(2, "Brit Rock", "britrock")])
    assert merged.terms == (other,)
    assert merged.resolve("brit rock") == merged.by_code("fma:12") == other
    assert merged.by_id[1] == one


def test_a_cycle_ends():
    terms = [
        Term(1, "A", "a", None, 2, "file", suggest=True, write=True),
        Term(2, "B", "b", None, 1, "file", suggest=True, write=True),
    ]
    assert len(Vocabulary(terms).ancestors(terms[0])) == 2


def test_the_vocabulary_s_own_compounds_stay_whole():
    house = Vocabulary([Term(1, "Rock/Pop", "rockpop", None, None, "builtin", suggest=True, write=True)])
    assert genres_in(["Rock/Pop/Jazz"], house) == ["Rock/Pop", "Jazz"]
    assert genres_in(["Rock/Pop/Jazz"]) == ["Rock", "Pop", "Jazz"]


@pytest.mark.parametrize("text", ["Rock", "rock music", "(17)", "17", "Рок", "fma:12", " fma:12 "])
def test_a_term_is_required_by_name_alias_code_or_number(vocabulary, text):
    assert vocabulary.require(text).name == "Rock"


@pytest.mark.parametrize("text", ["Rokc", "Other", "(12)", "id3:999", ""])
def test_an_unknown_genre_is_an_error(vocabulary, text):
    with pytest.raises(UnknownGenreError, match="see: catalog genres list"):
        vocabulary.require(text)
