"""The built-in terms of every catalog, and the words for "no genre", from the CSV files in this folder."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from catalog.genres.fold import fold

SEEDS = "seeds"
"""The name of their digest in `bundled_content`."""


@dataclass(frozen=True)
class Seed:
    """A built-in term."""

    name: str
    """The preferred spelling."""
    fma: int | None
    """Number in the Free Music Archive's list."""
    id3: int | None
    """Number in the ID3v1 list with Winamp's extensions, 0 to 191."""
    parent: str | None
    """Name of the parent; None for a top term."""
    suggest: bool
    """Whether the catalog may suggest it: no for eras, charts, uses and spoken word."""
    aliases: tuple[str, ...]
    """Other spellings."""

    @property
    def code(self) -> str:
        """`fma:12`; `id3:79` for terms of the ID3 list only; `builtin:djent` for terms in neither list."""
        if self.fma is not None:
            return f"fma:{self.fma}"
        return f"builtin:{fold(self.name)}" if self.id3 is None else f"id3:{self.id3}"

    @property
    def origin(self) -> str:
        """`fma`, `id3` or `builtin`."""
        return self.code.partition(":")[0]


@cache
def seeds() -> tuple[Seed, ...]:
    """All terms, parents before children."""
    by_name = {row["name"]: _seed(row) for row in _rows("terms.csv")}
    ordered: dict[str, Seed] = {}

    def place(seed: Seed) -> None:
        if seed.name not in ordered:
            if seed.parent is not None:
                place(by_name[seed.parent])
            ordered[seed.name] = seed

    for seed in by_name.values():
        place(seed)
    return tuple(ordered.values())


@cache
def digest() -> str:
    """The digest of the seeds, which differs between versions of the program that changed them."""
    return hashlib.sha256(files("catalog.genres.seeds").joinpath("terms.csv").read_bytes()).hexdigest()


@cache
def id3v1_genre_name(number: int) -> str | None:
    """The preferred spelling of an ID3 number; None for 12 (`Other`) and numbers outside the list."""
    return next((seed.name for seed in seeds() if seed.id3 == number), None)


def fma_genre_name(code: str) -> str | None:
    """The preferred spelling of a seed's code or of any `id3:` number; None for other codes."""
    return _names_by_code().get(code)


@cache
def null_genre_words() -> tuple[str, ...]:
    """Words for "no genre" in about thirty languages, as written."""
    return tuple(word for row in _rows("null_genres.csv") for word in row["words"].split(";"))


@cache
def null_genres() -> frozenset[str]:
    """The same words, folded."""
    return frozenset(map(fold, null_genre_words()))


@cache
def spellings() -> tuple[str, ...]:
    """All names and aliases, as written."""
    return tuple(spelling for seed in seeds() for spelling in (seed.name, *seed.aliases))


@cache
def _names_by_code() -> dict[str, str]:
    listed = {f"id3:{seed.id3}": seed.name for seed in seeds() if seed.id3 is not None}
    return listed | {seed.code: seed.name for seed in seeds()}


def _seed(row: dict[str, str]) -> Seed:
    return Seed(
        name=row["name"],
        fma=int(row["fma"]) if row["fma"] else None,
        id3=int(row["id3"]) if row["id3"] else None,
        parent=row["parent"] or None,
        suggest=row["suggest"] == "yes",
        aliases=tuple(row["aliases"].split(";")) if row["aliases"] else (),
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("catalog.genres.seeds").joinpath(name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())
