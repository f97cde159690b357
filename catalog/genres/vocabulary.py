"""The vocabulary in memory: which term a spelling means, and what is broader than a term."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from catalog.errors import CatalogError
from catalog.genres import seeds
from catalog.genres.fold import fold, tokens
from catalog.genres.genre_tag import MOST_GENRES, Compound, canonical_name, find_compounds, split_genres

_MUSIC = frozenset({"music", "musik", "musique", "musica", "muziek"})
_TRAILING_BRACKET = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")


class VocabularyError(CatalogError):
    """What a person asked of the vocabulary cannot be done; the message says why, in one line."""


@dataclass(frozen=True)
class Term:
    """A genre of the vocabulary."""

    id: int
    name: str
    """The house's preferred spelling."""
    folded: str
    """The name as `fold` gives it, unique."""
    code: str | None
    parent_id: int | None
    origin: str
    """`fma`, `id3`, `house` (ours, or a person's), or `file` (found in a file, vouched for by nobody)."""
    suggest: bool
    """Whether the catalog may propose it."""
    write: bool
    """Whether it may be written to files."""


@dataclass(frozen=True)
class Alias:
    """Another spelling of a term."""

    genre_id: int
    alias: str
    folded: str


class Vocabulary:
    """All terms as they were when loaded. It does not change; after a change in the database, load another."""

    def __init__(self, terms: Iterable[Term], aliases: Iterable[Alias] = ()) -> None:
        self._by_id = {term.id: term for term in terms}
        self.aliases = tuple(aliases)
        by_name = {term.folded: term for term in self._by_id.values()}
        # An alias wins over a name: a term that was merged into another stays as a row, for what refers to it.
        self._by_key = by_name | {alias.folded: self._by_id[alias.genre_id] for alias in self.aliases}
        self._by_code = {term.code: term for term in self._by_id.values() if term.code is not None}

    @cached_property
    def compounds(self) -> frozenset[Compound]:
        """The spellings that hold a separator, for `split`."""
        names = [term.name for term in self._by_id.values()]
        return find_compounds([*names, *(alias.alias for alias in self.aliases)])

    def with_term(self, term: Term) -> Vocabulary:
        """The vocabulary with a term more, or with a term of that key changed."""
        return Vocabulary([*(self._by_id | {term.id: term}).values()], self.aliases)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms in use, without those merged into another."""
        return tuple(term for term in self._by_id.values() if self._by_key[term.folded] is term)

    @property
    def by_id(self) -> Mapping[int, Term]:
        """Every term by its key, those merged into another included."""
        return self._by_id

    def by_code(self, code: str) -> Term | None:
        """The term with a code; a seed's code (`fma:12`, `id3:79`) finds it whatever a house made of its code."""
        if code in self._by_code:
            return self.known(self._by_code[code].name)
        name = seeds.fma_genre_name(code)
        return None if name is None else self.known(name)

    def known(self, spelling: str) -> Term | None:
        """The term that has this spelling as its name or alias, folded."""
        return self._by_key.get(fold(spelling))

    def resolve(self, written: str) -> Term | None:
        """The term that a genre as written means; None where it is no genre or an unknown one.

        Numbers of the ID3 list are resolved, and `Rock Music` is Rock.
        """
        name = canonical_name(written)
        if name is None:
            return None
        if term := self.known(name):
            return term
        parts = tokens(name)
        return self._by_key.get("".join(parts[:-1])) if parts[-1:] and parts[-1] in _MUSIC else None

    def broader_for(self, unknown: str) -> Term | None:
        """The longest known genre that ends the name of an unknown one at a word's boundary.

        `Melodic Death Metal` is a kind of Death Metal, `Finnish Metal` of Metal, `Techno (Peak Time)` of Techno. Terms
        that nobody vouched for do not count: the answer must not hang on the order in which files were read.
        """
        parts = tokens(unknown)
        if parts and parts[-1] in _MUSIC:
            parts.pop()
        endings = ["".join(parts[start:]) for start in range(1, len(parts))]
        plain = _TRAILING_BRACKET.sub("", unknown)
        if plain != unknown:
            parts = tokens(plain)
            endings += ["".join(parts[start:]) for start in range(len(parts))]
        own = fold(unknown)
        for ending in endings:
            term = self._by_key.get(ending)
            if term is not None and term.origin != "file" and ending != own:
                return term
        return None

    def ancestors(self, term: Term) -> list[Term]:
        """The broader terms, nearest first."""
        found: list[Term] = []
        while term.parent_id is not None and len(found) < len(self._by_id):
            term = self._by_id[term.parent_id]
            found.append(term)
        return found

    def top(self, term: Term) -> Term:
        """The broadest term above, or the term itself."""
        return [term, *self.ancestors(term)][-1]


def genres_in(texts: Iterable[str], vocabulary: Vocabulary | None = None) -> list[str]:
    """The genres that the values of a track's genre tag name, as written, in order, without the words that are none.

    With a vocabulary the spellings of its terms that hold a separator stay whole, besides those of the seeds.
    """
    found: dict[str, str] = {}
    compounds = frozenset() if vocabulary is None else vocabulary.compounds
    for text in texts:
        for written in split_genres(text, compounds):
            name = canonical_name(written)
            if name is not None:
                found.setdefault(fold(name), written)
    return list(found.values())[:MOST_GENRES]
