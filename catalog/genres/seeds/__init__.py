"""The terms that every catalog begins with, and the words that are no genre, as read from the tables beside."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from catalog.genres.fold import fold

SEEDS = "seeds"
"""The name under which a catalog keeps their digest."""


@dataclass(frozen=True)
class Seed:
    """A term as the house ships it."""

    name: str
    """The house's preferred spelling."""
    fma: int | None
    """Number in the Free Music Archive's list."""
    id3: int | None
    """Number in the ID3v1 list with Winamp's extensions, 0 to 191."""
    broader: str | None
    """Name of the next broader term; None for a top term."""
    suggest: bool
    """Whether the catalog may propose it: no for eras, charts, uses and spoken word."""
    aliases: tuple[str, ...]
    """Other spellings."""

    @property
    def code(self) -> str:
        """`fma:12`, `id3:79` for what is in the ID3 list only, `builtin:djent` for what is in neither."""
        if self.fma is not None:
            return f"fma:{self.fma}"
        return f"builtin:{fold(self.name)}" if self.id3 is None else f"id3:{self.id3}"

    @property
    def origin(self) -> str:
        """`fma`, `id3` or `house`."""
        return self.code.partition(":")[0]


@cache
def seeds() -> tuple[Seed, ...]:
    """All terms, broader ones before those beneath them."""
    found = {row["name"]: _seed(row) for row in _rows("terms.csv")}
    ordered: dict[str, Seed] = {}

    def place(seed: Seed) -> None:
        if seed.name not in ordered:
            if seed.broader is not None:
                place(found[seed.broader])
            ordered[seed.name] = seed

    for seed in found.values():
        place(seed)
    return tuple(ordered.values())


@cache
def digest() -> str:
    """What tells these seeds from those of another version of the program."""
    return hashlib.sha256(files("catalog.genres.seeds").joinpath("terms.csv").read_bytes()).hexdigest()


@cache
def id3v1_genre_name(number: int) -> str | None:
    """The house's spelling of a number of the ID3 list; None for 12 (`Other`) and for what is beyond the list."""
    return next((seed.name for seed in seeds() if seed.id3 == number), None)


@cache
def fma_genre_name(code: str) -> str | None:
    """The house's spelling of a seed's code, or of any `id3:` number of the list; None for a code that is no seed's."""
    listed = {f"id3:{seed.id3}": seed.name for seed in seeds() if seed.id3 is not None}
    return (listed | {seed.code: seed.name for seed in seeds()}).get(code)


@cache
def null_genre_words() -> tuple[str, ...]:
    """Words that mean "no genre", in some thirty languages, as written."""
    return tuple(word for row in _rows("null_genres.csv") for word in row["words"].split(";"))


@cache
def null_genres() -> frozenset[str]:
    """The same words, folded."""
    return frozenset(map(fold, null_genre_words()))


@cache
def spellings() -> tuple[str, ...]:
    """All names and aliases, as written."""
    return tuple(spelling for seed in seeds() for spelling in (seed.name, *seed.aliases))


def _seed(row: dict[str, str]) -> Seed:
    return Seed(
        name=row["name"],
        fma=int(row["fma"]) if row["fma"] else None,
        id3=int(row["id3"]) if row["id3"] else None,
        broader=row["broader"] or None,
        suggest=row["suggest"] == "yes",
        aliases=tuple(row["aliases"].split(";")) if row["aliases"] else (),
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("catalog.genres.seeds").joinpath(name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())
