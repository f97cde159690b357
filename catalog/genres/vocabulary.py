"""The vocabulary in memory: terms by spelling, and the ancestors of a term."""

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
    """A change of the vocabulary that is not possible, with the reason in one line."""


class UnknownGenreError(VocabularyError):
    """A genre that the vocabulary does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no genre {name!r}; see: catalog genres list")


@dataclass(frozen=True)
class Term:
    """A genre of the vocabulary."""

    id: int
    name: str
    """The preferred spelling."""
    folded: str
    """The folded name, unique."""
    code: str | None
    parent_id: int | None
    origin: str
    """`fma`, `id3`, `builtin` (ours, or added by a person), or `file` (read from a file and not confirmed)."""
    suggest: bool
    """Whether the catalog may suggest it."""
    write: bool
    """Whether it may be written to files."""


@dataclass(frozen=True)
class Alias:
    """Another spelling of a term."""

    genre_id: int
    alias: str
    folded: str


class Vocabulary:
    """An immutable snapshot of all terms; load it again after a change in the database."""

    def __init__(self, terms: Iterable[Term], aliases: Iterable[Alias] = ()) -> None:
        self._by_id = {term.id: term for term in terms}
        self.aliases = tuple(aliases)
        by_name = {term.folded: term for term in self._by_id.values()}
        # Aliases take precedence over names: a merged term keeps its row, which is still referenced.
        self._by_key = by_name | {alias.folded: self._by_id[alias.genre_id] for alias in self.aliases}
        self._by_code = {term.code: term for term in self._by_id.values() if term.code is not None}

    @cached_property
    def compounds(self) -> frozenset[Compound]:
        """The spellings that contain a separator, for `split_genres`."""
        names = [term.name for term in self._by_id.values()]
        return find_compounds([*names, *(alias.alias for alias in self.aliases)])

    def with_term(self, term: Term) -> Vocabulary:
        """A copy in which the term is added or replaced."""
        return Vocabulary([*(self._by_id | {term.id: term}).values()], self.aliases)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms in use, without those merged into others."""
        return tuple(term for term in self._by_id.values() if self._by_key[term.folded] is term)

    @property
    def by_id(self) -> Mapping[int, Term]:
        """Every term by id, including those merged into others."""
        return self._by_id

    def in_use(self, term_id: int) -> Term:
        """The term with an id, or the one that it was merged into."""
        return self._by_key[self._by_id[term_id].folded]

    def by_code(self, code: str) -> Term | None:
        """The term with a code. A seed's code (`fma:12`, `id3:79`) also finds a term whose code was changed."""
        if code in self._by_code:
            return self.by_spelling(self._by_code[code].name)
        name = seeds.fma_genre_name(code)
        return None if name is None else self.by_spelling(name)

    def by_spelling(self, spelling: str) -> Term | None:
        """The term whose name or alias folds to the same key; None if there is none."""
        return self._by_key.get(fold(spelling))

    def resolve(self, written: str) -> Term | None:
        """The term of a genre as written; None for unknown genres and for text that is not a genre.

        ID3 numbers are resolved, and `Rock Music` is Rock.
        """
        name = canonical_name(written)
        if name is None:
            return None
        if term := self.by_spelling(name):
            return term
        parts = tokens(name)
        return self._by_key.get("".join(parts[:-1])) if parts[-1:] and parts[-1] in _MUSIC else None

    def require(self, text: str) -> Term:
        """The term with a name, alias, code or ID3 number. Raises UnknownGenreError."""
        term = self.resolve(text) or self.by_code(text.strip())
        if term is None:
            raise UnknownGenreError(text)
        return term

    def parent_for(self, unknown: str) -> Term | None:
        """The parent of a new genre: the longest genre that is the end of its name, at a word boundary.

        `Melodic Death Metal` goes under Death Metal, `Finnish Metal` under Metal, `Techno (Peak Time)` under Techno.
        Unconfirmed terms do not count: the result must not depend on the order in which files are read.
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
        """All terms above, parent first."""
        ancestors: list[Term] = []
        while term.parent_id is not None and len(ancestors) < len(self._by_id):
            term = self._by_id[term.parent_id]
            ancestors.append(term)
        return ancestors

    def top(self, term: Term) -> Term:
        """The topmost ancestor, or the term itself."""
        return [term, *self.ancestors(term)][-1]


def genres_in(texts: Iterable[str], vocabulary: Vocabulary | None = None) -> list[str]:
    """The genres in the values of a track's genre tag, as written, in order; words for "no genre" are left out.

    Seed spellings that contain a separator are not split; with a vocabulary, neither are the spellings of its terms.
    """
    genres: dict[str, str] = {}
    compounds = frozenset() if vocabulary is None else vocabulary.compounds
    for text in texts:
        for written in split_genres(text, compounds):
            name = canonical_name(written)
            if name is not None:
                genres.setdefault(fold(name), written)
    return list(genres.values())[:MOST_GENRES]
