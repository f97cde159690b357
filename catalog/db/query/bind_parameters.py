"""Named placeholders (`:name`) in a query; text literals, comments and casts are skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

TOKEN = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*'        # PostgreSQL's string with escapes
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | `(?:[^`]|``)*`
    | --[^\n]*
    | /\*.*?\*/
    | \$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$
    | ::
    | (?<![\w:]):(?P<name>[A-Za-z_]\w*)
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class NumberedQuery:
    """A query with `$1`, `$2` in place of its named placeholders."""

    text: str
    names: tuple[str, ...]
    """The placeholder of each number."""
    shifts: tuple[tuple[int, int], ...]
    """The end of each placeholder in `text`, and the offset to add from there on to get the original position."""

    def original(self, offset: int) -> int:
        """The offset in the original query of an offset in `text`."""
        return offset + max(((end, ahead) for end, ahead in self.shifts if end <= offset), default=(0, 0))[1]


def placeholders(query: str) -> list[str]:
    """The distinct placeholder names, in order of first appearance."""
    return list(dict.fromkeys(match["name"] for match in _matches(query)))


def number_placeholders(query: str) -> NumberedQuery:
    """The query with numbered parameters, as PostgreSQL's protocol requires."""
    names = placeholders(query)
    pieces: list[str] = []
    ahead: list[int] = []
    ends: list[int] = []
    position = 0
    for match in _matches(query):
        numeral = f"${names.index(match['name']) + 1}"
        pieces += [query[position : match.start()], numeral]
        ends.append(sum(map(len, pieces)))
        ahead.append(len(match[0]) - len(numeral))
        position = match.end()
    pieces.append(query[position:])
    return NumberedQuery("".join(pieces), tuple(names), tuple(zip(ends, accumulate(ahead), strict=True)))


def _matches(query: str) -> Iterator[re.Match[str]]:
    return (match for match in TOKEN.finditer(query) if match["name"])
